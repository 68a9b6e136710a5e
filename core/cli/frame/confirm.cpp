#include "core/cli/frame/confirm.h"

#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "core/cli/frame/answer.h"

namespace retrovue::cli {
namespace {
constexpr int kTries = 3;
}

absl::StatusOr<bool> Confirm(const Context& context, const std::string& what) {
  if (context.globals().yes || context.globals().dry_run) return true;
  if (isatty(STDIN_FILENO) != 1 || context.globals().json) {
    return Refuse(
        "CONFIRMATION_NEEDED",
        absl::StrCat("this would delete ", what, ": say so with --yes (--dry-run shows what it would do)"));
  }
  for (int i = 0; i < kTries; ++i) {
    std::fprintf(stderr, "Delete %s? Type yes: ", what.c_str());
    std::string line;
    if (!std::getline(std::cin, line)) return false;
    if (line == "yes") return true;
    if (line == "no" || line.empty()) return false;
  }
  return false;
}

}  // namespace retrovue::cli

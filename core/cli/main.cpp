// retrovue: the operator's command line. docs/core/commands.md is its manual.
#include <cstdio>
#include <string_view>

#include "base/version.h"
#include "core/cli/frame/verb.h"
#include "core/cli/nouns/verbs.h"

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--version") {
    std::printf("retrovue %s\n", air::BuildVersion());
    return 0;
  }
  return retrovue::cli::RunProgram(argc, argv, retrovue::cli::AllNouns(), retrovue::cli::AllVerbs());
}

#include "core/cli/nouns/findings.h"

#include "absl/strings/str_cat.h"

namespace retrovue::cli {

void Findings::Add(const char* severity, const std::string& code, const std::string& message) {
  list_.push_back({{"severity", severity}, {"code", code}, {"message", message}});
  if (severity == std::string("error")) ++errors_;
  if (severity == std::string("warning")) ++warnings_;
}

void Findings::Into(Answer& answer, const std::string& what, const std::string& which, bool strict) const {
  const bool valid = errors_ == 0 && (!strict || warnings_ == 0);
  answer.value[what] = which;
  answer.value["valid"] = valid;
  answer.value["findings"] = list_;
  answer.rows = "findings";
  answer.columns = {{"", "severity"}, {"WHAT", "message"}};
  if (valid) {
    answer.says = {absl::StrCat(which, " is in order", warnings_ > 0 ? ", with warnings." : ".")};
    return;
  }
  answer.exit = Exit::kRefused;
  answer.code = "VALIDATION_FAILED";
  answer.says = {absl::StrCat(which, " is not in order: ", errors_, errors_ == 1 ? " error, " : " errors, ",
                              warnings_, warnings_ == 1 ? " warning." : " warnings.")};
}

}  // namespace retrovue::cli

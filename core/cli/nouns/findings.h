// What a check has found, and the answer it makes.
#pragma once

#include <string>
#include <vector>

#include "core/cli/frame/answer.h"

namespace retrovue::cli {

class Findings {
 public:
  void Error(const std::string& code, const std::string& message) { Add("error", code, message); }
  void Warn(const std::string& code, const std::string& message) { Add("warning", code, message); }
  // What is in order, for people who ask what was looked at.
  void Fine(const std::string& message) { Add("ok", "OK", message); }

  bool has_errors() const { return errors_ > 0; }

  // {"<what>":…, "valid":…, "findings":[{"severity","code","message"}]}. Refused if there are errors, or, `strict`, warnings.
  void Into(Answer& answer, const std::string& what, const std::string& which, bool strict) const;

 private:
  void Add(const char* severity, const std::string& code, const std::string& message);

  Json list_ = Json::array();
  int errors_ = 0;
  int warnings_ = 0;
};

}  // namespace retrovue::cli

// Prints answers and errors: JSON for programs, tables and sentences for people. No command formats anything itself.
//
//   an answer   {"status":"ok","<name>":…}; a list also has "total". With --dry-run "dry_run":true.
//   an error    {"status":"error","code":"UPPER_SNAKE","message":…}
//
// Data go to stdout, words about them (what is wrong, what should be known, what comes next) to stderr; with --json all is on
// stdout, in one object on one line. What came from outside is made safe to show on a terminal.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "core/cli/frame/answer.h"

namespace retrovue::cli {

struct Manner {
  bool json = false;
  bool dry_run = false;
};

// What is to be written to each of the two.
struct Printed {
  std::string out;
  std::string err;
};

Printed Print(const Answer& answer, const Manner& manner);
Printed Print(const absl::Status& error, const Manner& manner);

// Writes to stdout and stderr.
void Write(const Printed& printed);

}  // namespace retrovue::cli

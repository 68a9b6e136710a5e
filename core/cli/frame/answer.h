// What a command answers, before it is printed: the same for people and for programs (output.h).
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace retrovue::cli {

// Keeps the order in which keys are set: the same output for the same input.
using Json = nlohmann::ordered_json;

// What a program ends with.
enum class Exit {
  kDone = 0,
  kRefused = 1,
  kPartly = 2,
  kUnreachable = 3,  // something outside: the database, a director, a media folder
};

// A column of a list as people see it.
struct Column {
  enum class As {
    kText,
    kClock,     // an RFC 3339 time, as "20:30:00"
    kDateTime,  // an RFC 3339 time, as "2026-03-08 20:30:00"
    kDuration,  // milliseconds, as "1:30:00"
    kCounts,    // an object of numbers, as "5 LATE + 2 EOF"
  };
  std::string title;
  std::string key;  // of the row
  As as = As::kText;
};

struct Answer {
  std::string name;                  // the key its value has in the JSON: "channel", or "channels" for a list
  Json value;                        // an object; an array for a list; null: there is only what is said
  std::string rows;                  // of an object: the key of its list, which people see as a table
  std::vector<Column> columns;       // of a list, for people
  std::vector<std::string> says;     // sentences for people: what was done
  std::vector<std::string> notices;  // what should be known besides; on stderr, and in the JSON
  std::string next;                  // the next command of the first hour; empty: there is none
  std::string raw;                   // printed as it is, alone, with or without --json: a document
  bool silent = false;               // all has been said already
  bool as_json = false;              // it is JSON without --json too
  Exit exit = Exit::kDone;
  std::string code;  // of what is refused or partly done, and yet has a value: what a check has found
};

// An error with a code of its own, UPPER_SNAKE: "CHANNEL_NOT_FOUND". `message` says what is wrong and what to do next.
absl::Status Refusal(absl::StatusCode kind, absl::string_view code, absl::string_view message);
absl::Status Refuse(absl::string_view code, absl::string_view message);    // wrong input or state
absl::Status NotFound(absl::string_view code, absl::string_view message);  // there is no such thing

// `status` with a code of its own, if it is an error and of what a command refuses; errors of the database keep theirs.
absl::Status Coded(absl::string_view code, absl::Status status);

// The error's own code, or its kind: "INVALID_ARGUMENT".
std::string CodeOf(const absl::Status& status);

// The process's exit status for an error.
Exit ExitOf(const absl::Status& status);

}  // namespace retrovue::cli

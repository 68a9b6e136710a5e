// The steps of many starts (base/step_log.h), as read from the logs of the processes that took them.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bench/distribution.h"

namespace air::bench {

// Log files that grow while a start is measured.
class StepLogs {
 public:
  explicit StepLogs(std::vector<std::string> paths) : paths_(std::move(paths)) {}

  // What is there already is of no interest.
  void SkipToEnd();
  // The steps noted since, each with the first instant it was reached at or after `from`.
  std::map<std::string, std::chrono::nanoseconds> Read(std::chrono::steady_clock::time_point from) const;

 private:
  const std::vector<std::string> paths_;
  std::map<std::string, std::int64_t> ends_;  // by path
};

// When each step was reached, counted from the request: one line a step, in the order of their medians.
class StepTable {
 public:
  void Add(const std::string& step, std::chrono::nanoseconds after);
  void Print() const;

 private:
  std::map<std::string, Distribution> steps_;
};

}  // namespace air::bench

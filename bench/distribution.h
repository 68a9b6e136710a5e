// A sample of measured times, told as a line of its distribution.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace air::bench {

// What the machine has to do beside the benchmark is in every figure.
inline void PrintLoad() {
  double load = 0;
  if (getloadavg(&load, 1) == 1)
    std::printf("load average %.1f on %u processors\n", load, std::thread::hardware_concurrency());
}

class Distribution {
 public:
  explicit Distribution(std::string name) : name_(std::move(name)) {}

  void Add(std::chrono::nanoseconds time) {
    ms_.push_back(std::chrono::duration<double, std::milli>(time).count());
    std::sort(ms_.begin(), ms_.end());
  }
  // Nearest rank: the smallest value that `percent` of all are not above.
  double Percentile(double percent) const {
    if (ms_.empty()) return NAN;
    const double rank = std::ceil(percent / 100 * static_cast<double>(ms_.size()));
    return ms_[static_cast<size_t>(std::max(rank, 1.0)) - 1];
  }
  size_t size() const { return ms_.size(); }

  static void PrintHeading() {
    std::printf("%-44s %6s %9s %9s %9s %9s\n", "milliseconds", "n", "p50", "p95", "p99", "max");
  }
  void Print() const {
    std::printf("%-44s %6zu %9.1f %9.1f %9.1f %9.1f\n", name_.c_str(), size(), Percentile(50), Percentile(95),
                Percentile(99), Percentile(100));
  }
  // Prints whether a target is kept; false when it is not.
  bool Meets(double percent, double limit_ms) const {
    const double value = Percentile(percent);
    const bool kept = value < limit_ms;
    std::printf("%s: p%.0f %.1f ms, target below %.0f ms: %s\n", name_.c_str(), percent, value, limit_ms,
                kept ? "kept" : "MISSED");
    return kept;
  }

 private:
  std::string name_;
  std::vector<double> ms_;  // sorted
};

}  // namespace air::bench

#include "tests/support/ts_findings.h"

#include <utility>

namespace air::analyser {
namespace {

constexpr const char* kNames[] = {"sync",
                                  "packet",
                                  "continuity",
                                  "duplicate",
                                  "tables",
                                  "table-interval",
                                  "pids",
                                  "pes",
                                  "pes-frames",
                                  "video-pts",
                                  "audio-pts",
                                  "pts-interval",
                                  "pcr",
                                  "discontinuity",
                                  "pcr-interval",
                                  "pcr-accuracy",
                                  "constant-rate",
                                  "delay",
                                  "t-std-transport",
                                  "t-std-overflow",
                                  "t-std-underflow",
                                  "first-bytes",
                                  "idr",
                                  "aud",
                                  "adts"};
static_assert(std::size(kNames) == static_cast<size_t>(Rule::kCount));

}  // namespace

const char* Name(Rule rule) { return kNames[static_cast<size_t>(rule)]; }

std::optional<Rule> RuleByName(const std::string& name) {
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (name == kNames[i]) return static_cast<Rule>(i);
  }
  return std::nullopt;
}

void FindingLog::Add(Rule rule, int64_t packet, std::string text) {
  if (counts_[static_cast<size_t>(rule)]++ < kKeptPerRule) kept_.push_back({rule, packet, std::move(text)});
}

int64_t FindingLog::CountWithout(const std::set<Rule>& ignored) const {
  int64_t sum = 0;
  for (size_t i = 0; i < counts_.size(); ++i) {
    if (!ignored.contains(static_cast<Rule>(i))) sum += counts_[i];
  }
  return sum;
}

}  // namespace air::analyser

#include "tests/support/ts_clock.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_format.h"

namespace air::analyser {
namespace {

constexpr int64_t kLongestPcrStep = kSystemClockHz / 10;  // TR 101 290 2.3b: 100 ms

}  // namespace

int64_t WrappedDistance(int64_t a, int64_t b, int64_t period) {
  const int64_t forward = ((b - a) % period + period) % period;
  return forward < period / 2 ? forward : forward - period;
}

void PcrTimeline::Add(int64_t packet, int64_t pcr, std::optional<int64_t> opens, FindingLog& log) {
  if (points_.empty()) {
    points_.push_back({packet, pcr});
    return;
  }
  const Point& last = points_.back();
  const int64_t step = WrappedDistance(last.value % kPcrPeriod, pcr, kPcrPeriod);
  if (opens.has_value()) {
    breaks_.push_back(*opens);
  } else if (step <= 0) {
    log.Add(Rule::kPcr, packet, absl::StrFormat("PCR steps back or stands still: %.3f ms", step / 27e3));
  } else if (step > kLongestPcrStep) {
    log.Add(Rule::kPcr, packet, absl::StrFormat("PCR jumps by %.3f ms, not declared", step / 27e3));
  }
  points_.push_back({packet, last.value + step, opens.has_value(), opens.value_or(packet)});
}

int64_t PcrTimeline::At(int64_t packet) const {
  auto after = std::upper_bound(points_.begin(), points_.end(), packet,
                                [](int64_t p, const Point& point) { return p < point.packet; });
  if (after == points_.begin()) return points_.front().value;
  const Point& a = *(after - 1);
  if (after == points_.end()) return a.value;
  if (after->begins) {
    if (packet >= after->opens) return after->value;
    if (a.begins || after - 1 == points_.begin()) return a.value;  // one PCR has no rate
    const Point& before = *(after - 2);
    return a.value + (a.value - before.value) * (packet - a.packet) / (a.packet - before.packet);
  }
  return a.value + (after->value - a.value) * (packet - a.packet) / (after->packet - a.packet);
}

bool PcrTimeline::IsExtrapolated(int64_t packet) const {
  const auto at_or_after = std::lower_bound(points_.begin(), points_.end(), packet,
                                            [](const Point& point, int64_t p) { return point.packet < p; });
  return at_or_after != points_.end() && at_or_after->begins && packet < at_or_after->opens;
}

bool PcrTimeline::Measurable(int64_t from_packet, int64_t to_packet) const {
  return std::upper_bound(breaks_.begin(), breaks_.end(), from_packet) ==
         std::upper_bound(breaks_.begin(), breaks_.end(), to_packet);
}

int64_t PcrTimeline::DelayTo(int64_t stamp90k, int64_t packet) const {
  return WrappedDistance(At(packet) % kPcrPeriod, stamp90k * 300, kPcrPeriod);
}

StampGrid::StampGrid(int64_t num, int64_t den) : num_(num), ticks_num_(den * 90'000) { ForgetPhase(); }

void StampGrid::ForgetPhase() {
  phases_.clear();
  for (int64_t phase = 0; phase < num_; phase += std::gcd(ticks_num_, num_)) phases_.push_back(phase);
}

bool StampGrid::Accept(int64_t step, int64_t units) {
  std::erase_if(phases_, [&](int64_t phase) { return (phase + units * ticks_num_) / num_ != step; });
  for (int64_t& phase : phases_) phase = (phase + units * ticks_num_) % num_;
  if (!phases_.empty()) return true;
  ForgetPhase();
  return false;
}

}  // namespace air::analyser

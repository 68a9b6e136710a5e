#include "supervisor/evidence/evidence_line.h"

namespace air {

bool EvidenceLine::Acknowledged(uint64_t sequence, uint64_t last) {
  if (state_ == State::kWaiting) return false;  // of a connection that is no more
  delay_ns_ = kFirstDelayNs;
  const uint64_t before = acknowledged_;
  if (sequence <= last) acknowledged_ = std::max(acknowledged_, sequence);
  if (state_ == State::kGreeting) GoLive();
  next_ = std::max(next_, acknowledged_ + 1);
  return acknowledged_ > before;
}

void EvidenceLine::Broken(Nanos now) {
  if (state_ == State::kWaiting) return;
  state_ = State::kWaiting;
  next_attempt_ = now + delay_ns_;
  delay_ns_ = std::min(2 * delay_ns_, kLongestDelayNs);
}

}  // namespace air

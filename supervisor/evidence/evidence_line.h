// EvidenceLine: the protocol of execution_evidence_v1.proto towards the control plane, as a state machine.
//
//   kWaiting   no control plane is there; the next attempt is at an instant. 100 ms after the first failure, doubling
//              to 5 s; an acknowledgement sets it back
//   kGreeting  connected, or about to be: Hello is on its way. Its acknowledgement, or five seconds without
//              one, makes it live
//   kLive      everything behind the last durable acknowledgement goes out, in order, then what comes new
//
// What counts as acknowledged is what our own disk says: the control plane's answer to Hello may be 0 after
// it was restarted, and that takes nothing back. Messages that it has seen before it knows by their
// event_uuid.
//
// Pure: it is told what happens and when, and says what to do.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/types.h"

namespace air {

class EvidenceLine {
 public:
  static constexpr int64_t kFirstDelayNs = 100 * kNanosPerMs, kLongestDelayNs = 5 * kNanosPerSecond;
  static constexpr int64_t kGreetingNs = 5 * kNanosPerSecond;
  enum class State { kWaiting, kGreeting, kLive };

  explicit EvidenceLine(uint64_t acknowledged) : acknowledged_(acknowledged) {}

  State state() const { return state_; }
  uint64_t acknowledged() const { return acknowledged_; }
  uint64_t attempts() const { return attempts_; }

  bool ShouldDial(Nanos now) const { return state_ == State::kWaiting && now >= next_attempt_; }
  void Dialled(Nanos now) {
    state_ = State::kGreeting;
    greeting_ends_ = now + kGreetingNs;
    ++attempts_;
  }
  // Returns true when that is news. `last`: the newest message there is; no control plane can have stored a later one.
  bool Acknowledged(uint64_t sequence, uint64_t last);
  void Broken(Nanos now);
  void Look(Nanos now) {
    if (state_ == State::kGreeting && now >= greeting_ends_) GoLive();
  }

  // The message to send next, of those up to `last`; nullopt: none, or not now.
  std::optional<uint64_t> NextToSend(uint64_t last) const {
    return state_ == State::kLive && next_ <= last ? std::optional(next_) : std::nullopt;
  }
  void Sent(uint64_t sequence) { next_ = sequence + 1; }
  // When to look again without anything happening.
  std::optional<Nanos> WakeTime() const {
    if (state_ == State::kWaiting) return next_attempt_;
    return state_ == State::kGreeting ? std::optional(greeting_ends_) : std::nullopt;
  }

 private:
  void GoLive() {
    state_ = State::kLive;
    next_ = acknowledged_ + 1;
  }

  State state_ = State::kWaiting;
  uint64_t acknowledged_, next_ = 1, attempts_ = 0;
  Nanos next_attempt_, greeting_ends_;
  int64_t delay_ns_ = kFirstDelayNs;
};

}  // namespace air

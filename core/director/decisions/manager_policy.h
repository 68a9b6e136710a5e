// ManagerPolicy: whether a channel's manager is to be started, stopped or killed. Pure: it is told what happens and when.
//
//   absent ── wanted, and allowed to start ──▶ starting ── Hello ──▶ up
//      ▲                                          │ dies                │ dies
//      └──────── after a rest ◀── resting ◀───────┴─────────────────────┘
//
// The rule: a manager that dies is started again after 0, 1, 2, 4, ... 30 s, as long as it is wanted or was on the air; one
// that ran for a minute starts the row anew. Errors of one channel never change anything for another one.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace retrovue {

using Monotonic = std::chrono::steady_clock::time_point;

struct ManagerWish {
  bool exists = true;  // the channel is there and active
  bool always_on = false;
  int waiting = 0;        // viewers who have come and are not handed over yet
  int viewers = 0;        // whom the manager serves
  bool runs_air = false;  // the manager's AIR runs, or is about to
};

class ManagerPolicy {
 public:
  static constexpr std::chrono::seconds kStartLimit{10};   // from the spawn to Hello
  static constexpr std::chrono::seconds kSilenceLimit{5};  // between two words of a manager
  static constexpr std::chrono::seconds kStopLimit{12};    // from Stop to its end
  static constexpr std::chrono::seconds kHealthyRun{60};
  static constexpr std::chrono::seconds kLongestRest{30};
  static constexpr std::chrono::minutes kIdleLimit{5};  // up and not needed

  enum class Life { kAbsent, kStarting, kUp, kStopping };
  enum class Action { kNothing, kSpawn, kStop, kKill };

  // What to do now. kSpawn only when `may_start` (StartSlots) allows it.
  Action Decide(const ManagerWish& wish, bool may_start, Monotonic now) const;
  // Whether it is to be started as soon as it may be.
  bool WantsToStart(const ManagerWish& wish, Monotonic now) const;

  void Spawned(Monotonic now);
  void SpawnFailed(Monotonic now);
  void Up(Monotonic now);     // said Hello: started by us, or found running
  void Spoke(Monotonic now);  // any message
  void Needed(Monotonic now) { last_needed_ = now; }
  void StopSent(Monotonic now);
  void Ended(Monotonic now);

  Life life() const { return life_; }
  // The managers that ended without a Stop, and the spawns that failed, since this object was made.
  std::uint64_t failures() const { return failures_; }
  // How long from `now` on it rests; 0: it does not.
  std::chrono::milliseconds RestLeft(Monotonic now) const;

 private:
  void Rest(Monotonic now);

  Life life_ = Life::kAbsent;
  Monotonic since_{};  // in this life
  Monotonic last_word_{};
  Monotonic last_needed_{};
  Monotonic rests_until_{};
  bool goes_on_ = false;  // it died on the air: its viewers come back, even if no viewer waits here now
  int failures_in_row_ = 0;
  std::uint64_t failures_ = 0;
};

// Which of those that want to start may: at most `limit` are starting at a time; viewers go before always-on channels, then the one
// who has waited longest.
struct StartRequest {
  int id = 0;
  bool has_viewers = false;
  Monotonic since{};
};
std::vector<int> WhoMayStart(std::vector<StartRequest> requests, int starting, int limit);

}  // namespace retrovue

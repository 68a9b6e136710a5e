// PlanReader: reads plan files for the event loop, which must not wait for a disk or a mount.
//
// Each file is read and checked in a thread of its own. The thread is never joined: open() on a dead network
// mount may not return for as long as the process lives, and neither the loop nor the end of the process waits
// for it. So the threads are few, and every call is answered within a bounded time.
//
// Event loop only; on_read is called there, once, and never from inside Read().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "supervisor/loop/event_loop.h"
#include "supervisor/plan/channel_plan.h"

namespace air {

class PlanReader {
 public:
  static constexpr int kMostAtOnce = 4;  // threads, the ones that do not return included
  static constexpr int64_t kLongestNs = 8 * kNanosPerSecond;
  using Load = std::function<absl::StatusOr<ChannelPlan>(const std::string& plan_handle, int32_t channel_id)>;
  using OnRead = std::function<void(absl::StatusOr<ChannelPlan>)>;

  // `load` runs in other threads, perhaps several times at once. `longest_ns`: the wait for one file.
  explicit PlanReader(EventLoop& loop, Load load = LoadChannelPlan, int64_t longest_ns = kLongestNs);
  // Answers no call: Close() does, before, where callers wait.
  ~PlanReader();
  PlanReader(const PlanReader&) = delete;
  PlanReader& operator=(const PlanReader&) = delete;

  // Errors in the answer: those of LoadChannelPlan; ResourceExhausted (kMostAtOnce are being read already, or
  // no thread can be had), DeadlineExceeded (not read within `longest_ns`), Aborted (Cancel, Close).
  void Read(const std::string& plan_handle, int32_t channel_id, OnRead on_read);
  // Answers every call that waits.
  void Cancel(const std::string& why);
  // The same; every later call is answered so, too.
  void Close(const std::string& why);

 private:
  // What the threads hold on to. The loop's side goes with the reader.
  struct Mailbox;
  struct Call {
    OnRead on_read;
    EventSource deadline;
  };
  void Answer(uint64_t number, absl::StatusOr<ChannelPlan> plan);

  EventLoop& loop_;
  Load load_;
  int64_t longest_ns_;
  std::string closed_;  // why; empty: it is open
  std::shared_ptr<Mailbox> mailbox_;
  std::map<uint64_t, Call> calls_;
  uint64_t numbered_ = 0;
};

}  // namespace air

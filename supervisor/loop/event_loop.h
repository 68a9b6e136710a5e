// EventLoop: the supervisor's one thread (sd-event). Everything the engine owns is touched from here alone;
// other threads (gRPC's, the metrics server's) hand it closures through Post().
#pragma once

#include <systemd/sd-event.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/master_clock.h"
#include "base/unique_fd.h"

namespace air {

// A watch that ends with its owner. May be destroyed or replaced from inside its own callback.
class EventSource {
 public:
  EventSource() = default;
  EventSource(EventSource&& other) noexcept { *this = std::move(other); }
  EventSource& operator=(EventSource&& other) noexcept;
  ~EventSource() { Cancel(); }
  void Cancel();
  bool active() const { return source_ != nullptr; }

 private:
  friend class EventLoop;
  struct Callback;
  sd_event_source* source_ = nullptr;
  std::shared_ptr<Callback> callback_;
};

class EventLoop {
 public:
  static absl::StatusOr<std::unique_ptr<EventLoop>> Create(MasterClock& clock);
  ~EventLoop();

  // Any thread. Runs `work` on the loop, in order; never dropped while the loop runs.
  void Post(std::function<void()> work);

  // Once Run() has returned, each of these gives a source that is not active, and calls nothing.
  // `events`: EPOLL* bits; the callback gets those that fired. What cannot be watched is polled every 20 ms.
  [[nodiscard]] EventSource OnIo(int fd, uint32_t events, std::function<void(uint32_t)> callback);
  [[nodiscard]] EventSource At(Nanos when, std::function<void()> callback);
  [[nodiscard]] EventSource After(int64_t nanos, std::function<void()> callback);
  // `signal` must be blocked in every thread before the first one starts.
  [[nodiscard]] EventSource OnSignal(int signal, std::function<void()> callback);

  // Returns the code given to Exit().
  int Run();
  void Exit(int code);

  MasterClock& clock() { return clock_; }
  sd_event* handle() { return event_; }

 private:
  explicit EventLoop(MasterClock& clock) : clock_(clock) {}
  void RunPosted();

  MasterClock& clock_;
  sd_event* event_ = nullptr;
  UniqueFd wake_;  // eventfd
  EventSource wake_source_;
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;  // guarded by mutex_
};

}  // namespace air

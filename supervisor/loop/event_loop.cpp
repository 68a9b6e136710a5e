#include "supervisor/loop/event_loop.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/stage_log.h"

namespace air {
namespace {

constexpr uint64_t kLookUs = 20'000;  // at a descriptor that cannot be watched
static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT && EPOLLHUP == POLLHUP && EPOLLERR == POLLERR);

// A loop that has ended (-ESTALE) watches nothing more: what is asked of it then is never called.
void OrEnd(int result, const char* what) {
  if (result >= 0 || result == -ESTALE) return;
  Log().critical("the event loop cannot go on: {}: {}", what, std::strerror(-result));
  Log().flush();
  std::abort();
}

}  // namespace

struct EventSource::Callback : std::enable_shared_from_this<EventSource::Callback> {
  std::function<void(uint32_t)> function;
  int fd = -1;  // of one that is looked at
  uint32_t events = 0;
  // In place of a watch: polls, and is called again.
  static int LookAgain(sd_event_source* source, void* self) {
    auto* callback = static_cast<Callback*>(self);
    sd_event_source_set_time_relative(source, kLookUs);
    sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
    pollfd look{callback->fd, static_cast<short>(callback->events), 0};
    const bool fired = poll(&look, 1, 0) == 1 && (look.revents & POLLNVAL) == 0;
    return fired ? Dispatch(self, static_cast<uint32_t>(look.revents)) : 0;
  }
  static int Dispatch(void* self, uint32_t events) {
    auto keep = static_cast<Callback*>(self)->shared_from_this();  // the owner may drop us meanwhile
    keep->function(events);
    return 0;
  }
};

EventSource& EventSource::operator=(EventSource&& other) noexcept {
  if (this != &other) {
    Cancel();
    source_ = std::exchange(other.source_, nullptr);
    callback_ = std::move(other.callback_);
  }
  return *this;
}

void EventSource::Cancel() {
  if (source_ != nullptr) {
    sd_event_source_set_enabled(source_, SD_EVENT_OFF);
    sd_event_source_unref(source_);
    source_ = nullptr;
  }
  callback_.reset();
}

absl::StatusOr<std::unique_ptr<EventLoop>> EventLoop::Create(MasterClock& clock) {
  std::unique_ptr<EventLoop> loop(new EventLoop(clock));
  if (int r = sd_event_new(&loop->event_); r < 0) {
    return absl::InternalError(absl::StrCat("sd_event_new: ", std::strerror(-r)));
  }
  loop->wake_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!loop->wake_.valid()) return absl::InternalError(absl::StrCat("eventfd: ", std::strerror(errno)));
  // The first timer takes a descriptor; later ones take none, so they come when there are none left.
  sd_event_source* timer = nullptr;
  if (int r = sd_event_add_time(loop->event_, &timer, CLOCK_MONOTONIC, UINT64_MAX, 0, nullptr, nullptr);
      r < 0)
    return absl::InternalError(absl::StrCat("sd_event_add_time: ", std::strerror(-r)));
  sd_event_source_unref(timer);
  loop->wake_source_ = loop->OnIo(loop->wake_.get(), EPOLLIN, [l = loop.get()](uint32_t) { l->RunPosted(); });
  return loop;
}

EventLoop::~EventLoop() {
  wake_source_.Cancel();
  sd_event_unref(event_);
}

void EventLoop::Post(std::function<void()> work) {
  std::lock_guard lock(mutex_);
  posted_.push_back(std::move(work));
  const uint64_t one = 1;
  [[maybe_unused]] ssize_t n = write(wake_.get(), &one, sizeof one);
}

void EventLoop::RunPosted() {
  uint64_t count;
  [[maybe_unused]] ssize_t n = read(wake_.get(), &count, sizeof count);
  std::vector<std::function<void()>> work;
  {
    std::lock_guard lock(mutex_);
    work.swap(posted_);
  }
  for (auto& closure : work) closure();
}

EventSource EventLoop::OnIo(int fd, uint32_t events, std::function<void(uint32_t)> callback) {
  EventSource source;
  source.callback_ = std::make_shared<EventSource::Callback>();
  source.callback_->function = std::move(callback);
  const int watched = sd_event_add_io(
      event_, &source.source_, fd, events,
      [](sd_event_source*, int, uint32_t revents, void* self) {
        return EventSource::Callback::Dispatch(self, revents);
      },
      source.callback_.get());
  if (watched >= 0 || watched == -ESTALE) return source;
  Log().error("descriptor {} cannot be watched ({}): it is looked at every {} ms", fd,
              std::strerror(-watched), kLookUs / 1000);
  source.callback_->fd = fd;
  source.callback_->events = events;
  OrEnd(sd_event_add_time_relative(
            event_, &source.source_, CLOCK_MONOTONIC, 0, 1000,
            [](sd_event_source* timer, uint64_t, void* self) {
              return EventSource::Callback::LookAgain(timer, self);
            },
            source.callback_.get()),
        "a timer");
  return source;
}

EventSource EventLoop::At(Nanos when, std::function<void()> callback) {
  EventSource source;
  source.callback_ = std::make_shared<EventSource::Callback>();
  source.callback_->function = [f = std::move(callback)](uint32_t) { f(); };
  const uint64_t usec = when.value() > 0 ? static_cast<uint64_t>(when.value()) / 1000 : 0;
  OrEnd(sd_event_add_time(
            event_, &source.source_, CLOCK_MONOTONIC, usec, 1000,
            [](sd_event_source*, uint64_t, void* self) { return EventSource::Callback::Dispatch(self, 0); },
            source.callback_.get()),
        "a timer");
  return source;
}

EventSource EventLoop::After(int64_t nanos, std::function<void()> callback) {
  return At(clock_.Now() + nanos, std::move(callback));
}

EventSource EventLoop::OnSignal(int signal, std::function<void()> callback) {
  EventSource source;
  source.callback_ = std::make_shared<EventSource::Callback>();
  source.callback_->function = [f = std::move(callback)](uint32_t) { f(); };
  OrEnd(sd_event_add_signal(
            event_, &source.source_, signal,
            [](sd_event_source*, const signalfd_siginfo*, void* self) {
              return EventSource::Callback::Dispatch(self, 0);
            },
            source.callback_.get()),
        "a signal");
  return source;
}

int EventLoop::Run() { return sd_event_loop(event_); }
void EventLoop::Exit(int code) { sd_event_exit(event_, code); }

}  // namespace air

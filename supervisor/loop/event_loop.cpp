#include "supervisor/loop/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace air {

struct EventSource::Callback : std::enable_shared_from_this<EventSource::Callback> {
  std::function<void(uint32_t)> function;
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
  sd_event_add_io(
      event_, &source.source_, fd, events,
      [](sd_event_source*, int, uint32_t revents, void* self) {
        return EventSource::Callback::Dispatch(self, revents);
      },
      source.callback_.get());
  return source;
}

EventSource EventLoop::At(Nanos when, std::function<void()> callback) {
  EventSource source;
  source.callback_ = std::make_shared<EventSource::Callback>();
  source.callback_->function = [f = std::move(callback)](uint32_t) { f(); };
  const uint64_t usec = when.value() > 0 ? static_cast<uint64_t>(when.value()) / 1000 : 0;
  sd_event_add_time(
      event_, &source.source_, CLOCK_MONOTONIC, usec, 1000,
      [](sd_event_source*, uint64_t, void* self) { return EventSource::Callback::Dispatch(self, 0); },
      source.callback_.get());
  return source;
}

EventSource EventLoop::After(int64_t nanos, std::function<void()> callback) {
  return At(clock_.Now() + nanos, std::move(callback));
}

EventSource EventLoop::OnSignal(int signal, std::function<void()> callback) {
  EventSource source;
  source.callback_ = std::make_shared<EventSource::Callback>();
  source.callback_->function = [f = std::move(callback)](uint32_t) { f(); };
  sd_event_add_signal(
      event_, &source.source_, signal,
      [](sd_event_source*, const signalfd_siginfo*, void* self) {
        return EventSource::Callback::Dispatch(self, 0);
      },
      source.callback_.get());
  return source;
}

int EventLoop::Run() { return sd_event_loop(event_); }
void EventLoop::Exit(int code) { sd_event_exit(event_, code); }

}  // namespace air

// Worker: one thread that does what the loop must not wait for, through a queue of a bounded length.
//
// The director has three: one writes to the database, one reads from it, one looks at files. Each job is short; the loop waits for an
// answer in a coroutine (Ask), for a bounded time.
#pragma once

#include <utility>  // first: boost/asio/awaitable.hpp 1.74 needs it and does not say so

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace retrovue {

class Worker {
 public:
  // `name`: at most 15 characters, for ps. `most_waiting`: jobs beyond it are refused.
  Worker(std::string name, std::size_t most_waiting);
  // Does what is queued already, and ends.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // False: the queue is full. Any thread. A job must not throw.
  bool Post(std::function<void()> job);
  std::size_t waiting() const;

  const std::string& name() const { return name_; }

 private:
  void Run();

  const std::string name_;
  const std::size_t most_waiting_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;  // guarded by mutex_
  bool ends_ = false;                       // guarded by mutex_
  std::thread thread_;
};

// Has `job` done by `worker` and waits for its answer on the loop, at most for `limit`. The job is done in any case.
// RESOURCE_EXHAUSTED: the queue is full. DEADLINE_EXCEEDED: no answer yet. The job owns what it touches: the coroutine may be gone.
template <typename T>
boost::asio::awaitable<absl::StatusOr<T>> Ask(boost::asio::io_context& loop, Worker& worker,
                                              std::function<absl::StatusOr<T>()> job,
                                              std::chrono::milliseconds limit) {
  struct Shared {
    explicit Shared(boost::asio::io_context& the_loop) : timer(the_loop) {}
    boost::asio::steady_timer timer;
    std::optional<absl::StatusOr<T>> answer;
  };
  const auto shared = std::make_shared<Shared>(loop);
  shared->timer.expires_after(limit);
  const bool queued = worker.Post([shared, &loop, job = std::move(job)] {
    absl::StatusOr<T> answer = job();
    boost::asio::post(loop, [shared, answer = std::move(answer)]() mutable {
      shared->answer = std::move(answer);
      shared->timer.cancel();
    });
  });
  if (!queued)
    co_return absl::ResourceExhaustedError(absl::StrCat("too much waits for the ", worker.name(), " thread"));
  boost::system::error_code ignored;
  if (!shared->answer.has_value())
    co_await shared->timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  if (!shared->answer.has_value())
    co_return absl::DeadlineExceededError(
        absl::StrCat("the ", worker.name(), " thread has not answered yet"));
  co_return *std::move(shared->answer);
}

}  // namespace retrovue

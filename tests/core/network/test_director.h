// A director in a test: starts managers, dials them, hands over blocks and viewers, and remembers what it is told. A thread of its own
// runs the link.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/link/channel_link.h"

namespace retrovue {

class TestDirector {
 public:
  static constexpr std::chrono::seconds kPatience{20};

  // Dials the manager in this folder, and waits for its Hello.
  explicit TestDirector(const std::string& folder) {
    OnLoop([&] {
      auto link = ChannelLink::Dial(
          loop_, folder,
          {.on_hello = [this](const channel_link::Hello& hello) { Note([&] { hello_ = hello; }); },
           .on_state = [this](const channel_link::State& state) { Note([&] { states_.push_back(state); }); },
           .on_block_news =
               [this](const channel_link::BlockNews& news) { Note([&] { news_.push_back(news); }); },
           .on_viewer_left =
               [this](const channel_link::ViewerLeft& left) { Note([&] { left_.push_back(left); }); },
           .on_closed = [this](const absl::Status& why) { Note([&] { closed_ = why; }); }});
      if (link.ok()) {
        link_ = *std::move(link);
      } else {
        Note([&] { closed_ = link.status(); });
      }
    });
    WaitUntil([&] { return hello_.has_value() || closed_.has_value(); });
  }
  ~TestDirector() {
    OnLoop([&] { link_.reset(); });
    work_.reset();
    thread_.join();
  }
  TestDirector(const TestDirector&) = delete;
  TestDirector& operator=(const TestDirector&) = delete;

  absl::Status Setup(const channel_link::Setup& setup) {
    return OnLink([&] { return link_->SendSetup(setup); });
  }
  absl::Status Blocks(const channel_link::Blocks& blocks) {
    return OnLink([&] { return link_->SendBlocks(blocks); });
  }
  absl::Status Viewer(const channel_link::Viewer& viewer, air::UniqueFd socket) {
    return OnLink([&] { return link_->SendViewer(viewer, std::move(socket)); });
  }
  absl::Status Stop() {
    return OnLink([&] { return link_->SendStop("the test is over"); });
  }

  // True when it came in time.
  bool WaitForState(const std::function<bool(const channel_link::State&)>& condition,
                    std::chrono::milliseconds limit = kPatience) {
    return WaitUntil([&] { return !states_.empty() && condition(states_.back()); }, limit);
  }
  bool WaitForPhase(channel_link::Phase phase, std::chrono::milliseconds limit = kPatience) {
    return WaitForState([=](const channel_link::State& state) { return state.phase() == phase; }, limit);
  }
  bool WaitForNews(const std::function<bool(const channel_link::BlockNews&)>& condition,
                   std::chrono::milliseconds limit = kPatience) {
    return WaitUntil([&] { return std::any_of(news_.begin(), news_.end(), condition); }, limit);
  }
  bool WaitForViewerLeft(std::uint64_t key) {
    return WaitUntil([&] {
      return std::any_of(left_.begin(), left_.end(), [&](const auto& left) { return left.key() == key; });
    });
  }
  // How the line ended; OK if it has not.
  absl::Status WaitForEnd() {
    WaitUntil([&] { return closed_.has_value(); });
    const std::lock_guard lock(mutex_);
    return closed_.value_or(absl::OkStatus());
  }

  channel_link::Hello hello() const {
    const std::lock_guard lock(mutex_);
    return hello_.value_or(channel_link::Hello());
  }
  channel_link::State state() const {
    const std::lock_guard lock(mutex_);
    return states_.empty() ? channel_link::State() : states_.back();
  }
  std::vector<channel_link::ViewerLeft> left() const {
    const std::lock_guard lock(mutex_);
    return left_;
  }
  int blocks_started() const {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(
        std::count_if(news_.begin(), news_.end(),
                      [](const channel_link::BlockNews& news) { return news.air().has_block_started(); }));
  }

 private:
  void OnLoop(const std::function<void()>& what) {
    std::promise<void> done;
    boost::asio::post(loop_, [&] {
      what();
      done.set_value();
    });
    done.get_future().wait();
  }
  absl::Status OnLink(const std::function<absl::Status()>& what) {
    absl::Status status = absl::FailedPreconditionError("there is no link");
    OnLoop([&] {
      if (link_) status = what();
    });
    return status;
  }
  void Note(const std::function<void()>& what) {
    const std::lock_guard lock(mutex_);
    what();
    changed_.notify_all();
  }
  bool WaitUntil(const std::function<bool()>& condition, std::chrono::milliseconds limit = kPatience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, condition);
  }

  boost::asio::io_context loop_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{loop_.get_executor()};
  std::unique_ptr<ChannelLink> link_;  // of the loop's thread

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::optional<channel_link::Hello> hello_;
  std::vector<channel_link::State> states_;
  std::vector<channel_link::BlockNews> news_;
  std::vector<channel_link::ViewerLeft> left_;
  std::optional<absl::Status> closed_;

  std::thread thread_{[this] { loop_.run(); }};
};

// A socket connected to a loopback listener, as a director's is to a viewer.
inline air::UniqueFd ConnectedTo(const std::string& endpoint) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))));
  air::UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fd.Reset();
  return fd;
}

}  // namespace retrovue

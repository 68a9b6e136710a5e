// ChannelDesk: one channel as the director runs it: its manager's process and line, what it has been fed, who waits for it.
//
// The shell around ManagerPolicy and NextFeed. Errors of a channel stay at its desk: it rests, counts, and says so on its
// page; no other desk knows.
//
// One thread, the loop's. A desk is shared with the viewers that wait at it.
#pragma once

#include <utility>  // first: boost/asio/awaitable.hpp 1.74 needs it and does not say so

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/unique_fd.h"
#include "core/director/decisions/channel_book.h"
#include "core/director/decisions/feeding.h"
#include "core/director/decisions/horizon.h"
#include "core/director/decisions/manager_policy.h"
#include "core/link/channel_link.h"
#include "core/link/manager_process.h"
#include "core/model/channel.h"

namespace retrovue {

// What all desks share.
struct DeskSettings {
  boost::asio::io_context& loop;
  std::string manager_program;
  std::string run_folder;         // a desk's channel has run_folder/channel/<name>
  std::string evidence_endpoint;  // for AIR
  std::vector<std::string> media_roots;
  std::int64_t clock_shift_ms = 0;
  std::string log_level = "info";
  std::uint64_t incarnation = 0;
  std::function<Instant()> utc_now;  // the network's clock
  std::function<Monotonic()> now;
  std::function<void()> on_change;  // of any desk: starts may be granted
};

// Where the manager of a channel lives; not longer than kLongestChannelFolder if `run_folder` has at most 40 bytes. Other channels have
// other folders.
std::string ChannelFolder(const std::string& run_folder, const std::string& slug);

class ChannelDesk : public std::enable_shared_from_this<ChannelDesk> {
 public:
  ChannelDesk(std::shared_ptr<const DeskSettings> settings, Channel channel);
  ~ChannelDesk();
  ChannelDesk(const ChannelDesk&) = delete;
  ChannelDesk& operator=(const ChannelDesk&) = delete;

  const Channel& channel() const { return channel_; }
  // The row has changed; the manager is told. `exists`: it is in the list, and active.
  void SetChannel(Channel channel, bool exists);
  // DeskSettings are others now: its manager is told.
  void SettingsChanged();
  // Takes up a manager that runs already. False: there is none.
  bool TakeUp();

  // What is known of it.
  ChannelBook& book() { return book_; }
  HorizonFacts& horizon() { return horizon_; }

  // Looks at everything that may be due: spawn, stop, kill, dial, feed. At every event, and once a second.
  void Look();

  // ---- starts (Director grants them)
  bool NeedsStart() const;
  StartRequest Request(int id) const;
  void Grant();
  bool IsStarting() const;  // a start was granted and has not led to anything yet

  // ---- viewers
  // Counts a viewer from its request to its hand-over. Keeps the desk.
  class Waiting {
   public:
    explicit Waiting(std::shared_ptr<ChannelDesk> desk);
    ~Waiting();
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

   private:
    std::shared_ptr<ChannelDesk> desk_;
  };
  bool is_on_air() const;  // it takes viewers without a start
  bool CanTake() const;    // the manager is there and fed, and on the air or allowed to start
  bool was_granted() const { return granted_at_.has_value(); }
  // Until something has changed here, or `limit` has passed.
  boost::asio::awaitable<void> Changed(std::chrono::milliseconds limit);
  absl::Status HandOver(const channel_link::Viewer& viewer, air::UniqueFd socket);

  // ---- the end
  void Stop(const std::string& reason);
  // Sends SIGKILL to a manager that has not ended.
  void Kill(const std::string& why);
  bool has_manager() const { return policy_.life() != ManagerPolicy::Life::kAbsent; }

  // Blocks to be marked as fed in the database; takes them out.
  std::vector<std::string> TakeFedBlocks();
  void PutBackFedBlocks(const std::vector<std::string>& block_ids);

  // ---- for pages
  const channel_link::State& state() const { return state_; }
  const ManagerPolicy& policy() const { return policy_; }
  bool exists() const { return exists_; }
  int waiting() const { return waiting_; }
  pid_t manager_pid() const { return manager_pid_; }
  Instant held_until() const;
  std::uint64_t blocks_late() const { return blocks_late_; }
  std::uint64_t viewers_taken() const { return viewers_taken_; }
  std::uint64_t takeovers() const { return takeovers_; }
  const std::string& last_error() const;

 private:
  ManagerWish Wish() const;
  void Spawn();
  absl::Status Dial();
  void Watch(air::UniqueFd pidfd);
  void OnHello(const channel_link::Hello& hello);
  void OnState(const channel_link::State& state);
  void OnNews(const channel_link::BlockNews& news);
  void OnClosed(const absl::Status& status);
  void OnEnded();
  void SendSetup();
  void Feed();
  void Notify();
  channel_link::Setup Setup() const;
  void Trouble(const std::string& text);

  const std::shared_ptr<const DeskSettings> shared_settings_;  // viewers that wait may outlive the director
  const DeskSettings& settings_;
  const std::string folder_;
  Channel channel_;
  bool exists_ = true;
  ManagerPolicy policy_;
  ChannelBook book_;
  HorizonFacts horizon_;

  std::unique_ptr<ChannelLink> link_;
  bool greeted_ = false;  // Hello has come over this link
  std::optional<Monotonic> dial_again_;
  pid_t manager_pid_ = 0;
  air::UniqueFd pidfd_;
  std::unique_ptr<boost::asio::posix::stream_descriptor> death_;
  channel_link::State state_;
  std::vector<HeldBlock> held_;

  int waiting_ = 0;
  Monotonic waiting_since_{};
  std::optional<Monotonic> granted_at_;
  std::set<boost::asio::steady_timer*> waiters_;

  std::set<std::string> fed_;  // to be marked
  std::uint64_t blocks_late_ = 0, viewers_taken_ = 0, takeovers_ = 0;
  std::string trouble_;  // the director's own, with this channel
};

}  // namespace retrovue

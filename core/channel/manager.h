// The channel manager: one channel's viewers, its AIR, and the blocks it plays. The shell around ChannelLife: what that decides is done
// here, and what happens is told to it.
//
// One thread, the loop's; gRPC's threads and a thread that looks at files only post to it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "core/channel/air_line.h"
#include "core/channel/air_process.h"
#include "core/channel/block_shelf.h"
#include "core/channel/channel_life.h"
#include "core/channel/channel_record.h"
#include "core/channel/link_server.h"
#include "core/channel/sink_listener.h"
#include "core/channel/ts_fanout.h"
#include "core/channel/viewer_server.h"
#include "protos/channel_link.pb.h"

namespace retrovue {

struct ManagerOptions {
  std::string folder;               // the channel's; absolute, there already
  std::int64_t clock_shift_ms = 0;  // the network's clock minus the machine's
  std::string supervisor;           // path of air-supervisor
  std::string log_level = "info";
  std::chrono::seconds idle_exit{60};  // without a director and without anything on the air, the manager ends
};

class Manager {
 public:
  // `listener`: of the link. The loop outlives it. Errors: those of SinkListener::Listen.
  static absl::StatusOr<std::unique_ptr<Manager>> Open(boost::asio::io_context& loop, ManagerOptions options,
                                                       air::UniqueFd listener);
  ~Manager();
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  // Ends the channel in order, then the loop.
  void RequestStop(const std::string& reason);

 private:
  Manager(boost::asio::io_context& loop, ManagerOptions options);
  void TakeUp();  // what a predecessor left

  Moment Now() const;
  std::string AirDir() const { return options_.folder + "/air"; }
  std::string SinkPath() const { return options_.folder + "/sink.sock"; }

  // From the director.
  void OnMessage(channel_link::ToManager message, std::vector<air::UniqueFd> fds);
  void SayHello();
  void TellState();
  void TellStateSoon();
  channel_link::State State() const;

  // Does what life has decided, until it has no more to say; then the timers and the record follow.
  void Proceed();
  void Do(const CheckAsset& action);
  void Do(const SpawnAir& action);
  void Do(const AskReady& action);
  void Do(const FollowEvents& action);
  void Do(const AttachSink& action);
  void Do(const StartSession& action);
  void Do(const FeedBlock& action);
  void Do(const StopSession& action);
  void Do(const TerminateAir& action);
  void Do(const KillAir& action);
  void Do(const RefuseViewers& action);
  void Do(const TellBlockNews& action);
  void Do(const Quit& action);

  AirLaunch Launch() const;
  AirProcess::OnEnded WhenAirEnds();
  void Demand();
  void Tick();
  void SetWake();
  void SaveSoon();
  void Save();

  boost::asio::io_context& loop_;
  const ManagerOptions options_;
  const std::uint64_t incarnation_;
  const std::chrono::steady_clock::time_point born_;
  ChannelRecord record_;
  channel_link::Setup setup_;
  BlockShelf shelf_;
  ChannelLife life_{shelf_};
  bool adopted_ = false;
  bool predecessor_was_on_air_ = false;  // it may have left a session, which the next supervisor takes up
  bool quits_ = false;

  TsFanout fanout_;
  std::unique_ptr<SinkListener> sink_;
  std::unique_ptr<ViewerServer> viewers_;
  std::unique_ptr<LinkServer> link_;
  std::unique_ptr<AirProcess> process_;
  std::unique_ptr<AirLine> line_;
  std::int32_t line_channel_id_ = 0;

  bool proceeding_ = false;
  boost::asio::steady_timer wake_;   // life's
  boost::asio::steady_timer tick_;   // once a second
  boost::asio::steady_timer state_;  // when the next State may be sent
  boost::asio::steady_timer save_;
  bool state_is_due_ = false;
  bool save_is_due_ = false;
  bool complained_of_disk_ = false;
  std::string told_state_;  // as it was sent last
  std::optional<std::chrono::steady_clock::time_point> alone_since_;
  // Lives as long as we do: what is posted by others asks it first.
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace retrovue

// One channel, from the first spawn of AIR to its orderly end.
//
// The rule: the channel is kept on the air. AIR is started, given a sink and two blocks, and then fed so that
// at least kBlocksAhead wait behind the one on the air. If it goes away it is started again, and takes up the
// session if its stages have survived, or gets a new one. Only a channel that never came on the air is given
// up. An AIR that a killed channel manager has left in the folder is ended first: its viewers were that
// manager's and are gone, and what it was to play next nobody knows.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "core/air_client.h"
#include "core/plan_loop.h"
#include "core/supervisor_process.h"

namespace air {

struct ChannelOptions {
  int channel_id = 1;
  SupervisorLaunch supervisor;
  std::string sink_socket;          // where AIR is to send the stream
  std::string program_format_json;  // the house format
};

class Channel {
 public:
  static constexpr std::size_t kBlocksAhead = 2;
  static constexpr int kMaxQueueDepth = 3;

  Channel(ChannelOptions options, PlanLoop plan, std::function<void(const std::string&)> log);

  // Blocks until RequestStop(), or until it is clear that the channel cannot come on the air: then with the
  // reason.
  absl::Status Run();

  // From any thread, also before Run().
  void RequestStop();

  // "starting", "on the air", "restarting", "stopping".
  std::string phase() const;

 private:
  void EndLeftOver();
  absl::Status RunOnce();
  absl::Status WaitUntilReady();
  absl::Status StartSession();
  absl::Status FollowSession();
  void OnEvent(const retrovue::playout::BlockEvent& event);
  void KeepFed();
  void End();
  bool WaitOrStop(std::chrono::milliseconds pause);
  bool stopping() const;

  const ChannelOptions options_;
  const std::function<void(const std::string&)> log_;
  std::atomic<bool> on_air_ = false;
  std::atomic<bool> was_on_air_ = false;  // at some time since Run() began

  // Of the thread in Run().
  PlanLoop plan_;
  std::deque<std::string> ahead_;                            // blocks AIR has and has not started
  std::optional<retrovue::playout::BlockPlan> undelivered_;  // made, and not taken by AIR yet
  std::unique_ptr<SupervisorProcess> process_;
  std::string session_ended_;  // the reason AIR gave

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable stop_requested_;
  bool stop_ = false;
  std::unique_ptr<AirClient>
      client_;  // made and dropped under the mutex; used by Run()'s thread alone, but for Cancel()
};

}  // namespace air

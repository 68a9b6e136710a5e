// A channel under test: an air-supervisor of its own in a folder of its own, driven as a control plane drives
// it, and watched from outside. When it ends it must leave nothing behind; that is checked every time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "client/metrics_page.h"
#include "protos/playout.grpc.pb.h"
#include "tests/support/channel_schedule.h"
#include "tests/support/child_program.h"
#include "tests/support/stream_viewer.h"
#include "tests/support/ts_analyser.h"

namespace air::e2e {

int64_t NowUtcMs();

// A folder of its own, gone at the end.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  std::string Path(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The block events of a session, in short words: "started a", "completed a", "ended stopped".
class EventLog {
 public:
  EventLog(wire::PlayoutControl::StubInterface& stub, int channel_id);
  ~EventLog();

  bool WaitFor(const std::string& event, std::chrono::milliseconds limit = std::chrono::seconds(60)) const;
  bool WaitForNews(const std::string& news, std::chrono::milliseconds limit = std::chrono::seconds(10)) const;
  // True when the stream of events has been ended by the other side.
  bool WaitForEnd(std::chrono::milliseconds limit = std::chrono::seconds(10)) const;
  std::vector<std::string> all() const;
  // What is no block's life: "low c", "hole", "drift", "failed c[1] CAUSE".
  std::vector<std::string> news() const;
  std::vector<wire::BlockEvent> messages() const;
  grpc::StatusCode code() const;  // of the ended call

 private:
  void Run(wire::PlayoutControl::StubInterface& stub, int channel_id);

  grpc::ClientContext context_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<wire::BlockEvent> messages_, news_;
  std::optional<grpc::Status> status_;
  std::thread thread_;
};

// A loopback TCP port on which no process listens.
int FreePort();

class TestChannel {
 public:
  // Returns when the supervisor answers. `flags` are added to its command line.
  explicit TestChannel(const std::vector<std::string>& flags = {},
                       const std::string& program = Built("air-supervisor"));
  ~TestChannel();

  // ---- control; a call that fails in gRPC itself fails the test
  wire::AttachStreamResponse Attach(const StreamViewer& viewer, bool replace = false);
  wire::AttachStreamResponse Attach(const wire::AttachStreamRequest& request);
  wire::DetachStreamResponse Detach();  // all streams
  wire::DetachStreamResponse Detach(const wire::DetachStreamRequest& request);
  wire::StartChannelResponse StartChannel(const wire::StartChannelRequest& request);
  wire::StopChannelResponse StopChannel(const wire::StopChannelRequest& request);
  wire::StartBlockPlanSessionResponse Start(const wire::StartBlockPlanSessionRequest& request);
  wire::FeedBlockPlanResponse Feed(const wire::BlockPlan& block);
  wire::StopBlockPlanSessionResponse Stop();

  // ---- a session with this schedule
  // The request that starts it with its first two blocks.
  static wire::StartBlockPlanSessionRequest StartRequest(const Schedule& schedule);
  // Starts it, listens to its events, and feeds each further block when the block two before it starts.
  // Returns at the end of the last one.
  void Play(const Schedule& schedule);
  // The same in steps.
  void Begin(const Schedule& schedule);
  // With a request made of StartRequest() and changed.
  void Begin(const wire::StartBlockPlanSessionRequest& request);
  void FeedRest(const Schedule& schedule);
  // Returns when its fence has passed and the viewer has seen it.
  void AwaitEndOf(const wire::BlockPlan& block) const;
  EventLog& events() { return *events_; }
  void Subscribe(int channel_id = kTestChannelId);
  // Sleeps until so much of the session's programme has aired.
  void SleepUntil(int64_t ms_since_tick_0) const;

  // ---- from outside
  // Just before the supervisor was executed.
  std::chrono::steady_clock::time_point executed_at() const { return executed_at_; }
  const std::string& runtime_dir() const { return runtime_dir_; }
  // The channel's own folder, for sockets and clips.
  const std::string& folder() const { return folder_.path(); }
  std::string Path(const std::string& name) const { return folder_.Path(name); }
  wire::PlayoutControl::StubInterface& stub() { return *stub_; }
  MetricsPage Metrics() const;
  // The sum over the samples called `name`, as soon as `suits` says yes to it; after five seconds what it is then. The page
  // is made anew every 200 ms, so what a test has just seen or done need not stand on it yet. -1: no such sample.
  double AwaitMetric(absl::string_view name, const std::function<bool(double)>& suits) const;
  std::string Log() const { return supervisor_->Output(); }
  ChildProgram& supervisor() { return *supervisor_; }
  std::vector<MarkedProcess> Stages() const;
  // The stage called `program` that has a file open whose path contains `file`. Throws std::runtime_error, which ends the
  // test, when there is none after some waiting: so it never is 0, which kill() takes for the whole process group.
  pid_t Stage(const std::string& program, const std::string& file) const;

  // Kills the supervisor (SIGKILL) and starts no other one in its place.
  void KillSupervisor();
  // Another one on the same folder, with the same flags. Returns when it answers; `wait` false: at once.
  void StartSupervisor(bool wait = true);
  // Listens to the session's events anew; what is told again is not counted twice.
  void Resubscribe() { Subscribe(); }

  // SIGTERM, and the checks: exit status 0, no process, no socket, no shared memory left. Done by the
  // destructor when it was not done before.
  void End();
  // The checks alone, given time for stages that notice for themselves.
  void ExpectNothingLeft(std::chrono::milliseconds limit) const;

 private:
  template <class Request, class Response>
  Response Call(grpc::Status (wire::PlayoutControl::StubInterface::*method)(grpc::ClientContext*,
                                                                            const Request&, Response*),
                const Request& request);

  bool IsReady();
  std::string last_refusal_;  // what GetVersion was answered last, while it was refused

  TestFolder folder_;
  std::string runtime_dir_, mark_;
  std::vector<std::string> command_;
  std::string address_;
  std::vector<pid_t> supervisors_;  // all there have been
  std::unique_ptr<ChildProgram> supervisor_;
  std::unique_ptr<wire::PlayoutControl::StubInterface> stub_;
  std::unique_ptr<EventLog> events_;
  std::chrono::steady_clock::time_point executed_at_, tick_0_;
  bool ended_ = false;
};

// A capture, judged.
struct Judged {
  analyser::TsReport structure;
  analyser::ContentReport content;
  Program aired;
};
// Held against everything a stream of this format must keep, the decoder model too. Fails the test when the
// capture cannot be judged at all.
Judged Judge(const std::vector<uint8_t>& stream, const ChannelFormat& format);

// Nothing at all to find fault with in the packets.
void ExpectCleanStructure(const Judged& judged);
// Sound unbroken, in its place, and within a millisecond of the picture.
void ExpectSoundInPlace(const Judged& judged);
// Tick by tick what was planned.
void ExpectAired(const Judged& judged, const Program& expected);

}  // namespace air::e2e

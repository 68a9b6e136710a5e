// SIGKILL of the supervisor of a channel on the air, and a new one in its folder: it takes the session up.
// The viewer's stream is what it would have been, the plan goes on being fed, and no event is lost.
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/unique_fd.h"
#include "link/seqpacket.h"
#include "link/stage_server.h"
#include "supervisor/handover/session_record.h"
#include "tests/support/faulted_channel.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;

class Adoption : public FaultedChannel {
 protected:
  explicit Adoption(std::vector<std::string> flags = {}) : FaultedChannel(With(std::move(flags))) {}

  static std::vector<std::string> With(std::vector<std::string> flags) {
    flags.insert(flags.end(), {"--orphan-grace", "20"});
    return flags;
  }

  // Two blocks to begin with and two to feed, a second in the middle of each being pad that is planned.
  Schedule LongSchedule() {
    Schedule schedule(format_, NowUtcMs());
    schedule.AddBlock("a", {Pad(kLeadInMs), ShowPattern(1, 3000), ShowPattern(2, 2000)});
    schedule.AddBlock("b", {ShowPattern(3, 3000)});
    schedule.AddBlock("c", {ShowPattern(4, 2000), Pad(1000)});
    schedule.AddBlock("d", {ShowPattern(5, 2000)});
    return schedule;
  }

  pid_t Selector() const { return channel_.Stage("air-selector", ".program"); }
  pid_t Encoder() const { return channel_.Stage("air-encoder", ".journal-"); }
  void Kill(pid_t stage) {
    ASSERT_NE(stage, 0);
    kill(stage, SIGKILL);
    ++signals_;
  }
  void KillSupervisorAt(int64_t ms) {
    channel_.SleepUntil(ms);
    channel_.KillSupervisor();
    ++signals_;
  }
  void StartAnother() {
    channel_.StartSupervisor();
    channel_.Resubscribe();
  }

  // A stage as a supervisor starts it that has not dialled it yet.
  static pid_t StartStage(const std::string& program, const std::string& socket) {
    const absl::StatusOr<UniqueFd> listener = ListenSeqpacket(socket);
    EXPECT_TRUE(listener.ok()) << listener.status();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, listener->get(), kListenFd);
    std::string path = Built(program), id_flag = "--id", id = "decoder-99";
    char* argv[] = {path.data(), id_flag.data(), id.data(), nullptr};
    pid_t pid = 0;
    EXPECT_EQ(posix_spawn(&pid, path.c_str(), &actions, nullptr, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
  }
  // A child of this process. One that does not end is killed.
  static bool EndsWithin(pid_t child, std::chrono::milliseconds limit) {
    const UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
    pollfd end{pidfd.get(), POLLIN, 0};
    const bool ended = poll(&end, 1, static_cast<int>(limit.count())) == 1;
    if (!ended) kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    return ended;
  }

  // Nothing that was planned is missing, and the connection is the first one still.
  void ExpectNothingHappened(const Schedule& schedule) {
    const Losses losses = StopAndJudge(schedule);
    EXPECT_EQ(losses.pad, 0);
    // The first picture of a stream is the first one its encoder got hold of.
    const int64_t first = aired_.first_tick(), end = schedule.expected().end_tick();
    EXPECT_LT(first, format_.TickAt(kLeadInMs));
    EXPECT_EQ(aired_.Between(first, end).stretches(), schedule.expected().Between(first, end).stretches());
    EXPECT_FALSE(viewer_->WaitForConnection(1, 0ms)) << "there was a second connection";
  }
  // Each block has started and completed, once, in order.
  void ExpectAllEvents(const Schedule& schedule) {
    std::vector<std::string> expected;
    for (const wire::BlockPlan& block : schedule.blocks()) {
      expected.push_back("started " + block.block_id());
      expected.push_back("completed " + block.block_id());
    }
    std::vector<std::string> seen = channel_.events().all();
    if (!seen.empty() && seen.back().rfind("ended", 0) == 0) seen.pop_back();
    EXPECT_EQ(seen, expected);
  }
  void PlayTheRestAndExpectNothingHappened(const Schedule& schedule) {
    channel_.FeedRest(schedule);
    ExpectAllEvents(schedule);
    ExpectNothingHappened(schedule);
  }
  double Adoptions() const { return metrics_.Sum("air_adoptions_total").value_or(-1); }
};

TEST_F(Adoption, OfASessionIsSeenByNobody) {
  const Schedule schedule = LongSchedule();
  channel_.Begin(schedule);
  KillSupervisorAt(kLeadInMs + 1000);
  StartAnother();
  PlayTheRestAndExpectNothingHappened(schedule);
  EXPECT_EQ(Adoptions(), 1);
}

TEST_F(Adoption, HappensAsOftenAsTheSupervisorIsKilled) {
  const Schedule schedule = LongSchedule();
  channel_.Begin(schedule);
  for (int64_t ms : {1000, 2000, 3500, 5000, 5800}) {
    KillSupervisorAt(ms);
    StartAnother();
  }
  PlayTheRestAndExpectNothingHappened(schedule);
  EXPECT_EQ(Adoptions(), 5);
}

TEST_F(Adoption, OfASupervisorThatIsKilledWhileItAdoptsIsTheNextOnesBusiness) {
  const Schedule schedule = LongSchedule();
  channel_.Begin(schedule);
  channel_.SleepUntil(kLeadInMs + 500);
  for (int us = 0; us < 60'000; us += 3000) {
    channel_.KillSupervisor();
    channel_.StartSupervisor(/*wait=*/false);
    std::this_thread::sleep_for(std::chrono::microseconds(us));
    ++signals_;
  }
  channel_.KillSupervisor();
  StartAnother();
  PlayTheRestAndExpectNothingHappened(schedule);
}

// What a predecessor had prepared was prepared then, and not when its successor looked.
TEST_F(Adoption, HalfASecondBeforeASeamLeavesItsSegmentPreparedInTime) {
  const Schedule schedule = LongSchedule();
  channel_.Begin(schedule);
  KillSupervisorAt(kLeadInMs + 2500);
  StartAnother();
  PlayTheRestAndExpectNothingHappened(schedule);
  EXPECT_GE(metrics_.Sum("air_prepared_ahead_min_seconds").value_or(-1), 1);
}

// The decoder's words about a file that is missing are longer than what is kept of them, and every third byte is where a
// character may be cut.
TEST_F(Adoption, OfASessionWhoseDecoderSaidMoreThanIsKept) {
  std::string name = "/x/";
  for (int i = 0; i < 200; ++i) name += "あ";
  Schedule schedule(format_, NowUtcMs());
  std::vector<Entry> entries = {Pad(kLeadInMs), ShowPattern(1, 2000)};
  for (const char* lead : {"/", "/a", "/ab"}) {
    entries.push_back(ShowPattern(2, 300));
    entries.back().uri = lead + name;
    entries.back().pictures = 0;
  }
  schedule.AddBlock("a", entries);
  schedule.AddBlock("b", {ShowPattern(3, 3000)});
  channel_.Begin(schedule);
  for (int segment : {2, 3, 4})
    ASSERT_TRUE(channel_.events().WaitForNews(absl::StrCat("failed a[", segment, "] OPEN_FAILED")));
  channel_.KillSupervisor();
  ++signals_;
  StartAnother();
  channel_.FeedRest(schedule);
  StopAndJudge(schedule);
  EXPECT_EQ(Adoptions(), 1);
  ExpectContentAt(kLeadInMs + 1500, schedule);
  ExpectContentAt(kLeadInMs + 4500, schedule);
  EXPECT_FALSE(viewer_->WaitForConnection(1, 0ms)) << "there was a second connection";
}

// Killed between the start of a stage and the first word to it: the stage listens, and no record names it. It would
// wait ten seconds for that word.
TEST_F(Adoption, EndsAStageThatItsPredecessorDidNotLiveToRecord) {
  const Schedule schedule = LongSchedule();
  channel_.Begin(schedule);
  KillSupervisorAt(kLeadInMs + 1000);
  const std::string socket = channel_.runtime_dir() + "/stage-decoder-99.sock";
  const pid_t stray = StartStage("air-decoder", socket);
  StartAnother();
  EXPECT_TRUE(EndsWithin(stray, 5s));
  PlayTheRestAndExpectNothingHappened(schedule);
}

// From three ticks before a seam to three behind it, a different one each time.
TEST_F(Adoption, AtASwitchLeavesTheSwitchOnItsTick) {
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(kLeadInMs), ShowPattern(1, 1500), ShowPattern(2, 1500), ShowPattern(3, 1500)});
  schedule.AddBlock("b", {ShowPattern(4, 1500), ShowPattern(5, 1500), ShowPattern(6, 1500)});
  channel_.Begin(schedule);
  int64_t seam = kLeadInMs, shift = -100;
  for (int i = 0; i < 6; ++i, seam += 1500, shift += 33) {
    KillSupervisorAt(seam + shift);
    StartAnother();
  }
  PlayTheRestAndExpectNothingHappened(schedule);
  EXPECT_EQ(metrics_.Sum("air_stage_restarts_total").value_or(-1), 0) << "decoders of segments that are over";
}

TEST_F(Adoption, TellsOfBlocksThatBeganAndEndedWhileThereWasNoSupervisor) {
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(kLeadInMs), ShowPattern(1, 1500)});
  schedule.AddBlock("b", {ShowPattern(2, 1000)});
  schedule.AddBlock("c", {ShowPattern(3, 1000)});
  wire::StartBlockPlanSessionRequest request = channel_.StartRequest(schedule);
  channel_.Begin(request);
  ASSERT_TRUE(channel_.Feed(schedule.blocks()[2]).success());
  // Long enough for all of them to be prepared; longer than the program ring remembers them.
  KillSupervisorAt(kLeadInMs + 500);
  channel_.SleepUntil(schedule.end_ms() + 2500);
  StartAnother();
  channel_.AwaitEndOf(schedule.blocks().back());
  ExpectAllEvents(schedule);
  ExpectNothingHappened(schedule);
}

TEST_F(Adoption, GoesOnCountingAndQueueing) {
  const Schedule schedule = LongSchedule();
  channel_.Begin(schedule);
  Kill(Encoder());
  channel_.SleepUntil(kLeadInMs + 1000);
  ASSERT_TRUE(channel_.Feed(schedule.blocks()[2]).success());
  const MetricsPage before = channel_.Metrics();
  channel_.KillSupervisor();
  StartAnother();
  const MetricsPage after = channel_.Metrics();
  for (const char* counter : {"air_program_frames_total", "air_stage_restarts_total", "air_sink_ticks_total",
                              "air_sink_sent_bytes_total", "air_content_frames_total"}) {
    EXPECT_GE(after.Sum(counter).value_or(-1), before.Sum(counter).value_or(0)) << counter;
    EXPECT_GT(after.Sum(counter).value_or(-1), 0) << counter;
  }
  // The block it has already is accepted as such, not put there a second time, and cannot be changed.
  EXPECT_EQ(channel_.Feed(schedule.blocks()[2]).result_code(), wire::BLOCKPLAN_RESULT_OK);
  wire::BlockPlan changed = schedule.blocks()[2];
  changed.mutable_segments(0)->set_asset_start_offset_ms(1000);
  EXPECT_EQ(channel_.Feed(changed).result_code(), wire::BLOCKPLAN_RESULT_INVALID_BLOCK);
  EXPECT_TRUE(channel_.events().WaitFor("started b"));
  ASSERT_TRUE(channel_.Feed(schedule.blocks()[3]).success());
  channel_.AwaitEndOf(schedule.blocks().back());
  ExpectAllEvents(schedule);
  ExpectNothingHappened(schedule);
}

// A stage that dies or stands still together with its supervisor. Encoder and selector keep the same
// descriptors: whichever is left has them all, and one that does not answer is not waited for.
struct Companion {
  const char* name;
  const char* program;
  const char* file;  // empty: the clip
  int signal;
};
class AdoptionWithout : public Adoption, public ::testing::WithParamInterface<Companion> {};

TEST_P(AdoptionWithout, IsSeenByNobody) {
  const Clip live = MakeClip(1, 200);
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(kLeadInMs), Show(live, 6000)});
  schedule.AddBlock("b", {ShowPattern(2, 1000)});
  channel_.Begin(schedule);
  channel_.SleepUntil(kLeadInMs + 2500);
  const std::string file = GetParam().file;
  const pid_t companion = channel_.Stage(GetParam().program, file.empty() ? live.path : file);
  ASSERT_NE(companion, 0);
  channel_.KillSupervisor();
  kill(companion, GetParam().signal);
  signals_ += 2;
  StartAnother();
  PlayTheRestAndExpectNothingHappened(schedule);
  const bool hung = GetParam().signal == SIGSTOP;
  EXPECT_EQ(metrics_.Value("air_stage_restarts_total",
                           {{"stage", GetParam().program}, {"cause", hung ? "hang" : "unknown"}}),
            1);
}

INSTANTIATE_TEST_SUITE_P(Of, AdoptionWithout,
                         ::testing::Values(Companion{"AKilledEncoder", "air-encoder", ".journal-", SIGKILL},
                                           Companion{"AKilledSelector", "air-selector", ".program", SIGKILL},
                                           Companion{"AKilledDecoder", "air-decoder", "", SIGKILL},
                                           Companion{"AStoppedEncoder", "air-encoder", ".journal-", SIGSTOP},
                                           Companion{"AStoppedSelector", "air-selector", ".program",
                                                     SIGSTOP}),
                         [](const auto& companion) { return std::string(companion.param.name); });

// Without a viewer there is no encoder, and a selector that does not answer takes the decoder rings with it:
// new rings and new decoders, which go on with the unit that is due.
TEST_F(Adoption, OfAStoppedSelectorNobodyWatchesCostsPadUntilNewDecodersDeliver) {
  const Clip live = MakeClip(1, 300);
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(kLeadInMs), Show(live, 9000)});
  schedule.AddBlock("b", {ShowPattern(2, 1000)});
  channel_.Begin(schedule);
  channel_.SleepUntil(kLeadInMs + 1000);
  EXPECT_TRUE(channel_.Detach().success());
  EXPECT_TRUE(viewer_->WaitForEnd(0));
  const pid_t selector = Selector();
  channel_.KillSupervisor();
  kill(selector, SIGSTOP);
  ++signals_;
  StartAnother();
  viewer_ = StreamViewer::OnUnixSocket(channel_.Path("second.sock"));
  channel_.Attach(*viewer_);
  channel_.FeedRest(schedule);
  ExpectAllEvents(schedule);
  StopAndJudge(schedule);
  ExpectContentAt(kLeadInMs + 8900, schedule);
  ExpectContentAt(kLeadInMs + 9500, schedule);
}

// Every stage of it is dead: there is nothing to take up, and nothing is left over.
TEST_F(Adoption, OfADeadSessionIsACleanStart) {
  const Schedule schedule = LongSchedule();
  channel_.Begin(schedule);
  KillSupervisorAt(kLeadInMs + 500);
  for (const MarkedProcess& stage : channel_.Stages()) kill(stage.pid, SIGKILL);
  EXPECT_TRUE(viewer_->WaitForEnd(0));
  channel_.StartSupervisor();
  EXPECT_FALSE(channel_.Feed(schedule.blocks()[2]).success());
  channel_.End();
}

// The record does not say whose the stages are: they are ended at once, not when their grace is over.
class UnreadableRecord : public Adoption, public ::testing::WithParamInterface<std::string> {};

TEST_P(UnreadableRecord, IsACleanStart) {
  const Schedule schedule = LongSchedule();
  channel_.Begin(schedule);
  KillSupervisorAt(kLeadInMs + 500);
  {
    std::fstream record(SessionRecord(channel_.runtime_dir()).Find(),
                        std::ios::in | std::ios::out | std::ios::binary);
    constexpr int kVersionAt = 8;
    record.seekp(GetParam() == "OfAnotherVersion" ? kVersionAt : 100).put('\x7f');
  }
  channel_.StartSupervisor();
  EXPECT_TRUE(viewer_->WaitForEnd(0, 0ms)) << "its stages are still on the air";
  EXPECT_THAT(channel_.Log(), ::testing::HasSubstr("starting afresh"));
  EXPECT_FALSE(channel_.Feed(schedule.blocks()[2]).success());
  std::this_thread::sleep_for(1s);  // idle spares leave by themselves, and tidy up first
  channel_.End();
}

INSTANTIATE_TEST_SUITE_P(Adoption, UnreadableRecord, ::testing::Values("Damaged", "OfAnotherVersion"),
                         [](const auto& record) { return record.param; });

// Every record of a session that can be read while it is being started: a supervisor may be killed behind any.
class RecordsSeen {
 public:
  explicit RecordsSeen(const std::string& runtime_dir)
      : thread_([this, record = SessionRecord(runtime_dir)]() mutable {
          while (!stop_) {
            if (absl::StatusOr<record::Session> session = record.Load(); session.ok())
              seen_.push_back(*std::move(session));
          }
        }) {}
  ~RecordsSeen() {
    if (thread_.joinable()) Stop();
  }
  const std::vector<record::Session>& Stop() {
    stop_ = true;
    thread_.join();
    return seen_;
  }

 private:
  std::vector<record::Session> seen_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

TEST_F(Adoption, GoesOnServingTheChannelsPort) {
  const std::string plan = channel_.Path("plan.json");
  std::ofstream(plan) << R"({"program_format": )" << format_.Json() << R"(, "blocks": [{"block_id": "a",
      "start_utc_ms": 0, "end_utc_ms": 60000,
      "segments": [{"asset_uri": "pattern:clip=1", "segment_duration_ms": 60000}]}]})";
  const int port = FreePort();
  wire::StartChannelRequest request;
  request.set_channel_id(kTestChannelId);
  request.set_plan_handle(plan);
  request.set_port(port);
  RecordsSeen records(channel_.runtime_dir());
  const wire::StartChannelResponse started = channel_.StartChannel(request);
  ASSERT_TRUE(started.success()) << started.error_message();
  const std::vector<record::Session>& seen = records.Stop();
  ASSERT_FALSE(seen.empty()) << "no record was seen: nothing is shown";
  for (const record::Session& session : seen) {
    EXPECT_EQ(session.started_with().plan_handle(), plan) << "a record without the call it began with";
    EXPECT_EQ(session.started_with().port(), port);
    EXPECT_NE(session.plan_fingerprint(), 0u);
  }
  const auto first = StreamViewer::ToPort(port);
  ASSERT_TRUE(first->WaitForBytes(0, 20'000));
  channel_.KillSupervisor();
  channel_.StartSupervisor();
  EXPECT_TRUE(channel_.StartChannel(request).success()) << "it runs already";
  EXPECT_TRUE(first->WaitForBytes(0, first->Received(0).size() + 50'000)) << "the viewer it had";
  const auto second = StreamViewer::ToPort(port);
  ASSERT_NE(second, nullptr) << "nobody listens";
  EXPECT_TRUE(second->WaitForEnd(0)) << "one is being served";
  first->HangUp(0);
  std::unique_ptr<StreamViewer> third;
  for (int i = 0; i < 50; ++i) {  // until the first one's end is noticed
    third = StreamViewer::ToPort(port);
    if (third->WaitForBytes(0, 50'000, 2s)) break;
  }
  EXPECT_GT(third->Received(0).size(), 50'000u);
  for (const StreamViewer* viewer : {first.get(), third.get()})
    ExpectCleanStructure(Judge(WholeTicks(viewer->Received(0)), format_));
}

// What is started while the session is being taken up serves it like any other stage.
TEST_F(Adoption, StreamsCanBeAttachedAndDetachedAfterwards) {
  const Schedule schedule = LongSchedule();
  channel_.Begin(schedule);
  KillSupervisorAt(kLeadInMs + 500);
  StartAnother();
  const auto second = StreamViewer::OnUnixSocket(channel_.Path("second.sock"));
  channel_.Attach(*second);
  EXPECT_TRUE(second->WaitForBytes(0, 50'000));
  KillSupervisorAt(kLeadInMs + 2500);
  StartAnother();
  wire::DetachStreamRequest request;
  request.set_channel_id(kTestChannelId);
  request.set_endpoint(second->endpoint());
  EXPECT_TRUE(channel_.Detach(request).success());
  EXPECT_TRUE(second->WaitForEnd(0)) << "a copy of its socket is kept by somebody";
  ExpectCleanStructure(Judge(WholeTicks(second->Received(0)), format_));
  PlayTheRestAndExpectNothingHappened(schedule);
}

// Ports that the test can take while no supervisor has them.
class AdoptionWithPorts : public Adoption {
 protected:
  AdoptionWithPorts()
      : Adoption({"--metrics-address", "127.0.0.1:" + std::to_string(Port(0)), "--port",
                  std::to_string(Port(1))}) {}
  static int Port(size_t i) {
    static const std::array<int, 2> ports = {FreePort(), FreePort()};
    return ports[i];
  }
  // Listens there, as a process that happened to be quicker does.
  static UniqueFd Hold(int port) {
    UniqueFd holder(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    setsockopt(holder.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    EXPECT_EQ(bind(holder.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(holder.get(), 1), 0);
    return holder;
  }
  void ExpectThatNoneStartsWhileTaken(int port) {
    const UniqueFd holder = Hold(port);
    channel_.StartSupervisor(/*wait=*/false);
    EXPECT_EQ(channel_.supervisor().WaitForEnd(10s), 1);
    EXPECT_THAT(channel_.Log(), ::testing::HasSubstr("cannot start"));
  }
};

TEST_F(AdoptionWithPorts, ThatAreTakenLeavesTheSessionToTheNextAttempt) {
  const Schedule schedule = LongSchedule();
  channel_.Begin(schedule);
  KillSupervisorAt(kLeadInMs + 500);
  ExpectThatNoneStartsWhileTaken(Port(0));
  ExpectThatNoneStartsWhileTaken(Port(1));
  StartAnother();
  PlayTheRestAndExpectNothingHappened(schedule);
  EXPECT_EQ(Adoptions(), 1);
}

}  // namespace
}  // namespace air::e2e

// Plan files that come late or never, and a slow disk under the runtime folder, with a channel on the air: the
// supervisor goes on with all it has to do, and keeps what it has promised.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <optional>
#include <thread>
#include <vector>

#include "ctl/as_run.h"
#include "tests/support/faulted_channel.h"
#include "tests/support/live_switch.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// For the supervisors that are started while it is there: slow_disk.cpp.
class SlowDiskLoaded {
 public:
  SlowDiskLoaded() {
    setenv("LD_PRELOAD", Built("air-slow-disk.so").c_str(), 1);
    setenv("AIR_TEST_SLOW_DISK", ControlFile().c_str(), 1);
  }
  ~SlowDiskLoaded() {
    unsetenv("LD_PRELOAD");
    unsetenv("AIR_TEST_SLOW_DISK");
  }
  SlowDiskLoaded(const SlowDiskLoaded&) = delete;
  SlowDiskLoaded& operator=(const SlowDiskLoaded&) = delete;
  static std::string ControlFile() {
    return ::testing::TempDir() + "air-slow-disk-" + std::to_string(getpid());
  }
};

struct WithSlowDisk {
  std::optional<SlowDiskLoaded> loaded{std::in_place};
};

class SlowDisk : private WithSlowDisk, public FaultedChannel {
 protected:
  explicit SlowDisk(const std::vector<std::string>& flags = {}) : FaultedChannel(flags) { loaded.reset(); }
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer's library has to be the first one";
#endif
  }

  Schedule Begin() {
    Schedule schedule(format_, NowUtcMs());
    schedule.AddBlock("a", {Pad(kLeadInMs), ShowPattern(1, 9000)});
    schedule.AddBlock("b", {ShowPattern(2, 1000)});
    channel_.Begin(schedule);
    channel_.SleepUntil(kLeadInMs + 1000);
    return schedule;
  }
  wire::UpdatePlanResponse UpdatePlan(const std::string& handle) {
    wire::UpdatePlanRequest request;
    request.set_channel_id(kTestChannelId);
    request.set_plan_handle(handle);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 30s);
    wire::UpdatePlanResponse response;
    const grpc::Status status = channel_.stub().UpdatePlan(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  std::future<wire::UpdatePlanResponse> UpdatingPlan(const std::string& handle) {
    return std::async(std::launch::async, [this, handle] { return UpdatePlan(handle); });
  }
  std::string LatePlan(const std::string& name) {
    std::ofstream(channel_.Path(name)) << R"({"segments": [{"asset_uri": "pattern:clip=9"}]})";
    return channel_.Path(name);
  }
  pid_t Encoder() const { return channel_.Stage("air-encoder", ".journal-"); }
  void KillEncoderAndAwaitTheNext() {
    const pid_t killed = Encoder();
    ASSERT_GT(killed, 0);
    kill(killed, SIGKILL);
    ++signals_;
    pid_t next = killed;
    for (int i = 0; i < 600 && (next == killed || next == 0); ++i) {
      std::this_thread::sleep_for(50ms);
      next = Encoder();
    }
    ASSERT_NE(next, killed) << "not replaced";
  }
};

TEST_F(SlowDisk, OfAPlanFileKeepsTheSupervisorFromNothing) {
  const Schedule schedule = Begin();
  auto updating = UpdatingPlan(LatePlan("slow-5000.json"));
  std::this_thread::sleep_for(100ms);
  KillEncoderAndAwaitTheNext();
  EXPECT_EQ(updating.wait_for(0s), std::future_status::timeout) << "it was replaced only behind the file";
  const wire::UpdatePlanResponse response = updating.get();
  EXPECT_FALSE(response.success());
  EXPECT_THAT(response.error_message(), HasSubstr("segments[0].segment_duration_ms"));
  channel_.FeedRest(schedule);
  EXPECT_EQ(StopAndJudge(schedule).pad, 0);
}

TEST_F(SlowDisk, OfAPlanThatNeverComesKeepsNoSupervisorFromItsEnd) {
  Begin();
  auto updating = UpdatingPlan(LatePlan("slow-3600000.json"));
  std::this_thread::sleep_for(500ms);
  channel_.End();
  const wire::UpdatePlanResponse response = updating.get();
  EXPECT_FALSE(response.success());
  EXPECT_THAT(response.error_message(), HasSubstr("ends"));
}

TEST_F(SlowDisk, OfAPlanThatNeverComesIsSaidAfterSomeSeconds) {
  const Schedule schedule = Begin();
  const wire::UpdatePlanResponse response = UpdatePlan(LatePlan("slow-3600000.json"));
  EXPECT_FALSE(response.success());
  EXPECT_THAT(response.error_message(), HasSubstr("not read after 8000 ms"));
  channel_.FeedRest(schedule);
  EXPECT_EQ(StopAndJudge(schedule).pad, 0);
}

// Each would hold a reader for ever.
TEST_F(SlowDisk, OrWhatIsNoDiskFileAtAllIsRefusedAndHoldsNothing) {
  const Schedule schedule = Begin();
  const std::string fifo = channel_.Path("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  for (const auto& [handle, why] : std::vector<std::pair<std::string, std::string>>{
           {fifo, "not a regular file"}, {"/dev/zero", "not a regular file"}, {"/proc/kmsg", "empty"}}) {
    auto updating = UpdatingPlan(handle);
    KillEncoderAndAwaitTheNext();
    const wire::UpdatePlanResponse response = updating.get();
    EXPECT_FALSE(response.success()) << handle;
    EXPECT_THAT(response.error_message(), HasSubstr(why));
  }
  channel_.FeedRest(schedule);
  EXPECT_EQ(StopAndJudge(schedule).pad, 0);
}

// All that the supervisor keeps on its disk takes so many milliseconds longer an operation.
class SlowDiskUnderTheRuntimeFolder : public SlowDisk, public ::testing::WithParamInterface<int> {
 protected:
  SlowDiskUnderTheRuntimeFolder() : SlowDisk({"--orphan-grace", "60"}) {}
  // The supervisor is ended on a disk as it should be: it is to write down what it has.
  void TearDown() override { EndSlowness(); }

  void BeSlow() const {
    const std::string next = SlowDiskLoaded::ControlFile() + ".next";
    std::ofstream(next) << GetParam() << " " << channel_.runtime_dir() << "/";
    std::filesystem::rename(next, SlowDiskLoaded::ControlFile());
  }
  static void EndSlowness() { std::filesystem::remove(SlowDiskLoaded::ControlFile()); }
  Schedule LongSchedule() {
    Schedule schedule(format_, NowUtcMs());
    schedule.AddBlock("a", {Pad(2 * kLeadInMs), ShowPattern(1, 10'000)});
    schedule.AddBlock("b", {ShowPattern(2, 3000)});
    schedule.AddBlock("c", {ShowPattern(3, 2000)});
    return schedule;
  }
  // Until the account has gone on: there are more messages than a first supervisor can have made.
  void AwaitEvidence() const {
    for (int i = 0; i < 300 && channel_.Metrics().Sum("air_evidence_messages_total").value_or(0) < 12; ++i)
      std::this_thread::sleep_for(100ms);
  }
  // What was LIVE included. Ends the channel.
  void ExpectSegmentsInAsRun(int segments) {
    channel_.End();
    const absl::StatusOr<evidence::AsRun> as_run = ReadAsRun(channel_.runtime_dir(), "");
    ASSERT_TRUE(as_run.ok()) << as_run.status();
    const auto aired = std::count_if(as_run->lines().begin(), as_run->lines().end(),
                                     [](const auto& line) { return line.frames_aired() > 0; });
    EXPECT_EQ(aired, segments) << AsRunTable(*as_run);
  }

  const LiveClip live_;
};

// Also when it begins.
TEST_P(SlowDiskUnderTheRuntimeFolder, KeepsTheSupervisorFromNothing) {
  BeSlow();
  const Schedule schedule = LongSchedule();
  channel_.Begin(schedule);
  channel_.SleepUntil(2 * kLeadInMs + 500);
  LoadPreview(channel_, format_, live_);
  const int64_t at = SwitchToLive(channel_, format_);
  KillEncoderAndAwaitTheNext();
  channel_.FeedRest(schedule);
  EndSlowness();
  EXPECT_EQ(StopAndJudge(WithLive(schedule.expected(), at, live_)).pad, 0);
  EXPECT_EQ(metrics_.Sum("air_session_record_stale"), 0);
  EXPECT_EQ(aired_.At(at - 1).clip, 1);
  EXPECT_EQ(aired_.At(at), (OnAir{live_.clip, live_.picture})) << "the tick that was named";
  ExpectSegmentsInAsRun(6);
}

// The account of what has aired is read from the disk meanwhile.
TEST_P(SlowDiskUnderTheRuntimeFolder, KeepsNoSupervisorFromTakingASessionUp) {
  const Schedule schedule = LongSchedule();
  channel_.Begin(schedule);
  EXPECT_TRUE(channel_.Feed(schedule.blocks()[2]).success());
  channel_.SleepUntil(2 * kLeadInMs + 500);
  channel_.KillSupervisor();
  ++signals_;
  BeSlow();
  {
    const SlowDiskLoaded slow;
    channel_.StartSupervisor();
  }
  channel_.Resubscribe();
  KillEncoderAndAwaitTheNext();
  channel_.AwaitEndOf(schedule.blocks().back());
  EndSlowness();
  AwaitEvidence();
  EXPECT_EQ(StopAndJudge(schedule).pad, 0);
  EXPECT_EQ(metrics_.Sum("air_adoptions_total"), 1);
  ExpectSegmentsInAsRun(4);
}

// A start needs five operations on that disk, and the stages wait ten seconds for the next supervisor.
INSTANTIATE_TEST_SUITE_P(By, SlowDiskUnderTheRuntimeFolder, ::testing::Values(200, 1000),
                         [](const auto& ms) { return std::to_string(ms.param) + "Ms"; });

}  // namespace
}  // namespace air::e2e

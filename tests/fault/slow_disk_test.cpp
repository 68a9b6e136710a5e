// Plan files that come late or never, with a channel on the air: the supervisor goes on with all it has to do.
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <future>
#include <thread>

#include "tests/support/faulted_channel.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// For the supervisor to come: slow_disk.cpp.
struct SlowDiskLoaded {
  SlowDiskLoaded() { setenv("LD_PRELOAD", Built("air-slow-disk.so").c_str(), 1); }
};

class SlowDisk : private SlowDiskLoaded, public FaultedChannel {
 protected:
  SlowDisk() { unsetenv("LD_PRELOAD"); }
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

}  // namespace
}  // namespace air::e2e

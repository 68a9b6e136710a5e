// No memory, no descriptors: said clearly where they are wanted, and nothing that runs is harmed.
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/support/faulted_channel.h"

namespace air::e2e {
namespace {

class Scarcity : public FaultedChannel {
 protected:
  // So many more than it has open; a negative number: as many as it likes.
  void AllowDescriptors(int more) {
    int highest = 0;
    const std::string folder = "/proc/" + std::to_string(channel_.supervisor().pid()) + "/fd";
    for (const auto& fd : std::filesystem::directory_iterator(folder))
      highest = std::max(highest, std::stoi(fd.path().filename().string()));
    const rlimit limit{more < 0 ? 1024 : static_cast<rlim_t>(highest + 1 + more), 1024};
    ASSERT_EQ(prlimit(channel_.supervisor().pid(), RLIMIT_NOFILE, &limit, nullptr), 0);
  }
  // The supervisor's children that are dead and have not been reaped.
  std::vector<pid_t> Zombies() {
    std::vector<pid_t> zombies;
    const std::string pid = std::to_string(channel_.supervisor().pid());
    std::ifstream children("/proc/" + pid + "/task/" + pid + "/children");
    for (pid_t child = 0; children >> child;) {
      std::ifstream file("/proc/" + std::to_string(child) + "/stat");
      std::string stat;
      std::getline(file, stat);
      if (stat.find(") Z ") != std::string::npos) zombies.push_back(child);
    }
    return zombies;
  }
};

TEST_F(Scarcity, OfDescriptorsRefusesWhatNeedsThemAndHarmsNothingThatRuns) {
  Schedule refused(format_, NowUtcMs());
  refused.AddBlock("a", {ShowPattern(1, 1000)});
  refused.AddBlock("b", {ShowPattern(2, 1000)});
  AllowDescriptors(3);
  const wire::StartBlockPlanSessionResponse none = channel_.Start(TestChannel::StartRequest(refused));
  EXPECT_FALSE(none.success());
  EXPECT_THAT(none.error_message(), ::testing::HasSubstr("Too many open files"));

  AllowDescriptors(-1);
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(kLeadInMs), ShowPattern(1, 4000)});
  schedule.AddBlock("b", {ShowPattern(2, 1000)});
  channel_.Begin(schedule);
  channel_.SleepUntil(kLeadInMs + 1000);
  AllowDescriptors(0);
  const auto second = StreamViewer::OnUnixSocket(channel_.Path("second.sock"));
  wire::AttachStreamRequest request;
  request.set_channel_id(kTestChannelId);
  request.set_transport(second->transport());
  request.set_endpoint(second->endpoint());
  const wire::AttachStreamResponse attached = channel_.Attach(request);
  EXPECT_FALSE(attached.success());
  EXPECT_THAT(attached.error_message(), ::testing::HasSubstr("Too many open files"));
  channel_.SleepUntil(kLeadInMs + 3000);
  AllowDescriptors(-1);
  channel_.FeedRest(schedule);
  EXPECT_EQ(StopAndJudge(schedule).pad, 0);
}

// Whatever is missing when a stage is started: what was started of it is ended and reaped.
TEST_F(Scarcity, OfDescriptorsLeavesNoChildBehind) {
  using namespace std::chrono_literals;
  const auto await = [](const auto& condition) {
    for (int i = 0; i < 600 && !condition(); ++i) std::this_thread::sleep_for(50ms);
    return condition();
  };
  const auto spares_are_there = [&] { return channel_.Stages().size() == 3; };
  for (int more = 0; more <= 8; ++more) {
    ASSERT_TRUE(await(spares_are_there)) << more;
    AllowDescriptors(more);
    for (const MarkedProcess& spare : channel_.Stages()) kill(spare.pid, SIGKILL);
    std::this_thread::sleep_for(500ms);
    AllowDescriptors(-1);
  }
  EXPECT_TRUE(await(spares_are_there)) << channel_.Stages().size() << " stages";
  EXPECT_TRUE(await([&] { return Zombies().empty(); })) << ::testing::PrintToString(Zombies());
  EXPECT_EQ(channel_.AwaitMetric("air_stages_dying", [](double dying) { return dying == 0; }), 0);
}

class ScarceMemory : public FaultedChannel {
 protected:
  ScarceMemory() : FaultedChannel({"--ring-seconds", "10"}) {}
};

TEST_F(ScarceMemory, IsSaidBeforeAnythingBegins) {
  if (std::filesystem::space("/dev/shm").available > 32ULL << 30) GTEST_SKIP() << "there is more than enough";
  ChannelFormat vast{.num = 60'000, .den = 1001, .width = 4096, .height = 2304};
  Schedule schedule(vast, NowUtcMs());
  schedule.AddBlock("a", {ShowPattern(1, 1000)});
  schedule.AddBlock("b", {ShowPattern(2, 1000)});
  const wire::StartBlockPlanSessionResponse none = channel_.Start(TestChannel::StartRequest(schedule));
  EXPECT_FALSE(none.success());
  EXPECT_THAT(none.error_message(), ::testing::HasSubstr("MB of shared memory, /dev/shm has"));
  EXPECT_THAT(none.error_message(), ::testing::HasSubstr("--ring-seconds"));
}

}  // namespace
}  // namespace air::e2e

// What a channel's viewers and its director see of channel-manager.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/core/network/channel_harness.h"
#include "tests/core/network/clean_stream.h"

namespace retrovue {
namespace {

using channel_link::HeldBlock;
using testing::HasSubstr;
using testing::StartsWith;

TEST_F(ChannelProcess, StartsOnTheFirstViewerAtThePlaceTheClockSays) {
  StartManager();
  TestDirector director(Folder());
  EXPECT_EQ(director.hello().pid(), manager_.pid);
  EXPECT_FALSE(director.hello().adopted_air());
  ASSERT_TRUE(director.Setup(setup_).ok());
  ASSERT_TRUE(director.Blocks(Plan(60'000)).ok());
  EXPECT_TRUE(director.WaitForPhase(channel_link::IDLE));
  EXPECT_EQ(AirPid(), 0) << "nobody watches";

  const std::int64_t tuned = NetworkNow();
  Viewer viewer(director, 1);
  ASSERT_TRUE(viewer.WaitForBytes(1000));
  const std::int64_t seen = NetworkNow();
  ASSERT_TRUE(director.WaitForPhase(channel_link::ON_AIR));
  // Wherever in a clip it begins, a clip begins between its pictures 61 and 180, and some of that clip is to be seen.
  ASSERT_TRUE(viewer.Watch(8s));

  EXPECT_THAT(viewer.Header(), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(viewer.Header(), HasSubstr("Content-Type: video/mp2t\r\n"));
  EXPECT_THAT(viewer.Header(), HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(viewer.Header().find("Content-Length"), std::string::npos);
  const auto content = JudgedClean(viewer.Stream());
  ASSERT_FALSE(content.runs.empty());
  // The first seam that was prepared in good time lies where a clip begins by the clock; the first picture so many pictures before it.
  const auto seam = std::find_if(content.runs.begin() + 1, content.runs.end(), [](const auto& run) {
    return run.kind == air::analyser::PictureRun::kClip && run.first == 0 && run.first_index > 60;
  });
  ASSERT_NE(seam, content.runs.end()) << air::analyser::DescribeContent(content);
  const std::int64_t seam_ms = (seam->clip_id - 1) * kClipMs;
  const std::int64_t first_ms = seam_ms - seam->first_index * 1000 / 30;
  const std::int64_t behind = ((first_ms - tuned) % kBlockMs + kBlockMs) % kBlockMs;
  EXPECT_LT(behind, seen - tuned + 50) << "tuned at " << tuned % kBlockMs << ", seen from " << seen % kBlockMs
                                       << ": " << air::analyser::DescribeContent(content);
}

// The processes that have `parent`; those that end meanwhile are left out.
std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::string stat;
    std::getline(std::ifstream(entry.path() / "stat"), stat);
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos || name_end + 4 > stat.size()) continue;
    if (std::atoi(stat.c_str() + name_end + 4) == parent) children.push_back(std::atoi(stat.c_str()));
  }
  return children;
}

// What one of them has to do takes nothing from the others, where the kernel shares the processors between sessions.
TEST_F(ChannelProcess, EachOfItsProcessesIsASessionOfItsOwn) {
  StartManager();
  TestDirector director(Folder());
  (void)director.Setup(setup_);
  (void)director.Blocks(Plan(120'000));
  Viewer viewer(director, 1);
  ASSERT_TRUE(viewer.WaitForBytes(1000));
  ASSERT_GT(AirPid(), 0);
  EXPECT_EQ(getsid(manager_.pid), manager_.pid);
  EXPECT_EQ(getsid(AirPid()), AirPid());
  const std::vector<pid_t> stages = ChildrenOf(AirPid());
  EXPECT_GE(stages.size(), 3u) << "selector, encoder, decoder";
  for (const pid_t stage : stages) {
    const pid_t session = getsid(stage);
    EXPECT_TRUE(session == stage || session == -1) << "a stage in session " << session;  // -1: it has ended
  }
}

TEST_F(ChannelProcess, IsSharedByLaterViewersLingersBehindTheLastAndStopsInOrder) {
  StartManager();
  TestDirector director(Folder());
  ASSERT_TRUE(director.Setup(setup_).ok());
  ASSERT_TRUE(director.Blocks(Plan(60'000)).ok());
  Viewer first(director, 1);
  ASSERT_TRUE(first.Watch(1s));
  Viewer second(director, 2, false, 0);
  ASSERT_TRUE(second.Watch(3s));
  EXPECT_THAT(second.Header(), StartsWith("HTTP/1.0 200 OK\r\n"));
  EXPECT_TRUE(director.WaitForState([](const auto& state) { return state.viewers() == 2; }));
  EXPECT_EQ(director.state().air_starts(), 1u);
  JudgedClean(first.Stream());
  JudgedClean(second.Stream());

  first.HangUp();
  EXPECT_TRUE(director.WaitForViewerLeft(1));
  EXPECT_TRUE(director.WaitForState([](const auto& state) { return state.viewers() == 1; }));
  EXPECT_EQ(director.state().phase(), channel_link::ON_AIR);
  const pid_t air = AirPid();
  second.HangUp();
  EXPECT_TRUE(director.WaitForPhase(channel_link::LINGERING));
  EXPECT_TRUE(Runs(air));
  EXPECT_TRUE(director.WaitForPhase(channel_link::IDLE));
  EXPECT_FALSE(Runs(air));

  Viewer third(director, 3);
  ASSERT_TRUE(third.Watch(2s));
  JudgedClean(third.Stream());
  EXPECT_EQ(director.state().air_starts(), 2u);
}

TEST_F(ChannelProcess, ShowsItsViewersNothingOfASupervisorThatIsKilled) {
  StartManager();
  TestDirector director(Folder());
  ASSERT_TRUE(director.Setup(setup_).ok());
  ASSERT_TRUE(director.Blocks(Plan(90'000)).ok());
  Viewer viewer(director, 1);
  ASSERT_TRUE(viewer.Watch(2s));
  const pid_t air = AirPid();
  ASSERT_GT(air, 0);
  kill(air, SIGKILL);
  ASSERT_TRUE(director.WaitForState([](const auto& state) { return state.air_adoptions() == 1; }));
  EXPECT_TRUE(director.WaitForPhase(channel_link::ON_AIR));
  EXPECT_NE(AirPid(), air);
  // Beyond all that the first one can have been fed, which is four blocks.
  ASSERT_TRUE(viewer.Watch(36s));
  EXPECT_LT(viewer.LongestSilence(), 1s);
  const auto content = JudgedClean(viewer.Stream());
  EXPECT_EQ(content.breaks.size(), 0u) << air::analyser::DescribeContent(content);
  EXPECT_GE(director.blocks_started(), 5);
}

TEST_F(ChannelProcess, GoesOnWithoutADirectorAndTellsTheNextOneWhatItHolds) {
  StartManager();
  auto director = std::make_unique<TestDirector>(Folder());
  ASSERT_TRUE(director->Setup(setup_).ok());
  ASSERT_TRUE(director->Blocks(Plan(90'000)).ok());
  Viewer viewer(*director, 1);
  ASSERT_TRUE(viewer.Watch(1s));
  const std::uint64_t incarnation = director->hello().incarnation();
  director.reset();
  ASSERT_TRUE(viewer.Watch(20s));

  director = std::make_unique<TestDirector>(Folder());
  const channel_link::Hello hello = director->hello();
  EXPECT_EQ(hello.incarnation(), incarnation);
  EXPECT_EQ(hello.slug(), "test");
  std::vector<int> count(6);
  for (const HeldBlock& block : hello.blocks()) ++count[block.status()];
  EXPECT_GE(count[HeldBlock::AIRED], 2);
  EXPECT_EQ(count[HeldBlock::ON_AIR], 1);
  EXPECT_EQ(count[HeldBlock::FED], 3);
  EXPECT_EQ(count[HeldBlock::REFUSED] + count[HeldBlock::SKIPPED], 0);
  ASSERT_TRUE(director->Setup(setup_).ok());
  ASSERT_TRUE(director->Blocks(Plan(120'000)).ok()) << "what it holds already is the same";
  EXPECT_TRUE(director->WaitForState([](const auto& state) { return state.viewers() == 1; }));
  ASSERT_TRUE(viewer.Watch(2s));
  const auto content = JudgedClean(viewer.Stream());
  EXPECT_EQ(content.breaks.size(), 0u) << air::analyser::DescribeContent(content);
}

TEST_F(ChannelProcess, TheNewestDirectorIsInCharge) {
  StartManager();
  TestDirector first(Folder());
  TestDirector second(Folder());
  EXPECT_TRUE(absl::IsAborted(first.WaitForEnd()));
  ASSERT_TRUE(second.Setup(setup_).ok());
  ASSERT_TRUE(second.Blocks(Plan(60'000)).ok());
  Viewer viewer(second, 1);
  EXPECT_TRUE(viewer.Watch(1s));
}

TEST_F(ChannelProcess, TheNextManagerTakesUpTheAirOfOneThatWasKilled) {
  setup_.set_linger_ms(20'000);
  StartManager();
  pid_t air = 0;
  {
    TestDirector director(Folder());
    ASSERT_TRUE(director.Setup(setup_).ok());
    ASSERT_TRUE(director.Blocks(Plan(90'000)).ok());
    Viewer viewer(director, 1);
    ASSERT_TRUE(viewer.Watch(2s));
    air = AirPid();
    ASSERT_TRUE(Runs(air));
    EndManager(SIGKILL);
    ASSERT_TRUE(Ended());
    EXPECT_TRUE(absl::IsFailedPrecondition(director.WaitForEnd()));
    EXPECT_TRUE(viewer.WaitForEnd()) << "a manager's own viewers go with it";
    EXPECT_TRUE(Runs(air)) << "the channel goes on";
  }
  StartManager();
  TestDirector director(Folder());
  EXPECT_TRUE(director.hello().adopted_air());
  EXPECT_GE(director.hello().blocks_size(), 8) << "out of its record";
  EXPECT_TRUE(director.WaitForPhase(channel_link::LINGERING));
  Viewer viewer(director, 1);
  // Without a block from this director.
  ASSERT_TRUE(viewer.Watch(30s));
  EXPECT_EQ(AirPid(), air);
  EXPECT_EQ(director.state().air_adoptions(), 1u);
  EXPECT_EQ(director.state().air_starts(), 0u);
  const auto content = JudgedClean(viewer.Stream());
  EXPECT_EQ(content.breaks.size(), 0u) << air::analyser::DescribeContent(content);
  EXPECT_EQ(content.pad_pictures, 0) << air::analyser::DescribeContent(content);
}

TEST_F(ChannelProcess, EndsAnAirOfBlocksItDoesNotKnowAndBeginsAnew) {
  StartManager();
  pid_t air = 0;
  {
    TestDirector director(Folder());
    ASSERT_TRUE(director.Setup(setup_).ok());
    ASSERT_TRUE(director.Blocks(Plan(60'000)).ok());
    Viewer viewer(director, 1);
    ASSERT_TRUE(viewer.Watch(1s));
    air = AirPid();
    ASSERT_TRUE(Runs(air));
    EndManager(SIGKILL);
    ASSERT_TRUE(Ended());
  }
  std::filesystem::remove(Folder() + "/channel.record");
  StartManager();
  TestDirector director(Folder());
  EXPECT_EQ(director.hello().blocks_size(), 0);
  EXPECT_TRUE(Eventually([&] { return AirPid() != air; }, 20s)) << "it plays what is no longer wanted";
  ASSERT_TRUE(director.Setup(setup_).ok());
  ASSERT_TRUE(director.Blocks(Plan(60'000)).ok());
  Viewer viewer(director, 1);
  ASSERT_TRUE(viewer.Watch(1s));
  EXPECT_NE(AirPid(), air);
  JudgedClean(viewer.Stream());
}

TEST_F(ChannelProcess, AViewerStaysWhenAllOfAirDiesAtOnce) {
  StartManager();
  TestDirector director(Folder());
  ASSERT_TRUE(director.Setup(setup_).ok());
  ASSERT_TRUE(director.Blocks(Plan(60'000)).ok());
  Viewer viewer(director, 1);
  ASSERT_TRUE(viewer.Watch(1s));
  const std::vector<pid_t> all = Family(AirPid());
  EXPECT_GE(all.size(), 4u) << "a supervisor, a decoder, a selector, an encoder";
  const std::size_t before = viewer.Body().size();
  for (const pid_t pid : all) kill(pid, SIGKILL);
  ASSERT_TRUE(director.WaitForState([](const auto& state) { return state.air_starts() >= 2; }));
  ASSERT_TRUE(director.WaitForPhase(channel_link::ON_AIR));
  ASSERT_TRUE(viewer.WaitForBytes(before + 300'000));
  EXPECT_EQ(director.state().air_adoptions(), 0u) << "a new session";
  EXPECT_FALSE(viewer.has_ended());
}

TEST_F(ChannelProcess, SaysWhyThereIsNothingToSeeAndStartsNothing) {
  StartManager();
  TestDirector director(Folder());
  ASSERT_TRUE(director.Setup(setup_).ok());
  Viewer early(director, 1);
  ASSERT_TRUE(early.WaitForEnd());
  EXPECT_THAT(early.Header(), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(early.Header(), HasSubstr("Retry-After: "));
  EXPECT_THAT(early.Body(), HasSubstr("\"SCHEDULE_GAP\""));

  ASSERT_TRUE(director.Blocks(Plan(60'000, "/nowhere/film.mkv")).ok());
  while (NetworkNow() % kBlockMs > kClipMs - 500) std::this_thread::sleep_for(100ms);  // the first clip is on
  Viewer late(director, 2);
  ASSERT_TRUE(late.WaitForEnd());
  EXPECT_THAT(late.Header(), StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(late.Body(), HasSubstr("/nowhere/film.mkv"));

  Viewer head(director, 3, /*head=*/true);
  ASSERT_TRUE(head.WaitForEnd());
  EXPECT_THAT(head.Header(), HasSubstr("Content-Type: video/mp2t\r\n"));
  EXPECT_EQ(head.Body(), "");
  EXPECT_EQ(director.state().air_starts(), 0u);
  EXPECT_EQ(AirPid(), 0);
}

TEST_F(ChannelProcess, KeepsAChannelOnTheAirThatIsAlwaysOn) {
  setup_.set_always_on(true);
  StartManager();
  {
    TestDirector director(Folder());
    ASSERT_TRUE(director.Setup(setup_).ok());
    EXPECT_TRUE(director.WaitForPhase(channel_link::WAITING));
    ASSERT_TRUE(director.Blocks(Plan(60'000)).ok());
    EXPECT_TRUE(director.WaitForPhase(channel_link::ON_AIR));
  }
  // Out of its record, without a director.
  const pid_t air = AirPid();
  EndManager(SIGKILL);
  ASSERT_TRUE(Ended());
  kill(air, SIGKILL);
  StartManager();
  EXPECT_TRUE(Eventually([&] { return AirPid() != 0 && AirPid() != air; }));
  TestDirector director(Folder());
  EXPECT_TRUE(director.WaitForPhase(channel_link::ON_AIR));
  setup_.set_always_on(false);
  ASSERT_TRUE(director.Setup(setup_).ok());
  EXPECT_TRUE(director.WaitForPhase(channel_link::IDLE));
}

TEST_F(ChannelProcess, RunsByTheNetworksClock) {
  shift_ms_ = 3 * 86'400'000 + 1234;
  StartManager();
  TestDirector director(Folder());
  EXPECT_EQ(director.hello().clock_shift_ms(), shift_ms_);
  ASSERT_TRUE(director.Setup(setup_).ok());
  ASSERT_TRUE(director.Blocks(Plan(60'000)).ok());
  Viewer viewer(director, 1);
  ASSERT_TRUE(viewer.Watch(9s));
  JudgedClean(viewer.Stream());
  // A block starts when the network's clock says so.
  EXPECT_TRUE(director.WaitForNews([](const channel_link::BlockNews& news) {
    if (!news.air().has_block_started()) return false;
    const std::int64_t late = news.at_utc_ms() - news.air().block_started().block_start_utc_ms();
    return late >= 0 && late < 500;
  }));
}

TEST_F(ChannelProcess, ASlowViewerCostsTheOthersNothing) {
  StartManager();
  TestDirector director(Folder());
  ASSERT_TRUE(director.Setup(setup_).ok());
  ASSERT_TRUE(director.Blocks(Plan(60'000)).ok());
  Viewer slow(director, 1);
  ASSERT_TRUE(slow.WaitForBytes(1000));
  slow.tap().StopReading(0);
  Viewer other(director, 2);
  ASSERT_TRUE(other.Watch(6s));
  EXPECT_LT(other.LongestSilence(), 1s);
  JudgedClean(other.Stream());
  EXPECT_FALSE(slow.has_ended());
  slow.tap().ReadOn(0);
  ASSERT_TRUE(slow.Watch(2s));
  JudgedClean(slow.Stream());
}

TEST_F(ChannelProcess, EndsInOrderWhenItIsToldTo) {
  StartManager();
  TestDirector director(Folder());
  ASSERT_TRUE(director.Setup(setup_).ok());
  ASSERT_TRUE(director.Blocks(Plan(60'000)).ok());
  Viewer viewer(director, 1);
  ASSERT_TRUE(viewer.Watch(1s));
  const std::vector<pid_t> all = Family(AirPid());
  EXPECT_GE(all.size(), 4u) << "a supervisor, a decoder, a selector, an encoder";
  EXPECT_TRUE(absl::IsAlreadyExists(
      SpawnManager({.program = air::e2e::Built("channel-manager"), .channel_folder = Folder()}).status()));
  ASSERT_TRUE(director.Stop().ok());
  ASSERT_TRUE(Ended());
  EXPECT_EQ(manager_status_, 0);
  EXPECT_EQ(AirPid(), 0);
  for (const pid_t pid : all) EXPECT_FALSE(Runs(pid)) << "process " << pid << " is left";
  EXPECT_TRUE(viewer.WaitForEnd());
  EXPECT_FALSE(std::filesystem::exists(ChannelLinkPath(Folder())));
  EXPECT_FALSE(std::filesystem::exists(Folder() + "/sink.sock"));
}

}  // namespace
}  // namespace retrovue

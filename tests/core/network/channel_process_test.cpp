// channel-manager as a process, with a real AIR below it and a director and viewers of the test's above it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/file.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/link/manager_process.h"
#include "tests/core/network/test_director.h"
#include "tests/support/child_program.h"
#include "tests/support/content_check.h"
#include "tests/support/stream_viewer.h"
#include "tests/support/test_channel.h"
#include "tests/support/ts_analyser.h"

namespace retrovue {
namespace {

using namespace std::chrono_literals;
using air::e2e::NowUtcMs;
using air::e2e::StreamViewer;
using channel_link::HeldBlock;
using testing::HasSubstr;
using testing::StartsWith;
using Bytes = std::vector<std::uint8_t>;

constexpr std::int64_t kClipMs = 4000;
constexpr std::int64_t kBlockMs = 2 * kClipMs;

// Waits for what no event tells of.
bool Eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit = 10s) {
  for (const auto end = std::chrono::steady_clock::now() + limit; std::chrono::steady_clock::now() < end;) {
    if (condition()) return true;
    std::this_thread::sleep_for(20ms);
  }
  return false;
}

bool Runs(pid_t pid) { return pid > 0 && kill(pid, 0) == 0; }

// A viewer, and what it was answered.
class Viewer {
 public:
  Viewer(TestDirector& director, std::uint64_t key, bool head = false, std::uint32_t http_minor = 1)
      : listener_(StreamViewer::OnTcp()) {
    channel_link::Viewer request;
    request.set_key(key);
    request.set_path("/channel/test.ts");
    request.set_head(head);
    request.set_http_minor(http_minor);
    request.set_client(absl::StrCat("viewer ", key));
    EXPECT_TRUE(director.Viewer(request, ConnectedTo(listener_->endpoint())).ok());
    EXPECT_TRUE(listener_->WaitForConnection(0));
  }

  // Waits for so much of the stream.
  bool Watch(std::chrono::milliseconds time) {
    std::this_thread::sleep_for(time);
    return listener_->WaitForBytes(0, 200'000, 20s);
  }
  bool WaitForBytes(std::size_t bytes) { return listener_->WaitForBytes(0, bytes, 20s); }
  bool WaitForEnd() { return listener_->WaitForEnd(0, 20s); }
  void HangUp() { listener_->HangUp(0); }
  StreamViewer& tap() { return *listener_; }
  bool has_ended() { return listener_->WaitForEnd(0, 0ms); }

  std::string Header() const { return Split().first; }
  // Whole ticks of it.
  Bytes Stream() const {
    const std::string body = Split().second;
    return air::e2e::WholeTicks(Bytes(body.begin(), body.end()));
  }
  std::string Body() const { return Split().second; }
  std::chrono::milliseconds LongestSilence() const { return listener_->LongestSilence(0); }

 private:
  std::pair<std::string, std::string> Split() const {
    const Bytes all = listener_->Received(0);
    const std::string text(all.begin(), all.end());
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string::npos) return {text, ""};
    return {text.substr(0, end + 4), text.substr(end + 4)};
  }

  std::unique_ptr<StreamViewer> listener_;
};

class ChannelProcess : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    clips_ = new air::e2e::TestFolder;
    setenv("AIR_PATTERN", air::e2e::Built("air-pattern").c_str(), 1);
    for (const char* clip : {"1", "2"}) {
      const std::string command = std::string(AIR_SOURCE_DIR) + "/tests/support/make-clip.sh '" + Clip(clip) +
                                  "' 320x180 30 4 " + clip;
      ASSERT_EQ(std::system(command.c_str()), 0);  // NOLINT: the script is the product's own
    }
  }
  static void TearDownTestSuite() { delete clips_; }
  static std::string Clip(const std::string& number) { return clips_->Path("clip-" + number + ".mp4"); }

  void SetUp() override {
    setup_.set_slug("test");
    setup_.set_title("Test");
    setup_.set_air_channel_id(7);
    setup_.set_program_format_json(
        R"({"video":{"width":320,"height":180,"frame_rate":"30/1"},"audio":{"sample_rate":48000,"channels":2}})");
    setup_.set_linger_ms(1000);
  }
  void TearDown() override {
    if (manager_.pid > 0) {
      EndManager(SIGTERM);
      ASSERT_TRUE(Ended());
    }
    EXPECT_TRUE(Eventually([&] { return AirPid() == 0; })) << "an AIR is left";
    if (HasFailure()) {
      for (const char* log : {"/manager.log", "/air/air-supervisor.log"}) {
        std::ifstream file(Folder() + log);
        std::cerr << log << ":\n" << std::string(std::istreambuf_iterator<char>(file), {}) << "\n";
      }
    }
  }

  std::string Folder() const { return folder_.Path("c"); }
  void StartManager(const std::vector<std::string>& = {}) {
    absl::StatusOr<ManagerProcess> spawned = SpawnManager({.program = air::e2e::Built("channel-manager"),
                                                           .channel_folder = Folder(),
                                                           .clock_shift_ms = shift_ms_});
    ASSERT_TRUE(spawned.ok()) << spawned.status();
    manager_ = *std::move(spawned);
  }
  void EndManager(int signal) { kill(manager_.pid, signal); }
  // Waits for its end, and reaps it.
  bool Ended() {
    pollfd ready = {manager_.pidfd.get(), POLLIN, 0};
    if (poll(&ready, 1, 15'000) != 1) return false;
    waitpid(manager_.pid, &manager_status_, 0);
    manager_.pid = 0;
    return true;
  }
  // The supervisor that lives in the channel's folder; 0: none.
  pid_t AirPid() const {
    const air::UniqueFd lock(open((Folder() + "/air/lock").c_str(), O_RDWR | O_CLOEXEC));
    if (!lock.valid() || flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return 0;
    pid_t pid = 0;
    return std::ifstream(Folder() + "/air/lock") >> pid ? pid : 0;
  }

  std::int64_t NetworkNow() const { return NowUtcMs() + shift_ms_; }

  // The blocks that cover `ms` from now on, on a grid of two clips: clip 1, then clip 2.
  channel_link::Blocks Plan(std::int64_t ms, const std::string& first_clip = Clip("1")) const {
    channel_link::Blocks blocks;
    const std::int64_t now = NetworkNow();
    for (std::int64_t start = now / kBlockMs * kBlockMs; start < now + ms; start += kBlockMs) {
      playout::BlockPlan& block = *blocks.add_blocks();
      block.set_block_id(absl::StrCat("test-", start));
      block.set_channel_id(7);
      block.set_start_utc_ms(start);
      block.set_end_utc_ms(start + kBlockMs);
      for (const std::string& path : {first_clip, Clip("2")}) {
        playout::BlockSegment& segment = *block.add_segments();
        segment.set_segment_index(block.segments_size() - 1);
        segment.set_asset_uri(path);
        segment.set_segment_duration_ms(kClipMs);
      }
    }
    return blocks;
  }

  static air::e2e::TestFolder* clips_;
  air::e2e::TestFolder folder_;
  channel_link::Setup setup_;
  std::int64_t shift_ms_ = 0;
  ManagerProcess manager_;
  int manager_status_ = -1;
};

air::e2e::TestFolder* ChannelProcess::clips_ = nullptr;

// Nothing to find fault with in the packets, nor in what they show.
air::analyser::ContentReport JudgedClean(const Bytes& stream) {
  air::analyser::TsLimits limits;
  limits.rate_num = 30;
  const air::analyser::TsReport structure = air::analyser::AnalyseTs(stream, limits);
  EXPECT_TRUE(structure.Clean()) << air::analyser::DescribeTs(structure, {});
  absl::StatusOr<air::analyser::ContentReport> content = air::analyser::CheckContent(stream);
  EXPECT_TRUE(content.ok()) << content.status();
  if (!content.ok()) return {};
  EXPECT_EQ(content->complaints.count, 0) << air::analyser::DescribeContent(*content);
  EXPECT_EQ(content->other_pictures, 0) << air::analyser::DescribeContent(*content);
  return *std::move(content);
}

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
  ASSERT_TRUE(viewer.Watch(5s));

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

TEST_F(ChannelProcess, SaysWhyThereIsNothingToSeeAndStartsNothing) {
  StartManager();
  TestDirector director(Folder());
  ASSERT_TRUE(director.Setup(setup_).ok());
  Viewer early(director, 1);
  ASSERT_TRUE(early.WaitForEnd());
  EXPECT_THAT(early.Header(), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(early.Header(), HasSubstr("Retry-After: "));
  EXPECT_THAT(early.Body(), HasSubstr("\"schedule_gap\""));

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
  EXPECT_TRUE(absl::IsAlreadyExists(
      SpawnManager({.program = air::e2e::Built("channel-manager"), .channel_folder = Folder()}).status()));
  ASSERT_TRUE(director.Stop().ok());
  ASSERT_TRUE(Ended());
  EXPECT_EQ(manager_status_, 0);
  EXPECT_EQ(AirPid(), 0);
  EXPECT_TRUE(viewer.WaitForEnd());
  EXPECT_FALSE(std::filesystem::exists(ChannelLinkPath(Folder())));
}

}  // namespace
}  // namespace retrovue

// A channel-manager as a process, with a real AIR below it and a director and viewers of the test's above it.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/link/manager_process.h"
#include "tests/core/network/test_director.h"
#include "tests/support/child_program.h"
#include "tests/support/clear_of_boundary.h"
#include "tests/support/stream_viewer.h"
#include "tests/support/test_channel.h"

namespace retrovue {

using namespace std::chrono_literals;
using air::e2e::NowUtcMs;
using air::e2e::StreamViewer;
using Bytes = std::vector<std::uint8_t>;

inline constexpr std::int64_t kClipMs = 4000;
inline constexpr std::int64_t kBlockMs = 2 * kClipMs;

// Waits for what no event tells of.
inline bool Eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit = 10s) {
  for (const auto end = std::chrono::steady_clock::now() + limit; std::chrono::steady_clock::now() < end;) {
    if (condition()) return true;
    std::this_thread::sleep_for(20ms);
  }
  return false;
}

inline bool Runs(pid_t pid) { return pid > 0 && kill(pid, 0) == 0; }

// A supervisor and its stages.
inline std::vector<pid_t> Family(pid_t supervisor) {
  std::vector<pid_t> all = {supervisor};
  for (const auto& thread :
       std::filesystem::directory_iterator(absl::StrCat("/proc/", supervisor, "/task"))) {
    std::ifstream children(thread.path() / "children");
    for (pid_t child = 0; children >> child;) all.push_back(child);
  }
  return all;
}

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

  // The blocks that cover `ms` from now on, on a grid of two clips: clip 1, then clip 2. AIR starts while the first one is on.
  channel_link::Blocks Plan(std::int64_t ms, const std::string& first_clip = Clip("1")) const {
    channel_link::Blocks blocks;
    if (shift_ms_ == 0) air::e2e::StayClearOfBoundary(std::chrono::milliseconds(kBlockMs), 3s);
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

  static inline air::e2e::TestFolder* clips_ = nullptr;
  air::e2e::TestFolder folder_;
  channel_link::Setup setup_;
  std::int64_t shift_ms_ = 0;
  ManagerProcess manager_;
  int manager_status_ = -1;
};

}  // namespace retrovue

// `retrovue demo` as a person starts it, with all that belongs to a network below it and viewers of the test's above it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <regex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/core/network/clean_stream.h"
#include "tests/core/network/http_viewer.h"
#include "tests/support/child_program.h"
#include "tests/support/test_channel.h"

namespace retrovue {
namespace {

using namespace std::chrono_literals;
using air::e2e::Built;
using air::e2e::ChildProgram;
using air::e2e::Finished;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

namespace fs = std::filesystem;

constexpr auto kPatience = 60s;

template <typename Condition>
bool Within(std::chrono::milliseconds limit, Condition condition) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(20ms);
  }
  return true;
}

class DemoProcess : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    media_ = new air::e2e::TestFolder;
    setenv("AIR_PATTERN", Built("air-pattern").c_str(), 1);
    fs::create_directory(media_->Path("Clips"));
    for (const char* clip : {"1", "2"}) {
      const std::string command =
          absl::StrCat(AIR_SOURCE_DIR, "/tests/support/make-clip.sh '", Clip(clip), "' 320x180 30 4 ", clip);
      ASSERT_EQ(std::system(command.c_str()), 0);  // NOLINT: the script is the product's own
    }
  }
  static void TearDownTestSuite() { delete media_; }
  static std::string Clip(const std::string& number) { return media_->Path("Clips/clip-" + number + ".mp4"); }

  DemoProcess() : mark_(absl::StrCat("demo-", getpid(), "-", ++tests_)) {}
  void TearDown() override {
    if (network_ != nullptr) {
      network_->Signal(SIGTERM);
      EXPECT_EQ(network_->WaitForEnd(kPatience), 0) << network_->Output();
    }
    for (const auto& process : air::e2e::ProcessesMarked(mark_)) {
      ADD_FAILURE() << process.program << " is left";
      kill(process.pid, SIGKILL);
    }
    if (!HasFailure()) return;
    for (const char* log : {"/log/program-director.log", "/run/channel/clips/manager.log",
                            "/run/channel/clips/air/air-supervisor.log"}) {
      std::ifstream file(home_.path() + log);
      std::cerr << log << ":\n" << std::string(std::istreambuf_iterator<char>(file), {}) << "\n";
    }
  }

  // `retrovue ARGUMENTS... --home HOME` to its end.
  Finished Retrovue(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), Built("retrovue"));
    arguments.insert(arguments.end(), {"--home", home_.path()});
    return air::e2e::RunProgram(arguments, media_->Path(mark_ + ".log"));
  }
  // The demo of the clips, as a small picture so that two cores can carry it. `retrovue`: the program.
  void StartDemo(const std::string& retrovue = Built("retrovue")) {
    const Finished made = Retrovue({"demo", "--no-start", media_->Path("Clips")});
    ASSERT_EQ(made.status, 0) << made.output;
    const Finished smaller = Retrovue({"channel", "update", "clips", "--format", "320x180@30"});
    ASSERT_EQ(smaller.status, 0) << smaller.output;
    network_ = std::make_unique<ChildProgram>(
        std::vector<std::string>{retrovue, "demo", "--home", home_.path(), "--http", "127.0.0.1:0",
                                 "--control", "unix:" + home_.Path("control"), media_->Path("Clips")},
        media_->Path(mark_ + "-network.log"), mark_);
    ASSERT_TRUE(Within(kPatience, [&] {
      return Port() != 0 && absl::StartsWith(Get("/readyz"), "HTTP/1.1 200");
    })) << network_->Output();
  }
  int Port() const {
    std::smatch found;
    const std::string said = network_->Output();
    return std::regex_search(said, found, std::regex("Watch it at http://127.0.0.1:(\\d+)/"))
               ? std::stoi(found[1])
               : 0;
  }
  std::string Get(const std::string& path) const { return FetchText(Port(), path); }
  // As a player does: where the list says.
  std::unique_ptr<HttpViewer> Tune() const {
    std::smatch found;
    const std::string list = Get("/channels.m3u");
    const bool has_one = std::regex_search(list, found, std::regex("\nhttp://[^/]+(/channel/[^\\s]+\\.ts)"));
    EXPECT_TRUE(has_one) << list;
    return std::make_unique<HttpViewer>(Port(), has_one ? found[1].str() : "/");
  }
  std::set<std::string> Running() const {
    std::set<std::string> names;
    for (const auto& process : air::e2e::ProcessesMarked(mark_)) names.insert(process.program);
    return names;
  }

  static inline air::e2e::TestFolder* media_ = nullptr;
  static inline int tests_ = 0;
  const std::string mark_;
  const air::e2e::TestFolder home_;
  std::unique_ptr<ChildProgram> network_;
};

TEST_F(DemoProcess, GivesEveryViewerADecodableStreamFromItsFirstByte) {
  StartDemo();
  const auto early = Tune();
  ASSERT_TRUE(early->WaitForMore(300'000, kPatience)) << early->text().substr(0, 500);
  const auto late = Tune();
  ASSERT_TRUE(late->WaitForMore(600'000, kPatience)) << late->text().substr(0, 500);
  for (const HttpViewer* viewer : {early.get(), late.get()}) {
    EXPECT_THAT(viewer->text(),
                AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Content-Type: video/mp2t\r\n"),
                      HasSubstr("Access-Control-Allow-Origin: *\r\n")));
    EXPECT_THAT(JudgedClean(air::e2e::WholeTicks(viewer->stream())).runs, testing::Not(IsEmpty()))
        << "the clips are on the air";
  }
}

TEST_F(DemoProcess, EndsInOrderAndLeavesNothingBehind) {
  StartDemo();
  const auto viewer = Tune();
  ASSERT_TRUE(viewer->WaitForMore(300'000, kPatience)) << viewer->text().substr(0, 500);
  const std::set<std::string> running = Running();
  for (const char* program : {"retrovue", "program-directo", "channel-manager", "air-supervisor",
                              "air-decoder", "air-selector", "air-encoder"})  // a process name has 15 letters
    EXPECT_THAT(running, testing::Contains(program));
  std::set<std::string> shared;
  for (const auto& entry : fs::directory_iterator("/dev/shm")) {
    for (const auto& process : air::e2e::ProcessesMarked(mark_)) {
      if (std::count(process.open_files.begin(), process.open_files.end(), entry.path().string()) > 0)
        shared.insert(entry.path());
    }
  }

  network_->Signal(SIGINT);
  EXPECT_EQ(network_->WaitForEnd(kPatience), 0) << network_->Output();
  EXPECT_TRUE(viewer->WaitForEnd(kPatience));
  EXPECT_THAT(Running(), IsEmpty());
  for (const std::string& name : shared) EXPECT_FALSE(fs::exists(name)) << name;
  for (const auto& entry : fs::recursive_directory_iterator(home_.path()))
    EXPECT_FALSE(entry.is_socket()) << entry.path() << " is left";
  network_.reset();
}

TEST_F(DemoProcess, LeavesOutWhatCannotBePlayedByNameAndRefusesToPlayNothing) {
  const std::string letter = media_->Path("letter.mp4"), missing = media_->Path("missing.mp4");
  std::ofstream(letter) << "Dear viewer";
  const Finished nothing = Retrovue({"demo", "--no-start", letter, missing});
  EXPECT_EQ(nothing.status, 1) << nothing.output;
  EXPECT_THAT(nothing.output, AllOf(HasSubstr("letter.mp4: "), HasSubstr("missing.mp4: it is not there")));

  const Finished some = Retrovue({"demo", "--no-start", letter, missing, Clip("1")});
  EXPECT_EQ(some.status, 2) << some.output;
  EXPECT_THAT(some.output, AllOf(HasSubstr("letter.mp4: "), HasSubstr("missing.mp4: it is not there")));
  EXPECT_THAT(Retrovue({"channel", "list"}).output, HasSubstr("letter")) << "named after its first file";
}

// An AIR that cannot start: programs of a network in a folder of their own, and something else in the place of air-supervisor.
TEST_F(DemoProcess, SaysWhyTheChannelCannotComeOnTheAir) {
  const air::e2e::TestFolder programs;
  for (const char* program : {"retrovue", "program-director", "channel-manager", "asset-probe"}) {
    std::error_code error;
    fs::create_hard_link(Built(program), programs.Path(program), error);
    if (error) fs::copy_file(Built(program), programs.Path(program));
  }
  fs::copy_file("/bin/false", programs.Path("air-supervisor"));
  StartDemo(programs.Path("retrovue"));
  const auto viewer = Tune();
  ASSERT_TRUE(viewer->WaitForEnd(kPatience));
  EXPECT_THAT(viewer->text(), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("\"PLAYOUT_FAILED\""),
                                    HasSubstr("air-supervisor exited with status 1")));
}

}  // namespace
}  // namespace retrovue

// The lines of "A first hour, by hand", as a person copies and pastes them out of the documents, and a viewer of what
// they put on the air.
#include <gmock/gmock.h>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <regex>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "core/cli/guardian/page_fetch.h"
#include "tests/core/cli/program/program.h"
#include "tests/core/cli/source_tree.h"
#include "tests/core/network/http_viewer.h"

namespace retrovue::cli {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

namespace fs = std::filesystem;

constexpr auto kPatience = 45s;
constexpr std::size_t kPacket = 188;

// The first block of code below that heading.
std::vector<std::string> LinesBelow(const fs::path& document, const std::string& heading) {
  std::vector<std::string> lines;
  bool is_below = false, is_code = false;
  for (const absl::string_view line : absl::StrSplit(Content(document), '\n')) {
    if (line == heading) is_below = true;
    if (is_below && absl::StartsWith(line, "```")) {
      if (is_code) return lines;
      is_code = true;
    } else if (is_code) {
      lines.emplace_back(line);
    }
  }
  return lines;
}

// A clone whose programs have been built, a folder of clips beside it, and no network yet. Its path is short: a
// socket's has room for 107 bytes.
class FirstHour : public testing::TestWithParam<const char*> {
 protected:
  FirstHour() {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    fs::create_directories(folder_ + "/clone/build");
    fs::create_directory_symlink(Beside(""), folder_ + "/clone/build/bin");
    fs::create_directory(folder_ + "/Clips");
    setenv("AIR_PATTERN", Beside("air-pattern").c_str(), 1);
    for (const char* clip : {"1", "2", "3"}) {
      const std::string command = absl::StrCat((SourceTree() / "tests/support/make-clip.sh").string(), " '",
                                               folder_, "/Clips/Clip ", clip, ".mp4' 320x180 30 4 ", clip);
      EXPECT_EQ(std::system(command.c_str()), 0);  // NOLINT: the script is the product's own
    }
  }
  ~FirstHour() override {
    if (pid_ > 0) {
      kill(pid_, SIGTERM);  // the guardian ends its network; killed, it would leave it
      if (!WaitFor([&] { return HasEnded(); })) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
      }
    }
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  // A shell that has only these lines, and ends at the first of them that fails. The last one, which goes on, takes its
  // place.
  void Paste(std::vector<std::string> lines) {
    ASSERT_FALSE(lines.empty());
    lines.back() =
        absl::StrCat("exec ", lines.back(), " --http 127.0.0.1:0 --control unix:", folder_, "/control");
    std::ofstream script(folder_ + "/script");
    for (const std::string& line : lines)
      script << absl::StrReplaceAll(line, {{"/path/to/media", folder_ + "/Clips"}}) << "\n";
    script.close();
    std::vector<std::string> words = {"/usr/bin/env",  "-C", folder_ + "/clone", "-u",
                                      "RETROVUE_HOME", "-u", "RETROVUE_DB",      "XDG_DATA_HOME=" + folder_,
                                      "bash",          "-e", folder_ + "/script"};
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, (folder_ + "/output").c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    ASSERT_EQ(posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
  }

  std::string Output() const { return Content(folder_ + "/output"); }
  // Where the network says it is; empty if the lines have ended, or it takes too long.
  std::string Address() {
    std::string address;
    WaitFor([&] {
      std::smatch found;
      const std::string said = Output();
      if (std::regex_search(said, found, std::regex("Watch it at http://([^/]+)/"))) address = found[1];
      return !address.empty() || HasEnded();
    });
    return address;
  }
  bool HasEnded() {
    if (pid_ > 0 && waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = -1;
    return pid_ < 0;
  }
  template <typename Condition>
  static bool WaitFor(Condition condition) {
    for (const auto until = std::chrono::steady_clock::now() + kPatience;
         std::chrono::steady_clock::now() < until;) {
      if (condition()) return true;
      std::this_thread::sleep_for(50ms);
    }
    return condition();
  }

  std::string folder_ = "/tmp/rv-first-XXXXXX";
  pid_t pid_ = -1;
  int status_ = 0;
};

TEST_P(FirstHour, IsOnTheAirByCopyAndPaste) {
  const std::vector<std::string> lines = LinesBelow(SourceTree() / GetParam(), "## A first hour, by hand");
  ASSERT_THAT(lines, testing::Contains(StartsWith("retrovue start"))) << "the block of code is not there";
  ASSERT_NO_FATAL_FAILURE(Paste(lines));
  const std::string address = Address();
  ASSERT_NE(address, "") << Output();
  EXPECT_TRUE(WaitFor([&] {
    const absl::StatusOr<std::string> channels = FetchPage(address, "/channels", 5s);
    return channels.ok() && absl::StrContains(*channels, "my-channel");
  })) << Output();

  const HttpViewer viewer(std::stoi(address.substr(address.rfind(':') + 1)), "/channel/my-channel.ts");
  ASSERT_TRUE(viewer.WaitForMore(300'000, kPatience)) << viewer.beginning(500) << Output();
  EXPECT_THAT(viewer.status_line(), HasSubstr("200"));
  const std::string stream = viewer.body();
  for (std::size_t at = 0; at < stream.size(); at += kPacket) ASSERT_EQ(stream[at], '\x47') << at;

  ASSERT_GT(pid_, 0);
  kill(pid_, SIGTERM);
  EXPECT_TRUE(WaitFor([&] { return HasEnded(); })) << Output();
  EXPECT_EQ(status_, 0) << Output();
}

INSTANTIATE_TEST_SUITE_P(Of, FirstHour, testing::Values("README.md", "docs/core/commands.md"));

}  // namespace
}  // namespace retrovue::cli

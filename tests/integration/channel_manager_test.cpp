// The channel manager with AIR behind it, as its viewers and its operator see it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/program_beside.h"
#include "client/metrics_page.h"
#include "core/supervisor_process.h"
#include "core/ts_fanout.h"
#include "tests/support/content_check.h"
#include "tests/support/ts_analyser.h"

namespace air {
namespace {

using boost::asio::ip::tcp;
using Bytes = std::vector<std::uint8_t>;

constexpr std::chrono::seconds kPatience(60);

// A viewer at the other end of a URL: http://HOST:PORT/PATH.
class HttpViewer {
 public:
  explicit HttpViewer(const std::string& url) : socket_(loop_) {
    const std::size_t host = url.find("//") + 2;
    const std::size_t colon = url.rfind(':');
    const std::size_t slash = url.find('/', colon);
    boost::asio::connect(socket_, tcp::resolver(loop_).resolve(url.substr(host, colon - host),
                                                               url.substr(colon + 1, slash - colon - 1)));
    boost::asio::write(socket_, boost::asio::buffer("GET " + url.substr(slash) + " HTTP/1.0\r\n\r\n"));
    const std::size_t header =
        boost::asio::read_until(socket_, boost::asio::dynamic_buffer(received_), "\r\n\r\n");
    received_.erase(0, header);
  }

  // The next `count` packets of the stream. Ends the test when the stream ends before.
  Bytes Read(std::size_t count) {
    const std::size_t bytes = count * kTsPacketBytes;
    if (received_.size() < bytes) {
      boost::asio::read(socket_, boost::asio::dynamic_buffer(received_),
                        boost::asio::transfer_at_least(bytes - received_.size()));
    }
    Bytes taken(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(bytes));
    received_.erase(0, bytes);
    return taken;
  }

 private:
  boost::asio::io_context loop_;
  tcp::socket socket_;
  std::string received_;
};

// The stream up to its last PAT, where a tick ends and nothing is cut in two.
Bytes WholeTicks(Bytes stream) {
  for (std::size_t at = stream.size() - kTsPacketBytes; at > 0; at -= kTsPacketBytes) {
    const int pid = (stream[at + 1] & 0x1f) << 8 | stream[at + 2];
    if (pid != 0) continue;
    stream.resize(at);
    break;
  }
  return stream;
}

// channel-loop as a child of the test.
class ChannelManager {
 public:
  explicit ChannelManager(const std::vector<std::string>& arguments) {
    std::vector<std::string> all = {ProgramBeside("channel-loop"), "--http", "127.0.0.1:0", "--size",
                                    "320x180"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& argument : all) argv.push_back(argument.data());
    argv.push_back(nullptr);

    int out[2];
    EXPECT_EQ(pipe2(out, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDERR_FILENO);
    EXPECT_EQ(posix_spawn(&pid_, all[0].c_str(), &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    output_ = out[0];
  }
  ~ChannelManager() {
    if (pid_ > 0) {
      kill(pid_, SIGTERM);
      Wait();
    }
    close(output_);
  }

  // Reads what it says until it has said `word`; false if it ends, or keeps silent, before.
  bool WaitToHear(const std::string& word) {
    const auto limit = std::chrono::steady_clock::now() + kPatience;
    while (said_.find(word) == std::string::npos) {
      pollfd ready = {output_, POLLIN, 0};
      if (std::chrono::steady_clock::now() > limit || poll(&ready, 1, 1000) < 0) return false;
      if (ready.revents == 0) continue;
      char text[4096];
      const ssize_t count = read(output_, text, sizeof(text));
      if (count <= 0) return false;
      said_.append(text, static_cast<std::size_t>(count));
    }
    return true;
  }
  std::string Url() {
    EXPECT_TRUE(WaitToHear(".ts")) << said_;
    const std::size_t begin = said_.find("http://");
    return said_.substr(begin, said_.find(".ts", begin) + 3 - begin);
  }
  const std::string& said() const { return said_; }
  pid_t pid() const { return pid_; }

  void Signal(int signal) const { kill(pid_, signal); }
  // Its exit status, or minus the signal that ended it.
  int Wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  std::string said_;
};

// The supervisor that runs with this runtime directory; 0 if there is none.
pid_t SupervisorOf(const std::string& runtime_dir) {
  const std::string arguments = "--runtime-dir" + std::string(1, '\0') + runtime_dir + std::string(1, '\0');
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0) continue;
    std::ifstream file(entry.path() / "cmdline");
    const std::string command((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const std::string program = command.substr(0, command.find('\0'));
    if (program.ends_with("/air-supervisor") && command.find(arguments) != std::string::npos) return pid;
  }
  return 0;
}

// The children of `parent`: the stages of a supervisor.
std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  for (const auto& thread :
       std::filesystem::directory_iterator("/proc/" + std::to_string(parent) + "/task")) {
    std::ifstream file(thread.path() / "children");
    for (pid_t child = 0; file >> child;) children.push_back(child);
  }
  return children;
}

// Whether AIR, as its metrics page says, has emitted `frames` program frames before patience ends.
bool HasEmitted(double frames, const std::string& runtime_dir) {
  const auto limit = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < limit) {
    std::string address;
    std::getline(std::ifstream(runtime_dir + "/metrics.address"), address);
    const auto page = FetchMetricsPage(address, std::chrono::seconds(1));
    if (page.ok() && page->Sum("air_program_frames_total").value_or(0) >= frames) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

// Nothing to find fault with in the packets, nor in what they show.
analyser::ContentReport JudgedClean(const Bytes& stream) {
  analyser::TsLimits limits;
  limits.rate_num = 30;
  const analyser::TsReport structure = analyser::AnalyseTs(stream, limits);
  EXPECT_TRUE(structure.Clean()) << analyser::DescribeTs(structure, {});
  absl::StatusOr<analyser::ContentReport> content = analyser::CheckContent(stream);
  EXPECT_TRUE(content.ok()) << content.status();
  if (!content.ok()) return {};
  EXPECT_EQ(content->complaints.count, 0) << analyser::DescribeContent(*content);
  EXPECT_EQ(content->other_pictures, 0) << analyser::DescribeContent(*content);
  return *std::move(content);
}

class ChannelManagerTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new std::string(testing::TempDir() + "channel_manager_test_" + std::to_string(getpid()));
    std::filesystem::create_directories(*folder_);
    setenv("AIR_PATTERN", ProgramBeside("air-pattern").c_str(), 1);
    for (const char* clip : {"1", "2"}) {
      const std::string command = std::string(AIR_SOURCE_DIR) + "/tests/support/make-clip.sh '" + Clip(clip) +
                                  "' 320x180 30 4 " + clip;
      ASSERT_EQ(std::system(command.c_str()), 0);  // NOLINT: the script is the product's own
    }
  }
  static void TearDownTestSuite() {
    std::filesystem::remove_all(*folder_);
    delete folder_;
  }
  static std::string Clip(const std::string& number) { return *folder_ + "/clip-" + number + ".mp4"; }
  const std::string& RuntimeDir() const { return runtime_dir_; }

  static inline std::string* folder_ = nullptr;
  static inline int tests_ = 0;

 private:
  // Each test has one of its own, and a short one: the path of a UNIX socket must fit into 107 bytes.
  const std::string runtime_dir_ = *folder_ + "/" + std::to_string(++tests_);
};

TEST_F(ChannelManagerTest, GivesEveryViewerADecodableStreamFromItsFirstByte) {
  ChannelManager manager({"--runtime-dir", RuntimeDir(), Clip("1"), Clip("2")});
  HttpViewer early(manager.Url());
  early.Read(600);
  HttpViewer late(manager.Url());
  const Bytes stream = WholeTicks(late.Read(1500));

  EXPECT_FALSE(JudgedClean(stream).runs.empty()) << "the clips are on the air";
}

TEST_F(ChannelManagerTest, ShowsItsViewersNothingOfASupervisorThatIsKilled) {
  ChannelManager manager({"--runtime-dir", RuntimeDir(), Clip("1"), Clip("2")});
  HttpViewer viewer(manager.Url());
  Bytes stream = viewer.Read(1000);
  const pid_t first = SupervisorOf(RuntimeDir());
  ASSERT_GT(first, 0);
  kill(first, SIGKILL);
  EXPECT_TRUE(manager.WaitToHear("was killed by signal 9")) << manager.said();
  // Beyond all that the first one can have been fed, which is three blocks of twelve seconds or so.
  for (const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(40);
       std::chrono::steady_clock::now() < end;) {
    const Bytes more = viewer.Read(100);
    stream.insert(stream.end(), more.begin(), more.end());
  }
  EXPECT_TRUE(HasEmitted(30, RuntimeDir()));
  EXPECT_NE(SupervisorOf(RuntimeDir()), first);
  stream = WholeTicks(std::move(stream));

  JudgedClean(stream);
  std::string address;
  std::getline(std::ifstream(RuntimeDir() + "/metrics.address"), address);
  const auto page = FetchMetricsPage(address, std::chrono::seconds(1));
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->Sum("air_adoptions_total").value_or(-1), 1);
  EXPECT_EQ(page->Value("air_pad_frames_total", {{"cause", "NO_PLAN"}}).value_or(-1), 0);
}

TEST_F(ChannelManagerTest, EndsWhatAKilledChannelManagerHasLeftBehindAndBeginsAnew) {
  pid_t left = 0;
  {
    ChannelManager manager({"--runtime-dir", RuntimeDir(), Clip("1")});
    HttpViewer viewer(manager.Url());
    viewer.Read(100);
    left = SupervisorOf(RuntimeDir());
    ASSERT_GT(left, 0);
    manager.Signal(SIGKILL);
    EXPECT_EQ(manager.Wait(), -SIGKILL);
    EXPECT_EQ(SupervisorOf(RuntimeDir()), left) << "the channel goes on";
  }
  ChannelManager manager({"--runtime-dir", RuntimeDir(), Clip("1")});
  EXPECT_TRUE(manager.WaitToHear("running for a channel manager that is gone")) << manager.said();
  HttpViewer viewer(manager.Url());
  viewer.Read(300);
  EXPECT_NE(SupervisorOf(RuntimeDir()), left);
}

TEST_F(ChannelManagerTest, EndsInOrderAndLeavesNothingBehind) {
  ChannelManager manager({"--runtime-dir", RuntimeDir(), Clip("1")});
  HttpViewer viewer(manager.Url());
  viewer.Read(100);
  const pid_t supervisor = SupervisorOf(RuntimeDir());
  ASSERT_GT(supervisor, 0);
  const std::vector<pid_t> stages = ChildrenOf(supervisor);
  EXPECT_GE(stages.size(), 3u) << "a decoder, a selector, an encoder";
  manager.Signal(SIGINT);
  EXPECT_EQ(manager.Wait(), 0);
  EXPECT_EQ(SupervisorOf(RuntimeDir()), 0);
  for (const pid_t stage : stages) EXPECT_NE(kill(stage, 0), 0) << "stage " << stage << " is left";
  EXPECT_FALSE(std::filesystem::exists(RuntimeDir() + "/viewers.sock"));
}

TEST_F(ChannelManagerTest, SaysWhyTheChannelCannotComeOnTheAir) {
  ChannelManager manager({"--supervisor", "/bin/false", "--runtime-dir", RuntimeDir(), Clip("1")});
  EXPECT_EQ(manager.Wait(), 1);
  EXPECT_TRUE(manager.WaitToHear("exited with status 1 while starting")) << manager.said();
}

TEST_F(ChannelManagerTest, LeavesOutWhatCannotBePlayedAndRefusesToPlayNothing) {
  std::ofstream(*folder_ + "/letter.mp4") << "Dear viewer";
  ChannelManager manager({*folder_ + "/letter.mp4", *folder_ + "/missing.mp4"});
  EXPECT_EQ(manager.Wait(), 2);
  EXPECT_TRUE(manager.WaitToHear("nothing to play"));
  EXPECT_THAT(manager.said(), testing::HasSubstr("letter.mp4"));
  EXPECT_THAT(manager.said(), testing::HasSubstr("missing.mp4: No such file"));
}

}  // namespace
}  // namespace air

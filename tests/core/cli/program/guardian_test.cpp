// `retrovue start`, with a director that does nothing but answer (tests/support/still_director.cpp).
#include <gmock/gmock.h>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/unique_fd.h"
#include "core/cli/guardian/page_fetch.h"
#include "tests/core/cli/program/program.h"

namespace retrovue::cli {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::string Content(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

bool Soon(const std::function<bool()>& holds) {
  for (const auto until = std::chrono::steady_clock::now() + 20s; std::chrono::steady_clock::now() < until;) {
    if (holds()) return true;
    std::this_thread::sleep_for(20ms);
  }
  return holds();
}

// A process that has ended does not live, even if its parent has not waited for it yet.
bool Lives(pid_t pid) {
  std::error_code error;
  const std::filesystem::path program =
      std::filesystem::read_symlink(absl::StrCat("/proc/", pid, "/exe"), error);
  return !error && !program.empty();
}

// A network in a folder with its own `retrovue` and a still director beside it.
class Network {
 public:
  Network() {
    for (const auto& [from, to] :
         {std::pair("retrovue", "retrovue"), std::pair("core-still-director", "program-director")}) {
      std::error_code error;
      std::filesystem::create_hard_link(Beside(from), program(to), error);
      if (error) std::filesystem::copy_file(Beside(from), program(to));
    }
  }
  ~Network() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    if (const pid_t director = Director(); director > 0) kill(director, SIGKILL);
  }

  std::string program(const std::string& name) const { return home_.folder() + "/" + name; }
  std::string file(const std::string& name) const { return home_.folder() + "/" + name; }
  std::string output() const { return Content(file("output")); }

  void Start(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {
        program("retrovue"),    "start", "--home", home_.folder(), "--http", "127.0.0.1:0", "--control",
        "unix:" + ControlPath()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    pid_ = Spawn(arguments);
  }
  pid_t Spawn(std::vector<std::string> arguments) const {
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, file("output").c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    pid_t pid = -1;
    EXPECT_EQ(posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
  }

  // The director that was started last; 0 if none has said so.
  pid_t Director() const {
    std::smatch found;
    const std::string given = Content(file("given"));
    return std::regex_search(given, found, std::regex("\npid=(\\d+)")) ? std::stoi(found[1]) : 0;
  }
  std::string HttpAddress() const {
    std::smatch found;
    const std::string text = output();
    return std::regex_search(text, found, std::regex("Watch it at http://([^/]+)/")) ? found[1].str() : "";
  }
  // A short one: a socket's path has room for 107 bytes.
  std::string ControlPath() const { return absl::StrCat("/tmp/rv-cli-", getpid(), ".sock"); }

  // SIGTERM; the exit status, or -1 if it does not end in time.
  int Stop() {
    kill(pid_, SIGTERM);
    return WaitForEnd();
  }
  int WaitForEnd() {
    int status = 0;
    if (!Soon([&] { return waitpid(pid_, &status, WNOHANG) == pid_; })) return -1;
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  pid_t pid() const { return pid_; }
  const TemporaryHome& home() const { return home_; }

 private:
  const TemporaryHome home_;
  pid_t pid_ = -1;
};

TEST(Guardian, HandsItsSocketsOverAndEndsInOrder) {
  Network network;
  network.Start({"--now", kNow, "--media-root", "/srv/more/", "--media-root", "/"});
  ASSERT_TRUE(Soon([&] { return network.Director() > 0; })) << network.output();
  const std::string given = Content(network.file("given"));
  EXPECT_THAT(given, HasSubstr("--home\n" + network.home().folder()));
  EXPECT_THAT(given, HasSubstr("--db\nsqlite:" + network.home().folder() + "/retrovue.db"));
  EXPECT_THAT(given, HasSubstr("--media-root\n/srv/more\n--media-root\n/\n"));
  EXPECT_THAT(given, HasSubstr("--now\n2026-03-02T17:07:0"));
  EXPECT_THAT(given, HasSubstr("LISTEN_FDS=2\nLISTEN_FDNAMES=http:control\nLISTEN_PID is ours: 1\nlistens on "
                               "3\nlistens on 4\npid="));
  ASSERT_TRUE(Soon([&] { return !network.HttpAddress().empty(); }));
  EXPECT_THAT(*FetchPage(network.HttpAddress(), "/", 2s), HasSubstr("viewers"));
  EXPECT_TRUE(Soon([&] {
    return network.output().find("2 channels | 1 on the air | 3 viewers") != std::string::npos;
  })) << network.output();
  const pid_t director = network.Director();
  EXPECT_EQ(network.Stop(), 0) << network.output();
  EXPECT_FALSE(Lives(director));
  EXPECT_FALSE(std::filesystem::exists(network.ControlPath()));
}

TEST(Guardian, StartsADirectorThatDiesAgainOnTheSameSockets) {
  Network network;
  network.Start();
  ASSERT_TRUE(Soon([&] { return network.Director() > 0 && !network.HttpAddress().empty(); }))
      << network.output();
  const std::string address = network.HttpAddress();
  const pid_t first = network.Director();
  kill(first, SIGKILL);
  // The sockets are open all the time: who dials waits for the next one.
  EXPECT_TRUE(FetchPage(address, "/", 10s).ok());
  ASSERT_TRUE(Soon([&] { return network.Director() != first; }));
  EXPECT_TRUE(Soon([&] { return network.output().find("was killed by signal 9") != std::string::npos; }))
      << network.output();
  EXPECT_EQ(network.Stop(), 0);
}

// `retrovue start | head`, or a terminal's log that is gone.
TEST(Guardian, GoesOnWhenNothingReadsItsLinesAnyMore) {
  Network network;
  ASSERT_EQ(mkfifo(network.file("output").c_str(), 0600), 0);
  air::UniqueFd reader(open(network.file("output").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  network.Start();
  ASSERT_TRUE(Soon([&] { return network.Director() > 0; }));
  const pid_t first = network.Director();
  reader.Reset();
  kill(first, SIGKILL);  // it has something to say
  EXPECT_TRUE(Soon([&] { return network.Director() != first; }));
  EXPECT_EQ(network.Stop(), 0);
}

TEST(Guardian, WaitsBetweenTheStartsOfADirectorThatCannotLive) {
  Network network;
  std::ofstream(network.file("die")) << "";
  network.Start();
  ASSERT_TRUE(Soon([&] { return network.output().find("started again in 2 s") != std::string::npos; }))
      << network.output();
  EXPECT_THAT(network.output(), HasSubstr("exited with status 3; it is started again at once"));
  std::filesystem::remove(network.file("die"));
  EXPECT_TRUE(Soon([&] { return network.Director() > 0; })) << network.output();
  EXPECT_EQ(network.Stop(), 0);
}

TEST(Guardian, RefusesASecondOneOnItsHomeAndSaysWhoHasIt) {
  Network network;
  network.Start();
  ASSERT_TRUE(Soon([&] { return network.Director() > 0; })) << network.output();
  const Json error = network.home().Refused({"start", "--http", "127.0.0.1:0", "--control", "127.0.0.1:0"});
  EXPECT_EQ(error["code"], "ALREADY_RUNNING");
  EXPECT_THAT(error["message"].get<std::string>(), HasSubstr(absl::StrCat("process ", network.pid())));
  const pid_t second = network.Spawn({network.program("retrovue"), "start", "--home", network.home().folder(),
                                      "--http", "127.0.0.1:0", "--control", "127.0.0.1:0"});
  int status = 0;
  ASSERT_EQ(waitpid(second, &status, 0), second);
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_THAT(network.output(), HasSubstr(absl::StrCat("already, process ", network.pid(), ": end it")));
  EXPECT_EQ(network.Stop(), 0);
}

TEST(Guardian, NamesAPortThatIsTaken) {
  Network first;
  first.Start();
  ASSERT_TRUE(Soon([&] { return !first.HttpAddress().empty(); })) << first.output();
  Network second;
  const pid_t pid = second.Spawn({second.program("retrovue"), "start", "--home", second.home().folder(),
                                  "--http", first.HttpAddress(), "--control", "127.0.0.1:0"});
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_THAT(second.output(),
              HasSubstr("--http " + first.HttpAddress() + ": another program listens there"));
  EXPECT_THAT(second.output(), HasSubstr("[ADDRESS_TAKEN]"));
  EXPECT_EQ(second.Director(), 0);
  EXPECT_EQ(first.Stop(), 0);
}

TEST(Guardian, SaysStartingUntilItsDirectorHasAnswered) {
  Network network;
  std::ofstream(network.file("mute")) << "";
  network.Start();
  ASSERT_TRUE(Soon([&] { return network.output().find("\nstarting\n") != std::string::npos; }))
      << network.output();
  std::filesystem::remove(network.file("mute"));
  ASSERT_TRUE(Soon([&] { return network.output().find("2 channels") != std::string::npos; }))
      << network.output();
  EXPECT_EQ(network.Stop(), 0);
}

TEST(Guardian, StopEndsItFromElsewhereAndStatusAsksIt) {
  Network network;
  network.Start();
  ASSERT_TRUE(Soon([&] { return network.Director() > 0; })) << network.output();
  const Json status = network.home().Ok({"status"});
  EXPECT_EQ(status["network"]["guardian"], network.pid());
  EXPECT_EQ(status["network"]["director"]["viewers"], 3);
  // It waits for its end, which this process has to take note of.
  std::thread reaper([&] { EXPECT_EQ(network.WaitForEnd(), 0); });
  network.home().Ok({"stop"});
  reaper.join();
}

TEST(Guardian, OneThatWasKilledLeavesADirectorThatIsNamedAndCanBeStopped) {
  Network network;
  network.Start();
  ASSERT_TRUE(Soon([&] { return network.Director() > 0 && !network.HttpAddress().empty(); }))
      << network.output();
  const pid_t director = network.Director();
  const std::string address = network.HttpAddress();
  kill(network.pid(), SIGKILL);
  network.WaitForEnd();
  EXPECT_TRUE(FetchPage(address, "/", 2s).ok());  // viewers notice nothing
  const pid_t second = network.Spawn({network.program("retrovue"), "start", "--home", network.home().folder(),
                                      "--http", "127.0.0.1:0", "--control", "127.0.0.1:0"});
  int status = 0;
  ASSERT_EQ(waitpid(second, &status, 0), second);
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_THAT(network.output(), HasSubstr(absl::StrCat("runs on, process ", director)));
  EXPECT_EQ(network.home().Ok({"stop"})["network"]["process"], director);
  EXPECT_FALSE(Lives(director));
}

TEST(Guardian, KillsADirectorThatDoesNotEnd) {
  Network network;
  std::ofstream(network.file("deaf")) << "";
  network.Start();
  ASSERT_TRUE(Soon([&] { return network.Director() > 0; })) << network.output();
  const pid_t director = network.Director();
  kill(network.pid(), SIGTERM);
  EXPECT_TRUE(Soon([&] { return network.output().find("ending") != std::string::npos; })) << network.output();
  EXPECT_EQ(network.Stop(), 0);  // asked twice: no more patience
  EXPECT_FALSE(Lives(director));
}

}  // namespace
}  // namespace retrovue::cli

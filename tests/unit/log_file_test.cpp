// A log file: the processes that write to it keep it within bounds, whenever they are killed.
#include "base/log_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace air {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class LogFileTest : public testing::Test {
 protected:
  LogFileTest() {
    std::string name = testing::TempDir() + "/logs-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~LogFileTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name = "a.log") const { return folder_ + "/" + name; }
  UniqueFd Append(const std::string& path) const {
    return UniqueFd(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  }
  std::string Content(const std::string& name) const {
    std::stringstream text;
    text << std::ifstream(Path(name)).rdbuf();
    return text.str();
  }
  std::set<std::string> Names() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_))
      names.insert(entry.path().filename().string());
    return names;
  }

  std::string folder_;
};

TEST_F(LogFileTest, KeepsTheNewestLinesInAFewFilesOfABoundedSize) {
  const UniqueFd fd = Append(Path());
  LogFile log(fd.get(), {.bytes = 30, .kept = 2});
  EXPECT_EQ(log.path(), std::filesystem::canonical(Path()));
  for (int i = 10; i < 32; ++i) log.Write("line " + std::to_string(i) + "\n");
  EXPECT_THAT(Names(), ElementsAre("a.log", "a.log.1", "a.log.2"));
  EXPECT_EQ(Content("a.log.2"), "line 22\nline 23\nline 24\nline 25\n");
  EXPECT_EQ(Content("a.log.1"), "line 26\nline 27\nline 28\nline 29\n");
  EXPECT_EQ(Content("a.log"), "line 30\nline 31\n");
}

TEST_F(LogFileTest, IsFollowedByAllWhoHaveItOpen) {
  const UniqueFd one = Append(Path());
  const UniqueFd two = Append(Path());
  LogFile a(one.get(), {.bytes = 20, .kept = 3});
  LogFile b(two.get(), {.bytes = 20, .kept = 3});
  a.Write("0123456789012345678\n");  // goes on in a new one
  b.Write("of b\n");                 // still in the old one, and sees it
  b.Write("then b\n");
  a.Write("then a\n");
  EXPECT_EQ(Content("a.log.1"), "0123456789012345678\nof b\n");
  EXPECT_EQ(Content("a.log"), "then b\nthen a\n");
  EXPECT_THAT(Names(), ElementsAre("a.log", "a.log.1"));
}

TEST_F(LogFileTest, IsFoundByWhoWasStartedWhileItWasRenamed) {
  const UniqueFd fd = Append(Path());
  std::filesystem::rename(Path(), Path("a.log.1"));
  LogFile log(fd.get(), {.bytes = 4, .kept = 3});
  log.Write("first\n");
  log.Write("2\n");
  EXPECT_EQ(Content("a.log.1"), "first\n");
  EXPECT_EQ(Content("a.log"), "2\n");
}

TEST_F(LogFileTest, LeavesEverythingElseAsItIs) {
  const UniqueFd other_name = Append(Path("a.txt"));
  const UniqueFd not_appended(open(Path("b.log").c_str(), O_WRONLY | O_CREAT, 0600));
  for (const UniqueFd* fd : {&other_name, &not_appended}) {
    LogFile log(fd->get(), {.bytes = 4, .kept = 3});
    EXPECT_THAT(log.path(), IsEmpty());
    log.Write("longer than that\n");
  }
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  LogFile log(ends[1], {.bytes = 4, .kept = 3});
  log.Write("longer than that\n");
  close(ends[0]);
  close(ends[1]);
  EXPECT_THAT(Names(), ElementsAre("a.txt", "b.log"));
}

TEST_F(LogFileTest, GoesOnInTheOldFileWhereNoneCanBeMade) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  const UniqueFd fd = Append(Path());
  chmod(folder_.c_str(), 0500);
  LogFile log(fd.get(), {.bytes = 4, .kept = 3});
  log.Write("first\n");
  log.Write("second\n");
  chmod(folder_.c_str(), 0700);
  EXPECT_EQ(Content("a.log"), "first\nsecond\n");
}

// A process that writes numbered lines until it is killed. It says in `said` how many it has written.
pid_t StartWriter(const std::string& path, char name, int said) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  LogFile log(fd, {.bytes = 2000, .kept = 100'000});
  for (int i = 0;; ++i) {
    log.Write(std::string(1, name) + " " + std::to_string(i) + "\n");
    (void)!pwrite(said, &i, sizeof i, 0);
  }
}

TEST_F(LogFileTest, LosesNoLineWhoeverIsKilledAtWhateverInstruction) {
  constexpr int kWriters = 25;
  std::map<char, int> written;
  std::vector<pid_t> alive;
  std::vector<UniqueFd> said;
  for (int i = 0; i < kWriters; ++i) {
    const char name = static_cast<char>('0' + i);
    said.emplace_back(open(Path(std::string("said-") + name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    alive.push_back(StartWriter(Path(), name, said.back().get()));
    usleep(static_cast<useconds_t>(500 + i * 137 % 2000));
    if (alive.size() > 3) {  // the oldest one dies wherever it is
      kill(alive.front(), SIGKILL);
      waitpid(alive.front(), nullptr, 0);
      alive.erase(alive.begin());
    }
  }
  for (const pid_t pid : alive) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
  std::map<char, std::set<int>> found;
  int files = 0;
  for (const std::string& name : Names()) {
    if (!name.starts_with("a.log")) continue;
    ++files;
    std::ifstream file(Path(name));
    for (std::string line; std::getline(file, line);) {
      ASSERT_GE(line.size(), 3u) << name;
      EXPECT_TRUE(found[line[0]].insert(std::stoi(line.substr(2))).second) << line << " twice";
    }
  }
  EXPECT_GT(files, 10);
  for (int i = 0; i < kWriters; ++i) {
    int last = -1;
    if (pread(said[static_cast<std::size_t>(i)].get(), &last, sizeof last, 0) <= 0) continue;
    const std::set<int>& lines = found[static_cast<char>('0' + i)];
    ASSERT_FALSE(lines.empty());
    EXPECT_GE(*lines.rbegin(), last);
    EXPECT_EQ(static_cast<int>(lines.size()), *lines.rbegin() + 1) << "a line is missing";
  }
}

}  // namespace
}  // namespace air

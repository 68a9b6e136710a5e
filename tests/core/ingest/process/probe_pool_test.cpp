// The pool, with a probe that does what hostile files would have it do, and with the real one.
#include "core/ingest/probe_pool.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "tests/core/ingest/clips.h"
#include "tests/core/ingest/folder.h"

namespace retrovue {
namespace {

using testing::HasSubstr;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

class Pool : public testing::Test {
 protected:
  std::map<std::string, absl::StatusOr<MediaFacts>> Probe(const std::vector<std::string>& files,
                                                          ProbeOptions options) {
    std::map<std::string, absl::StatusOr<MediaFacts>> answers;
    std::size_t next = 0;
    ProbePool pool(std::move(options));
    status_ = pool.Run(
        [&](ProbeJob& job) {
          if (next == files.size()) return false;
          job = {files[next], static_cast<std::int64_t>(next)};
          ++next;
          return true;
        },
        [&](const ProbeJob& job, absl::StatusOr<MediaFacts> facts) {
          EXPECT_EQ(job.absolute, files[static_cast<std::size_t>(job.tag)]);
          EXPECT_TRUE(
              answers.emplace(std::filesystem::path(job.absolute).filename(), std::move(facts)).second);
        });
    return answers;
  }

  static ProbeOptions Hostile(int processes = 2) {
    ProbeOptions options;
    options.program = ProgramBesideTest("core-hostile-probe");
    options.processes = processes;
    options.limit = Millis(700);
    return options;
  }
  static ProbeOptions Real() {
    ProbeOptions options;
    options.program = ProgramBesideTest("asset-probe");
    return options;
  }

  Folder folder_;
  absl::Status status_;
};

TEST_F(Pool, AFileThatCrashesTheProbeCostsItselfAlone) {
  std::vector<std::string> files;
  for (const char* name :
       {"a", "crash 1", "b", "quit", "c", "rubbish", "d", "absurd", "hang", "e", "crash 2", "f"}) {
    files.push_back(folder_.Put(name, std::string(100, 'x')));
  }
  const auto begun = std::chrono::steady_clock::now();
  const auto answers = Probe(files, Hostile());
  EXPECT_TRUE(status_.ok()) << status_;
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));
  ASSERT_EQ(answers.size(), files.size());
  for (const char* good : {"a", "b", "c", "d", "e", "f"}) {
    ASSERT_TRUE(answers.at(good).ok()) << good << answers.at(good).status();
    EXPECT_EQ(answers.at(good)->duration, Millis(100));
  }
  for (const char* bad : {"crash 1", "crash 2", "quit", "rubbish", "absurd"}) {
    EXPECT_TRUE(absl::IsAborted(answers.at(bad).status())) << bad << answers.at(bad).status();
    EXPECT_THAT(Message(answers.at(bad).status()), HasSubstr(folder_.path() + "/" + bad));
  }
  EXPECT_THAT(Message(answers.at("crash 1").status()), HasSubstr("killed by signal 11"));
  EXPECT_THAT(Message(answers.at("quit").status()), HasSubstr("ended with status 7"));
  EXPECT_TRUE(absl::IsDeadlineExceeded(answers.at("hang").status()));
  EXPECT_THAT(Message(answers.at("hang").status()), HasSubstr("silent for"));
}

TEST_F(Pool, OnlyFilesThatCanBeOpenedAreHandedOver) {
  mkfifo((folder_.path() + "/fifo").c_str(), 0600);
  const auto answers =
      Probe({folder_.path() + "/gone", folder_.path(), "/dev/null", folder_.path() + "/fifo"}, Hostile());
  EXPECT_TRUE(absl::IsNotFound(answers.at("gone").status()));
  EXPECT_TRUE(absl::IsUnavailable(answers.at("null").status()));
  EXPECT_TRUE(absl::IsUnavailable(answers.at("fifo").status()));
  EXPECT_EQ(answers.size(), 4u);
}

TEST_F(Pool, AProbeIsReplacedAfterSoManyFiles) {
  std::vector<std::string> files;
  for (int i = 0; i < 25; ++i) files.push_back(folder_.Put(absl::StrCat(i), "x"));
  ProbeOptions options = Hostile(1);
  options.files_a_process = 10;
  std::set<std::string> processes;
  for (const auto& [name, facts] : Probe(files, options)) processes.insert(facts->video_codec);
  EXPECT_EQ(processes.size(), 3u);
}

TEST_F(Pool, SaysWhyThereIsNoProbe) {
  ProbeOptions options;
  const std::vector<std::string> files = {folder_.Put("a")};
  options.program = folder_.path() + "/no such program";
  Probe(files, options);
  EXPECT_TRUE(absl::IsUnavailable(status_));
  EXPECT_THAT(Message(status_), HasSubstr("cannot start"));

  options.program = folder_.path() + "/deaf";
  folder_.Link("deaf", ProgramBesideTest("core-hostile-probe"));
  Probe(files, options);
  EXPECT_THAT(Message(status_), HasSubstr("no seccomp filters"));

  options.program = folder_.path() + "/stillborn";
  folder_.Link("stillborn", ProgramBesideTest("core-hostile-probe"));
  Probe(files, options);
  EXPECT_THAT(Message(status_), HasSubstr("ended with status 3"));
}

TEST_F(Pool, TheRealProbeMeasuresWhatAirPlays) {
  const std::vector<std::string> files = {
      folder_.Put("two.mp4", Pictures("25:1", 50)), folder_.Put("ntsc.y4m", Pictures("30000:1001", 10)),
      folder_.Put("letter.mp4", "Dear viewer,\n"), folder_.Put("zeros.ts", std::string(10'000, '\0'))};
  const auto answers = Probe(files, Real());
  ASSERT_TRUE(status_.ok()) << status_;
  ASSERT_TRUE(answers.at("two.mp4").ok()) << answers.at("two.mp4").status();
  const MediaFacts& two = *answers.at("two.mp4");
  EXPECT_EQ(two.duration, Millis(2000));
  EXPECT_EQ(two.container, "yuv4mpegpipe");
  EXPECT_EQ(two.video_codec, "rawvideo");
  EXPECT_EQ(two.width, 16);
  EXPECT_EQ(two.frame_rate, "25/1");
  EXPECT_EQ(two.audio_codec, "");
  EXPECT_EQ(answers.at("ntsc.y4m")->duration, Millis(333))
      << "rounded down: a millisecond too much would be pad";
  EXPECT_TRUE(absl::IsInvalidArgument(answers.at("letter.mp4").status()));
  EXPECT_THAT(Message(answers.at("letter.mp4").status()), HasSubstr("not a media file"));
  EXPECT_TRUE(absl::IsInvalidArgument(answers.at("zeros.ts").status()));
}

}  // namespace
}  // namespace retrovue

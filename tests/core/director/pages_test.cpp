// Pages that are kept, and what the director says of itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <utility>  // first: boost/asio/awaitable.hpp 1.74 needs it and does not say so

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "absl/strings/str_cat.h"
#include "core/director/director_options.h"
#include "core/director/pages/director_snapshot.h"
#include "core/director/pages/page_cache.h"
#include "core/director/run_folder.h"
#include "core/director/worker.h"

namespace retrovue {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class Cache : public testing::Test {
 protected:
  // Asks `times` times at once; the page takes a moment to make.
  std::vector<std::string> Ask(const std::string& key, int times = 1) {
    std::vector<std::string> got;
    for (int i = 0; i < times; ++i) {
      asio::co_spawn(
          loop_,
          [this, key, &got]() -> asio::awaitable<void> {
            PageCache::Make make = [this, key]() -> asio::awaitable<absl::StatusOr<Answer>> {
              asio::steady_timer moment(loop_, milliseconds(5));
              co_await moment.async_wait(asio::use_awaitable);
              ++made_;
              if (fails_) co_return absl::UnavailableError("away");
              co_return TextAnswer("text/plain", absl::StrCat(key, made_));
            };
            const auto answer = co_await cache_.Get(key, seconds(10), std::move(make));
            got.push_back(answer.ok() ? *answer->body : std::string(answer.status().message()));
          },
          asio::detached);
    }
    loop_.restart();
    loop_.run();
    return got;
  }

  asio::io_context loop_;
  PageCache::Clock::time_point now_{seconds(100)};
  PageCache cache_{loop_, [this] { return now_; }, 3};
  int made_ = 0;
  bool fails_ = false;
};

TEST_F(Cache, MakesAPageOnceForAllWhoAskAtOnce) {
  EXPECT_THAT(Ask("a", 5), AllOf(SizeIs(5), testing::Each("a1")));
  EXPECT_EQ(made_, 1);
}

TEST_F(Cache, KeepsItForAsLongAsItIsGood) {
  Ask("a");
  now_ += milliseconds(9'999);
  EXPECT_THAT(Ask("a"), testing::ElementsAre("a1"));
  now_ += milliseconds(1);
  EXPECT_THAT(Ask("a"), testing::ElementsAre("a2"));
}

TEST_F(Cache, AnswersWithTheOldOneWhileItCannotBeMade) {
  Ask("a");
  now_ += seconds(1000);
  fails_ = true;
  EXPECT_THAT(Ask("a", 2), testing::Each("a1"));
  EXPECT_THAT(Ask("b"), testing::ElementsAre("away"));
  fails_ = false;
  EXPECT_THAT(Ask("a"), testing::Each("a4"));
}

TEST_F(Cache, ForgetsTheOneAskedForLongestAgo) {
  for (const char* key : {"a", "b", "c", "a", "d"}) {
    now_ += milliseconds(1);
    Ask(key);
  }
  EXPECT_EQ(made_, 4);
  Ask("a");
  EXPECT_EQ(made_, 4);
  Ask("b");
  EXPECT_EQ(made_, 5);
}

TEST(Worker, RefusesWhatIsTooMuchAndDoesTheRest) {
  std::atomic<int> done = 0;
  std::promise<void> go;
  {
    Worker worker("test", 2);
    EXPECT_TRUE(worker.Post([&, gate = go.get_future().share()] {
      gate.wait();
      ++done;
    }));
    while (worker.waiting() > 0) std::this_thread::yield();
    EXPECT_TRUE(worker.Post([&] { ++done; }));
    EXPECT_TRUE(worker.Post([&] { ++done; }));
    EXPECT_FALSE(worker.Post([&] { ++done; }));
    go.set_value();
  }
  EXPECT_EQ(done, 3);
}

TEST(Worker, WhoWaitsForAnAnswerWaitsForABoundedTime) {
  asio::io_context loop;
  std::promise<void> go;
  std::vector<std::string> answers;
  Worker worker("test", 4);
  const auto ask = [&](milliseconds limit, bool blocks) {
    asio::co_spawn(
        loop,
        [&, limit, blocks]() -> asio::awaitable<void> {
          std::function<absl::StatusOr<std::string>()> job = [&, blocks]() -> absl::StatusOr<std::string> {
            if (blocks) go.get_future().wait();
            return std::string("answer");
          };
          const auto answer = co_await retrovue::Ask<std::string>(loop, worker, std::move(job), limit);
          answers.push_back(answer.ok() ? *answer
                                        : std::string(absl::StatusCodeToString(answer.status().code())));
          if (answers.size() == 1) go.set_value();
        },
        asio::detached);
  };
  ask(milliseconds(30), true);
  ask(seconds(30), false);
  loop.run();
  EXPECT_THAT(answers, testing::ElementsAre("DEADLINE_EXCEEDED", "answer"));
}

DirectorSnapshot TwoChannels() {
  DirectorSnapshot s;
  s.now = FromUtcMs(1'781'092'800'000);
  s.channels_known = s.database_was_asked = s.database_answers = true;
  s.evidence_behind = 7;
  s.database_errors = 3;
  s.answers = {{200, 11}, {404, 2}};
  s.waiting_jobs = {{"data.read", 1}};
  s.channels.resize(2);
  s.channels[0].slug = "news";
  s.channels[0].is_up = true;
  s.channels[0].viewers = 4;
  s.channels[0].schedule_ahead_ms = 90 * 3'600'000;
  s.channels[0].blocks_late = 2;
  s.channels[1].slug = "films";
  s.channels[1].phase = "waiting";
  s.channels[1].schedule_ahead_ms = 71 * 3'600'000;
  s.channels[1].last_error = "what \"it\" said";
  return s;
}

TEST(Metrics, HaveWhatAnOperatorWatches) {
  const std::string text = MetricsText(TwoChannels());
  for (const char* line :
       {"retrovue_channels 2\n", "retrovue_channels_up 1\n", "retrovue_channel_viewers{channel=\"news\"} 4\n",
        "retrovue_channel_up{channel=\"films\"} 0\n",
        "retrovue_channel_schedule_ahead_seconds{channel=\"films\"} 255600\n",
        "retrovue_channel_blocks_late_total{channel=\"news\"} 2\n", "retrovue_evidence_behind 7\n",
        "retrovue_database_errors_total 3\n", "retrovue_http_answers_total{status=\"404\"} 2\n",
        "retrovue_jobs_waiting{thread=\"data.read\"} 1\n", "# TYPE retrovue_database_errors_total counter\n"})
    EXPECT_THAT(text, HasSubstr(line));
}

TEST(StatusPage, SaysHowTheNetworkIs) {
  const auto json = nlohmann::json::parse(StatusJson(TwoChannels()));
  EXPECT_EQ(json["status"], "ok");
  EXPECT_EQ(json["channels"], 2);
  EXPECT_EQ(json["channels_up"], 1);
  EXPECT_EQ(json["viewers"], 4);
  EXPECT_EQ(json["horizon_hours"], 71);
  EXPECT_EQ(json["blocks_late"], 2);
  EXPECT_EQ(json["evidence_behind"], 7);
  EXPECT_EQ(json["ready"], true);
  EXPECT_EQ(json["now"], "2026-06-10T12:00:00Z");
  EXPECT_EQ(json["each_channel"][1]["last_error"], "what \"it\" said");
  EXPECT_FALSE(nlohmann::json::parse(StatusJson(DirectorSnapshot{})).contains("horizon_hours"));
}

TEST(Ready, MeansThatViewersCanBeServed) {
  DirectorSnapshot s = TwoChannels();
  EXPECT_THAT(WhyNotReady(s), IsEmpty());
  s.database_answers = false;
  s.database_error = "the disk is full";
  EXPECT_THAT(WhyNotReady(s), testing::ElementsAre("the database does not answer: the disk is full"));
  s.channels_known = false;
  EXPECT_THAT(WhyNotReady(s), SizeIs(2));
}

TEST(Ready, IsStartingUntilTheDatabaseWasAsked) {
  EXPECT_THAT(WhyNotReady(DirectorSnapshot{}), testing::ElementsAre("starting"));
  EXPECT_EQ(nlohmann::json::parse(StatusJson(DirectorSnapshot{}))["starting"], true);
  EXPECT_EQ(nlohmann::json::parse(StatusJson(TwoChannels()))["starting"], false);
  DirectorSnapshot failed;
  failed.database_was_asked = true;
  EXPECT_THAT(WhyNotReady(failed), testing::Contains("the database does not answer"));
}

TEST(Ready, MeansThatWhatIsSeenIsStored) {
  DirectorSnapshot s = TwoChannels();
  EXPECT_THAT(MetricsText(s), HasSubstr("retrovue_database_writable 1\n"));
  s.write_error = "the disk is full";
  EXPECT_THAT(WhyNotReady(s), testing::ElementsAre(HasSubstr("evidence waits: the disk is full")));
  EXPECT_THAT(MetricsText(s), testing::AllOf(HasSubstr("retrovue_database_writable 0\n"),
                                             HasSubstr("retrovue_database_up 1\n")));
  const auto json = nlohmann::json::parse(StatusJson(s));
  EXPECT_EQ(json["database_writable"], false);
  EXPECT_EQ(json["write_error"], "the disk is full");
  EXPECT_EQ(json["ready"], false);
}

TEST(ClockShift, IsThatOfThePredecessorWhereItIsMeantToBe) {
  const Instant machine = FromUtcMs(1'000'000'000);
  const Instant wanted = machine + seconds(5'000);
  EXPECT_EQ(ClockShift(std::nullopt, machine, Millis(77)), Millis(0));
  EXPECT_EQ(ClockShift(wanted, machine, std::nullopt), seconds(5'000));
  EXPECT_EQ(ClockShift(wanted, machine, Millis(4'999'980)), Millis(4'999'980));
  EXPECT_EQ(ClockShift(wanted, machine, Millis(0)), seconds(5'000));
}

TEST(RunFolder, IsNearTheHomeOrInAShortPlace) {
  const auto environment = [](std::string value) { return [value](const char*) { return value; }; };
  EXPECT_EQ(RunFolderOf("/var/lib/retrovue", environment("/run/user/7")), "/var/lib/retrovue/run");
  const std::string long_home = "/home/somebody/with/a/long/name/.local/share/retrovue";
  const std::string short_one = RunFolderOf(long_home, environment("/run/user/1000"));
  EXPECT_THAT(short_one, testing::StartsWith("/run/user/1000/retrovue-"));
  EXPECT_LE(short_one.size(), kLongestRunFolder);
  EXPECT_EQ(short_one, RunFolderOf(long_home, environment("/run/user/1000")));
  EXPECT_NE(short_one, RunFolderOf(long_home + "2", environment("/run/user/1000")));
  EXPECT_THAT(RunFolderOf(long_home, environment("")), testing::StartsWith("/tmp/retrovue-"));
  EXPECT_THAT(RunFolderOf(long_home, environment("/" + std::string(80, 'x'))),
              testing::StartsWith("/tmp/retrovue-"));
}

TEST(RunFolder, BelongsToOneDirector) {
  const std::string folder = testing::TempDir() + absl::StrCat("run", getpid());
  const auto first = TakeRunFolder(folder);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = TakeRunFolder(folder);
  EXPECT_TRUE(absl::IsAlreadyExists(second.status()));
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(absl::StrCat("pid ", getpid(), ")")));
  const std::string link = folder + "-link";
  ASSERT_EQ(symlink(folder.c_str(), link.c_str()), 0);
  EXPECT_TRUE(absl::IsPermissionDenied(TakeRunFolder(link).status()));
  unlink(link.c_str());
  unlink((folder + "/director.lock").c_str());
  rmdir(folder.c_str());
}

}  // namespace
}  // namespace retrovue

// program-director as a process, with real managers and real AIR below it, a real database beside it and viewers of the test's
// above it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "core/link/manager_process.h"
#include "core/store/as_run.h"
#include "core/store/playlog.h"
#include "core/store/schedule_days.h"
#include "tests/core/network/http_viewer.h"
#include "tests/core/network/network_home.h"
#include "tests/support/child_program.h"
#include "tests/support/clear_of_boundary.h"
#include "tests/support/stream_viewer.h"
#include "tests/support/test_channel.h"
#include "tests/support/ts_analyser.h"

namespace retrovue {
namespace {

using namespace std::chrono_literals;
using air::e2e::Built;
using air::e2e::ChildProgram;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using Json = nlohmann::json;

template <typename Condition>
bool Within(std::chrono::milliseconds limit, Condition condition) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(50ms);
  }
  return true;
}

Instant MachineNow() { return std::chrono::floor<Millis>(std::chrono::system_clock::now()); }

class DirectorProcess : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    clips_ = new air::e2e::TestFolder;
    setenv("AIR_PATTERN", Built("air-pattern").c_str(), 1);
    for (const char* clip : {"1", "2"}) {
      const std::string command =
          absl::StrCat(AIR_SOURCE_DIR, "/tests/support/make-clip.sh '", Clip(clip), "' 320x180 30 4 ", clip);
      ASSERT_EQ(std::system(command.c_str()), 0);  // NOLINT: the script is the product's own
    }
  }
  static void TearDownTestSuite() { delete clips_; }
  static std::string Clip(const std::string& number) { return clips_->Path("clip-" + number + ".mp4"); }

  DirectorProcess() : home_({Clip("1"), Clip("2")}, [this] { return Now(); }) {}
  void SetUp() override { air::e2e::StayClearOfBoundary(15min, 60s); }
  void TearDown() override {
    if (director_ != nullptr) {
      director_->Signal(SIGTERM);
      EXPECT_EQ(director_->WaitForEnd(20s), 0);
    }
    for (const char* slug : {"one", "two"})
      EXPECT_EQ(ManagerIn(absl::StrCat(home_.run_folder(), "/channel/", slug)), 0)
          << slug << ": a manager is left";
    if (HasFailure()) {
      for (const std::string& log : {log_, home_.run_folder() + "/channel/one/manager.log",
                                     home_.run_folder() + "/channel/one/air/air-supervisor.log"}) {
        std::ifstream file(log);
        std::cerr << log << ":\n" << std::string(std::istreambuf_iterator<char>(file), {}) << "\n";
      }
    }
  }

  Instant Now() const { return MachineNow() + shift_; }
  // The network's clock stands at this moment of 2026-06-10 when the director starts.
  void ShiftTo(const std::string& time_of_day) {
    shift_ = *ParseRfc3339(absl::StrCat("2026-06-10T", time_of_day, "Z")) - MachineNow();
  }
  void StartDirector() {
    director_.reset();
    std::vector<std::string> command = {
        Built("program-director"),        "--home", home_.folder(), "--db", home_.url(), "--http",
        absl::StrCat("127.0.0.1:", port_)};
    if (shift_ != Millis(0)) command.insert(command.end(), {"--now", ToRfc3339(Now())});
    log_ = absl::StrCat(clips_->path(), "/director-", ++starts_, ".log");
    director_ = std::make_unique<ChildProgram>(command, log_);
    ASSERT_TRUE(Within(20s, [&] { return absl::StartsWith(Get("/readyz"), "HTTP/1.1 200"); }))
        << director_->Output();
  }
  void KillDirector() {
    director_->Signal(SIGKILL);
    EXPECT_TRUE(director_->WaitForEnd(5s).has_value());
    director_.reset();
  }
  std::string Get(const std::string& path, const std::string& method = "GET") {
    return FetchText(port_, path, method);
  }
  Json Status() {
    HttpViewer page(port_, "/api/v1/status");
    page.WaitForEnd(10s);
    return Json::parse(page.body(), nullptr, false);
  }
  Json ChannelStatus(const std::string& slug) {
    const Json status = Status();
    for (const Json& channel : status["each_channel"])
      if (channel["slug"] == slug) return channel;
    return {};
  }
  std::unique_ptr<HttpViewer> Tune(const std::string& slug) {
    return std::make_unique<HttpViewer>(port_, absl::StrCat("/channel/", slug, ".ts"));
  }

  static air::e2e::TestFolder* clips_;
  const int port_ = FreePort();
  ChannelId home_channel_;
  Millis shift_{0};
  NetworkHome home_;
  int starts_ = 0;
  std::string log_;
  std::unique_ptr<ChildProgram> director_;
};
air::e2e::TestFolder* DirectorProcess::clips_ = nullptr;

TEST_F(DirectorProcess, AnswersFromTheStoredScheduleAndStartsNothingForIt) {
  StartDirector();
  HttpViewer channels(port_, "/channels");
  ASSERT_TRUE(channels.WaitForEnd(5s));
  EXPECT_EQ(channels.body(),
            R"({"channels":[{"id":"one","name":"Channel one"},{"id":"two","name":"Channel two"}]})"
            "\n");
  ASSERT_TRUE(
      Within(20s, [&] { return Status()["horizon_hours"].is_number() && Status()["horizon_hours"] >= 72; }));
  EXPECT_THAT(Get("/guide.xml"),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("<programme"), HasSubstr("clip-1")));
  EXPECT_THAT(Get("/channels.m3u"),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("#EXTM3U"), HasSubstr("/channel/two.ts")));
  EXPECT_THAT(Get("/api/v1/guide"), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("clip-1")));
  EXPECT_THAT(Get("/api/v1/channels/one/now"), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("clip-1")));
  EXPECT_THAT(Get("/metrics"), HasSubstr("retrovue_channels 2\n"));
  EXPECT_THAT(Get("/"), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("text/html")));
  EXPECT_THAT(Get("/channel/three.ts"), AllOf(StartsWith("HTTP/1.1 404"), HasSubstr("CHANNEL_NOT_FOUND")));
  EXPECT_THAT(Get("/channel/one.ts", "HEAD"), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("video/mp2t")));
  EXPECT_EQ(ManagerIn(home_.run_folder() + "/channel/one"), 0);
}

TEST_F(DirectorProcess, IsTheOnlyOneOnItsHome) {
  StartDirector();
  const air::e2e::Finished second =
      air::e2e::RunProgram({Built("program-director"), "--home", home_.folder(), "--http", "127.0.0.1:0"},
                           clips_->Path("second.log"));
  EXPECT_EQ(second.status, 3);
  EXPECT_THAT(second.output, HasSubstr("another program-director"));
}

TEST_F(DirectorProcess, AMissingFileIs500AndNothingIsStarted) {
  home_.SayLengthOfProgramme(15min);  // so that it is on whenever the channel is asked for
  StartDirector();
  const std::string away = Clip("1") + ".away";
  std::filesystem::rename(Clip("1"), away);
  const std::string answer = Get("/channel/one.ts");
  std::filesystem::rename(away, Clip("1"));
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 500"), HasSubstr("ASSET_MISSING"), HasSubstr("clip-1.mp4")));
  EXPECT_EQ(ManagerIn(home_.run_folder() + "/channel/one"), 0);
}

TEST_F(DirectorProcess, ItsDeathIsNotNoticedByViewersAndTheNextOneTakesEverythingUp) {
  StartDirector();
  const auto one = Tune("one");
  const auto two = Tune("two");
  ASSERT_TRUE(one->WaitForMore(200'000, 30s)) << one->text().substr(0, 400);
  ASSERT_TRUE(two->WaitForMore(200'000, 30s)) << two->text().substr(0, 400);
  EXPECT_EQ(one->status_line(), "HTTP/1.1 200 OK");
  ASSERT_TRUE(Within(10s, [&] { return Status()["viewers"] == 2 && Status()["channels_up"] == 2; }))
      << Status();
  const Json before = ChannelStatus("one");
  EXPECT_GE(before["fed_ahead_ms"], 30 * 60'000);

  KillDirector();
  ASSERT_TRUE(one->WaitForMore(200'000, 20s));
  ASSERT_TRUE(two->WaitForMore(200'000, 20s));
  StartDirector();
  ASSERT_TRUE(Within(10s, [&] { return Status()["viewers"] == 2 && Status()["channels_up"] == 2; }))
      << Status();
  const Json after = ChannelStatus("one");
  EXPECT_EQ(after["manager_pid"], before["manager_pid"]);
  EXPECT_EQ(after["air_pid"], before["air_pid"]);
  const auto third = Tune("one");
  ASSERT_TRUE(third->WaitForMore(200'000, 20s)) << third->text().substr(0, 400);
  EXPECT_EQ(ChannelStatus("one")["air_pid"], before["air_pid"]);
  EXPECT_FALSE(one->is_over());
  EXPECT_FALSE(two->is_over());
  one->HangUp();
  two->HangUp();
  air::analyser::TsLimits limits;
  limits.rate_num = 30;
  const auto report = air::analyser::AnalyseTs(air::e2e::WholeTicks(one->stream()), limits);
  EXPECT_TRUE(report.Clean()) << air::analyser::DescribeTs(report, {});
  third->HangUp();
  EXPECT_TRUE(Within(15s, [&] { return Status()["channels_up"] == 0; })) << Status();
}

// AIR is told its roots by the catalogue: what lies in no collection is refused, and is played as soon as a collection has it, to
// who watches already.
TEST_F(DirectorProcess, PlaysWhatLiesInACollectionAndRefusesWhatDoesNot) {
  home_.MoveCollection(home_.folder());
  StartDirector();
  const auto viewer = Tune("one");
  ASSERT_TRUE(viewer->WaitForMore(20'000, 30s)) << viewer->text().substr(0, 400);
  const auto is_in_as_run = [&](const std::string& status, const std::string& reason) {
    std::vector<AsRunRow> rows;
    const absl::Status read = home_.store().Read([&](const Snapshot& snapshot) -> absl::Status {
      const auto found = snapshot.as_run().Rows(home_.channel("one"), Now() - 5min, Now() + 5min);
      if (found.ok()) rows = *found;
      return found.status();
    });
    EXPECT_TRUE(read.ok()) << read;
    return std::any_of(rows.begin(), rows.end(), [&](const AsRunRow& row) {
      return row.status == status && row.reason == reason && row.segment_type != "pad";
    });
  };
  ASSERT_TRUE(Within(60s, [&] { return is_in_as_run("SKIPPED", "REFUSED"); }));
  EXPECT_FALSE(is_in_as_run("AIRED", ""));
  home_.MoveCollection(std::filesystem::path(Clip("1")).parent_path().string());
  EXPECT_TRUE(Within(60s, [&] { return is_in_as_run("AIRED", ""); }));
  EXPECT_FALSE(viewer->is_over());
  viewer->HangUp();
}

TEST_F(DirectorProcess, AManagerThatDiesIsStartedAgainAndDisturbsNoOtherChannel) {
  StartDirector();
  const auto one = Tune("one");
  const auto two = Tune("two");
  ASSERT_TRUE(one->WaitForMore(100'000, 30s));
  ASSERT_TRUE(two->WaitForMore(100'000, 30s));
  const pid_t manager = ManagerIn(home_.run_folder() + "/channel/one");
  ASSERT_GT(manager, 0);
  kill(manager, SIGKILL);
  EXPECT_TRUE(one->WaitForEnd(5s)) << "its viewers went with it";
  const auto again = Tune("one");
  ASSERT_TRUE(again->WaitForMore(100'000, 20s)) << again->text().substr(0, 400);
  EXPECT_EQ(ChannelStatus("one")["manager_failures"], 1);
  EXPECT_NE(ManagerIn(home_.run_folder() + "/channel/one"), manager);
  ASSERT_TRUE(two->WaitForMore(100'000, 20s));
  EXPECT_FALSE(two->is_over());
  EXPECT_LT(two->longest_silence(), 4s);
}

// The network's clock stands shortly before a boundary of the grid; what airs on both sides of it is, row by row, what was planned.
TEST_F(DirectorProcess, GuidePlaylogAndAsRunAreOneTruthAcrossABlock) {
  ShiftTo("12:14:40");
  StartDirector();
  const Instant boundary = *ParseRfc3339("2026-06-10T12:15:00Z");
  const auto viewer = Tune("one");
  ASSERT_TRUE(viewer->WaitForMore(100'000, 20s)) << viewer->text().substr(0, 400);
  ASSERT_TRUE(Within(60s, [&] { return Now() > boundary + 15s; }));
  home_channel_ = home_.channel("one");
  const auto rows = [&] {
    std::vector<AsRunRow> all;
    EXPECT_TRUE(home_.store()
                    .Read([&](const Snapshot& snapshot) {
                      const auto found =
                          snapshot.as_run().Rows(home_channel_, boundary - 30s, boundary + 14s);
                      if (found.ok()) all = *found;
                      return found.status();
                    })
                    .ok());
    return all;
  };
  ASSERT_TRUE(Within(15s, [&] {
    const auto all = rows();
    return std::count_if(all.begin(), all.end(),
                         [](const AsRunRow& row) { return row.actual_end.has_value(); }) >= 5;
  }));
  std::vector<PlannedBlock> blocks;
  std::vector<ScheduleDay> days;
  ASSERT_TRUE(home_.store()
                  .Read([&](const Snapshot& snapshot) {
                    blocks = *snapshot.playlog().Blocks(home_channel_, boundary - 30s, boundary + 14s);
                    days = *snapshot.schedule_days().Airing(home_channel_, boundary - 30s, boundary + 14s);
                    return absl::OkStatus();
                  })
                  .ok());
  ASSERT_EQ(blocks.size(), 2u);
  EXPECT_EQ(blocks[1].start, boundary);
  const std::string guide = Get("/guide.xml");
  EXPECT_THAT(guide, HasSubstr("start=\"20260610121500 +0000\""));
  const auto item = std::find_if(days[0].items.begin(), days[0].items.end(),
                                 [&](const ScheduleItem& i) { return i.start == boundary; });
  ASSERT_NE(item, days[0].items.end());
  EXPECT_EQ(blocks[1].events[0].schedule_item_id, item->id);

  int compared = 0;
  for (const AsRunRow& row : rows()) {
    if (!row.actual_end.has_value()) continue;
    ASSERT_TRUE(row.planned_start.has_value()) << "as-run " << row.playlog_event_id << " was planned";
    const bool is_first = compared == 0;  // the viewer came in the middle of it
    if (!is_first) {
      EXPECT_NEAR(double(UtcMs(row.actual_start)), double(UtcMs(*row.planned_start)), 40)
          << ToRfc3339(row.actual_start);
      EXPECT_EQ(row.status, "AIRED");
    }
    EXPECT_NEAR(double(UtcMs(*row.actual_end)), double(UtcMs(*row.planned_end)), 40);
    for (const PlannedBlock& block : blocks)
      for (const PlaylogEvent& event : block.events)
        if (event.id.text == row.playlog_event_id) {
          EXPECT_EQ(event.path, row.asset_uri);
          EXPECT_EQ(event.start, *row.planned_start);
          EXPECT_NE(event.state, PlaylogState::kPlanned);
        }
    ++compared;
  }
  EXPECT_GE(compared, 5);
  EXPECT_EQ(Status()["evidence_behind"], 0);
}

// The database cannot be written to for a while: the channel plays on, nothing is acknowledged, and nothing is lost.
TEST_F(DirectorProcess, ADatabaseThatIsLockedForAWhileLosesNoEvidence) {
  StartDirector();
  const auto viewer = Tune("one");
  ASSERT_TRUE(viewer->WaitForMore(100'000, 30s));
  ASSERT_TRUE(Within(10s, [&] { return Status()["evidence_stored"] > 0; }));
  const std::string path = home_.folder() + "/retrovue.db";
  ChildProgram lock(
      {"/usr/bin/python3", "-c",
       absl::StrCat("import sqlite3,time; c=sqlite3.connect('", path,
                    "',timeout=20,isolation_level=None); c.execute('BEGIN EXCLUSIVE'); time.sleep(12); "
                    "c.execute('ROLLBACK')")},
      clips_->Path("lock.log"));
  std::this_thread::sleep_for(9s);
  ASSERT_TRUE(viewer->WaitForMore(50'000, 5s));
  const Json during = Status();
  EXPECT_GT(during["evidence_behind"], 0) << during;
  EXPECT_EQ(lock.WaitForEnd(20s), 0) << lock.Output();
  EXPECT_TRUE(Within(20s, [&] { return Status()["evidence_behind"] == 0; })) << Status();
  EXPECT_GT(Status()["evidence_stored"], during["evidence_stored"]);
  EXPECT_LT(viewer->longest_silence(), 4s);
  EXPECT_FALSE(viewer->is_over());
}

}  // namespace
}  // namespace retrovue

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>

#include "ctl/commands.h"
#include "ctl/control_client.h"
#include "ctl/status_report.h"
#include "plans/plan_file_loader.h"
#include "tests/unit/fake_playout_control.h"

namespace air {
namespace {

using retrovue::playout::BlockPlan;
using testing::HasSubstr;

constexpr char kThreeBlocks[] = R"({
  "channel_id": 7,
  "program_format": {"video": {"width": 640, "height": 480, "frame_rate": "30000/1001"},
                     "audio": {"sample_rate": 48000, "channels": 2},
                     "encoder": {"bitrate_kbps": 2500}},
  "blocks": [
    {"block_id": "a", "start_utc_ms": 0, "end_utc_ms": 10000,
     "segments": [{"asset_uri": "clips/one.mp4", "segment_duration_ms": 4000},
                  {"asset_uri": "/tv/two.mp4", "segment_duration_ms": 6000}]},
    {"block_id": "b", "start_utc_ms": 10000, "end_utc_ms": 20000,
     "segments": [{"asset_uri": "pattern:bars", "segment_duration_ms": 10000}]},
    {"block_id": "c", "start_utc_ms": 20000, "end_utc_ms": 30000,
     "segments": [{"segment_duration_ms": 10000}]}
  ]})";

class AirCtl : public testing::Test {
 protected:
  ~AirCtl() override { std::remove(path_.c_str()); }

  PlanOptions Plan(const std::string& json) {
    std::ofstream(path_) << json;
    PlanOptions options;
    options.path = path_;
    return options;
  }

  FakePlayoutControl air_;
  ControlClient client_{air_.address()};
  std::ostringstream out_;
  std::ostringstream err_;
  Commands commands_{client_, out_, err_};
  std::string path_ = testing::TempDir() + "air_ctl_test_" + std::to_string(getpid()) + ".json";
};

TEST_F(AirCtl, PrintsTheInterfaceVersion) {
  EXPECT_EQ(commands_.Version(), ExitStatus::kDone);
  EXPECT_EQ(out_.str(), "1.0.0\n");
}

TEST_F(AirCtl, SaysThatNobodyAnswersAndWhatToLookAt) {
  ControlClient nobody("unix:/nonexistent/air.sock");
  EXPECT_EQ(Commands(nobody, out_, err_).Version(), ExitStatus::kUnreachable);
  EXPECT_THAT(err_.str(), HasSubstr("unix:/nonexistent/air.sock"));
  EXPECT_THAT(err_.str(), HasSubstr("Is air-supervisor running"));
}

TEST_F(AirCtl, SaysWhereItLookedForTheMetricsPage) {
  MetricsSource source;
  EXPECT_EQ(commands_.Status(source), ExitStatus::kUnreachable);
  EXPECT_THAT(err_.str(), HasSubstr("--metrics"));
  source.runtime_dir = "/nonexistent";
  EXPECT_EQ(commands_.Status(source), ExitStatus::kUnreachable);
  EXPECT_THAT(err_.str(), HasSubstr("/nonexistent/metrics.address"));
  EXPECT_THAT(DefaultRuntimeDir("127.0.0.1:50051"), testing::EndsWith("-50051"));
  EXPECT_EQ(DefaultRuntimeDir("unix:/run/air.sock"), "");
}

TEST_F(AirCtl, StartsWithTheFirstTwoBlocksAndFeedsTheOthers) {
  ASSERT_EQ(commands_.Start(Plan(kThreeBlocks)), ExitStatus::kDone) << err_.str();
  EXPECT_EQ(air_.started->channel_id(), 7);
  EXPECT_EQ(air_.started->block_a().block_id(), "a");
  EXPECT_EQ(air_.started->block_b().block_id(), "b");
  EXPECT_GE(air_.started->max_queue_depth(), 3);
  const auto blocks = air_.blocks();
  ASSERT_EQ(blocks.size(), 3u);
  EXPECT_EQ(blocks[2].block_id(), "c");
  EXPECT_EQ(blocks[2].channel_id(), 7);
}

TEST_F(AirCtl, MovesARelativePlanAsAWholeToNow) {
  const std::int64_t before = std::time(nullptr) * 1000LL;
  ASSERT_EQ(commands_.Start(Plan(kThreeBlocks)), ExitStatus::kDone) << err_.str();
  const auto blocks = air_.blocks();
  EXPECT_GE(blocks[0].start_utc_ms(), before);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    EXPECT_EQ(blocks[i].end_utc_ms() - blocks[i].start_utc_ms(), 10000);
    if (i > 0) {
      EXPECT_EQ(blocks[i].start_utc_ms(), blocks[i - 1].end_utc_ms());
    }
  }
}

TEST_F(AirCtl, SendsTheProgrammeFormatWithTheKeysOfTheInterface) {
  ASSERT_EQ(commands_.Start(Plan(kThreeBlocks)), ExitStatus::kDone) << err_.str();
  const std::string json = air_.started->program_format_json();
  EXPECT_THAT(json, HasSubstr("\"frame_rate\":\"30000/1001\""));
  EXPECT_THAT(json, HasSubstr("\"sample_rate\":48000"));
  EXPECT_THAT(json, HasSubstr("\"bitrate_kbps\":2500"));
  EXPECT_THAT(json, testing::Not(HasSubstr("mux")));
}

TEST_F(AirCtl, SaysWhyAirRefusesAndWithWhichCode) {
  air_.refuse_start = "block_a.segments[0].segment_duration_ms: 0";
  EXPECT_EQ(commands_.Start(Plan(kThreeBlocks)), ExitStatus::kRefused);
  EXPECT_THAT(err_.str(), HasSubstr("block_a.segments[0].segment_duration_ms: 0"));
  EXPECT_THAT(err_.str(), HasSubstr("BLOCKPLAN_RESULT_INVALID_BLOCK"));
}

TEST_F(AirCtl, SaysHowToGoOnWhenTheQueueIsFull) {
  air_.queue_depth = 2;
  EXPECT_EQ(commands_.Start(Plan(kThreeBlocks)), ExitStatus::kRefused);
  const std::int64_t start = air_.blocks()[0].start_utc_ms();
  EXPECT_THAT(err_.str(), HasSubstr("--at " + std::to_string(start) + " --from c"));

  air_.queue_depth = 3;
  PlanOptions rest = Plan(kThreeBlocks);
  rest.from_block = "c";
  rest.at_utc_ms = start;
  EXPECT_EQ(commands_.Feed(rest), ExitStatus::kDone);
  ASSERT_EQ(air_.blocks().size(), 3u);
  EXPECT_EQ(air_.blocks()[2].block_id(), "c");
  EXPECT_EQ(air_.blocks()[2].start_utc_ms(), air_.blocks()[1].end_utc_ms());
}

TEST_F(AirCtl, FeedsNothingWhenThePlanHasNoSuchBlock) {
  PlanOptions options = Plan(kThreeBlocks);
  options.from_block = "z";
  EXPECT_EQ(commands_.Feed(options), ExitStatus::kUsage);
  EXPECT_THAT(err_.str(), HasSubstr("'z'"));
}

TEST_F(AirCtl, NamesAMisspeltKeyAndSendsNothing) {
  std::string misspelt = kThreeBlocks;
  misspelt.replace(misspelt.find("asset_uri"), 9, "asset_url");
  EXPECT_EQ(commands_.Start(Plan(misspelt)), ExitStatus::kUsage);
  EXPECT_THAT(err_.str(), HasSubstr("asset_url"));
  EXPECT_FALSE(air_.started);
}

TEST_F(AirCtl, RefusesAPlanOfOneBlockOrWithoutAFormat) {
  EXPECT_EQ(commands_.Start(Plan(R"({"program_format": {}, "blocks": [{"block_id": "a"}]})")),
            ExitStatus::kUsage);
  EXPECT_THAT(err_.str(), HasSubstr("blocks"));
  err_.str("");
  EXPECT_EQ(commands_.Start(Plan(R"({"blocks": [{"block_id": "a"}, {"block_id": "b"}]})")),
            ExitStatus::kUsage);
  EXPECT_THAT(err_.str(), HasSubstr("program_format"));
  EXPECT_FALSE(air_.started);
}

TEST_F(AirCtl, TellsTheTwoTransportsApart) {
  EXPECT_EQ(commands_.Attach(1, "unix:/run/out.sock", true), ExitStatus::kDone);
  EXPECT_EQ(air_.attached->transport(), retrovue::playout::STREAM_TRANSPORT_UNIX_DOMAIN_SOCKET);
  EXPECT_EQ(air_.attached->endpoint(), "/run/out.sock");
  EXPECT_TRUE(air_.attached->replace_existing());
  EXPECT_EQ(commands_.Attach(1, "tcp:127.0.0.1:9000", false), ExitStatus::kDone);
  EXPECT_EQ(air_.attached->transport(), retrovue::playout::STREAM_TRANSPORT_TCP_LOOPBACK);
  EXPECT_EQ(air_.attached->endpoint(), "127.0.0.1:9000");
  for (const char* wrong : {"/run/out.sock", "unix:", "tcp:9000", "udp:1.2.3.4:5", ""}) {
    EXPECT_EQ(commands_.Attach(1, wrong, false), ExitStatus::kUsage) << wrong;
  }
}

TEST_F(AirCtl, PrintsEventsUntilTheSessionEnds) {
  ASSERT_EQ(commands_.Start(Plan(kThreeBlocks)), ExitStatus::kDone);
  air_.EmitStarted("a");
  retrovue::playout::BlockEvent ended;
  ended.mutable_session_ended()->set_reason("stopped");
  air_.Emit(ended);
  air_.EndSession();
  EXPECT_EQ(commands_.Events(7), ExitStatus::kDone);
  EXPECT_THAT(out_.str(), HasSubstr("block_started    a"));
  EXPECT_THAT(out_.str(), HasSubstr("session_ended    stopped"));
}

TEST_F(AirCtl, SaysThatThereIsNoSessionToHaveEventsFrom) {
  EXPECT_EQ(commands_.Events(7), ExitStatus::kRefused);
  EXPECT_THAT(err_.str(), HasSubstr("no session"));
}

TEST(PlanFileLoader, NumbersSegmentsAndResolvesFilesAgainstTheFolderOfThePlan) {
  const auto plan = ParsePlan(kThreeBlocks, "/tv/plans");
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->blocks(0).segments(0).asset_uri(), "/tv/plans/clips/one.mp4");
  EXPECT_EQ(plan->blocks(0).segments(1).asset_uri(), "/tv/two.mp4");
  EXPECT_EQ(plan->blocks(0).segments(1).segment_index(), 1);
  EXPECT_EQ(plan->blocks(1).segments(0).asset_uri(), "pattern:bars");
  EXPECT_EQ(plan->blocks(2).segments(0).asset_uri(), "");
}

TEST(StatusReport, SaysWhatIsOnTheAirAndWhyThereWasPad) {
  const std::string report = StatusReport(MetricsPage::Parse(R"(
retrovue_playout_channel_state{channel="1",state="stopped"} 0
retrovue_playout_channel_state{channel="1",state="ready"} 1
air_on_air{block="b",segment="0",asset="/tv/two.mp4"} 1
air_on_air{block="a",segment="1",asset="/tv/one.mp4"} 0
air_program_frames_total 12345
air_pad_frames_total{cause="LATE"} 10
air_pad_frames_total{cause="EOF"} 0
air_stage_pid{stage="air-decoder",id="decoder-9",role="spare"} 4711
air_stage_restarts_total{stage="air-selector",cause="signal"} 2
air_stage_restarts_total{stage="air-selector",cause="hang"} 1
air_stage_restarts_total{stage="air-selector",cause="exit"} 0
air_stage_recovery_last_seconds{stage="air-selector"} 0.061
air_stage_last_death_timestamp_seconds{stage="air-selector",cause="hang",what="selector: hung at tick 7"} 5
)"));
  EXPECT_THAT(report, HasSubstr("ready"));
  EXPECT_THAT(report, HasSubstr("/tv/two.mp4  (block b, segment 0)"));
  EXPECT_THAT(report, HasSubstr("12345"));
  EXPECT_THAT(report, HasSubstr("10 = 10 LATE\n"));
  EXPECT_THAT(report, testing::ContainsRegex("air-decoder +decoder-9 +pid 4711  spare"));
  EXPECT_THAT(report, HasSubstr("3 = 2 signal + 1 hang, last recovery 0.061 s"));
  EXPECT_THAT(report, HasSubstr("selector: hung at tick 7"));
}

TEST(StatusReport, ShowsNoFigureThePageDoesNotHave) { EXPECT_EQ(StatusReport(MetricsPage::Parse("")), ""); }

}  // namespace
}  // namespace air

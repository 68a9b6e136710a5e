// Plan files: what may be left out of them, what is wrong with them and where, and `air-ctl validate`, which
// says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "ctl/commands.h"
#include "ctl/control_client.h"
#include "plans/plan_check.h"
#include "plans/plan_file_loader.h"

namespace air {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

PlanFile Parsed(const std::string& json) {
  const absl::StatusOr<PlanFile> plan = ParsePlan(json, "/tv");
  EXPECT_TRUE(plan.ok()) << plan.status();
  return plan.ok() ? *plan : PlanFile();
}

TEST(PlanFileText, MakesOneBlockOfAListOfSegments) {
  const PlanFile plan = Parsed(R"({"segments": [{"asset_uri": "a.mp4", "segment_duration_ms": 700},
                                                {"segment_duration_ms": 300}]})");
  ASSERT_EQ(plan.blocks_size(), 1);
  EXPECT_TRUE(IsRelative(plan));
  EXPECT_EQ(plan.blocks(0).block_id(), "block-1");
  EXPECT_EQ(plan.blocks(0).end_utc_ms(), 1000);
  EXPECT_EQ(plan.blocks(0).segments(1).segment_index(), 1);
  EXPECT_THAT(ProblemsOf(plan), IsEmpty());
}

TEST(PlanFileText, PutsBlocksWithoutTimesOneBehindTheOther) {
  const PlanFile plan = Parsed(R"({"blocks": [{"segments": [{"segment_duration_ms": 700}]},
                                              {"segments": [{"segment_duration_ms": 300}]},
                                              {"start_utc_ms": 5000, "segments": [{"segment_duration_ms": 9}]}]})");
  EXPECT_EQ(plan.blocks(1).block_id(), "block-2");
  EXPECT_EQ(plan.blocks(1).start_utc_ms(), 700);
  EXPECT_EQ(plan.blocks(1).end_utc_ms(), 1000);
  EXPECT_EQ(plan.blocks(2).end_utc_ms(), 5009);
  EXPECT_THAT(ProblemsOf(plan), IsEmpty());
}

TEST(PlanFileText, IsEitherBlocksOrSegments) {
  EXPECT_FALSE(ParsePlan("{}", "/tv").ok());
  const auto both = ParsePlan(R"({"segments": [{}], "blocks": [{}]})", "/tv");
  EXPECT_THAT(std::string(both.status().message()), HasSubstr("not both"));
}

TEST(PlanHandle, IsAPathOrAFileUri) {
  EXPECT_EQ(PathOfHandle("/srv/tonight.json"), "/srv/tonight.json");
  EXPECT_EQ(PathOfHandle("file:/srv/tonight.json"), "/srv/tonight.json");
  EXPECT_EQ(PathOfHandle("file:///srv/to%20night%25.json"), "/srv/to night%.json");
  EXPECT_EQ(PathOfHandle("file://localhost/srv/x"), "/srv/x");
  EXPECT_EQ(PathOfHandle("file:///srv/100%"), "/srv/100%");
  EXPECT_EQ(PathOfHandle(""), "");
}

TEST(PlanCheck, NamesEverythingThatIsWrongInOrder) {
  const PlanFile plan = Parsed(R"({"channel_id": 4, "blocks": [
      {"block_id": "a", "start_utc_ms": 1000, "end_utc_ms": 3000, "segments": [
          {"segment_index": 0, "segment_duration_ms": -5}, {"segment_index": 2, "segment_duration_ms": 9}]},
      {"block_id": "b", "start_utc_ms": 2500, "end_utc_ms": 2600, "segments": [{"segment_duration_ms": 90}]},
      {"block_id": "a", "start_utc_ms": 9000, "end_utc_ms": 9000, "segments": [{"segment_duration_ms": 90}]},
      {"block_id": "c", "channel_id": 5, "start_utc_ms": 9500, "end_utc_ms": 9600, "segments": [
          {"segment_duration_ms": 100, "asset_start_offset_ms": -1, "gain_db": 90}]}]})");
  EXPECT_THAT(ProblemsOf(plan),
              ElementsAre(HasSubstr("block a: segments[0].segment_duration_ms: -5"),
                          HasSubstr("block a: segments[1].segment_index: 2"),
                          HasSubstr("block b: segment_duration_ms: the segments last 90"),
                          HasSubstr("block b: start_utc_ms: 2500 lies before the end of block a"),
                          HasSubstr("block a: end_utc_ms: 9000 must lie after"),
                          HasSubstr("block a: block_id: there are two"), HasSubstr("block c: channel_id: 5"),
                          HasSubstr("block c: segments[0].asset_start_offset_ms"),
                          HasSubstr("block c: segments[0].gain_db")));
}

TEST(PlanCheck, RefusesToJoinInAYearThatCannotBe) {
  PlanFile plan = Parsed(R"({"segments": [{"segment_duration_ms": 1000}]})");
  for (const int64_t good : {int64_t{0}, int64_t{1'772'000'000'000}}) {
    plan.set_join_utc_ms(good);
    EXPECT_TRUE(ProblemsOf(plan).empty()) << good;
  }
  for (const int64_t bad : {int64_t{1}, int64_t{-1}, INT64_MAX, INT64_MIN, int64_t{1'772'000'000'000'000}}) {
    plan.set_join_utc_ms(bad);
    EXPECT_THAT(ProblemsOf(plan), ElementsAre(HasSubstr("join_utc_ms: "))) << bad;
  }
}

TEST(PlanCheck, RefusesWhatNoValueOfAnEnumIs) {
  PlanFile plan = Parsed(R"({"segments": [{"segment_duration_ms": 1000}]})");
  retrovue::playout::BlockSegment& segment = *plan.mutable_blocks(0)->mutable_segments(0);
  segment.set_segment_type(static_cast<retrovue::playout::SegmentType>(9));
  segment.set_transition_in(static_cast<retrovue::playout::TransitionType>(9));
  segment.set_transition_out(static_cast<retrovue::playout::TransitionType>(-1));
  EXPECT_THAT(ProblemsOf(plan), ElementsAre(HasSubstr("segment_type: 9"), HasSubstr("transition_in: 9"),
                                            HasSubstr("transition_out: -1")));
}

TEST(PlanCheck, TakesHundredsOfSegmentsAndNotThousands) {
  PlanFile plan = Parsed(R"({"segments": [{"segment_duration_ms": 500}]})");
  retrovue::playout::BlockPlan& block = *plan.mutable_blocks(0);
  for (int i = 1; i < 512; ++i) {
    retrovue::playout::BlockSegment& segment = *block.add_segments();
    segment.set_segment_index(i);
    segment.set_segment_duration_ms(500);
  }
  block.set_end_utc_ms(512 * 500);
  EXPECT_THAT(ProblemsOf(plan), IsEmpty());
  block.add_segments()->set_segment_duration_ms(500);
  EXPECT_THAT(ProblemsOf(plan), ElementsAre(HasSubstr("segments: 513")));
}

class PlanFileOnDisk : public testing::Test {
 protected:
  PlanFileOnDisk() { std::filesystem::create_directory(folder_); }
  ~PlanFileOnDisk() override { std::filesystem::remove_all(folder_); }

  static std::string WhyNot(const std::string& path) {
    return std::string(LoadPlanFile(path).status().message());
  }
  std::string Text(const std::string& text) {
    std::ofstream(folder_ + "/plan.json") << text;
    return folder_ + "/plan.json";
  }

  const std::string folder_ = testing::TempDir() + "air-plan-" + std::to_string(getpid());
};

TEST_F(PlanFileOnDisk, IsARegularFileAndNothingElseIsRead) {
  const std::string fifo = folder_ + "/fifo", link = folder_ + "/link";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  std::filesystem::create_symlink("/dev/zero", link);
  for (const std::string& path : {fifo, link, std::string("/dev/zero"), std::string("/dev/tty"), folder_})
    EXPECT_EQ(WhyNot(path), path + ": not a regular file");
  // The kernel's own files have no size, and reading them may wait.
  EXPECT_EQ(WhyNot("/proc/kmsg"), "/proc/kmsg: empty");
  EXPECT_EQ(WhyNot("/proc/self/environ"), "/proc/self/environ: empty");
}

TEST_F(PlanFileOnDisk, IsOfBoundedSize) {
  const std::string path = Text("x");
  std::filesystem::resize_file(path, kMostPlanBytes + 1);
  EXPECT_EQ(WhyNot(path), path + ": larger than the 16 MB a plan may have");
}

TEST_F(PlanFileOnDisk, IsNotQuotedWhenItIsNoPlan) {
  for (const std::string& text :
       {std::string("root:$6$secret:19000:0:99999:7:::\nair:!:19000::::::\n"), std::string("secret"),
        std::string("{\"segments\": [\n  {secret\n"), std::string("{\"segments\": \"secret\"}"),
        std::string("{\"channel_id\": \"secret\"}"), std::string("{\"channel_id\": \"x\nsecret\n y\"}"),
        std::string("{\"channel_id\": \"secret\n\"}")}) {
    const std::string why = WhyNot(Text(text));
    EXPECT_THAT(why, HasSubstr("plan.json: ")) << text;
    EXPECT_THAT(why, testing::Not(HasSubstr("secret"))) << text;
    EXPECT_THAT(why, testing::Not(HasSubstr("\n"))) << text;
  }
}

TEST_F(PlanFileOnDisk, IsRefusedInOneLineThatNamesTheKeyThatIsNotKnown) {
  EXPECT_THAT(WhyNot(Text("{\"\nblocksies\": []}")), testing::EndsWith("blocksies: Cannot find field."));
  EXPECT_THAT(WhyNot(Text("{\"\nblocksies\": []}")), testing::Not(HasSubstr("\n")));
}

TEST_F(PlanFileOnDisk, HasItsFirstFaultNamedByLineAndColumn) {
  EXPECT_THAT(WhyNot(Text("{\"segments\": [\n  {\"asset_uri\": \"a\" 5}]}")),
              HasSubstr("line 2, column 21: "));
}

class Validate : public testing::Test {
 protected:
  Validate() { std::filesystem::create_directory(folder_); }
  ~Validate() override { std::filesystem::remove_all(folder_); }

  ExitStatus Run(const std::string& json) {
    std::ofstream(folder_ + "/plan.json") << json;
    std::ofstream(folder_ + "/there.mp4") << "anything";
    ControlClient nobody("127.0.0.1:1");
    return Commands(nobody, out_, err_).Validate(folder_ + "/plan.json");
  }

  const std::string folder_ = testing::TempDir() + "air-validate-" + std::to_string(getpid());
  std::ostringstream out_, err_;
};

TEST_F(Validate, SaysWhatAPlanHolds) {
  EXPECT_EQ(Run(R"({"segments": [{"asset_uri": "there.mp4", "segment_duration_ms": 700},
                                 {"asset_uri": "pattern:clip=1", "segment_duration_ms": 1300}]})"),
            ExitStatus::kDone);
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("blocks 1, segments 2, 2 s, relative"), HasSubstr("program_format")));
  EXPECT_EQ(err_.str(), "");
}

TEST_F(Validate, NamesEachProblemWithItsPlaceALineEach) {
  EXPECT_EQ(Run(R"({"segments": [{"asset_uri": "gone.mp4", "segment_duration_ms": 700},
                                 {"asset_uri": "there.mp4", "segment_duration_ms": 0}]})"),
            ExitStatus::kUsage);
  EXPECT_THAT(err_.str(),
              AllOf(HasSubstr("segments[1].segment_duration_ms: 0"),
                    HasSubstr("segments[0].asset_uri: " + folder_ + "/gone.mp4: there is no such")));
  EXPECT_EQ(out_.str(), "");
}

// As StartChannel would.
TEST_F(Validate, RefusesAProgramFormatThatNoSessionCanHave) {
  const auto plan = [](const std::string& video, const std::string& more) {
    return R"({"program_format": {"video": )" + video +
           R"(, "audio": {"sample_rate": 48000, "channels": 2})" + more +
           R"(}, "segments": [{"asset_uri": "pattern:clip=1", "segment_duration_ms": 700}]})";
  };
  EXPECT_EQ(Run(plan(R"({"width": 640, "height": 360, "frame_rate": "25/1"})", "")), ExitStatus::kDone)
      << err_.str();
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {plan(R"({"width": 640, "height": 360, "frame_rate": "26/1"})", ""), "frame_rate"},
      {plan(R"({"width": 640, "height": 360})", ""), "video.frame_rate: missing"},
      {plan(R"({"width": 641, "height": 360, "frame_rate": "25/1"})", ""), "width"},
      {plan(R"({"width": 640, "height": 360, "frame_rate": "25/1"})", R"(, "encoder": {"preset": "swift"})"),
       "encoder.preset"},
      {plan(R"({"width": 640, "height": 360, "frame_rate": "25/1"})", R"(, "mux": {"rate_kbps": 70000})"),
       "mux.rate_kbps"},
  };
  for (const auto& [json, field] : wrong) {
    err_.str("");
    EXPECT_EQ(Run(json), ExitStatus::kUsage) << json;
    EXPECT_THAT(err_.str(), AllOf(HasSubstr("program_format: "), HasSubstr(field)));
  }
}

TEST_F(Validate, NamesAMisspeltKeyAndTornText) {
  EXPECT_EQ(Run(R"({"segmens": []})"), ExitStatus::kUsage);
  EXPECT_THAT(err_.str(), AllOf(HasSubstr("plan.json"), HasSubstr("segmens")));
  EXPECT_EQ(Run(R"({"segments": [)"), ExitStatus::kUsage);
}

}  // namespace
}  // namespace air

// What changes a plan while it runs: another plan, and PREVIEW that becomes LIVE. The switch is on its tick,
// nothing is pad that need not be, and what is refused touches nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "ctl/as_run.h"
#include "tests/support/test_channel.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class PlanChange : public ::testing::Test {
 protected:
  PlanChange() : viewer_(StreamViewer::OnUnixSocket(channel_.Path("viewer.sock"))) {
    channel_.Attach(*viewer_);
  }

  // Clip 1 from tick 0 on, for as long as need be.
  void Begin() {
    Schedule schedule(format_, NowUtcMs());
    schedule.AddBlock("a", {ShowPattern(1, 60'000)});
    schedule.AddBlock("b", {ShowPattern(1, 60'000)});
    join_utc_ms_ = schedule.join_utc_ms();
    channel_.Begin(schedule);
    channel_.SleepUntil(1500);
  }

  template <class Request, class Response>
  Response Call(grpc::Status (wire::PlayoutControl::StubInterface::*method)(grpc::ClientContext*,
                                                                            const Request&, Response*),
                Request request) {
    if (request.channel_id() == 0) request.set_channel_id(kTestChannelId);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 10s);
    Response response;
    const grpc::Status status = (channel_.stub().*method)(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  using Stub = wire::PlayoutControl::StubInterface;

  wire::UpdatePlanResponse UpdatePlan(const std::string& handle) {
    wire::UpdatePlanRequest request;
    request.set_plan_handle(handle);
    return Call(&Stub::UpdatePlan, request);
  }
  std::string PlanFile(const std::string& name, const std::string& json) {
    std::ofstream(channel_.Path(name)) << json;
    return "file://" + channel_.Path(name);
  }
  static wire::LoadPreviewRequest PreviewRequest(const std::string& uri, int64_t start_frame, int64_t count) {
    wire::LoadPreviewRequest request;
    request.set_asset_path(uri);
    request.set_start_frame(start_frame);
    request.set_frame_count(count);
    request.set_fps_numerator(25);
    request.set_fps_denominator(1);
    return request;
  }
  wire::LoadPreviewResponse Load(const wire::LoadPreviewRequest& request) {
    return Call(&Stub::LoadPreview, request);
  }
  wire::SwitchToLiveResponse Switch(int64_t tick) {
    wire::SwitchToLiveRequest request;
    if (tick != 0) request.set_target_boundary_time_ms(join_utc_ms_ + tick * 40);
    return Call(&Stub::SwitchToLive, request);
  }
  int64_t TickNow() const { return (NowUtcMs() - join_utc_ms_) / 40; }

  // The program from its first picture on; stretches of clips, none of them pad.
  std::vector<Stretch> StopAndJudge() {
    channel_.Stop();
    EXPECT_TRUE(viewer_->WaitForEnd(0));
    const Judged judged = Judge(WholeTicks(viewer_->Received(0)), format_);
    ExpectCleanStructure(judged);
    EXPECT_EQ(judged.content.complaints.count, 0);
    EXPECT_EQ(judged.content.sound_gaps, 0);
    std::vector<Stretch> stretches = judged.aired.stretches();
    while (!stretches.empty() && stretches.front().clip == Stretch::kPad) stretches.erase(stretches.begin());
    return stretches;
  }

  const ChannelFormat format_{.num = 25, .den = 1};
  TestChannel channel_{{"--orphan-grace", "20"}};
  std::unique_ptr<StreamViewer> viewer_;
  int64_t join_utc_ms_ = 0;
};

TEST_F(PlanChange, PutsAnotherPlanInForceWithoutAPadFrameAndNoneThatCannotBe) {
  Begin();
  std::vector<int64_t> asked;
  asked.push_back(TickNow());
  const std::string relative = PlanFile("relative.json", R"({"segments": [
      {"asset_uri": "pattern:clip=2", "segment_duration_ms": 30000},
      {"asset_uri": "pattern:clip=9", "segment_duration_ms": 30000}]})");
  const wire::UpdatePlanResponse updated = UpdatePlan(relative);
  EXPECT_TRUE(updated.success()) << updated.error_message();
  EXPECT_TRUE(UpdatePlan(relative).success()) << "the plan in force changes nothing";

  const std::vector<std::pair<std::string, std::string>> refused = {
      {"no-such-file.json", "no-such-file.json"},
      {PlanFile("torn.json", R"({"segments": [)"), "torn.json"},
      {PlanFile("typo.json", R"({"segmens": []})"), "segmens"},
      {PlanFile("short.json", R"({"segments": [{"asset_uri": "pattern:clip=3"}]})"),
       "segments[0].segment_duration_ms"},
      {PlanFile("gone.json", R"({"segments": [{"asset_uri": "gone.mp4", "segment_duration_ms": 9000}]})"),
       "gone.mp4"},
      {PlanFile("over.json", R"({"blocks": [{"block_id": "o", "start_utc_ms": 1000, "segments": [
           {"asset_uri": "pattern:clip=3", "segment_duration_ms": 9000}]}]})"),
       "over"},
      {PlanFile("format.json", R"({"program_format": {"video": {"width": 640, "height": 360,
           "frame_rate": "25/1"}, "audio": {"sample_rate": 48000, "channels": 2}},
           "segments": [{"asset_uri": "pattern:clip=3", "segment_duration_ms": 9000}]})"),
       "program_format"},
  };
  for (const auto& [handle, word] : refused) {
    const wire::UpdatePlanResponse response = UpdatePlan(handle);
    EXPECT_FALSE(response.success()) << handle;
    EXPECT_THAT(response.error_message(), HasSubstr(word));
  }

  // One of absolute times that has begun long ago: what is due now, on its tick.
  std::this_thread::sleep_for(500ms);
  asked.push_back(TickNow());
  const std::string absolute = PlanFile(
      "absolute.json", absl::StrCat(R"({"blocks": [{"block_id": "x", "start_utc_ms": )", join_utc_ms_,
                                    R"(, "segments": [{"asset_uri": "pattern:clip=4",)",
                                    R"( "segment_duration_ms": 100000}]}]})"));
  EXPECT_TRUE(UpdatePlan(absolute).success());
  std::this_thread::sleep_for(1s);

  // One whose asset does not come is in force in time all the same.
  asked.push_back(TickNow());
  EXPECT_TRUE(UpdatePlan(PlanFile("slow.json", R"({"segments": [
      {"asset_uri": "fault:hang_at=open:pattern:clip=5", "segment_duration_ms": 9000}]})"))
                  .success());
  std::this_thread::sleep_for(1s);

  const std::vector<Stretch> aired = StopAndJudge();
  ASSERT_EQ(aired.size(), 4u) << ::testing::PrintToString(aired);
  EXPECT_EQ(aired[0].clip, 1);
  EXPECT_EQ(aired[1].clip, 2);
  EXPECT_EQ(aired[1].picture, 0) << "a relative plan begins with its first picture";
  EXPECT_EQ(aired[2].clip, 4);
  EXPECT_EQ(aired[2].picture, aired[2].from) << "an absolute one with what is due";
  EXPECT_EQ(aired[3].clip, Stretch::kPad);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(aired[i + 1].from, aired[i].to) << "and none has a frame of pad in front";
    EXPECT_LE(aired[i + 1].from - asked[i], 500 / 40 + 2) << "within half a second";
  }
}

TEST_F(PlanChange, SwitchesToLiveOnTheTickAndBackToThePlanBehindIt) {
  // Its sound ends with its last picture.
  const Clip clip = ClipMaker(format_, channel_.folder()).Make(3, 60, "mov", "-c:a pcm_s16le");
  Begin();
  const wire::SwitchToLiveResponse nothing = Switch(0);
  EXPECT_EQ(nothing.result_code(), wire::RESULT_CODE_NOT_READY);
  EXPECT_THAT(nothing.error_message(), HasSubstr("LoadPreview"));

  // Fifty frames from frame 1000 on.
  const wire::LoadPreviewRequest fifty = PreviewRequest("pattern:clip=2", 1000, 50);
  for (int i = 0; i < 2; ++i) {  // the second time there is nothing to do
    const wire::LoadPreviewResponse loaded = Load(fifty);
    EXPECT_TRUE(loaded.success()) << loaded.error_message();
    EXPECT_TRUE(loaded.shadow_decode_started());
    EXPECT_EQ(loaded.result_code(), wire::RESULT_CODE_OK);
  }
  const wire::SwitchToLiveResponse past = Switch(20);
  EXPECT_EQ(past.result_code(), wire::RESULT_CODE_PROTOCOL_VIOLATION);
  EXPECT_THAT(past.violation_reason(), HasSubstr("target_boundary_time_ms"));

  const int64_t first = TickNow() + 40;
  for (int i = 0; i < 2; ++i) {  // and the same again is answered the same
    const wire::SwitchToLiveResponse switched = Switch(first);
    EXPECT_TRUE(switched.success()) << switched.error_message();
    EXPECT_EQ(switched.result_code(), wire::RESULT_CODE_OK);
    EXPECT_TRUE(switched.pts_contiguous());
    EXPECT_EQ(switched.live_start_pts(), static_cast<uint64_t>(format_.pts_origin + first * 3600));
    EXPECT_EQ(switched.switch_completion_time_ms(), join_utc_ms_ + first * 40);
  }
  EXPECT_EQ(Switch(first + 5).result_code(), wire::RESULT_CODE_REJECTED_BUSY) << "one is still to come";
  EXPECT_TRUE(Load(PreviewRequest(clip.path, 0, -1)).success()) << "but the next one can be prepared";

  // What cannot be played is said, and PREVIEW is as empty as it was.
  std::this_thread::sleep_for(std::chrono::milliseconds((first - TickNow()) * 40 + 3000));
  const int64_t second = TickNow() + 10;
  EXPECT_TRUE(Switch(second).success());
  const wire::LoadPreviewResponse gone = Load(PreviewRequest("/nonexistent.mp4", 0, -1));
  EXPECT_EQ(gone.result_code(), wire::RESULT_CODE_FAILED);
  EXPECT_THAT(gone.error_message(), HasSubstr("nonexistent"));
  // For longer than what was LIVE is remembered.
  std::this_thread::sleep_for(9s);
  EXPECT_EQ(Switch(0).result_code(), wire::RESULT_CODE_NOT_READY);

  const std::vector<Stretch> aired = StopAndJudge();
  ASSERT_EQ(aired.size(), 5u) << ::testing::PrintToString(aired);
  EXPECT_EQ(aired[1], (Stretch{.from = first, .to = first + 50, .clip = 2, .picture = 1000}));
  EXPECT_EQ(aired[2], (Stretch{.from = first + 50, .to = second, .clip = 1, .picture = first + 50}));
  EXPECT_EQ(aired[3], (Stretch{.from = second, .to = second + 60, .clip = 3, .picture = 0}));
  EXPECT_EQ(aired[4].clip, 1) << "behind its last picture the plan goes on";
  EXPECT_EQ(aired[4].picture, second + 60);
  EXPECT_EQ(aired[4].from, second + 60);
  EXPECT_GT(aired[4].to, second + 60 + 125);

  // And that is what the account says.
  absl::StatusOr<evidence::AsRun> as_run = ReadAsRun(channel_.runtime_dir(), "");
  for (int i = 0; i < 100 && as_run.ok() && as_run->state() == "on air";
       ++i) {  // it is written behind the answer
    std::this_thread::sleep_for(50ms);
    as_run = ReadAsRun(channel_.runtime_dir(), "");
  }
  ASSERT_TRUE(as_run.ok()) << as_run.status();
  std::vector<std::string> lines;
  for (const evidence::AsRunLine& line : as_run->lines()) {
    lines.push_back(absl::StrCat(line.what(), " ", (line.start_utc_ms() - join_utc_ms_) / 40, "..",
                                 (line.end_utc_ms() - join_utc_ms_) / 40, " from ", line.asset_start_frame(),
                                 " frames ", line.frames_aired(), " ", line.status(), line.reason()));
  }
  const auto line = [](const char* what, const Stretch& s, const char* status) {
    return absl::StrCat(what, " ", s.from, "..", s.to, " from ", s.picture, " frames ", s.to - s.from, " ",
                        status);
  };
  ASSERT_EQ(lines.size(), 5u) << AsRunTable(*as_run);
  lines.erase(lines.begin());  // how long it took to the first picture is its own affair
  EXPECT_EQ(lines[0], line("live", aired[1], "AIRED"));
  EXPECT_EQ(lines[1], line("segment", aired[2], "TRUNCATEDREPLACED"));
  EXPECT_EQ(lines[2], line("live", aired[3], "AIRED"));
  EXPECT_THAT(lines[3], HasSubstr(absl::StrCat("segment ", second + 60, "..")));
  EXPECT_THAT(lines[3], HasSubstr("TRUNCATEDSTOPPED"));
}

TEST_F(PlanChange, RefusesAPreviewThatContradictsItselfAndNamesTheField) {
  Begin();
  const std::vector<std::pair<const char*, std::function<void(wire::LoadPreviewRequest&)>>> spoilers = {
      {"fps_numerator", [](auto& r) { r.set_fps_numerator(0); }},
      {"fps_denominator", [](auto& r) { r.set_fps_denominator(-1); }},
      {"asset_path", [](auto& r) { r.clear_asset_path(); }},
      {"start_frame", [](auto& r) { r.set_start_frame(-1); }},
      {"frame_count", [](auto& r) { r.set_frame_count(-2); }},
      {"frame_count", [](auto& r) { r.set_frame_count(0); }},
      {"start_offset_ms", [](auto& r) { r.set_start_offset_ms(-1); }},
      {"hard_stop_time_ms", [](auto& r) { r.set_hard_stop_time_ms(1000); }},
  };
  for (const auto& [field, spoil] : spoilers) {
    wire::LoadPreviewRequest request = PreviewRequest("pattern:clip=2", 0, -1);
    spoil(request);
    const wire::LoadPreviewResponse response = Load(request);
    EXPECT_FALSE(response.success()) << field;
    EXPECT_EQ(response.result_code(), wire::RESULT_CODE_PROTOCOL_VIOLATION) << field;
    EXPECT_THAT(response.error_message(), HasSubstr(field));
  }
  EXPECT_EQ(Switch(0).result_code(), wire::RESULT_CODE_NOT_READY);
  wire::LoadPreviewRequest other = PreviewRequest("pattern:clip=2", 0, -1);
  other.set_channel_id(kTestChannelId + 1);
  EXPECT_EQ(Load(other).result_code(), wire::RESULT_CODE_REJECTED_BUSY);
}

TEST_F(PlanChange, SurvivesAKilledSupervisorWithPreviewLiveAndPlan) {
  Begin();
  EXPECT_TRUE(UpdatePlan(PlanFile("plan.json", R"({"segments": [
      {"asset_uri": "pattern:clip=2", "segment_duration_ms": 60000}]})"))
                  .success());
  wire::LoadPreviewRequest stopped = PreviewRequest("pattern:clip=3", 0, -1);
  const int64_t first = TickNow() + 75, stop = first + 50;
  stopped.set_start_offset_ms(2000);
  stopped.set_hard_stop_time_ms(join_utc_ms_ + stop * 40);
  EXPECT_TRUE(Load(stopped).success());
  channel_.KillSupervisor();
  channel_.StartSupervisor();
  // PREVIEW is where it was; the switch is, too, when the next one is killed.
  EXPECT_TRUE(Switch(first).success());
  channel_.KillSupervisor();
  channel_.StartSupervisor();
  EXPECT_EQ(Switch(first).live_start_pts(), static_cast<uint64_t>(format_.pts_origin + first * 3600));
  std::this_thread::sleep_for(std::chrono::milliseconds((stop - TickNow()) * 40 + 1000));

  const std::vector<Stretch> aired = StopAndJudge();
  ASSERT_EQ(aired.size(), 4u) << ::testing::PrintToString(aired);
  const int64_t began = aired[1].from;
  EXPECT_EQ(aired[1], (Stretch{.from = began, .to = first, .clip = 2, .picture = 0}));
  EXPECT_EQ(aired[2], (Stretch{.from = first, .to = stop, .clip = 3, .picture = 50}));
  EXPECT_EQ(aired[3].clip, 2);
  EXPECT_EQ(aired[3].picture, stop - began);
}

// 20,160 segments. They are put in force on the air and taken up by two further supervisors; each knows all of them.
TEST_F(PlanChange, PutsAWeekInForceThatOutlivesTheSupervisor) {
  constexpr int kBlocks = 10'080;
  constexpr int64_t kSegmentMs = 4000, kSegmentTicks = kSegmentMs / 40;
  std::string blocks;
  for (int i = 0; i < kBlocks; ++i) {
    absl::StrAppend(&blocks, i == 0 ? "" : ",", R"({"block_id": "w)", i, R"(", "segments": [)");
    for (const int clip : {2, 3}) {
      absl::StrAppend(&blocks, clip == 2 ? "" : ",", R"({"asset_uri": "pattern:clip=)", clip,
                      R"(", "segment_duration_ms": )", kSegmentMs, "}");
    }
    absl::StrAppend(&blocks, "]}");
  }
  const std::string week = PlanFile("week.json", absl::StrCat(R"({"blocks": [)", blocks, "]}"));
  Begin();
  const wire::UpdatePlanResponse updated = UpdatePlan(week);
  ASSERT_TRUE(updated.success()) << updated.error_message();
  for (int i = 0; i < 2; ++i) {
    std::this_thread::sleep_for(4s);
    channel_.KillSupervisor();
    channel_.StartSupervisor();
    EXPECT_TRUE(UpdatePlan(week).success()) << "it is in force: nothing changes";
    EXPECT_GT(channel_.Metrics().Value("air_lookahead_seconds").value_or(0),
              kBlocks * 2 * kSegmentMs / 1000 - 600);
  }
  std::this_thread::sleep_for(5s);

  const std::vector<Stretch> aired = StopAndJudge();
  ASSERT_GE(aired.size(), 4u) << ::testing::PrintToString(aired);
  EXPECT_EQ(aired[0].clip, 1);
  for (size_t i = 1; i < aired.size(); ++i) {
    EXPECT_EQ(aired[i].clip, i % 2 == 1 ? 2 : 3);
    EXPECT_EQ(aired[i].from, aired[i - 1].to);
    EXPECT_EQ(aired[i].picture, 0);
    const bool is_last = i + 1 == aired.size();
    EXPECT_TRUE(is_last || aired[i].to - aired[i].from == kSegmentTicks);
  }
}

}  // namespace
}  // namespace air::e2e

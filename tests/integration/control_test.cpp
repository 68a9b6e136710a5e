// What is refused, and that nothing on the air is harmed by it: bad calls against a running channel, and a second supervisor
// where there is one already.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "absl/strings/str_format.h"
#include "tests/support/test_channel.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr size_t kSomeBytes = 100'000;  // a second and more

// A port on which no process listens at this moment.
class Control : public ::testing::Test {
 protected:
  Control() : viewer_(StreamViewer::OnUnixSocket(channel_.Path("viewer.sock"))) {}

  // Two good blocks of the endless test picture; a start request made of them is accepted.
  Schedule GoodSchedule() {
    Schedule schedule(format_, NowUtcMs());
    schedule.AddBlock("a", {Pad(1500), ShowPattern(1, 3000)});
    schedule.AddBlock("b", {ShowPattern(2, 60'000)});
    return schedule;
  }
  wire::StartBlockPlanSessionRequest GoodRequest() { return TestChannel::StartRequest(GoodSchedule()); }

  template <class Request>
  void ExpectRefused(const Request& request, wire::BlockPlanResultCode code, const std::string& field) {
    const auto response = channel_.Start(request);
    EXPECT_FALSE(response.success()) << field;
    EXPECT_EQ(response.result_code(), code) << field << ": " << response.error_message();
    EXPECT_THAT(response.error_message(), HasSubstr(field));
  }
  void ExpectFeedRefused(const wire::BlockPlan& block, wire::BlockPlanResultCode code,
                         const std::string& field) {
    const wire::FeedBlockPlanResponse response = channel_.Feed(block);
    EXPECT_FALSE(response.success()) << field;
    EXPECT_EQ(response.result_code(), code) << field << ": " << response.error_message();
    EXPECT_EQ(response.queue_full(), code == wire::BLOCKPLAN_RESULT_QUEUE_FULL);
    EXPECT_THAT(response.error_message(), HasSubstr(field));
  }

  // What was refused has harmed nothing: a good session still starts and is seen.
  void ExpectStillStarts() {
    EXPECT_TRUE(channel_.Start(GoodRequest()).success());
    EXPECT_TRUE(viewer_->WaitForBytes(0, kSomeBytes));
  }

  static std::string Format(int width, int height, const std::string& rate, int sample_rate = 48'000,
                            int channels = 2) {
    return absl::StrFormat(R"({"video": {"width": %d, "height": %d, "frame_rate": "%s"}, )"
                           R"("audio": {"sample_rate": %d, "channels": %d}})",
                           width, height, rate, sample_rate, channels);
  }

  const ChannelFormat format_{.num = 25, .den = 1};
  TestChannel channel_;
  std::unique_ptr<StreamViewer> viewer_;
};

TEST_F(Control, RefusesToStartBlocksItCannotPlayAndSaysWhichFieldIsWrong) {
  ExpectRefused(GoodRequest(), wire::BLOCKPLAN_RESULT_STREAM_NOT_ATTACHED, "AttachStream");
  channel_.Attach(*viewer_);
  {
    wire::StartBlockPlanSessionRequest apart = GoodRequest();
    apart.mutable_block_b()->set_start_utc_ms(apart.block_b().start_utc_ms() + 1);
    ExpectRefused(apart, wire::BLOCKPLAN_RESULT_NOT_CONTIGUOUS, "block_b.start_utc_ms");
  }
  using Request = wire::StartBlockPlanSessionRequest;
  const auto segment = [](Request& r, int i) { return r.mutable_block_a()->mutable_segments(i); };
  const std::vector<std::pair<const char*, std::function<void(Request&)>>> spoilers = {
      {"block_a: block_id", [](Request& r) { r.clear_block_a(); }},
      {"block_b: block_id", [](Request& r) { r.clear_block_b(); }},
      {"channel_id", [](Request& r) { r.mutable_block_a()->set_channel_id(8); }},
      {"segments", [](Request& r) { r.mutable_block_b()->clear_segments(); }},
      {"segment_duration_ms", [&](Request& r) { segment(r, 1)->set_segment_duration_ms(2990); }},
      {"segments[0].segment_duration_ms", [&](Request& r) { segment(r, 0)->set_segment_duration_ms(0); }},
      {"segments[1].asset_start_offset_ms",
       [&](Request& r) { segment(r, 1)->set_asset_start_offset_ms(-1); }},
      {"segments[1].gain_db", [&](Request& r) { segment(r, 1)->set_gain_db(1000); }},
      {"end_utc_ms", [](Request& r) { r.mutable_block_b()->set_end_utc_ms(r.block_b().start_utc_ms()); }},
      {"join_utc_ms", [](Request& r) { r.set_join_utc_ms(-5); }},
      {"join_utc_ms", [](Request& r) { r.set_join_utc_ms(1); }},
      {"join_utc_ms", [](Request& r) { r.set_join_utc_ms(INT64_MAX); }},
      {"channel_id_str", [](Request& r) { r.set_channel_id_str(std::string(3'900'000, 'x')); }},
  };
  for (const auto& [field, spoil] : spoilers) {
    Request request = GoodRequest();
    spoil(request);
    ExpectRefused(request, wire::BLOCKPLAN_RESULT_INVALID_BLOCK, field);
  }
  ExpectStillStarts();
}

TEST_F(Control, RefusesAbsurdFormatsAndSaysWhichFieldIsWrong) {
  channel_.Attach(*viewer_);
  const std::string audio = R"("audio": {"sample_rate": 48000, "channels": 2})";
  const std::string video = R"("video": {"width": 320, "height": 180, "frame_rate": "25/1"})";
  const std::vector<std::pair<const char*, std::string>> formats = {
      {"program_format_json", ""},
      {"program_format_json", R"({"video": )"},
      {"video", "{" + audio + "}"},
      {"audio", "{" + video + "}"},
      {"video.width", Format(0, 180, "25/1")},
      {"video.width", Format(3, 180, "25/1")},
      {"video.width", Format(100'000, 180, "25/1")},
      {"video.height", Format(320, -180, "25/1")},
      {"video.frame_rate", Format(320, 180, "31/7")},
      {"video.frame_rate", Format(320, 180, "")},
      {"audio.sample_rate", Format(320, 180, "25/1", 12'345)},
      {"audio.channels", Format(320, 180, "25/1", 48'000, 9)},
      {"encoder.bitrate_kbps", "{" + video + ", " + audio + R"(, "encoder": {"bitrate_kbps": 1}})"},
  };
  for (const auto& [field, json] : formats) {
    wire::StartBlockPlanSessionRequest request = GoodRequest();
    request.set_program_format_json(json);
    ExpectRefused(request, wire::BLOCKPLAN_RESULT_INVALID_BLOCK, field);
  }
  wire::StartBlockPlanSessionRequest request = GoodRequest();
  request.set_program_format_json("{" + video + ", " + audio + R"(, "subtitles": {"language": "en"}})");
  EXPECT_TRUE(channel_.Start(request).success()) << "a key nobody knows is ignored";
  EXPECT_TRUE(viewer_->WaitForBytes(0, kSomeBytes));
}

TEST_F(Control, LetsNoRefusedCallTouchWhatIsOnTheAir) {
  channel_.Attach(*viewer_);
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(1500), ShowPattern(1, 3000)});
  schedule.AddBlock("b", {ShowPattern(2, 2500)});
  channel_.Begin(schedule);
  // So far ahead that their preparation does not begin, and they wait.
  const wire::BlockPlan d = [&] {
    Schedule later(format_, schedule.join_utc_ms() + 600'000);
    later.AddBlock("d", {ShowPattern(3, 1000)});
    later.AddBlock("e", {ShowPattern(4, 1000)});
    later.AddBlock("f", {ShowPattern(5, 1000)});
    EXPECT_TRUE(channel_.Feed(later.blocks()[0]).success());
    EXPECT_TRUE(channel_.Feed(later.blocks()[1]).success());
    ExpectFeedRefused(later.blocks()[2], wire::BLOCKPLAN_RESULT_QUEUE_FULL, "2");
    return later.blocks()[0];
  }();
  EXPECT_EQ(channel_.Feed(d).result_code(), wire::BLOCKPLAN_RESULT_OK) << "it is there already";
  wire::BlockPlan overlapping = d;
  overlapping.set_block_id("overlapping");
  ExpectFeedRefused(overlapping, wire::BLOCKPLAN_RESULT_NOT_CONTIGUOUS, "start_utc_ms");
  ExpectFeedRefused(wire::BlockPlan(), wire::BLOCKPLAN_RESULT_INVALID_BLOCK, "block_id");
  ExpectRefused(GoodRequest(), wire::BLOCKPLAN_RESULT_ALREADY_ACTIVE, "7");

  wire::FeedBlockPlanRequest feed;
  feed.set_channel_id(8);
  *feed.mutable_block() = d;
  grpc::ClientContext context;
  wire::FeedBlockPlanResponse fed;
  EXPECT_TRUE(channel_.stub().FeedBlockPlan(&context, feed, &fed).ok());
  EXPECT_EQ(fed.result_code(), wire::BLOCKPLAN_RESULT_NO_SESSION);

  wire::AttachStreamRequest attach;
  attach.set_channel_id(kTestChannelId);
  attach.set_replace_existing(true);
  attach.set_endpoint(viewer_->endpoint());
  EXPECT_THAT(channel_.Attach(attach).error_message(), HasSubstr("transport"));
  attach.set_transport(wire::STREAM_TRANSPORT_TCP_LOOPBACK);
  EXPECT_THAT(channel_.Attach(attach).error_message(), HasSubstr("endpoint"));
  attach.set_endpoint("192.0.2.1:9000");
  EXPECT_THAT(channel_.Attach(attach).error_message(), HasSubstr("endpoint"));
  attach.set_transport(wire::STREAM_TRANSPORT_UNIX_DOMAIN_SOCKET);
  attach.set_endpoint(channel_.Path("nobody-listens.sock"));
  EXPECT_THAT(channel_.Attach(attach).error_message(), HasSubstr("nobody-listens.sock"));
  attach.set_channel_id(8);
  EXPECT_THAT(channel_.Attach(attach).error_message(), HasSubstr("channel_id"));
  wire::StopBlockPlanSessionRequest stop;
  stop.set_channel_id(8);
  grpc::ClientContext stop_context;
  wire::StopBlockPlanSessionResponse stopped;
  EXPECT_TRUE(channel_.stub().StopBlockPlanSession(&stop_context, stop, &stopped).ok());
  EXPECT_FALSE(stopped.success());

  ASSERT_TRUE(channel_.events().WaitFor("completed b"));
  channel_.Stop();
  ASSERT_TRUE(viewer_->WaitForEnd(0));
  const Judged judged = Judge(WholeTicks(viewer_->Received(0)), format_);
  ExpectCleanStructure(judged);
  ExpectAired(judged, schedule.expected());
  ExpectSoundInPlace(judged);
}

TEST_F(Control, EndsTheSessionInOrderWhenItIsTerminated) {
  channel_.Attach(*viewer_);
  channel_.Begin(GoodSchedule());
  ASSERT_TRUE(viewer_->WaitForBytes(0, kSomeBytes));
  channel_.supervisor().Signal(SIGTERM);
  EXPECT_TRUE(channel_.events().WaitFor("ended stopped"));
  EXPECT_TRUE(viewer_->WaitForEnd(0));
  EXPECT_EQ(channel_.supervisor().WaitForEnd(10s), 0);
  channel_.ExpectNothingLeft(0ms);
}

TEST_F(Control, StartsUnderAnotherName) {
  const std::string name = channel_.Path("retrovue_air");
  ASSERT_EQ(symlink(Built("air-supervisor").c_str(), name.c_str()), 0);
  TestChannel renamed({"--port", std::to_string(FreePort())}, name);
  renamed.Attach(*viewer_);
  EXPECT_TRUE(renamed.Start(GoodRequest()).success());
  EXPECT_TRUE(viewer_->WaitForBytes(0, kSomeBytes));
}

TEST_F(Control, AnswersWithoutASession) {
  const wire::StopBlockPlanSessionResponse stopped = channel_.Stop();
  EXPECT_TRUE(stopped.success());
  EXPECT_EQ(stopped.final_ct_ms(), 0);
  EXPECT_EQ(stopped.blocks_executed(), 0);
  EXPECT_TRUE(channel_.Detach().success());
  ExpectFeedRefused(GoodSchedule().blocks()[0], wire::BLOCKPLAN_RESULT_NO_SESSION, "7");
  channel_.Subscribe();
  ASSERT_TRUE(channel_.events().WaitForEnd());
  EXPECT_EQ(channel_.events().code(), grpc::StatusCode::NOT_FOUND);

  grpc::ClientContext context;
  wire::ApiVersion version;
  EXPECT_TRUE(channel_.stub().GetVersion(&context, {}, &version).ok());
  EXPECT_EQ(version.version(), "1.0.0");
}

TEST_F(Control, ShowsItsMetricsBeforeDuringAndAfterASession) {
  const auto expect_state = [&](const std::string& state) {
    MetricsPage page;
    for (int i = 0; i < 100 && ChannelState(page = channel_.Metrics()) != state; ++i)
      std::this_thread::sleep_for(50ms);
    EXPECT_EQ(ChannelState(page), state);
    for (const char* name : {"retrovue_playout_channel_state", "retrovue_playout_frame_gap_seconds",
                             "retrovue_playout_buffer_depth_frames"}) {
      EXPECT_TRUE(page.Value(name).has_value()) << name << " while " << state;
    }
  };
  expect_state("stopped");
  channel_.Attach(*viewer_);
  EXPECT_TRUE(channel_.Start(GoodRequest()).success());
  expect_state("ready");
  channel_.Stop();
  expect_state("stopped");
}

TEST_F(Control, RefusesASecondSupervisorInTheSameFolderOrOnTheSamePort) {
  const std::string log = channel_.Path("second.log"), port = std::to_string(FreePort());
  const Finished same_folder =
      RunProgram({Built("air-supervisor"), "--port", port, "--runtime-dir", channel_.runtime_dir()}, log);
  EXPECT_EQ(same_folder.status, 1);
  EXPECT_THAT(same_folder.output, AllOf(HasSubstr("--runtime-dir"), HasSubstr(channel_.runtime_dir())));

  {
    TestChannel other({"--port", port});
    const Finished same_port =
        RunProgram({Built("air-supervisor"), "--port", port, "--runtime-dir", channel_.Path("third")}, log);
    EXPECT_EQ(same_port.status, 1);
    EXPECT_THAT(same_port.output, HasSubstr("127.0.0.1:" + port));
  }
  // The first one is as it was.
  channel_.Attach(*viewer_);
  ExpectStillStarts();
}

}  // namespace
}  // namespace air::e2e

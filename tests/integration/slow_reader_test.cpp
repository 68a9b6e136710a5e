// Viewers that stop reading for a while, for good, or vanish while stalled. What they miss is whole ticks up
// to the next IDR picture, announced; what they get before and after is without a fault; and the channel does
// not notice. What the viewer that vanishes from a good connection does is in attach_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "absl/strings/str_replace.h"
#include "tests/support/test_channel.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;
using analyser::Rule;

constexpr int64_t kReadingMs = 4000;  // between two pauses
constexpr int64_t kMostBehindMs = 2000;
constexpr int kDeclarations = 5;  // of a rejoin, one for each PID

// Looks at the metrics of a channel again and again: no counter ever goes back.
class CounterWatch {
 public:
  explicit CounterWatch(const TestChannel& channel) : thread_([this, &channel] { Run(channel); }) {}
  ~CounterWatch() {
    over_ = true;
    thread_.join();
  }

 private:
  void Run(const TestChannel& channel) {
    std::map<std::string, double> highest;
    for (; !over_; std::this_thread::sleep_for(200ms)) {
      const MetricsPage page = channel.Metrics();
      for (const char* name :
           {"air_program_frames_total", "air_content_frames_total", "air_pad_frames_total",
            "air_late_ticks_total", "air_discontinuities_total", "air_stage_restarts_total",
            "air_sink_ticks_total", "air_sink_sent_bytes_total", "air_sink_dropped_packets_total",
            "air_sink_rejoins_total"}) {
        for (const MetricSample& sample : page.Named(name)) {
          std::string key = sample.name;
          for (const auto& [label, value] : sample.labels) key += " " + value;
          EXPECT_GE(sample.value, highest[key]) << key;
          highest[key] = std::max(highest[key], sample.value);
        }
      }
    }
  }

  std::atomic<bool> over_{false};
  std::thread thread_;
};

// What must not move while a viewer misbehaves.
struct Health {
  double overruns = 0, discontinuities = 0, restarts = 0, late_pad = 0;
  bool operator==(const Health&) const = default;
};

class SlowReader : public ::testing::Test {
 protected:
  static constexpr ChannelFormat kFormat{
      .num = 25, .den = 1, .width = 640, .height = 360, .video_kbps = 8000};

  // 8 Mbit/s of noise with a counter in it: a pause is soon more than a pipe holds.
  static void SetUpTestSuite() {
    folder_ = new TestFolder;
    clip_ = ClipMaker(kFormat, folder_->path())
                .Make(1, 35 * 25, "mp4", "-vf noise=alls=40:allf=t -preset ultrafast");
  }
  static void TearDownTestSuite() { delete folder_; }

  void SetUp() override {
    viewer_ = StreamViewer::OnUnixSocket(channel_.Path("viewer.sock"));
    witness_ = StreamViewer::OnUnixSocket(channel_.Path("witness.sock"));
    channel_.Attach(*viewer_);
    wire::AttachStreamRequest small;
    small.set_channel_id(kTestChannelId);
    small.set_transport(witness_->transport());
    small.set_endpoint(witness_->endpoint());
    small.set_output_json(R"({"encoder": {"bitrate_kbps": 1000}})");
    EXPECT_TRUE(channel_.Attach(small).success());
    schedule_.emplace(format_, NowUtcMs());
    schedule_->AddBlock("a", {Pad(1500), Show(clip_, 35'000)});
    schedule_->AddBlock("b", {ShowPattern(2, 60'000)});
    wire::StartBlockPlanSessionRequest request = TestChannel::StartRequest(*schedule_);
    // Bits are wanted, not quality, and a machine that has much else to do must be able to code them.
    request.set_program_format_json(absl::StrReplaceAll(
        request.program_format_json(), {{R"("encoder": {)", R"("encoder": {"preset": "ultrafast", )"}}));
    channel_.Begin(request);
    watch_.emplace(channel_);
    channel_.SleepUntil(kReadingMs);
  }

  Health LookAtTheChannel() {
    const MetricsPage page = channel_.Metrics();
    return {.overruns = page.Sum("air_program_overruns_total").value_or(-1),
            .discontinuities = page.Sum("air_discontinuities_total").value_or(-1),
            .restarts = page.Sum("air_stage_restarts_total").value_or(0),
            .late_pad = page.Value("air_pad_frames_total", {{"cause", "LATE"}}).value_or(-1)};
  }
  double Frames() { return channel_.Metrics().Value("air_program_frames_total").value_or(-1); }

  wire::StopBlockPlanSessionResponse Stop() {
    watch_.reset();  // counters are a session's
    return channel_.Stop();
  }
  // The other viewer has seen the whole programme.
  void ExpectWitnessUntouched() {
    ASSERT_TRUE(witness_->WaitForEnd(0));
    EXPECT_THAT(ExpectOnlyHoles(witness_->Received(0)), ::testing::IsEmpty())
        << "the other viewer has felt it";
  }
  double Rejoins() {
    return channel_.Metrics()
        .Value("air_sink_rejoins_total", {{"endpoint", "unix:" + viewer_->endpoint()}})
        .value_or(-1);
  }

  // The viewer stands still for so long; the channel goes on meanwhile. Returns the tick on the air when it
  // reads on.
  int64_t Pause(int64_t ms) {
    const double frames = Frames();
    viewer_->StopReading(0);
    std::this_thread::sleep_for(std::chrono::milliseconds(ms));
    const double now = Frames();
    viewer_->ReadOn(0);
    EXPECT_GE(now - frames, static_cast<double>(format_.TickAt(ms - 500)))
        << "the channel has waited for its viewer";
    return static_cast<int64_t>(now);
  }

  // The whole capture: no fault but declared holes; every picture in its place. Returns the ticks behind each
  // hole.
  std::vector<int64_t> ExpectOnlyHoles(const std::vector<uint8_t>& stream) {
    const Judged judged = Judge(WholeTicks(stream), format_);
    EXPECT_TRUE(judged.structure.Clean({Rule::kDiscontinuity})) << analyser::DescribeTs(judged.structure, {});
    EXPECT_EQ(judged.content.complaints.count, 0) << analyser::DescribeContent(judged.content);
    std::vector<int64_t> behind;
    const std::vector<Stretch>& stretches = judged.aired.stretches();
    for (size_t i = 1; i < stretches.size(); ++i) {
      if (stretches[i].from != stretches[i - 1].to) behind.push_back(stretches[i].from);
    }
    const auto holes = static_cast<int64_t>(behind.size());
    EXPECT_EQ(judged.structure.time_bases, 1 + holes);
    EXPECT_EQ(judged.structure.findings.Count(Rule::kDiscontinuity), kDeclarations * holes);
    EXPECT_LE(judged.content.sound_gaps, holes);
    const Losses losses = LossesOf(judged.aired, schedule_->expected());
    EXPECT_EQ(losses.wrong, std::vector<std::string>());
    const int64_t missing = judged.aired.end_tick() - judged.aired.first_tick() - judged.content.pictures;
    EXPECT_EQ(losses.pad, missing) << "pictures were pad that should not have been";
    std::printf("%d holes, %d pictures dropped, %.1f Mbit/s\n", static_cast<int>(holes),
                static_cast<int>(missing), judged.structure.kbit_s / 1000);
    return behind;
  }

  const ChannelFormat format_ = kFormat;
  TestChannel channel_;
  std::unique_ptr<StreamViewer> viewer_, witness_;
  std::optional<Schedule> schedule_;
  std::optional<CounterWatch> watch_;
  static inline TestFolder* folder_ = nullptr;
  static inline Clip clip_;
};

TEST_F(SlowReader, LosesNothingInASecondAndWholePicturesUpToTheNextIdrInTen) {
  const Health before = LookAtTheChannel();
  Pause(1000);
  std::this_thread::sleep_for(std::chrono::milliseconds(kReadingMs));
  const size_t after_one = viewer_->Received(0).size();
  Pause(3000);
  std::this_thread::sleep_for(std::chrono::milliseconds(kReadingMs));
  const int64_t resumed = Pause(10'000);
  std::this_thread::sleep_for(std::chrono::milliseconds(kReadingMs));
  EXPECT_EQ(LookAtTheChannel(), before) << "the channel has felt its viewer";
  const double rejoins = Rejoins();
  Stop();
  ASSERT_TRUE(viewer_->WaitForEnd(0));

  std::vector<uint8_t> stream = viewer_->Received(0);
  const std::vector<int64_t> behind = ExpectOnlyHoles(stream);
  ASSERT_FALSE(behind.empty()) << "ten seconds fit into the pipe: this test tests nothing";
  EXPECT_EQ(rejoins, static_cast<double>(behind.size()));
  EXPECT_GE(behind.back(), resumed - format_.TickAt(kMostBehindMs)) << "it was led back to the past";
  stream.resize(after_one);
  EXPECT_THAT(ExpectOnlyHoles(stream), ::testing::IsEmpty()) << "a second's pause has cost something";
  ExpectWitnessUntouched();
}

TEST_F(SlowReader, ThatVanishesWhileItIsStalledLeavesTheChannelAloneAndTheNextViewerIsServedAtOnce) {
  const Health before = LookAtTheChannel();
  Pause(5000);
  viewer_->StopReading(0);
  std::this_thread::sleep_for(3s);
  viewer_->HangUp(0);
  EXPECT_EQ(channel_.AwaitMetric("air_sinks", [](double sinks) { return sinks == 1; }), 1);

  const auto next = StreamViewer::OnUnixSocket(channel_.Path("next.sock"));
  const double frames = Frames();
  channel_.Attach(*next);
  ASSERT_TRUE(next->WaitForBytes(0, 2'000'000));
  EXPECT_EQ(LookAtTheChannel(), before) << "the channel has felt its viewer";
  Stop();
  ASSERT_TRUE(next->WaitForEnd(0));
  EXPECT_THAT(ExpectOnlyHoles(next->Received(0)), ::testing::IsEmpty());
  const Program aired = Judge(WholeTicks(next->Received(0)), format_).aired;
  EXPECT_LE(aired.first_tick(), static_cast<int64_t>(frames) + format_.TickAt(500)) << "it had to wait";
  ExpectWitnessUntouched();
}

TEST_F(SlowReader, ThatNeverReadsAgainDoesNotKeepTheSessionFromEndingNorAnotherViewerFromTakingItsPlace) {
  const Health before = LookAtTheChannel();
  viewer_->StopReading(0);
  std::this_thread::sleep_for(8s);
  const auto next = StreamViewer::OnUnixSocket(channel_.Path("next.sock"));
  channel_.Attach(*next, true);
  ASSERT_TRUE(next->WaitForBytes(0, 1'000'000));
  next->StopReading(0);
  std::this_thread::sleep_for(6s);
  EXPECT_EQ(LookAtTheChannel(), before) << "the channel has felt its viewer";
  const wire::StopBlockPlanSessionResponse stopped = Stop();
  EXPECT_TRUE(stopped.success());
}

}  // namespace
}  // namespace air::e2e

// A sink from pictures and sound to the packets of its journal, judged by the stream analyser, which shares
// no code with it; with encoders that die.
#include "stages/encoder/sink/mpegts_output_sink.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "tests/support/ts_analyser.h"
#include "tests/unit/sink_rig.h"

namespace air {
namespace {

MpegTSOutputSink::Config ConfigFor(FrameRate rate) {
  return {.mux = {.house = {.width = 192, .height = 108, .rate = rate}, .pts_origin_90k = 900'000},
          .encoder = {.bitrate_kbps = 400, .preset = "ultrafast", .threads = 1}};
}

// Everything the analyser knows of a variable-rate stream.
void ExpectClean(const std::vector<uint8_t>& stream, FrameRate rate, const std::string& what) {
  const analyser::TsReport report = analyser::AnalyseTs(
      stream, {.rate_num = rate.num, .rate_den = rate.den, .max_delay_ms = 310, .t_std = true});
  EXPECT_TRUE(report.Clean()) << what << "\n" << analyser::DescribeTs(report, {});
}

// The same stream at a constant rate, with the picture rate that it leaves.
MpegTSOutputSink::Config ConstantRateConfigFor(FrameRate rate, uint32_t kbps) {
  MpegTSOutputSink::Config config = ConfigFor(rate);
  StreamSettings stream{.sound_kbps = config.sound_kbps, .vbv_ms = config.encoder.vbv_ms, .rate_kbps = kbps};
  stream.video_kbps = MostVideoKbps(HouseTime(config.mux.house), stream);
  config.encoder.bitrate_kbps = stream.video_kbps;
  config.mux.rate_kbps = config.encoder.rate_kbps = kbps;
  config.mux.delay_90k = StreamDelay90k(stream);
  return config;
}

constexpr JournalGeometry kWithBacklog{
    .packet_capacity = 32768, .checkpoint_slots = 64, .backlog_capacity = 8192};

void ExpectCleanConstantRate(const std::vector<uint8_t>& stream, FrameRate rate, uint32_t kbps) {
  const analyser::TsReport report = analyser::AnalyseTs(stream, {.rate_num = rate.num,
                                                                 .rate_den = rate.den,
                                                                 .max_delay_ms = 600,
                                                                 .constant_bps = int64_t{kbps} * 1000,
                                                                 .t_std = true});
  EXPECT_TRUE(report.Clean()) << ToString(rate) << " at " << kbps << "\n" << analyser::DescribeTs(report, {});
}

bool DiesAtRandom(Tick n) { return MadeUpProgram::Hash(static_cast<uint32_t>(n.value())) % 40 == 0; }

// AIR_TEST_TICKS=50000 runs them for longer.
int64_t TicksToRun() {
  const char* text = std::getenv("AIR_TEST_TICKS");
  return text != nullptr ? std::atoll(text) : 400;
}

class SinkAtEveryHouseRate : public ::testing::TestWithParam<FrameRate> {};

TEST_P(SinkAtEveryHouseRate, MakesALegalStreamWhoeverDies) {
  SinkRig rig(ConfigFor(GetParam()), Tick(0));
  rig.Run(TicksToRun(), DiesAtRandom);
  ExpectClean(rig.stream(), GetParam(), ToString(GetParam()));
}

TEST(MpegTSOutputSink, BeginsAnywhereInTheSession) {
  for (int64_t first : {1, 13, 999'999, 1'000'000'000}) {
    const FrameRate rate{30000, 1001};
    SinkRig rig(ConfigFor(rate), Tick(first));
    rig.Run(120);
    ExpectClean(rig.stream(), rate, "from tick " + std::to_string(first));
  }
}

TEST(MpegTSOutputSink, ASuccessorWithOtherParameterSetsIsRefusedBeforeItCommitsAnything) {
  SinkRig rig(ConfigFor({25, 1}));
  rig.Run(30);
  rig.Kill();
  const uint64_t committed = rig.reader().CommittedTicks();
  MpegTSOutputSink::Config other = ConfigFor({25, 1});
  other.encoder.preset = "medium";  // other tools, so other parameter sets
  rig.set_config(other);
  ASSERT_TRUE(rig.Open().ok());
  const absl::Status status = rig.Consume();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_NE(std::string(status.message()).find("SPS and PPS"), std::string::npos) << status;
  EXPECT_EQ(rig.reader().CommittedTicks(), committed);

  rig.Kill();
  rig.set_config(ConfigFor({25, 1}));
  rig.Run(30);
  ExpectClean(rig.stream(), {25, 1}, "behind the refused one");
}

TEST(MpegTSOutputSink, GoesOnBehindADeclaredJumpWithSoundOnItsGrid) {
  SinkRig rig(ConfigFor({25, 1}));
  rig.Run(50);
  rig.SkipTo(Tick(1000));
  ASSERT_TRUE(rig.Consume(true).ok());
  rig.Run(50, [](Tick n) { return n == Tick(1003); });
  const auto newest = rig.reader().Newest();
  EXPECT_EQ(newest->record.checkpoint.first_tick, 1000);
  // What has left is what has to: up to the lead before the PCR of the next tick, and everything that there
  // was before it fell due.
  EXPECT_NEAR(static_cast<double>(newest->record.checkpoint.next_audio_frame),
              (1051 * 3600 - 27'000 + 9'500) / 1920.0 + 1, 1.5);
}

TEST_P(SinkAtEveryHouseRate, HoldsAConstantRateWhoeverDies) {
  const FrameRate rate = GetParam();
  for (uint32_t kbps : {LeastRateKbps(HouseTime(ConfigFor(rate).mux.house), {}), 1'700u, 3'001u}) {
    SinkRig rig(ConstantRateConfigFor(rate, kbps), Tick(0), kWithBacklog);
    uint64_t late = 0, deepest = 0;
    for (int64_t i = 0; i < TicksToRun() * 3 / 4; ++i) {
      rig.Run(1, DiesAtRandom);
      if (HasFatalFailure()) return;
      late += rig.sink().facts().late_pictures;
      deepest = std::max(deepest, rig.sink().facts().backlog);
    }
    EXPECT_EQ(late, 0u) << ToString(rate) << " at " << kbps;
    EXPECT_GT(deepest, 5u) << "without a backlog this proves nothing: " << ToString(rate) << " at " << kbps;
    ExpectCleanConstantRate(rig.stream(), rate, kbps);
  }
}

INSTANTIATE_TEST_SUITE_P(All, SinkAtEveryHouseRate, ::testing::ValuesIn(kHouseRates), [](const auto& rate) {
  return "At" + std::to_string(rate.param.num) + "Over" + std::to_string(rate.param.den);
});

}  // namespace
}  // namespace air

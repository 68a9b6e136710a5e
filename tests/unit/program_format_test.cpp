// program_format_json and output_json: what is read, what is filled in, what is refused and in which words.
#include "plans/program_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace air {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string Format(const std::string& rest, const std::string& rate = "25/1") {
  return R"({"video": {"width": 1280, "height": 720, "frame_rate": ")" + rate +
         R"("}, "audio": {"sample_rate": 48000, "channels": 2})" + (rest.empty() ? "" : ", " + rest) + "}";
}

SessionFormat Read(const std::string& rest) {
  const absl::StatusOr<SessionFormat> format = ParseProgramFormat(Format(rest));
  EXPECT_TRUE(format.ok()) << format.status();
  return format.ok() ? *format : SessionFormat{};
}

TEST(ProgramFormat, FillsInWhatIsNotSaid) {
  const SessionFormat format = Read("");
  EXPECT_EQ(format.sink.stream.video_kbps, 2995u);
  EXPECT_EQ(format.sink.stream.sound_kbps, 160u);
  EXPECT_EQ(format.sink.stream.vbv_ms, 270u);
  EXPECT_EQ(format.sink.stream.gop_seconds, 1.0);
  EXPECT_EQ(format.sink.preset, "veryfast");
  EXPECT_EQ(format.sink.delay_ms, 0u);
  EXPECT_EQ(format.sink.service_name, "AIR");
  EXPECT_EQ(format.pts_origin, 900'000);
}

TEST(ProgramFormat, ReadsEveryKey) {
  const SessionFormat format = Read(
      R"("encoder": {"codec": "h264", "preset": "fast", "bitrate_kbps": 4000, "gop_seconds": 0.5, "threads": 1,
                     "bframes": 0, "vbv_ms": 500, "audio_bitrate_kbps": 128},
         "mux": {"delay_ms": 700, "rate_kbps": 0, "service_name": "One", "pts_origin": 8589934591})");
  EXPECT_EQ(format.sink.preset, "fast");
  EXPECT_EQ(format.sink.stream.video_kbps, 4000u);
  EXPECT_EQ(format.sink.stream.gop_seconds, 0.5);
  EXPECT_EQ(format.sink.threads, 1u);
  EXPECT_EQ(format.sink.stream.vbv_ms, 500u);
  EXPECT_EQ(format.sink.stream.sound_kbps, 128u);
  EXPECT_EQ(format.sink.delay_ms, 700u);
  EXPECT_EQ(format.sink.service_name, "One");
  EXPECT_EQ(format.pts_origin, 8'589'934'591);
}

TEST(ProgramFormat, IgnoresKeysItDoesNotKnow) {
  Read(R"("subtitles": {"language": "en"}, "encoder": {"tune": "film"}, "mux": {"eit": true})");
}

TEST(ProgramFormat, RefusesWhatItCannotDoByNameAndSaysWhatToGive) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {R"("encoder": {"codec": "hevc"})", "encoder.codec: \"hevc\" is not available; give \"h264\""},
      {R"("encoder": {"preset": "placebo"})", "encoder.preset: \"placebo\"; give ultrafast, superfast"},
      {R"("encoder": {"bitrate_kbps": 99})", "encoder.bitrate_kbps: 99; give 100 to 50000"},
      {R"("encoder": {"bitrate_kbps": 50001})", "encoder.bitrate_kbps: 50001; give 100 to 50000"},
      {R"("encoder": {"bitrate_kbps": -1})", "encoder.bitrate_kbps: -1; give"},
      {R"("encoder": {"gop_seconds": 2.5})", "encoder.gop_seconds: 2.5; give 0.2 to 2"},
      {R"("encoder": {"gop_seconds": "NaN"})", "encoder.gop_seconds: nan; give 0.2 to 2"},
      {R"("encoder": {"threads": -1})",
       "encoder.threads: -1; give 0 to 64, where 0 leaves it to the encoder"},
      {R"("encoder": {"bframes": 2})", "encoder.bframes: pictures are never reordered"},
      {R"("encoder": {"vbv_ms": 50})", "encoder.vbv_ms: 50; give 100 to 800"},
      {R"("encoder": {"audio_bitrate_kbps": 500})", "encoder.audio_bitrate_kbps: 500; give 64 to 320"},
      {R"("mux": {"delay_ms": 2001})", "mux.delay_ms: 2001; give 0 to 2000"},
      {R"("mux": {"delay_ms": -1})", "mux.delay_ms: -1; give 0 to 2000"},
      {R"("mux": {"service_name": ""})", "mux.service_name: 0 bytes; give 1 to 64"},
      {R"("mux": {"service_name": "One\nTwo"})", "mux.service_name: it has control characters"},
      {R"("mux": {"pts_origin": 8589934592})", "mux.pts_origin: 8589934592; give 0 to 8589934591"},
      {R"("encoder": {"vbv_ms": "much"})", "vbv_ms"},
      {R"("encoder": {"bitrate_kbps": 99999999999})", "bitrate_kbps"},
      {R"("encoder": 7)", "encoder"},
  };
  for (const auto& [rest, words] : wrong) {
    const absl::Status status = ParseProgramFormat(Format(rest)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << rest;
    EXPECT_THAT(std::string(status.message()), AllOf(StartsWith("program_format_json: "), HasSubstr(words)));
  }
}

TEST(ProgramFormat, GivesThePictureWhatAConstantRateLeaves) {
  const SessionFormat format = Read(R"("mux": {"rate_kbps": 4000})");
  EXPECT_EQ(format.sink.stream.rate_kbps, 4000u);
  EXPECT_GT(format.sink.stream.video_kbps, 3400u);
  EXPECT_LT(format.sink.stream.video_kbps, 3700u);
  const std::string most = std::to_string(format.sink.stream.video_kbps);
  EXPECT_EQ(
      Read(R"("mux": {"rate_kbps": 4000}, "encoder": {"bitrate_kbps": )" + most + "}").sink.stream.video_kbps,
      format.sink.stream.video_kbps);
  const absl::Status one_more =
      ParseProgramFormat(Format(R"("mux": {"rate_kbps": 4000}, "encoder": {"bitrate_kbps": )" +
                                std::to_string(format.sink.stream.video_kbps + 1) + "}"))
          .status();
  EXPECT_THAT(std::string(one_more.message()),
              AllOf(StartsWith("program_format_json: encoder.bitrate_kbps: "),
                    HasSubstr("does not fit mux.rate_kbps 4000"), HasSubstr("give at most " + most)));
}

TEST(ProgramFormat, RefusesAConstantRateThatHoldsNoPictureAndNamesTheLeast) {
  for (const char* rate : {"24/1", "30000/1001", "60/1"}) {
    const auto parse = [&](int64_t kbps) {
      return ParseProgramFormat(Format(R"("mux": {"rate_kbps": )" + std::to_string(kbps) + "}", rate));
    };
    const std::string message(parse(10).status().message());
    int least = 0, most = 0;
    ASSERT_EQ(
        std::sscanf(message.c_str(), "program_format_json: mux.rate_kbps: 10; give %d to %d", &least, &most),
        2)
        << message;
    EXPECT_FALSE(parse(least - 1).ok());
    EXPECT_FALSE(parse(most + 1).ok());
    EXPECT_FALSE(parse(-4000).ok());
    ASSERT_TRUE(parse(least).ok());
    EXPECT_GE(parse(least)->sink.stream.video_kbps, 100u);
    EXPECT_TRUE(parse(most).ok());
  }
}

TEST(ProgramFormat, AStreamsOwnSettingsReplaceThoseOfTheSessionOneByOne) {
  const absl::StatusOr<SessionFormat> format =
      ParseProgramFormat(Format(R"("encoder": {"preset": "fast", "vbv_ms": 400})"),
                         R"({"encoder": {"vbv_ms": 200}, "mux": {"delay_ms": 100}})");
  ASSERT_TRUE(format.ok()) << format.status();
  EXPECT_EQ(format->sink.preset, "fast");
  EXPECT_EQ(format->sink.stream.vbv_ms, 200u);
  EXPECT_EQ(format->sink.delay_ms, 100u);
  EXPECT_THAT(
      std::string(ParseProgramFormat(Format(""), R"({"mux": {"delay_ms": 9999}})").status().message()),
      StartsWith("output_json: mux.delay_ms: 9999; give"));
}

}  // namespace
}  // namespace air

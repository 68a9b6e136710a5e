#include "supervisor/program_format.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "protos/program_format.pb.h"
#include "shm/house_time.h"

namespace air {
namespace {

// Ten seconds before zero is as far as a decoder's priming and the buffer delay ever reach below tick 0.
constexpr int64_t kDefaultPtsOrigin = 10 * kPtsHz;
constexpr std::array<const char*, 6> kPresets = {"ultrafast", "superfast", "veryfast",
                                                 "faster",    "fast",      "medium"};

absl::Status Refuse(const std::string& text) {
  return absl::InvalidArgumentError(absl::StrCat("program_format_json: ", text));
}

absl::Status Wrong(const std::string& text) { return absl::InvalidArgumentError(text); }

absl::Status RefuseOutput(const absl::Status& why) {
  return absl::InvalidArgumentError(absl::StrCat("output_json: ", why.message()));
}

// A tenth of a bit per pixel and frame at 25 fps, the usual broadcast allotment for H.264 at this speed.
uint32_t DefaultBitrateKbps(const HouseFormat& house) {
  const double pixels_per_second = double(house.LumaBytes()) * house.rate.num / house.rate.den;
  return static_cast<uint32_t>(std::clamp(pixels_per_second * 0.13 / 1000, 400.0, 20'000.0));
}

// Errors without the name of the document: the caller knows which one it was.
absl::Status ReadSink(const ProgramFormat& format, SessionFormat& result) {
  const ProgramFormat::Encoder& encoder = format.encoder();
  const ProgramFormat::Mux& mux = format.mux();
  SinkSettings& sink = result.sink;
  if (encoder.has_codec() && encoder.codec() != "h264") {
    return Wrong(absl::StrCat("encoder.codec: \"", encoder.codec(), "\" is not available; give \"h264\""));
  }
  if (encoder.bframes() != 0) {
    return Wrong(
        "encoder.bframes: pictures are never reordered, because a tick could then not be committed whole; "
        "leave it out");
  }
  sink.bitrate_kbps = DefaultBitrateKbps(result.house);
  if (encoder.has_bitrate_kbps()) {
    if (encoder.bitrate_kbps() < 100 || encoder.bitrate_kbps() > 50'000) {
      return Wrong(absl::StrCat("encoder.bitrate_kbps: ", encoder.bitrate_kbps(), "; give 100 to 50000"));
    }
    sink.bitrate_kbps = static_cast<uint32_t>(encoder.bitrate_kbps());
  }
  if (encoder.has_gop_seconds()) {
    if (!(encoder.gop_seconds() >= 0.2 && encoder.gop_seconds() <= 2.0)) {
      return Wrong(absl::StrCat("encoder.gop_seconds: ", encoder.gop_seconds(), "; give 0.2 to 2"));
    }
    sink.gop_seconds = encoder.gop_seconds();
  }
  if (encoder.has_preset()) {
    if (std::find(kPresets.begin(), kPresets.end(), encoder.preset()) == kPresets.end()) {
      return Wrong(absl::StrCat("encoder.preset: \"", encoder.preset().substr(0, 40),
                                "\"; give ultrafast, superfast, veryfast, faster, fast or medium"));
    }
    sink.preset = encoder.preset();
  }
  if (encoder.has_threads()) {
    if (encoder.threads() < 0 || encoder.threads() > 64) {
      return Wrong(
          absl::StrCat("encoder.threads: ", encoder.threads(), "; give 0 (as the encoder likes) to 64"));
    }
    sink.threads = static_cast<uint32_t>(encoder.threads());
  }
  if (mux.rate_kbps() != 0) {
    return Wrong("mux.rate_kbps: a constant transport rate is not available yet; leave it out or give 0");
  }
  if (mux.delay_ms() < 0 || mux.delay_ms() > 2000) {
    return Wrong(absl::StrCat("mux.delay_ms: ", mux.delay_ms(), "; give 0 to 2000"));
  }
  sink.delay_ms = static_cast<uint32_t>(mux.delay_ms());
  if (mux.has_service_name()) {
    if (mux.service_name().empty() || mux.service_name().size() > 64) {
      return Wrong("mux.service_name: give 1 to 64 bytes");
    }
    sink.service_name = mux.service_name();
  }
  if (mux.pts_origin() >= static_cast<uint64_t>(kPtsWrap)) {
    return Wrong(absl::StrCat("mux.pts_origin: ", mux.pts_origin(), "; give a value below 2^33"));
  }
  result.pts_origin = mux.has_pts_origin() ? static_cast<int64_t>(mux.pts_origin()) : kDefaultPtsOrigin;
  return absl::OkStatus();
}

absl::StatusOr<ProgramFormat> Parse(const std::string& json) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  ProgramFormat format;
  if (auto s = google::protobuf::util::JsonStringToMessage(json, &format, options); !s.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("not understood: ", std::string(s.message())));
  }
  return format;
}

// What one stream asks for in place of the session's settings.
absl::Status Override(const std::string& output_json, ProgramFormat& format) {
  absl::StatusOr<ProgramFormat> output = Parse(output_json);
  if (!output.ok()) return RefuseOutput(output.status());
  if (output->has_video() || output->has_audio() || output->mux().has_pts_origin()) {
    return RefuseOutput(absl::InvalidArgumentError(
        "video, audio and mux.pts_origin belong to the session; give encoder and mux settings only"));
  }
  format.mutable_encoder()->MergeFrom(output->encoder());
  format.mutable_mux()->MergeFrom(output->mux());
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckOutputSettings(const std::string& output_json, const std::string& json) {
  if (output_json.empty()) return absl::OkStatus();
  constexpr char kAnySession[] =
      R"({"video": {"width": 1280, "height": 720, "frame_rate": "25/1"}, "audio": {"sample_rate": 48000, "channels": 2}})";
  return ParseProgramFormat(json.empty() ? kAnySession : json, output_json).status();
}

absl::StatusOr<SessionFormat> ParseProgramFormat(const std::string& json, const std::string& output_json) {
  if (json.empty()) {
    return Refuse(
        R"(empty; give {"video": {"width": 1280, "height": 720, "frame_rate": "30/1"}, "audio": {"sample_rate": 48000, "channels": 2}})");
  }
  absl::StatusOr<ProgramFormat> parsed = Parse(json);
  if (!parsed.ok()) return Refuse(std::string(parsed.status().message()));
  ProgramFormat& format = *parsed;
  if (!format.has_video()) return Refuse("video: missing");
  if (!format.has_audio()) return Refuse("audio: missing");

  SessionFormat result;
  if (format.video().frame_rate().empty()) return Refuse("video.frame_rate: missing");
  absl::StatusOr<FrameRate> rate = ParseFrameRate(format.video().frame_rate());
  if (!rate.ok()) return Refuse(std::string(rate.status().message()));
  if (const std::string& policy = format.video().aspect_policy(); !policy.empty() && policy != "preserve") {
    return Refuse(absl::StrCat("video.aspect_policy: \"", policy.substr(0, 40),
                               "\" is not available yet; give \"preserve\""));
  }
  auto unsigned_or_zero = [](int32_t value) { return value > 0 ? static_cast<uint32_t>(value) : 0u; };
  result.house = {unsigned_or_zero(format.video().width()), unsigned_or_zero(format.video().height()), *rate,
                  unsigned_or_zero(format.audio().sample_rate()),
                  unsigned_or_zero(format.audio().channels())};
  if (absl::Status s = Validate(result.house); !s.ok()) return Refuse(std::string(s.message()));
  if (absl::Status s = ReadSink(format, result); !s.ok()) return Refuse(std::string(s.message()));
  if (output_json.empty()) return result;
  if (absl::Status s = Override(output_json, format); !s.ok()) return s;
  if (absl::Status s = ReadSink(format, result); !s.ok()) return RefuseOutput(s);
  return result;
}

}  // namespace air

#include "plans/program_format.h"

#include <google/protobuf/util/json_util.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "media/house_time.h"
#include "protos/program_format.pb.h"

namespace air {
namespace {

// Ten seconds before zero is as far as a decoder's priming and the buffer delay ever reach below tick 0.
constexpr int64_t kDefaultPtsOrigin = 10 * kPtsHz;

absl::Status Refuse(const std::string& text) {
  return absl::InvalidArgumentError(absl::StrCat("program_format_json: ", text));
}

absl::Status RefuseOutput(const absl::Status& why) {
  return absl::InvalidArgumentError(absl::StrCat("output_json: ", why.message()));
}

// Errors without the name of the document: the caller knows which one it was.
absl::Status ReadSink(const ProgramFormat& format, SessionFormat& result) {
  absl::StatusOr<SinkSettings> sink = ReadSinkSettings(format, result.house);
  if (!sink.ok()) return sink.status();
  result.sink = *std::move(sink);
  const ProgramFormat::Mux& mux = format.mux();
  if (mux.pts_origin() >= static_cast<uint64_t>(kPtsWrap)) {
    return absl::InvalidArgumentError(
        absl::StrCat("mux.pts_origin: ", mux.pts_origin(), "; give 0 to ", kPtsWrap - 1));
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

// Errors without the name of the document, likewise.
absl::StatusOr<SessionFormat> Read(const ProgramFormat& format) {
  const auto wrong = [](const auto& text) { return absl::InvalidArgumentError(text); };
  if (!format.has_video()) return wrong("video: missing");
  if (!format.has_audio()) return wrong("audio: missing");

  SessionFormat result;
  if (format.video().frame_rate().empty()) return wrong("video.frame_rate: missing");
  absl::StatusOr<FrameRate> rate = ParseFrameRate(format.video().frame_rate());
  if (!rate.ok()) return wrong(rate.status().message());
  if (auto policy = ParseAspectPolicy(format.video().aspect_policy()); !policy.ok())
    return wrong(policy.status().message());
  result.aspect_policy = format.video().aspect_policy();
  auto unsigned_or_zero = [](int32_t value) { return value > 0 ? static_cast<uint32_t>(value) : 0u; };
  result.house = {unsigned_or_zero(format.video().width()), unsigned_or_zero(format.video().height()), *rate,
                  unsigned_or_zero(format.audio().sample_rate()),
                  unsigned_or_zero(format.audio().channels())};
  if (absl::Status s = Validate(result.house); !s.ok()) return s;
  if (absl::Status s = ReadSink(format, result); !s.ok()) return s;
  return result;
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
  absl::StatusOr<ProgramFormat> format = Parse(json);
  if (!format.ok()) return Refuse(std::string(format.status().message()));
  absl::StatusOr<SessionFormat> result = Read(*format);
  if (!result.ok()) return Refuse(std::string(result.status().message()));
  if (output_json.empty()) return result;
  if (absl::Status s = Override(output_json, *format); !s.ok()) return s;
  if (absl::Status s = ReadSink(*format, *result); !s.ok()) return RefuseOutput(s);
  return result;
}

absl::Status CheckProgramFormat(const ProgramFormat& format) {
  const absl::Status read = Read(format).status();
  return read.ok() ? read : absl::InvalidArgumentError(absl::StrCat("program_format: ", read.message()));
}

}  // namespace air

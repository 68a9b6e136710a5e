#include "plans/sink_settings.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "absl/strings/str_cat.h"
#include "base/one_line.h"
#include "protos/program_format.pb.h"
#include "stream/stream_budget.h"

namespace air {
namespace {

constexpr std::array<const char*, 6> kPresets = {"ultrafast", "superfast", "veryfast",
                                                 "faster",    "fast",      "medium"};
constexpr int64_t kLeastVideoKbps = 100, kMostVideoKbps = 50'000;
constexpr int64_t kMostRateKbps = 60'000;
constexpr size_t kMostNameBytes = 64;

template <class... Text>
absl::Status Wrong(const Text&... text) {
  return absl::InvalidArgumentError(absl::StrCat(text...));
}

// A whole number between two others.
struct Number {
  const char* name;
  bool given;
  int64_t value;
  int64_t least, most;
  uint32_t& into;
  const char* remark = "";  // behind "give 1 to 2"
};

absl::Status Read(std::initializer_list<Number> numbers) {
  for (const Number& n : numbers) {
    if (!n.given) continue;
    if (n.value < n.least || n.value > n.most) {
      return Wrong(n.name, ": ", n.value, "; give ", n.least, " to ", n.most, n.remark);
    }
    n.into = static_cast<uint32_t>(n.value);
  }
  return absl::OkStatus();
}

// A tenth of a bit per pixel and frame at 25 fps, the usual broadcast allotment for H.264 at this speed.
uint32_t DefaultBitrateKbps(const HouseFormat& house) {
  const double pixels_per_second = double(house.LumaBytes()) * house.rate.num / house.rate.den;
  return static_cast<uint32_t>(std::clamp(pixels_per_second * 0.13 / 1000, 400.0, 20'000.0));
}

absl::Status ReadEncoder(const ProgramFormat::Encoder& encoder, SinkSettings& sink) {
  if (encoder.has_codec() && encoder.codec() != "h264") {
    return Wrong("encoder.codec: \"", encoder.codec().substr(0, 40), "\" is not available; give \"h264\"");
  }
  if (encoder.bframes() != 0) {
    return Wrong(
        "encoder.bframes: pictures are never reordered, because a tick could then not be committed whole; "
        "leave it out");
  }
  if (encoder.has_gop_seconds()) {
    if (!(encoder.gop_seconds() >= 0.2 && encoder.gop_seconds() <= 2.0)) {
      return Wrong("encoder.gop_seconds: ", encoder.gop_seconds(), "; give 0.2 to 2");
    }
    sink.stream.gop_seconds = encoder.gop_seconds();
  }
  if (encoder.has_preset()) {
    if (std::ranges::find(kPresets, encoder.preset()) == kPresets.end()) {
      return Wrong("encoder.preset: \"", encoder.preset().substr(0, 40),
                   "\"; give ultrafast, superfast, veryfast, faster, fast or medium");
    }
    sink.preset = encoder.preset();
  }
  return Read({
      {"encoder.bitrate_kbps", encoder.has_bitrate_kbps(), encoder.bitrate_kbps(), kLeastVideoKbps,
       kMostVideoKbps, sink.stream.video_kbps},
      {"encoder.audio_bitrate_kbps", encoder.has_audio_bitrate_kbps(), encoder.audio_bitrate_kbps(),
       kLeastSoundKbps, kMostSoundKbps, sink.stream.sound_kbps},
      {"encoder.vbv_ms", encoder.has_vbv_ms(), encoder.vbv_ms(), kLeastVbvMs, kMostVbvMs, sink.stream.vbv_ms},
      {"encoder.threads", encoder.has_threads(), encoder.threads(), 0, 64, sink.threads,
       ", where 0 leaves it to the encoder"},
  });
}

absl::Status ReadMux(const ProgramFormat::Mux& mux, SinkSettings& sink) {
  if (mux.has_service_name()) {
    if (mux.service_name().empty() || mux.service_name().size() > kMostNameBytes) {
      return Wrong("mux.service_name: ", mux.service_name().size(), " bytes; give 1 to ", kMostNameBytes);
    }
    if (!IsOneLine(mux.service_name()))
      return Wrong("mux.service_name: it has control characters; give one line of text");
    sink.service_name = mux.service_name();
  }
  return Read({{"mux.delay_ms", mux.has_delay_ms(), mux.delay_ms(), 0, 2000, sink.delay_ms}});
}

// The picture gets what a constant rate leaves, or what was asked for if that fits.
absl::Status ReadRate(const ProgramFormat& format, const HouseTime& time, StreamSettings& stream) {
  if (format.mux().rate_kbps() == 0) return absl::OkStatus();
  const uint32_t least = LeastRateKbps(time, stream);
  const Number rate{"mux.rate_kbps",
                    true,
                    format.mux().rate_kbps(),
                    least,
                    kMostRateKbps,
                    stream.rate_kbps,
                    ", or 0 for a variable rate"};
  if (absl::Status s = Read({rate}); !s.ok()) return s;
  const uint32_t most = std::min(MostVideoKbps(time, stream), uint32_t{kMostVideoKbps});
  if (!format.encoder().has_bitrate_kbps()) {
    stream.video_kbps = most;
  } else if (stream.video_kbps > most) {
    return Wrong("encoder.bitrate_kbps: ", stream.video_kbps, " does not fit mux.rate_kbps ",
                 stream.rate_kbps, " beside sound, tables and packet headers; give at most ", most);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SinkSettings> ReadSinkSettings(const ProgramFormat& format, const HouseFormat& house) {
  SinkSettings sink;
  sink.stream.video_kbps = DefaultBitrateKbps(house);
  if (absl::Status s = ReadEncoder(format.encoder(), sink); !s.ok()) return s;
  if (absl::Status s = ReadMux(format.mux(), sink); !s.ok()) return s;
  if (absl::Status s = ReadRate(format, HouseTime(house), sink.stream); !s.ok()) return s;
  return sink;
}

}  // namespace air

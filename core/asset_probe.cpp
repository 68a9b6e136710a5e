#include "core/asset_probe.h"

extern "C" {
#include <libavcodec/packet.h>
#include <libavformat/avformat.h>
#include <libavutil/error.h>
#include <libavutil/log.h>
#include <libavutil/mathematics.h>
}

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"

namespace air {
namespace {

constexpr std::int64_t kStillMs = 10'000;
constexpr std::int64_t kTailUs = 10'000'000;
constexpr AVRational kMilliseconds = {1, 1000};

struct CloseFormat {
  void operator()(AVFormatContext* format) const { avformat_close_input(&format); }
};
struct FreePacket {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
using Format = std::unique_ptr<AVFormatContext, CloseFormat>;

absl::Status Unplayable(const std::string& path, const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", why));
}

std::string Describe(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof(text));
  return text;
}

bool IsStill(const AVFormatContext& format) {
  const std::string name = format.iformat->name;
  return name == "image2" || (name.size() > 5 && name.compare(name.size() - 5, 5, "_pipe") == 0);
}

// The first stream of moving pictures; cover art is none.
AVStream* MovingPictures(const AVFormatContext& format) {
  for (unsigned i = 0; i < format.nb_streams; ++i) {
    AVStream* stream = format.streams[i];
    if (stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO &&
        (stream->disposition & AV_DISPOSITION_ATTACHED_PIC) == 0) {
      return stream;
    }
  }
  return nullptr;
}

std::int64_t FrameLength(const AVStream& stream) {
  const AVRational rate = stream.avg_frame_rate.num > 0 ? stream.avg_frame_rate : stream.r_frame_rate;
  return rate.num > 0 ? av_rescale_q(1, av_inv_q(rate), stream.time_base) : 0;
}

// The end of the last picture, in the stream's time base: what headers say about it is often the sound's, or
// a guess, so the packets of the last seconds are looked at.
std::optional<std::int64_t> EndOfPictures(AVFormatContext& format, const AVStream& video) {
  for (unsigned i = 0; i < format.nb_streams; ++i) {
    if (format.streams[i] != &video) format.streams[i]->discard = AVDISCARD_ALL;
  }
  if (format.duration > kTailUs) {
    const std::int64_t start = format.start_time == AV_NOPTS_VALUE ? 0 : format.start_time;
    if (av_seek_frame(&format, -1, start + format.duration - kTailUs, AVSEEK_FLAG_BACKWARD) < 0)
      return std::nullopt;
  }
  std::optional<std::int64_t> end;
  const std::unique_ptr<AVPacket, FreePacket> packet(av_packet_alloc());
  while (av_read_frame(&format, packet.get()) >= 0) {
    const std::int64_t begin = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
    const bool airs =
        (packet->flags & AV_PKT_FLAG_DISCARD) == 0;  // an edit list may keep packets from being shown
    if (packet->stream_index == video.index && begin != AV_NOPTS_VALUE && airs) {
      const std::int64_t length = packet->duration > 0 ? packet->duration : FrameLength(video);
      end = std::max(end.value_or(begin), begin + length);
    }
    av_packet_unref(packet.get());
  }
  return end;
}

std::int64_t FloorMs(std::int64_t value, AVRational base) {
  return av_rescale_q_rnd(value, base, kMilliseconds, AV_ROUND_DOWN);
}

std::int64_t DurationMs(AVFormatContext& format) {
  if (IsStill(format)) return kStillMs;
  if (const AVStream* video = MovingPictures(format)) {
    const std::int64_t start = video->start_time == AV_NOPTS_VALUE ? 0 : video->start_time;
    if (const auto end = EndOfPictures(format, *video)) return FloorMs(*end - start, video->time_base);
    if (video->duration > 0) return FloorMs(video->duration, video->time_base);
  }
  return format.duration > 0 ? FloorMs(format.duration, AV_TIME_BASE_Q) : 0;
}

}  // namespace

absl::StatusOr<Asset> ProbeAsset(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::canonical(path, error);
  if (error) return Unplayable(path, error.message());
  if (!std::filesystem::is_regular_file(absolute)) return Unplayable(path, "not a file");

  av_log_set_level(AV_LOG_QUIET);  // what FFmpeg mutters about a file would tear the status line
  AVFormatContext* opened = nullptr;
  if (const int failed = avformat_open_input(&opened, absolute.c_str(), nullptr, nullptr); failed < 0) {
    return Unplayable(path, Describe(failed));
  }
  const Format format(opened);
  if (const int failed = avformat_find_stream_info(format.get(), nullptr); failed < 0) {
    return Unplayable(path, Describe(failed));
  }
  const Asset asset{absolute.string(), DurationMs(*format)};
  if (asset.duration_ms <= 0) return Unplayable(path, "its duration cannot be found out");
  return asset;
}

}  // namespace air

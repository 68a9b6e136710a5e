#include "tests/support/captured_stream.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "tests/support/ts_clock.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

namespace air::analyser {
namespace {

struct FreeAll {
  void operator()(AVFormatContext* context) const { avformat_close_input(&context); }
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(AVIOContext* io) const {
    av_freep(&io->buffer);
    avio_context_free(&io);
  }
};
template <class T>
using Owned = std::unique_ptr<T, FreeAll>;

// Collects what FFmpeg logs as an error while it lives. FFmpeg's log callback has no user pointer and is
// called from its worker threads.
class ComplaintCollector {
 public:
  explicit ComplaintCollector(DecodeComplaints& into) {
    std::lock_guard lock(mutex_);
    into_ = &into;
    av_log_set_callback(&OnLog);
  }
  ~ComplaintCollector() {
    av_log_set_callback(&av_log_default_callback);
    std::lock_guard lock(mutex_);
    into_ = nullptr;
  }

 private:
  static constexpr size_t kKept = 10;

  static void OnLog(void* source, int level, const char* format, va_list arguments) {
    if (level > AV_LOG_ERROR) return;
    char line[300];
    int prefix = 1;
    av_log_format_line(source, level, format, arguments, line, sizeof(line), &prefix);
    std::lock_guard lock(mutex_);
    if (into_ == nullptr) return;
    ++into_->count;
    if (into_->first.size() < kKept) into_->first.emplace_back(absl::StripTrailingAsciiWhitespace(line));
  }

  static inline std::mutex mutex_;
  static inline DecodeComplaints* into_ = nullptr;
};

// A byte range as FFmpeg's input.
struct Cursor {
  std::span<const uint8_t> rest;
  static int Read(void* self, uint8_t* buffer, int size) {
    auto& rest = static_cast<Cursor*>(self)->rest;
    const size_t count = std::min(rest.size(), static_cast<size_t>(size));
    if (count == 0) return AVERROR_EOF;
    std::memcpy(buffer, rest.data(), count);
    rest = rest.subspan(count);
    return static_cast<int>(count);
  }
};

absl::Status FfmpegError(const char* what, int code) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(code, text, sizeof(text));
  return absl::InvalidArgumentError(absl::StrCat(what, ": ", text));
}

class Decoding {
 public:
  Decoding(std::span<const uint8_t> stream, const DecodedStreamSink& sink) : cursor_{stream}, sink_(sink) {}

  absl::Status Run() {
    if (absl::Status opened = Open(); !opened.ok()) return opened;
    Owned<AVPacket> packet(av_packet_alloc());
    while (av_read_frame(format_.get(), packet.get()) >= 0) {
      absl::Status decoded = absl::OkStatus();
      if (packet->stream_index == video_index_) decoded = Decode(*video_, packet.get());
      if (packet->stream_index == audio_index_) decoded = Decode(*audio_, packet.get());
      av_packet_unref(packet.get());
      if (!decoded.ok()) return decoded;
    }
    if (absl::Status flushed = Decode(*video_, nullptr); !flushed.ok()) return flushed;
    return Decode(*audio_, nullptr);
  }

 private:
  absl::Status Open() {
    constexpr int kBuffer = 1 << 16;
    io_.reset(avio_alloc_context(static_cast<uint8_t*>(av_malloc(kBuffer)), kBuffer, 0, &cursor_,
                                 &Cursor::Read, nullptr, nullptr));
    AVFormatContext* format = avformat_alloc_context();
    format->pb = io_.get();
    format->correct_ts_overflow = 0;  // stamps as they are; Unwrapped() does the rest
    if (int code = avformat_open_input(&format, "capture", av_find_input_format("mpegts"), nullptr);
        code < 0) {
      return FfmpegError("not a transport stream", code);  // and the context is gone
    }
    format_.reset(format);
    if (int code = avformat_find_stream_info(format, nullptr); code < 0)
      return FfmpegError("no streams found", code);
    for (auto [type, id, index, codec] :
         {std::tuple{AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_H264, &video_index_, &video_},
          {AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_AAC, &audio_index_, &audio_}}) {
      *index = av_find_best_stream(format, type, -1, -1, nullptr, 0);
      if (*index < 0 || format->streams[*index]->codecpar->codec_id != id) {
        return absl::InvalidArgumentError(
            absl::StrCat("the capture holds no ", avcodec_get_name(id), " stream"));
      }
      const AVCodec* decoder = avcodec_find_decoder(id);
      codec->reset(avcodec_alloc_context3(decoder));
      avcodec_parameters_to_context(codec->get(), format->streams[*index]->codecpar);
      (*codec)->pkt_timebase = format->streams[*index]->time_base;
      (*codec)->thread_count = 2;
      if (int code = avcodec_open2(codec->get(), decoder, nullptr); code < 0)
        return FfmpegError("no decoder", code);
    }
    return absl::OkStatus();
  }

  // A null packet flushes. Frames the decoder cannot make are its complaints, and seen by the check as
  // missing.
  absl::Status Decode(AVCodecContext& codec, const AVPacket* packet) {
    avcodec_send_packet(&codec, packet);
    Owned<AVFrame> frame(av_frame_alloc());
    while (avcodec_receive_frame(&codec, frame.get()) >= 0) {
      if (frame->best_effort_timestamp == AV_NOPTS_VALUE)
        return absl::InvalidArgumentError("a frame has no time stamp");
      const int64_t pts = Unwrapped(frame->best_effort_timestamp);
      if (&codec == video_.get()) {
        sink_.picture(pts, {frame->data[0], frame->width, frame->height, frame->linesize[0]});
        continue;
      }
      if (frame->format != AV_SAMPLE_FMT_FLTP || frame->ch_layout.nb_channels != 2 ||
          frame->sample_rate != 48000) {
        return absl::InvalidArgumentError("the sound is not 48 kHz stereo AAC");
      }
      const size_t samples = frame->nb_samples;
      sink_.sound(pts, {reinterpret_cast<const float*>(frame->extended_data[0]), samples},
                  {reinterpret_cast<const float*>(frame->extended_data[1]), samples});
    }
    return absl::OkStatus();
  }

  int64_t Unwrapped(int64_t pts) {
    if (!last_pts_) last_pts_ = pts;
    last_pts_ = *last_pts_ + WrappedDistance(*last_pts_, pts, kPtsPeriod);
    return *last_pts_;
  }

  Cursor cursor_;
  const DecodedStreamSink& sink_;
  Owned<AVIOContext> io_;  // outlives format_
  Owned<AVFormatContext> format_;
  int video_index_ = -1, audio_index_ = -1;
  Owned<AVCodecContext> video_, audio_;
  std::optional<int64_t> last_pts_;
};

}  // namespace

absl::Status DecodeCapturedStream(std::span<const uint8_t> stream, const DecodedStreamSink& sink,
                                  DecodeComplaints& complaints) {
  ComplaintCollector collector(complaints);
  return Decoding(stream, sink).Run();
}

}  // namespace air::analyser

// Owners of FFmpeg's objects in the encoder, and its error texts.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/error.h>
}

#include <memory>
#include <string>

namespace air {

struct CodecDeleter {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
using CodecContextPtr = std::unique_ptr<AVCodecContext, CodecDeleter>;
using CodecFramePtr = std::unique_ptr<AVFrame, CodecDeleter>;
using CodecPacketPtr = std::unique_ptr<AVPacket, CodecDeleter>;

inline std::string CodecError(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof text);
  return text;
}

}  // namespace air

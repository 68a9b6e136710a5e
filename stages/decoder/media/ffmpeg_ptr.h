// One owner for every FFmpeg object, and FFmpeg's error numbers in words. The only place that includes C
// headers of FFmpeg for their types.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavformat/avformat.h>
#include <libavutil/error.h>
#include <libavutil/frame.h>
#include <libswresample/swresample.h>
}

#include <memory>
#include <string>

namespace air {

struct AvFree {
  void operator()(AVFrame* p) const { av_frame_free(&p); }
  void operator()(AVPacket* p) const { av_packet_free(&p); }
  void operator()(AVCodecContext* p) const { avcodec_free_context(&p); }
  void operator()(AVFormatContext* p) const { avformat_close_input(&p); }
  void operator()(AVFilterGraph* p) const { avfilter_graph_free(&p); }
  void operator()(SwrContext* p) const { swr_free(&p); }
  void operator()(AVIOContext* p) const {
    av_freep(&p->buffer);  // may have been replaced by libavformat since it was handed over
    avio_context_free(&p);
  }
};

using AvFramePtr = std::unique_ptr<AVFrame, AvFree>;
using AvPacketPtr = std::unique_ptr<AVPacket, AvFree>;
using AvCodecPtr = std::unique_ptr<AVCodecContext, AvFree>;
using AvFormatPtr = std::unique_ptr<AVFormatContext, AvFree>;
using AvGraphPtr = std::unique_ptr<AVFilterGraph, AvFree>;
using AvResamplerPtr = std::unique_ptr<SwrContext, AvFree>;
using AvIoPtr = std::unique_ptr<AVIOContext, AvFree>;

inline std::string AvErrorText(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof(text));
  return text;
}

}  // namespace air

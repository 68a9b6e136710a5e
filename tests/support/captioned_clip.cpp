#include "tests/support/captioned_clip.h"

#include <cstring>
#include <memory>

#include "stages/decoder/media/ffmpeg_ptr.h"
#include "stages/decoder/pattern/counter_strip.h"
#include "stages/decoder/pattern/test_pattern.h"

extern "C" {
#include <libavutil/opt.h>
}

namespace air {
namespace {

class ClipWriter {
 public:
  ClipWriter(const std::string& path, const HouseFormat& format) : format_(format), pattern_(format, 0) {
    AVFormatContext* file = nullptr;
    if (avformat_alloc_output_context2(&file, nullptr, nullptr, path.c_str()) < 0) return;
    file_ = file;
    ok_ = OpenCoder() && avio_open(&file_->pb, path.c_str(), AVIO_FLAG_WRITE) >= 0 &&
          avformat_write_header(file_, nullptr) >= 0;
  }
  ~ClipWriter() {
    if (file_ == nullptr) return;
    avio_closep(&file_->pb);
    avformat_free_context(file_);
  }

  bool Write(int64_t k, const std::vector<uint8_t>& captions) {
    if (!ok_ || av_frame_make_writable(frame_.get()) < 0) return false;
    std::vector<uint8_t> planes(format_.VideoBytes());
    pattern_.DrawPicture(k, planes);
    const uint8_t* from = planes.data();
    for (int p = 0; p < 3; ++p) {
      const int width = p == 0 ? coder_->width : coder_->width / 2;
      const int height = p == 0 ? coder_->height : coder_->height / 2;
      for (int y = 0; y < height; ++y, from += width)
        std::memcpy(frame_->data[p] + ptrdiff_t{y} * frame_->linesize[p], from, static_cast<size_t>(width));
    }
    av_frame_remove_side_data(frame_.get(), AV_FRAME_DATA_A53_CC);
    if (!captions.empty()) {
      AVFrameSideData* side = av_frame_new_side_data(frame_.get(), AV_FRAME_DATA_A53_CC, captions.size());
      std::memcpy(side->data, captions.data(), captions.size());
    }
    frame_->pts = k;
    return Code(frame_.get());
  }
  bool Finish() { return ok_ && Code(nullptr) && av_write_trailer(file_) >= 0; }

 private:
  bool OpenCoder() {
    const AVCodec* codec = avcodec_find_encoder_by_name("libx264");
    stream_ = avformat_new_stream(file_, nullptr);
    coder_.reset(avcodec_alloc_context3(codec));
    coder_->width = static_cast<int>(format_.width);
    coder_->height = static_cast<int>(format_.height);
    coder_->pix_fmt = AV_PIX_FMT_YUV420P;
    coder_->framerate = {static_cast<int>(format_.rate.num), static_cast<int>(format_.rate.den)};
    coder_->time_base = av_inv_q(coder_->framerate);
    coder_->max_b_frames = 3;
    coder_->gop_size = 30;
    if (file_->oformat->flags & AVFMT_GLOBALHEADER) coder_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    av_opt_set(coder_->priv_data, "preset", "superfast", 0);
    av_opt_set(coder_->priv_data, "crf", "20", 0);
    frame_.reset(av_frame_alloc());
    frame_->width = coder_->width;
    frame_->height = coder_->height;
    frame_->format = coder_->pix_fmt;
    stream_->time_base = coder_->time_base;
    stream_->avg_frame_rate = coder_->framerate;
    return avcodec_open2(coder_.get(), codec, nullptr) >= 0 && av_frame_get_buffer(frame_.get(), 0) >= 0 &&
           avcodec_parameters_from_context(stream_->codecpar, coder_.get()) >= 0;
  }
  bool Code(const AVFrame* frame) {
    if (avcodec_send_frame(coder_.get(), frame) < 0) return false;
    AvPacketPtr packet(av_packet_alloc());
    while (avcodec_receive_packet(coder_.get(), packet.get()) >= 0) {
      packet->duration = 1;
      av_packet_rescale_ts(packet.get(), coder_->time_base, stream_->time_base);
      if (av_interleaved_write_frame(file_, packet.get()) < 0) return false;
    }
    return true;
  }

  HouseFormat format_;
  TestPattern pattern_;
  AVFormatContext* file_ = nullptr;
  AVStream* stream_ = nullptr;
  AvCodecPtr coder_;
  AvFramePtr frame_;
  bool ok_ = false;
};

CaptionedPicture Look(const AVFrame& frame) {
  CaptionedPicture picture;
  const auto reading = ReadFrameCounter({frame.data[0], frame.width, frame.height, frame.linesize[0]});
  if (reading.has_value()) picture.counter = reading->code.counter;
  if (const AVFrameSideData* side = av_frame_get_side_data(&frame, AV_FRAME_DATA_A53_CC))
    picture.captions.assign(side->data, side->data + side->size);
  return picture;
}

}  // namespace

bool WriteCaptionedClip(const std::string& path, const HouseFormat& format, int64_t pictures,
                        const CaptionsOf& captions) {
  ClipWriter writer(path, format);
  for (int64_t k = 0; k < pictures; ++k) {
    if (!writer.Write(k, captions(k))) return false;
  }
  return writer.Finish();
}

std::vector<CaptionedPicture> ReadCaptionedPictures(const std::string& path) {
  std::vector<CaptionedPicture> pictures;
  AVFormatContext* opened = nullptr;
  if (avformat_open_input(&opened, path.c_str(), nullptr, nullptr) < 0) return pictures;
  const AvFormatPtr file(opened);
  if (avformat_find_stream_info(opened, nullptr) < 0) return pictures;
  const AVCodec* codec = nullptr;
  const int index = av_find_best_stream(opened, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
  if (index < 0) return pictures;
  const AvCodecPtr decoder(avcodec_alloc_context3(codec));
  avcodec_parameters_to_context(decoder.get(), opened->streams[index]->codecpar);
  if (avcodec_open2(decoder.get(), codec, nullptr) < 0) return pictures;
  const AvPacketPtr packet(av_packet_alloc());
  const AvFramePtr frame(av_frame_alloc());
  for (bool more = true; more; av_packet_unref(packet.get())) {
    more = av_read_frame(opened, packet.get()) >= 0;
    if (more && packet->stream_index != index) continue;
    avcodec_send_packet(decoder.get(), more ? packet.get() : nullptr);
    while (avcodec_receive_frame(decoder.get(), frame.get()) >= 0) pictures.push_back(Look(*frame));
  }
  return pictures;
}

std::vector<uint8_t> Meaningful(const std::vector<uint8_t>& cc_data) {
  std::vector<uint8_t> kept;
  for (size_t at = 0; at + 3 <= cc_data.size(); at += 3) {
    const bool valid = (cc_data[at] & 4) != 0, line21 = (cc_data[at] & 3) < 2;
    const bool null = line21 && ((cc_data[at + 1] | cc_data[at + 2]) & 0x7f) == 0;
    if (valid && !null)
      kept.insert(kept.end(), cc_data.begin() + static_cast<ptrdiff_t>(at),
                  cc_data.begin() + static_cast<ptrdiff_t>(at + 3));
  }
  return kept;
}

}  // namespace air

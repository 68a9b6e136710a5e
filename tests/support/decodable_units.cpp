#include "tests/support/decodable_units.h"

#include <cstring>
#include <map>
#include <memory>

#include "tests/support/pes_reader.h"
#include "tests/support/ts_reader.h"
#include "tests/support/ts_tables.h"

extern "C" {
#include <libavcodec/avcodec.h>
}

namespace air::analyser {
namespace {

struct FreeAll {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};

class UnitDecoder {
 public:
  explicit UnitDecoder(AVCodecID id) {
    const AVCodec* codec = avcodec_find_decoder(id);
    context_.reset(avcodec_alloc_context3(codec));
    context_->thread_count = 1;
    context_->flags |= AV_CODEC_FLAG_LOW_DELAY;  // a picture comes out when it has gone in
    context_->err_recognition = AV_EF_EXPLODE;
    avcodec_open2(context_.get(), codec, nullptr);
  }
  // Null when nothing can be made of it.
  const AVFrame* Decode(const std::vector<uint8_t>& unit) {
    std::unique_ptr<AVPacket, FreeAll> packet(av_packet_alloc());
    av_new_packet(packet.get(), static_cast<int>(unit.size()));  // with the padding decoders want
    std::memcpy(packet->data, unit.data(), unit.size());
    if (avcodec_send_packet(context_.get(), packet.get()) < 0) return nullptr;
    return avcodec_receive_frame(context_.get(), frame_.get()) < 0 ? nullptr : frame_.get();
  }

 private:
  std::unique_ptr<AVCodecContext, FreeAll> context_;
  std::unique_ptr<AVFrame, FreeAll> frame_{av_frame_alloc()};
};

}  // namespace

DecodableUnits FindDecodableUnits(std::span<const uint8_t> stream, size_t most_pictures) {
  constexpr int kH264StreamType = 0x1b, kAdtsStreamType = 0x0f;
  DecodableUnits found;
  FindingLog log;  // judged elsewhere
  TableCheck tables;
  UnitDecoder video(AV_CODEC_ID_H264), audio(AV_CODEC_ID_AAC);
  std::map<int, PesReader> readers;
  auto take = [&](UnitDecoder& decoder, std::vector<DecodableUnit>& into) {
    return [&found, &decoder, &into](const PesPacket& pes) {
      const AVFrame* frame = decoder.Decode(pes.payload);
      if (frame == nullptr) return void(++found.refused);
      DecodableUnit unit{static_cast<size_t>(pes.last_packet + 1) * kTsPacketBytes, *pes.pts, {}};
      if (&into == &found.pictures) {
        const std::optional<CounterReading> reading =
            ReadFrameCounter({frame->data[0], frame->width, frame->height, frame->linesize[0]});
        if (reading) unit.code = reading->code;
      }
      into.push_back(unit);
    };
  };
  for (int64_t n = 0; stream.size() >= kTsPacketBytes && found.pictures.size() < most_pictures; ++n) {
    const std::optional<TsPacketView> packet = ReadTsPacket(n, stream.first<kTsPacketBytes>(), log);
    stream = stream.subspan(kTsPacketBytes);
    if (!packet) continue;
    const bool announced = tables.complete();
    tables.Take(*packet, log);
    if (!announced && tables.complete()) {
      for (auto [pid, type] : tables.program().streams) {
        if (type == kH264StreamType) readers.try_emplace(pid, pid, take(video, found.pictures));
        if (type == kAdtsStreamType) readers.try_emplace(pid, pid, take(audio, found.sounds));
      }
    }
    if (auto reader = readers.find(packet->pid); reader != readers.end()) reader->second.Take(*packet, log);
  }
  return found;
}

}  // namespace air::analyser

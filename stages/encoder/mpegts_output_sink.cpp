#include "stages/encoder/mpegts_output_sink.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stages/encoder/adts.h"

namespace air {

int64_t FirstAudioFrame(const HouseTime& time, Tick n) {
  return -FloorMulDiv(-time.FirstSample(n).value(), 1, kAacFrame);
}

MpegTSOutputSink::MpegTSOutputSink(const Config& config, JournalWriter journal)
    : config_(config), time_(config.mux.house), journal_(std::move(journal)), mux_(config.mux) {
  const FrameRate rate = config_.mux.house.rate;
  gop_ticks_ = std::max<int64_t>(1, std::llround(config_.encoder.gop_seconds * rate.num / rate.den));
}

absl::StatusOr<std::unique_ptr<MpegTSOutputSink>> MpegTSOutputSink::Create(const Config& config,
                                                                           JournalWriter journal,
                                                                           Tick first) {
  std::unique_ptr<MpegTSOutputSink> sink(new MpegTSOutputSink(config, std::move(journal)));
  if (const auto& last = sink->journal_.last_commit()) {
    sink->checkpoint_ = last->checkpoint;
    sink->next_idr_pic_id_ = last->checkpoint.idr_pic_id ^ 1;
  } else {
    sink->checkpoint_.next_tick = first.value();
    sink->checkpoint_.next_audio_frame = FirstAudioFrame(sink->time_, first);
  }
  if (absl::Status s = sink->OpenCodecs(); !s.ok()) return s;
  return sink;
}

absl::Status MpegTSOutputSink::OpenCodecs() {
  absl::StatusOr<std::unique_ptr<VideoEncoder>> video =
      VideoEncoder::Open(config_.mux.house, config_.encoder, next_idr_pic_id_);
  if (!video.ok()) return video.status();
  video_ = *std::move(video);
  return RestartSound(next_tick());
}

absl::Status MpegTSOutputSink::RestartSound(Tick n) {
  if (n != next_tick()) checkpoint_.next_audio_frame = FirstAudioFrame(time_, n);
  absl::StatusOr<std::unique_ptr<AudioEncoder>> audio = AudioEncoder::Open(checkpoint_.next_audio_frame);
  if (!audio.ok()) return audio.status();
  audio_ = *std::move(audio);
  return absl::OkStatus();
}

absl::Status MpegTSOutputSink::Prime(std::span<const int16_t> sound) {
  absl::StatusOr<std::vector<AacUnit>> units = audio_->Feed(sound);
  if (units.ok() && !units->empty()) {
    return absl::InternalError(
        absl::StrCat("priming completed unit ", units->front().index, ", which was not sent yet"));
  }
  return units.status();
}

bool MpegTSOutputSink::IsIdr(Tick n) const { return first_ || n.value() % gop_ticks_ == 0; }

absl::Status MpegTSOutputSink::Consume(const ProgramTick& tick) {
  if (tick.discontinuity && tick.tick != next_tick()) {
    if (absl::Status s = RestartSound(tick.tick); !s.ok()) return s;
    const auto silence = static_cast<size_t>(time_.FirstSample(tick.tick) - audio_->FirstNeededSample());
    if (absl::Status s = Prime(std::vector<int16_t>(silence * config_.mux.house.channels)); !s.ok()) return s;
  }
  const bool idr = IsIdr(tick.tick) || tick.discontinuity;
  absl::StatusOr<std::span<const uint8_t>> picture = video_->Encode(tick.tick, tick.picture, idr);
  if (!picture.ok()) return picture.status();
  absl::StatusOr<std::vector<AacUnit>> sound = audio_->Feed(tick.sound);
  if (!sound.ok()) return sound.status();

  adts_.clear();
  units_.clear();
  size_t bytes = 0;
  for (const AacUnit& unit : *sound) bytes += kAdtsHeaderBytes + unit.bytes.size();
  adts_.reserve(bytes);  // the units' spans point into it
  for (const AacUnit& unit : *sound) {
    const size_t begin = adts_.size();
    const auto header = AdtsHeader(unit.bytes.size());
    adts_.insert(adts_.end(), header.begin(), header.end());
    adts_.insert(adts_.end(), unit.bytes.begin(), unit.bytes.end());
    units_.push_back(
        {.pts_90k = time_.Pts90k(unit.stamp()), .adts_frame = {adts_.data() + begin, adts_.size() - begin}});
  }
  packets_.clear();
  mux_.Append({.tick = tick.tick,
               .picture = *picture,
               .idr = idr,
               .discontinuity = tick.discontinuity,
               .audio = units_},
              checkpoint_, packets_);
  if (idr) {
    checkpoint_.idr_pic_id = next_idr_pic_id_;
    next_idr_pic_id_ ^= 1;
  }
  first_ = false;

  if (absl::Status s = journal_.Append(std::as_bytes(std::span(packets_))); !s.ok()) return s;
  return journal_.Commit(
      {.tick = tick.tick, .deadline = tick.deadline, .idr = idr, .checkpoint = checkpoint_});
}

}  // namespace air

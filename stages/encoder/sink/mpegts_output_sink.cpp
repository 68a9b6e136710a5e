#include "stages/encoder/sink/mpegts_output_sink.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "stages/encoder/ts/adts.h"
#include "stages/encoder/ts/annex_b.h"
#include "stages/encoder/ts/ts_pes.h"
#include "stages/encoder/ts/ts_tables.h"
#include "stream/stream_budget.h"

namespace air {

int64_t FirstAudioFrame(const HouseTime& time, Tick n) {
  return -FloorMulDiv(-time.FirstSample(n).value(), 1, kAacFrame);
}

MpegTSOutputSink::MpegTSOutputSink(const Config& config, JournalWriter journal)
    : config_(config),
      time_(config.mux.house),
      journal_(std::move(journal)),
      mux_(config.mux),
      sound_(time_, config.mux.delay_90k, SoundLead90k(config.sound_kbps, config.mux.delay_90k),
             config.mux.rate_kbps),
      vbv_(time_, config.encoder.bitrate_kbps, config.encoder.vbv_ms) {
  const FrameRate rate = config_.mux.house.rate;
  gop_ticks_ = std::max<int64_t>(1, std::llround(config_.encoder.gop_seconds * rate.num / rate.den));
  if (config_.mux.rate_kbps == 0) return;
  constant_rate_.emplace(config_.mux);
  const std::vector<std::byte> backlog = journal_.Backlog();
  backlog_.resize(backlog.size() / kTsPacketBytes);
  for (size_t i = 0; i < backlog_.size(); ++i)
    std::memcpy(backlog_[i].data(), backlog.data() + i * kTsPacketBytes, kTsPacketBytes);
}

absl::StatusOr<std::unique_ptr<MpegTSOutputSink>> MpegTSOutputSink::Create(const Config& config,
                                                                           JournalWriter journal,
                                                                           Tick first) {
  std::unique_ptr<MpegTSOutputSink> sink(new MpegTSOutputSink(config, std::move(journal)));
  TransportCheckpoint& checkpoint = sink->checkpoint_;
  if (const auto& last = sink->journal_.last_commit()) {
    checkpoint = last->checkpoint;
    sink->next_idr_pic_id_ = checkpoint.idr_pic_id ^ 1;
  } else {
    checkpoint.next_tick = first.value();
    sink->sound_.Begin(first, checkpoint);
    checkpoint.next_audio_frame = FirstAudioFrame(sink->time_, first);
    checkpoint.vbv_fullness = static_cast<uint32_t>(sink->vbv_.Initial());
  }
  if (absl::Status s = sink->OpenCodecs(); !s.ok()) return s;
  return sink;
}

absl::Status MpegTSOutputSink::OpenCodecs() {
  absl::StatusOr<std::unique_ptr<VideoEncoder>> video =
      VideoEncoder::Open(config_.mux.house, config_.encoder,
                         {.idr_pic_id = next_idr_pic_id_, .vbv_fullness = checkpoint_.vbv_fullness});
  if (!video.ok()) return video.status();
  video_ = *std::move(video);
  return OpenSound();
}

absl::Status MpegTSOutputSink::OpenSound() {
  absl::StatusOr<std::unique_ptr<AudioEncoder>> audio =
      AudioEncoder::Open(checkpoint_.next_audio_frame, int64_t{config_.sound_kbps} * 1000);
  if (!audio.ok()) return audio.status();
  audio_ = *std::move(audio);
  held_.clear();
  return absl::OkStatus();
}

absl::Status MpegTSOutputSink::JumpTo(Tick n) {
  checkpoint_.next_audio_frame = FirstAudioFrame(time_, n);
  sound_.Begin(n, checkpoint_);
  if (absl::Status s = OpenSound(); !s.ok()) return s;
  const auto silence = static_cast<size_t>(time_.FirstSample(n) - audio_->FirstNeededSample());
  return CodeSound(std::vector<int16_t>(silence * config_.mux.house.channels));
}

absl::Status MpegTSOutputSink::CodeSound(std::span<const int16_t> sound) {
  absl::StatusOr<std::vector<AacUnit>> units = audio_->Feed(sound);
  if (!units.ok()) return units.status();
  for (const AacUnit& unit : *units) {
    const auto header = AdtsHeader(unit.bytes.size());
    std::vector<uint8_t>& framed = held_.emplace_back(header.begin(), header.end());
    framed.insert(framed.end(), unit.bytes.begin(), unit.bytes.end());
  }
  return absl::OkStatus();
}

bool MpegTSOutputSink::IsIdr(Tick n) const { return first_ || n.value() % gop_ticks_ == 0; }

absl::Status MpegTSOutputSink::TakeSound(const ProgramTick& tick) {
  if (absl::Status s = CodeSound(tick.sound); !s.ok()) return s;
  adts_.clear();
  units_.clear();
  int64_t index = checkpoint_.next_audio_frame;
  size_t room = constant_rate_ ? constant_rate_->SoundRoom(tick.tick) : std::numeric_limits<size_t>::max();
  while (!held_.empty()) {
    const size_t pes_bytes = kPesHeaderBytes + held_.front().size();
    const size_t packets = PacketsOfPes(pes_bytes);
    const std::optional<SoundPlace> place = sound_.Leaves(index, pes_bytes, tick.tick, checkpoint_);
    if (packets > room || !place) break;
    room -= packets;
    sound_.Note(index, pes_bytes, tick.tick, place->offset_90k, checkpoint_);
    adts_.push_back(std::move(held_.front()));
    held_.pop_front();
    units_.push_back({.pts_90k = time_.Pts90k(AacUnit{.index = index++}.stamp()),
                      .adts_frame = adts_.back(),
                      .offset_90k = place->offset_90k,
                      .exact = place->exact});
  }
  return absl::OkStatus();
}

absl::Status MpegTSOutputSink::Consume(const ProgramTick& tick) {
  if (tick.discontinuity && tick.tick != next_tick()) {
    if (absl::Status s = JumpTo(tick.tick); !s.ok()) return s;
  }
  const bool idr = IsIdr(tick.tick) || tick.discontinuity;
  absl::StatusOr<std::span<const uint8_t>> picture =
      video_->Encode(tick.tick, tick.picture, idr, tick.captions);
  if (!picture.ok()) return picture.status();
  if (first_) {
    // Kept, or compared with those a predecessor kept: a viewer who is there must be able to go on with them.
    if (absl::Status s = journal_.SetCodecConfig(ParameterSets(*picture)); !s.ok()) return s;
    first_ = false;
  }
  if (absl::Status s = TakeSound(tick); !s.ok()) return s;

  const absl::StatusOr<std::optional<size_t>> idr_packet = Multiplex({.tick = tick.tick,
                                                                      .picture = *picture,
                                                                      .idr = idr,
                                                                      .discontinuity = tick.discontinuity,
                                                                      .audio = units_});
  if (!idr_packet.ok()) return idr_packet.status();
  checkpoint_.vbv_fullness = static_cast<uint32_t>(
      vbv_.After(checkpoint_.vbv_fullness, tick.tick, int64_t{8} * static_cast<int64_t>(picture->size())));
  if (idr) {
    checkpoint_.idr_pic_id = next_idr_pic_id_;
    next_idr_pic_id_ ^= 1;
  }
  return Commit(tick, *idr_packet);
}

absl::StatusOr<std::optional<size_t>> MpegTSOutputSink::Multiplex(const TickUnits& units) {
  facts_ = {.stamps = 1 + units.audio.size()};
  if (constant_rate_) return MultiplexAtConstantRate(units);
  packets_.clear();
  mux_.Append(units, checkpoint_, packets_);
  facts_.pcrs = static_cast<uint64_t>(StreamCadence(time_).pcrs_per_tick);
  if (!units.idr) return std::nullopt;
  const auto picture =
      std::ranges::find_if(packets_, [](const TsPacket& packet) { return PidOf(packet) == kVideoPid; });
  return static_cast<size_t>(picture - packets_.begin());
}

absl::StatusOr<std::optional<size_t>> MpegTSOutputSink::MultiplexAtConstantRate(const TickUnits& units) {
  ConstantRateTick tick = constant_rate_->Append(units, checkpoint_, backlog_);
  packets_ = std::move(tick.packets);
  facts_.null_packets = tick.null_packets;
  facts_.late_pictures = tick.late_pictures;
  facts_.pcrs = tick.pcrs;
  facts_.backlog = backlog_.size();
  const std::vector<TsPacket> carried(backlog_.end() - static_cast<ptrdiff_t>(tick.carried), backlog_.end());
  if (absl::Status s = journal_.AppendBacklog(std::as_bytes(std::span(carried))); !s.ok()) return s;
  return tick.idr_packet;
}

absl::Status MpegTSOutputSink::Commit(const ProgramTick& tick, std::optional<size_t> idr_packet) {
  facts_.packets = packets_.size();
  const uint64_t first = journal_.next_packet();
  if (absl::Status s = journal_.Append(std::as_bytes(std::span(packets_))); !s.ok()) return s;
  return journal_.Commit({.tick = tick.tick,
                          .deadline = tick.deadline,
                          .idr = idr_packet.has_value(),
                          .idr_packet = first + idr_packet.value_or(0),
                          .checkpoint = checkpoint_});
}

}  // namespace air

// A sink without processes: made-up content through MpegTSOutputSink into a journal on plain memory, by
// encoders that can be made to die at any tick.
#pragma once

#include <gtest/gtest.h>

extern "C" {
#include <libavutil/log.h>
}

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <numbers>
#include <vector>

#include "shm/transport_journal.h"
#include "stages/encoder/sink/mpegts_output_sink.h"

namespace air {

// Content as a channel has it: shots of one to four seconds that move, with noise from none to heavy, black
// between some of them; sound that swells and stops dead. A function of the tick, so that it can be made
// again.
class MadeUpProgram {
 public:
  explicit MadeUpProgram(const HouseFormat& house)
      : house_(house), time_(house), picture_(house.VideoBytes()) {}

  std::span<const uint8_t> Picture(Tick n) {
    const int64_t second = n.value() * house_.rate.den / house_.rate.num;
    const uint32_t shot = Hash(static_cast<uint32_t>(second / 2 + second % 3 / 2));
    if (shot % 5 == 0) {
      std::memset(picture_.data(), 16, house_.LumaBytes());
      std::memset(picture_.data() + house_.LumaBytes(), 128, picture_.size() - house_.LumaBytes());
      return picture_;
    }
    const uint32_t noise_bits = shot >> 3 & 3;  // 0: clean, 3: as bad as it gets
    uint32_t random = Hash(static_cast<uint32_t>(n.value()) + 7);
    const auto motion = static_cast<uint32_t>(n.value()) * (shot >> 5 & 7);
    for (uint32_t y = 0; y < house_.height; ++y) {
      uint8_t* line = picture_.data() + size_t{y} * house_.width;
      for (uint32_t x = 0; x < house_.width; ++x) {
        random = random * 1664525 + 1013904223;
        const uint32_t texture = ((x + motion) * (shot >> 8 & 15) >> 2 ^ (y + motion / 2)) & 127;
        line[x] = static_cast<uint8_t>(32 + texture + (noise_bits ? (random >> 24) * noise_bits >> 4 : 0));
      }
    }
    std::memset(picture_.data() + house_.LumaBytes(), static_cast<int>(100 + (shot >> 12 & 63)),
                picture_.size() - house_.LumaBytes());
    return picture_;
  }

  // [begin, end), interleaved.
  std::vector<int16_t> Sound(SampleIndex begin, SampleIndex end) const {
    std::vector<int16_t> sound;
    for (SampleIndex s = begin; s < end; ++s) {
      for (int64_t side : {0, 1}) sound.push_back(s.value() < 0 ? int16_t{0} : SampleAt(s.value(), side));
    }
    return sound;
  }
  std::vector<int16_t> SoundOf(Tick n) const { return Sound(time_.FirstSample(n), time_.FirstSample(n + 1)); }

  static uint32_t Hash(uint32_t x) {
    x = (x ^ 61) ^ (x >> 16);
    x *= 9;
    x ^= x >> 4;
    x *= 0x27d4eb2d;
    return x ^ (x >> 15);
  }

 private:
  // Four seconds of silence, a swelling tone, noise bursts.
  static int16_t SampleAt(int64_t s, int64_t side) {
    const int64_t second = s / 48'000;
    if (second % 11 < 3) return 0;
    const double tone = 0.3 * std::sin(2 * std::numbers::pi * static_cast<double>(440 + 110 * side) *
                                       static_cast<double>(s % 48'000) / 48'000);
    const uint32_t random = Hash(static_cast<uint32_t>(s * 2 + side));
    const double noise = second % 4 == 1 && s % 12'000 < 5'000 ? 0.5 * (random % 2001 / 1000.0 - 1) : 0;
    return static_cast<int16_t>(32767 * (tone + noise));
  }

  HouseFormat house_;
  HouseTime time_;
  std::vector<uint8_t> picture_;
};

class SinkRig {
 public:
  explicit SinkRig(const MpegTSOutputSink::Config& config, Tick first = Tick(0),
                   JournalGeometry geometry = {.packet_capacity = 32768, .checkpoint_slots = 64})
      : config_(config),
        program_(config.mux.house),
        time_(config.mux.house),
        next_(first),
        bytes_(geometry.SegmentBytes()),
        memory_(static_cast<std::byte*>(std::aligned_alloc(kJournalPage, bytes_))) {
    std::memset(memory_.get(), 0, bytes_);
    av_log_set_level(AV_LOG_QUIET);
    EXPECT_TRUE(FormatJournal(journal(), geometry, {1, 2}).ok());
    reader_ = std::make_unique<JournalReader>(*JournalReader::Attach(journal()));
  }

  std::span<std::byte> journal() { return {memory_.get(), bytes_}; }
  JournalReader& reader() { return *reader_; }
  MpegTSOutputSink& sink() { return *sink_; }
  Tick next() const { return next_; }
  const HouseTime& time() const { return time_; }
  // Everything committed so far.
  const std::vector<uint8_t>& stream() const { return stream_; }

  // Opens an encoder: the first, or a successor of one that was killed.
  absl::Status Open() {
    absl::StatusOr<JournalWriter> writer = JournalWriter::Attach(journal());
    if (!writer.ok()) return writer.status();
    auto sink = MpegTSOutputSink::Create(config_, *std::move(writer), next_);
    if (!sink.ok()) return sink.status();
    sink_ = *std::move(sink);
    EXPECT_EQ(sink_->next_tick(), next_);
    return sink_->Prime(program_.Sound(sink_->history_begin(), time_.FirstSample(next_)));
  }
  void Kill() { sink_.reset(); }
  void set_config(const MpegTSOutputSink::Config& config) { config_ = config; }

  absl::Status Consume(bool discontinuity = false) {
    const std::vector<int16_t> sound = program_.SoundOf(next_);
    absl::Status status = sink_->Consume({.tick = next_,
                                          .deadline = Nanos(time_.NanosOf(next_)),
                                          .picture = program_.Picture(next_),
                                          .sound = sound,
                                          .discontinuity = discontinuity});
    if (!status.ok()) return status;
    ++next_;
    return TakeStream();
  }
  // Runs `ticks` more; the encoder is killed in front of those `dies` names.
  void Run(
      int64_t ticks, const std::function<bool(Tick)>& dies = [](Tick) { return false; }) {
    for (const Tick end = next_ + ticks; next_ < end;) {
      if (sink_ != nullptr && dies(next_)) Kill();
      if (sink_ == nullptr) {
        const absl::Status opened = Open();
        ASSERT_TRUE(opened.ok()) << opened;
      }
      const absl::Status consumed = Consume();
      ASSERT_TRUE(consumed.ok()) << consumed;
    }
  }
  void SkipTo(Tick n) { next_ = n; }

 private:
  absl::Status TakeStream() {
    const JournalRecord record = reader_->Newest()->record;
    std::vector<std::byte> packets((record.end_packet - record.first_packet) * kJournalPacketBytes);
    if (reader_->CopyPackets(record.first_packet, packets) != JournalRead::kOk) {
      return absl::InternalError("the tick is not there");
    }
    const auto* bytes = reinterpret_cast<const uint8_t*>(packets.data());
    stream_.insert(stream_.end(), bytes, bytes + packets.size());
    return absl::OkStatus();
  }

  struct Free {
    void operator()(std::byte* p) const { std::free(p); }
  };
  MpegTSOutputSink::Config config_;
  MadeUpProgram program_;
  HouseTime time_;
  Tick next_;
  size_t bytes_;
  std::unique_ptr<std::byte, Free> memory_;
  std::unique_ptr<JournalReader> reader_;
  std::unique_ptr<MpegTSOutputSink> sink_;
  std::vector<uint8_t> stream_;
};

}  // namespace air

// MpegTSOutputSink: picture and sound of one tick become packets in the sink's transport journal, committed
// whole with the checkpoint of that moment. Beginning and going on are one path: a checkpoint says where (a
// zeroed one begins). At a constant rate the packets that did not fit their tick stand in the journal too.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "media/house_time.h"
#include "shm/transport_journal.h"
#include "stages/encoder/codec/audio_encoder.h"
#include "stages/encoder/codec/vbv_account.h"
#include "stages/encoder/codec/video_encoder.h"
#include "stages/encoder/sink/output_sink.h"
#include "stages/encoder/ts/constant_rate.h"
#include "stages/encoder/ts/sound_schedule.h"
#include "stages/encoder/ts/ts_multiplexer.h"

namespace air {

// What one tick put on the wire, for the counters.
struct TickFacts {
  uint64_t packets = 0;
  uint64_t null_packets = 0;   // constant rate: filling
  uint64_t late_pictures = 0;  // constant rate: whose last byte misses their DTS
  uint64_t pcrs = 0;
  uint64_t stamps = 0;   // PTS: pictures and sound units
  uint64_t backlog = 0;  // constant rate: packets waiting behind the tick
};

class MpegTSOutputSink final : public IOutputSink {
 public:
  struct Config {
    MuxConfig mux;
    EncoderSettings encoder;
    uint32_t sound_kbps = 160;
  };

  // `first`: the tick a new stream begins with. A journal that has ticks is continued behind its last one
  // instead.
  static absl::StatusOr<std::unique_ptr<MpegTSOutputSink>> Create(const Config& config, JournalWriter journal,
                                                                  Tick first);

  // The tick Consume expects next.
  Tick next_tick() const { return Tick(checkpoint_.next_tick); }
  // Program sound from this sample on, up to next_tick(), is wanted by Prime() before the first Consume: the
  // codec's history, and what the predecessor was still holding back (sound_schedule.h). May be negative
  // (before the session).
  SampleIndex history_begin() const { return audio_->FirstNeededSample(); }
  // Interleaved house sound that begins at history_begin().
  absl::Status Prime(std::span<const int16_t> sound) { return CodeSound(sound); }

  absl::Status Consume(const ProgramTick& tick) override;
  // Of the last tick consumed.
  const TickFacts& facts() const { return facts_; }

 private:
  MpegTSOutputSink(const Config& config, JournalWriter journal);
  absl::Status OpenCodecs();
  absl::Status OpenSound();
  // What comes of it waits in held_ for its turn.
  absl::Status CodeSound(std::span<const int16_t> sound);
  bool IsIdr(Tick n) const;
  // Sound after a declared jump begins on the grid frame of the new tick; what was held back is given up.
  absl::Status JumpTo(Tick n);
  // Codes the tick's sound and moves what leaves with it into units_.
  absl::Status TakeSound(const ProgramTick& tick);
  // Both multiplexers, by the rate: fill packets_ and facts_, store the new part of the backlog, and say
  // where an IDR picture begins in packets_, if one does.
  absl::StatusOr<std::optional<size_t>> Multiplex(const TickUnits& units);
  absl::StatusOr<std::optional<size_t>> MultiplexAtConstantRate(const TickUnits& units);
  absl::Status Commit(const ProgramTick& tick, std::optional<size_t> idr_packet);

  Config config_;
  HouseTime time_;
  JournalWriter journal_;
  TsMultiplexer mux_;
  std::optional<ConstantRateMultiplexer> constant_rate_;
  Backlog backlog_;  // as the journal has it
  SoundSchedule sound_;
  VbvAccount vbv_;
  TransportCheckpoint checkpoint_;
  int64_t gop_ticks_;
  uint32_t next_idr_pic_id_ = 0;  // of the next IDR picture: the codec alternates 0 and 1
  std::unique_ptr<VideoEncoder> video_;
  std::unique_ptr<AudioEncoder> audio_;
  bool first_ = true;  // of this process: it opens with an IDR
  std::vector<TsPacket> packets_;
  std::deque<std::vector<uint8_t>> held_;   // coded sound that has not left yet, framed; the first one is the
                                            // checkpoint's next_audio_frame
  std::vector<std::vector<uint8_t>> adts_;  // framed sound of one tick
  std::vector<AudioUnit> units_;
  TickFacts facts_;
};

// The AAC access unit a stream that begins at tick n begins with: the first one whose priming reaches that
// far back.
int64_t FirstAudioFrame(const HouseTime& time, Tick n);

}  // namespace air

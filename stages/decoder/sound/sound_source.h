// SoundSource: the asset's sound on the segment's sample line (TIME: unit i carries [S(i), S(i+1) + 1)).
//
// Sound is placed by its time stamps, never by counting what came before it. The one exception keeps it free
// of clicks: stamps are rounded by their container (to a millisecond in Matroska, to whole frames elsewhere),
// so a frame whose stamp is within kJitter of where its predecessor ended follows it directly. What is
// farther ahead leaves a gap of silence, what is farther back is trimmed.
//
// Whichever unit the source begins at, each unit's samples are the same: the position of the first decoded
// frame is recovered from its rounded stamp by the grid its codec's frames lie on, and the resampler's phase
// is a function of that position (SoundResampler). Some files' stamps wander by more than that; where a frame
// of the last moments was put is kept beside each unit, and a successor puts it there, too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>

#include "absl/status/statusor.h"
#include "media/house_format.h"
#include "stages/decoder/media/demuxer.h"
#include "stages/decoder/media/media_time.h"
#include "stages/decoder/media/packet_feed.h"
#include "stages/decoder/media/stream_decoder.h"
#include "stages/decoder/sound/sound_line.h"
#include "stages/decoder/sound/sound_resampler.h"

namespace air {

class SoundSource {
 public:
  // Decoding begins this long before the first sample wanted, so that codecs which build on the past have
  // settled.
  static constexpr Stamp kPreRoll{500, {1, 1000}};

  // For the sound stream of `demuxer`, which must have one. `first` is the stream's first packet, from which
  // its samples are counted; null when it has none. Errors: those of StreamDecoder::Open.
  static absl::StatusOr<std::unique_ptr<SoundSource>> Open(const Demuxer& demuxer, const HouseFormat& house,
                                                           const AVPacket* first);
  // The stamp of the first sample that is to be heard: behind the encoder's delay.
  Stamp first_heard() const { return first_heard_; }
  // Lays out the line: its sample 0 is `segment_start` after the stamp `media_zero`. To be called before the
  // rest.
  void SetLine(Stamp media_zero, Stamp segment_start);

  // Samples [first, first + count) of the line; silence where the asset has none. Positions never decrease
  // between two Restarts, but for overlapping the last read.
  void Read(PacketFeed& feed, int64_t first, uint32_t count, std::span<int16_t> out);
  // The line has sound at or behind position `sample`.
  bool LastsBeyond(PacketFeed& feed, int64_t sample);
  // At least one frame could be decoded since the source was opened.
  bool has_sound() const { return has_sound_; }
  bool ended() const { return ended_; }

  // The feed has landed elsewhere; the next Read is at `first`.
  void Restart(int64_t first);

  // What Keep writes down behind a Read, and TakeUp, before any, learns from. What makes no sense is not
  // taken up.
  static constexpr size_t kKeptBytes = 2 * sizeof(int64_t);
  void Keep(std::span<uint8_t> out) const;
  void TakeUp(std::span<const uint8_t> kept);

  // Damaged packets and frames that could not be converted.
  int64_t errors() const { return decoder_.errors() + conversion_errors_; }
  // Gaps and overlaps between frames: joins that were not contiguous.
  int64_t joins() const { return joins_; }

 private:
  // The part of a decoded frame that is to be heard. `first` counts in source samples from the origin.
  struct Heard {
    int64_t first = 0;
    int from = 0;
    int count = 0;
  };

  // A frame's stamp, in the stream's time base, and where it was put, in source samples.
  struct Placed {
    int64_t stamp = 0;
    int64_t position = 0;
  };

  SoundSource(StreamDecoder decoder, const HouseFormat& house, int64_t origin)
      : decoder_(std::move(decoder)), house_(house), origin_(origin), line_(house.channels) {}
  void FillUpTo(PacketFeed& feed, int64_t end);
  void Take(const AVFrame& frame);
  Heard Trim(const AVFrame& frame);
  int64_t PositionOf(const AVFrame& frame) const;
  void Remember(const AVFrame& frame, int64_t position);
  int64_t SnapToGrid(int64_t position, const AVFrame& frame) const;
  bool Join(const AVFrame& frame, Heard& heard);
  void EndRun();
  void Append(int64_t house_sample, std::vector<int16_t> samples);

  StreamDecoder decoder_;
  HouseFormat house_;
  int64_t origin_;  // the stamp of the first packet, in the stream's time base
  Stamp first_heard_;
  int64_t line_offset_ = 0;  // house samples from the origin to sample 0 of the line
  SoundLine line_;

  // Where the stream should go on: the end of the last frame, and of the run in the resampler, in source
  // samples.
  std::optional<int64_t> expected_;
  int expected_rate_ = 0;
  std::deque<Placed> placed_;           // the first is the one to be kept
  std::optional<Placed> predecessors_;  // that it has kept
  std::unique_ptr<SoundResampler> run_;
  int64_t run_end_ = 0;
  uint32_t skip_ = 0;  // encoder delay still to be left out
  bool ended_ = false;
  bool has_sound_ = false;
  int64_t conversion_errors_ = 0;
  int64_t joins_ = 0;
};

}  // namespace air

// What the tests of the multiplexer send: ticks with pictures and sound as the coders would deliver them.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "stages/encoder/ts/ts_multiplexer.h"
#include "stages/encoder/ts/ts_packet.h"
#include "stages/encoder/ts/ts_tables.h"

namespace air {

using Bytes = std::vector<uint8_t>;
using Packets = std::vector<TsPacket>;

inline constexpr int64_t kWrap = int64_t{1} << 33;

inline HouseFormat House(FrameRate rate) { return {.width = 1280, .height = 720, .rate = rate}; }

inline Bytes Noise(size_t size, uint32_t seed) {
  std::minstd_rand random(seed + 1);
  Bytes bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() >> 7);
  return bytes;
}

struct Sound {
  int64_t pts_90k = 0;
  Bytes frame;
};

// One tick with what it points to.
struct Material {
  Tick tick;
  Bytes picture;
  std::vector<Sound> sound;
  bool idr = false;
  bool discontinuity = false;

  void Send(const TsMultiplexer& mux, TransportCheckpoint& state, Packets& out) const {
    std::vector<AudioUnit> audio;
    for (const Sound& s : sound) audio.push_back({.pts_90k = s.pts_90k, .adts_frame = s.frame});
    mux.Append({.tick = tick, .picture = picture, .idr = idr, .discontinuity = discontinuity, .audio = audio},
               state, out);
  }
};

// A channel as the coders would deliver it: an IDR every `gop` ticks from the first, 1024-sample frames whose
// last sample has come by the end of the tick, the first of them 1024 samples before tick 0.
class Programme {
 public:
  explicit Programme(FrameRate rate, int64_t gop = 25, size_t picture_bytes = 900)
      : time_(House(rate)), gop_(gop), picture_bytes_(picture_bytes) {}

  Material At(int64_t n) const {
    Material material{
        .tick = Tick(n),
        .picture = Noise(n % gop_ == 0 ? 4 * picture_bytes_ : picture_bytes_ + static_cast<size_t>(n % 37),
                         static_cast<uint32_t>(n)),
        .sound = {},
        .idr = n % gop_ == 0,
        .discontinuity = false};
    const int64_t end = FramesBy(n + 1);
    for (int64_t f = FramesBy(n); f < end; ++f) {
      material.sound.push_back({.pts_90k = f * 1920 - 1920,
                                .frame = Noise(300 + static_cast<size_t>(f % 91), static_cast<uint32_t>(f))});
    }
    return material;
  }

 private:
  int64_t FramesBy(int64_t n) const { return n <= 0 ? 0 : time_.FirstSample(Tick(n)).value() / 1024 + 1; }

  HouseTime time_;
  int64_t gop_;
  size_t picture_bytes_;
};

inline Packets Mux(const TsMultiplexer& mux, const Programme& programme, int64_t from, int64_t to,
                   TransportCheckpoint& state) {
  Packets out;
  for (int64_t n = from; n < to; ++n) programme.At(n).Send(mux, state, out);
  return out;
}

}  // namespace air

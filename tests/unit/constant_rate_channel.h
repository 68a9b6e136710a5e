// A channel at a constant rate without codecs: made-up access units through ConstantRateMultiplexer. A
// function of the tick, so that the same tick made twice has the same bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <utility>
#include <vector>

#include "stages/encoder/ts/constant_rate.h"

namespace air {

using Bytes = std::vector<uint8_t>;

inline HouseFormat House(FrameRate rate) { return {.width = 1280, .height = 720, .rate = rate}; }

inline Bytes Noise(size_t size, uint32_t seed) {
  std::minstd_rand random(seed + 1);
  Bytes bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() >> 7);
  return bytes;
}

// A channel at a constant rate: an IDR every `gop` ticks, pictures of the sizes it is given, sound on its
// grid.
class ConstantRateChannel {
 public:
  ConstantRateChannel(FrameRate rate, uint32_t rate_kbps, std::function<size_t(int64_t)> picture_bytes,
                      int64_t gop = 25)
      : config_{.house = House(rate), .pts_origin_90k = 900'000, .delay_90k = 36'000, .rate_kbps = rate_kbps},
        mux_(config_),
        time_(config_.house),
        picture_bytes_(std::move(picture_bytes)),
        gop_(gop) {}

  // Of the last tick made.
  const ConstantRateTick& tick() const { return tick_; }
  const MuxConfig& config() const { return config_; }
  void set_origin(int64_t origin) {
    config_.pts_origin_90k = origin;
    mux_ = ConstantRateMultiplexer(config_);
  }

  std::vector<TsPacket> Make(int64_t n, bool discontinuity = false) {
    const Bytes picture = Noise(picture_bytes_(n), static_cast<uint32_t>(n));
    std::vector<Bytes> frames;
    std::vector<AudioUnit> sound;
    const auto units_by = [&](int64_t t) { return t <= 0 ? 0 : time_.FirstSample(Tick(t)).value() / 1024; };
    for (int64_t f = units_by(n); f < units_by(n + 1); ++f) frames.push_back(Noise(300 + f % 200, f));
    int64_t f = units_by(n);
    for (const Bytes& frame : frames) sound.push_back({.pts_90k = f++ * 1920, .adts_frame = frame});
    tick_ = mux_.Append({.tick = Tick(n),
                         .picture = picture,
                         .idr = n % gop_ == 0 || state.packets == 0 || discontinuity,
                         .discontinuity = discontinuity,
                         .audio = sound},
                        state, backlog);
    return tick_.packets;
  }
  std::vector<TsPacket> MakeAll(int64_t from, int64_t to) {
    std::vector<TsPacket> all;
    for (int64_t n = from; n < to; ++n) {
      const auto packets = Make(n);
      all.insert(all.end(), packets.begin(), packets.end());
    }
    return all;
  }

  TransportCheckpoint state;
  Backlog backlog;

 private:
  MuxConfig config_;
  ConstantRateMultiplexer mux_;
  HouseTime time_;
  std::function<size_t(int64_t)> picture_bytes_;
  int64_t gop_;
  ConstantRateTick tick_;
};

}  // namespace air

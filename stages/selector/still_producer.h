// The two producers that are always there. Pad: black picture, silence; the only source of both in AIR.
// Slate: what a viewer sees when a segment's content had to be given up. Both are rendered once, at start,
// and only read afterwards.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "media/house_format.h"
#include "shm/slate_card.h"

namespace air {

class StillProducer {
 public:
  std::span<const uint8_t> picture() const { return picture_; }  // HouseFormat::VideoBytes()
  // Silence, MaxUnitSamples() * channels.
  std::span<const int16_t> sound() const { return sound_; }

 protected:
  // One colour, limited range (BT.709 / BT.601 black is 16, 128, 128).
  StillProducer(const HouseFormat& format, uint8_t y, uint8_t u, uint8_t v);

 private:
  std::vector<uint8_t> picture_;
  std::vector<int16_t> sound_;
};

class PadProducer final : public StillProducer {
 public:
  explicit PadProducer(const HouseFormat& format) : StillProducer(format, 16, 128, 128) {}
};

class SlateProducer final : public StillProducer {
 public:
  // `card`: the session's (slate_card.h), which may be drawn later, or never: then a plain dark blue stands
  // in.
  explicit SlateProducer(const HouseFormat& format, std::span<const std::byte> card = {})
      : StillProducer(format, 40, 148, 116), format_(format), card_(card) {}
  std::span<const uint8_t> picture() const {
    const std::span<const uint8_t> drawn = ReadSlateCard(card_, format_);
    return drawn.empty() ? StillProducer::picture() : drawn;
  }

 private:
  HouseFormat format_;
  std::span<const std::byte> card_;
};

}  // namespace air

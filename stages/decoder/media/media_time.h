// Exact time on the asset's line. Containers count in their own time bases (1/90000, 1/1000, 1001/24000,
// ...), units in house frames from an in-point in milliseconds; everything here compares and converts the
// integers themselves, with 128-bit intermediates, so that hour ten is chosen as exactly as second one.
//
// Media zero is where the asset begins: its first picture or its first sound, whichever comes first (MediaZero).
#pragma once

extern "C" {
#include <libavutil/rational.h>
}

#include <cstdint>

#include "base/types.h"
#include "media/house_time.h"
#include "stages/decoder/producer.h"

namespace air {

// value * base seconds.
struct Stamp {
  int64_t value = 0;
  AVRational base{1, 1};
};

// floor(stamp) counted in `base`; saturates far outside any asset's line.
int64_t FloorTo(Stamp stamp, AVRational base);
// round(stamp) counted in `base`, halves upwards.
int64_t RoundTo(Stamp stamp, AVRational base);

// Media zero of an asset of moving pictures and sound. Sound that begins first is heard, and the first picture is held
// until it comes. A lead of a tenth of a second or less is no beginning of its own: sound coders put as much in front, and not
// every container says so. Nor is one of more than a minute: that is a wild stamp, and the pictures are believed.
Stamp MediaZero(Stamp first_picture, Stamp first_sound);

// Which of two pictures is on at the instant of a house frame. A picture is on from the house frame nearest to
// its stamp, so never more than half a house frame early, until the next one is. Of several with the same
// nearest house frame the one nearest to it is on. Stamps in a file are rounded to the container's tick, so what
// differs by less than a tick is a tie, and a tie goes to the later picture: from 24 to 60 every other stamp is
// one, and a millisecond container must not break it unevenly. `earlier` and `later` count half ticks of `base`
// (fields lie between ticks), relative to the same zero as `instant`.
bool LaterIsOn(Stamp instant, FrameRate house, int64_t earlier, int64_t later, AVRational base);

// The media instants of a request's units, counted from media zero in units of base().
class UnitInstants {
 public:
  explicit UnitInstants(const ProducerRequest& request)
      : in_point_ms_(request.in_point_ms),
        skip_units_(request.skip_units),
        num_(request.format.rate.num),
        den_(request.format.rate.den) {}

  AVRational base() const { return {1, static_cast<int>(kMsPerSecond * num_)}; }
  Stamp Of(UnitIndex i) const {
    return {in_point_ms_ * num_ + (skip_units_ + i.value()) * den_ * kMsPerSecond, base()};
  }

 private:
  static constexpr int64_t kMsPerSecond = 1000;

  int64_t in_point_ms_;
  int64_t skip_units_;
  int64_t num_;
  int64_t den_;
};

}  // namespace air

// Treatment: how a segment is presented, beyond what its asset is. Levels are functions of the place in the
// segment alone, exact to the frame and to the sample, so that a decoder that takes over presents the rest as
// the dead one would have.
//
//   gain       on the sound, in decibels; above 0 dB the peaks are bent instead of cut off
//   fades      linear, from and to black and silence. The first frame of a fade in and the last frame of a
//              fade out are black, the frame behind and before them in full
//   joins      sound is ramped up over the first 5 ms, and down over the last 5 ms of the asset, so that no join
//              clicks. Where the program leaves an asset that has more, the selector ramps it down
//
// Places are counted from the segment's seam: join in progress begins in the middle of them.
#pragma once

#include <cstdint>
#include <span>

#include "base/types.h"
#include "media/house_format.h"

namespace air {

struct TreatmentSpec {
  double gain_db = 0;
  int64_t segment_units = 0;  // of the whole segment; 0: it has no end that is known
  int64_t fade_in_units = 0;
  int64_t fade_out_units = 0;
  bool soft_joins = false;
  bool operator==(const TreatmentSpec&) const = default;
};

class Treatment {
 public:
  // `skip_units`: where in the segment unit 0 lies.
  Treatment(const TreatmentSpec& spec, const HouseFormat& house, int64_t skip_units);

  bool is_none() const { return spec_ == TreatmentSpec{}; }
  // Whether unit i's picture is changed otherwise than the one before.
  bool ChangesAt(UnitIndex i) const { return PictureLevel(i) != PictureLevel(i - 1); }
  void TreatPicture(UnitIndex i, std::span<uint8_t> house_picture) const;
  // The samples of unit i, interleaved. `last`: the asset has no other, so this is where it joins what
  // follows.
  void TreatSound(UnitIndex i, std::span<int16_t> samples, bool last) const;

 private:
  static constexpr int kFullLevel = 1 << 16;

  int PictureLevel(UnitIndex i) const;  // 0 to kFullLevel
  double SoundLevel(int64_t sample, int64_t end) const;

  TreatmentSpec spec_;
  HouseFormat house_;
  int64_t skip_units_;
  double gain_;          // factor
  int64_t joins_at_;     // all in samples from the segment's seam: where this run of units begins,
  int64_t fade_in_ = 0;  // how long the fades last,
  int64_t fade_out_ = 0;
  int64_t end_;  // and where the segment ends; far away if it is not known
};

}  // namespace air

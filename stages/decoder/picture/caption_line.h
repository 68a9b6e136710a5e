// CaptionLine: CEA-608 and CEA-708 captions on their way from an asset's pictures to the house's.
//
// They travel as cc_data triplets (CEA-708, ATSC A/53 part 4): two bytes of payload and one that says whose.
// The asset's pictures carry as many as their rate allows; the house's have a rate of their own, so triplets
// are queued and given out again:
//
//   608 (line 21)   each field has exactly one pair of bytes in 1/29.97 s, never more; a picture that is not
//                   shown loses none of them
//   708             what room is left: 600 triplets a second altogether, which is the channel's 9600 bit/s
//
// Where both rates are the same, what came with a picture goes out with it. Filling (null pairs, invalid
// triplets) is left out on the way in and made anew on the way out, so that a backlog is soon gone.
//
// What waits at the end of a unit is a function of everything before it, so no decoding from a little earlier
// finds it again. It is kept beside each unit instead, for the producer that takes over behind that unit.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "base/types.h"
#include "media/house_format.h"

namespace air {

class CaptionLine {
 public:
  static constexpr size_t kTripletBytes = 3;
  static constexpr size_t kMostTriplets = 31;  // in one picture: cc_count has five bits
  // What is farther behind is of no use: four seconds of a field, one and a half of 708.
  static constexpr size_t kMostPairs = 120, kMostPackets = 900;
  // What Keep writes at most: how many, and the triplets.
  static constexpr size_t kKeptBytes = 2 + (2 * kMostPairs + kMostPackets) * kTripletBytes;

  explicit CaptionLine(const HouseFormat& house) : rate_(house.rate) {}

  // What the picture at `stamp` carries; stamps rise.
  void Put(int64_t stamp, std::span<const uint8_t> cc_data);
  // What goes out with unit i, which shows the picture at `stamp`, or with the pictures before it that were
  // not shown. Returns the bytes written into `out` (nothing when there is nothing to say).
  uint32_t Take(UnitIndex i, int64_t stamp, std::span<uint8_t> out);
  // Forgets what pictures before `stamp` carry.
  void DropBefore(int64_t stamp);
  // Writes down what waits, behind the last Take, and takes it up again in another process. Memory too short
  // is left alone, and what does not make sense is not taken up.
  void Keep(std::span<uint8_t> out) const;
  void TakeUp(std::span<const uint8_t> kept);
  void Restart();

 private:
  using Triplet = std::array<uint8_t, kTripletBytes>;
  struct Picture {
    int64_t stamp = 0;
    std::vector<Triplet> triplets;
  };
  void Queue(const Triplet& triplet);

  FrameRate rate_;
  std::deque<Picture> pictures_;               // that have not been shown yet
  std::array<std::deque<Triplet>, 2> line21_;  // by field
  std::deque<Triplet> packets_;                // 708
};

}  // namespace air

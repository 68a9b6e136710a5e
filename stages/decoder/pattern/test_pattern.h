// TestPattern: a moving test picture with sound, as a pure function of absolute media indices. No clock, no
// file, no state that a picture leaves behind: picture k looks the same in every process, so a producer that
// takes over from a dead one, a tool that encodes a clip and a test that checks one all agree to the byte.
//
//   +------------------------------------------+
//   |  75 % colour bars, over them a bouncing  |  ITU-R BT.709 from 720 lines upwards, BT.601 below
//   |  box with the clip number                |
//   |  luma ramp 16..235, a sweeping bar       |  a sweep that jerks is a picture lost or repeated
//   |  HH:MM:SS:FF                   | flash | |
//   |  CLIP 007 FRAME 00001234       | patch | |
//   |  counter strip                           |  counter_strip.h
//   +------------------------------------------+
//
// The second s of the media begins with its first picture, k(s) = ceil(s * num / den): the picture whose time
// code ends in :00, whose flash patch is white, and whose first sample, S(k(s)), begins the beep. So light
// and sound coincide to less than one sample at every rate, also at 29.97 where seconds do not begin on
// pictures. FF counts pictures from k(s): the time code shows real time and needs no dropped numbers.
//
// Sound, both channels: a burst of 1 kHz, 40 ms at -12 dBFS, that begins with full swing at its exact sample.
// Left channel only, besides: 400 Hz at -40 dBFS in phase with the absolute media sample, all the time, so
// that a single missing or doubled sample is a phase step of 3 degrees. The right channel is silent between beeps.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "media/house_format.h"
#include "media/house_time.h"

namespace air {

class TestPattern {
 public:
  static constexpr int kTonePeriod = 120;      // samples: 400 Hz at 48 kHz
  static constexpr int kBeepPeriod = 48;       // samples: 1 kHz
  static constexpr int kBeepSamples = 1920;    // 40 ms
  static constexpr int kToneAmplitude = 328;   // of 32767: -40 dBFS
  static constexpr int kBeepAmplitude = 8231;  // -12 dBFS

  // `format` must be valid (Validate). Clip ids are 0..255.
  TestPattern(const HouseFormat& format, uint8_t clip_id);

  // Draws picture k >= 0. `planes` is exactly HouseFormat::VideoBytes(): Y, U, V, tightly packed.
  void DrawPicture(int64_t k, std::span<uint8_t> planes) const;
  // Fills `interleaved` (a whole number of samples of both channels) from media sample `first` >= 0 onwards.
  // The media sample line begins with picture 0; picture k begins at sample S(k) = HouseTime::FirstSample(k).
  void FillSound(int64_t first, std::span<int16_t> interleaved) const;

  // The second picture k lies in, and the first picture and first sample of a second.
  int64_t SecondOf(int64_t k) const { return FloorMulDiv(k, time_.den(), time_.num()); }
  int64_t FirstPictureOf(int64_t second) const { return CeilMulDiv(second, time_.num(), time_.den()); }
  int64_t FirstSampleOf(int64_t second) const {
    return time_.FirstSample(Tick(FirstPictureOf(second))).value();
  }
  bool IsFlashPicture(int64_t k) const { return FirstPictureOf(SecondOf(k)) == k; }
  // "HH:MM:SS:FF" of picture k.
  std::string TimecodeOf(int64_t k) const;

  const HouseFormat& format() const { return format_; }
  uint8_t clip_id() const { return clip_id_; }

 private:
  HouseFormat format_;
  HouseTime time_;
  uint8_t clip_id_;
  std::vector<uint8_t> background_;  // what does not move, drawn once
  std::array<int16_t, kTonePeriod> tone_;
  std::array<int16_t, kBeepPeriod> beep_;
};

}  // namespace air

// SoundCheck: the decoded sound of a captured stream, held against what the test picture sends
// (test_pattern.h): where each beep begins, whether time stamps and samples agree, and whether the tone of
// the left channel goes on unbroken. One sample lost or doubled moves the phase of the 400 Hz tone by 3
// degrees, for good; so it is found.
#pragma once

#include <array>
#include <complex>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace air::analyser {

// What 10 ms of sound hold.
struct SoundBlock {
  double pts;        // 90 kHz, of its first sample
  float tone_level;  // amplitude of 400 Hz on the left, full scale 1
  float tone_phase;  // in samples, -60..60, against the line of samples since the first
  float peak_left;
  float peak_right;
};

class SoundCheck {
 public:
  SoundCheck();

  // One decoded frame with its 90 kHz stamp.
  void Take(int64_t pts, std::span<const float> left, std::span<const float> right);

  int64_t samples() const { return samples_; }
  int64_t gaps() const { return gaps_; }  // frames whose stamp is not where the samples before it end
  double first_pts() const { return static_cast<double>(first_pts_); }
  double last_pts() const { return PtsOf(next_); }
  const std::vector<double>& beeps() const { return beeps_; }  // where each begins, 90 kHz, rising

  struct Fault {
    double pts;
    std::string text;
  };
  // What is wrong with the tone from one stamp to another, inside which one clip plays on: phase steps,
  // blocks without the tone, blocks with something else in them. Beeps are left out.
  std::vector<Fault> FaultsBetween(double from, double to) const;

 private:
  static constexpr int kBlock = 480;  // 10 ms: whole periods of tone and beep

  double PtsOf(int64_t position) const { return origin_ + position * 1.875; }
  void TakeSample(float left, float right);
  void FinishBlock();
  bool NearBeep(const SoundBlock& block) const;

  int64_t first_pts_ = 0;
  double origin_ = 0;  // stamp of position 0, as the frames since the last gap have it
  int64_t next_ = 0;   // position of the next sample, counted from the first
  int64_t samples_ = 0;
  int64_t gaps_ = 0;

  int64_t quiet_ = 0;  // samples since the right channel was loud
  std::vector<double> beeps_;

  std::array<std::complex<double>, 120> carrier_;  // one period of the tone
  std::complex<double> correlation_;
  float peak_left_ = 0, peak_right_ = 0;
  std::vector<SoundBlock> blocks_;
};

}  // namespace air::analyser

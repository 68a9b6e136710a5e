#include "tests/support/sound_check.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "absl/strings/str_format.h"
#include "stages/decoder/pattern/test_pattern.h"

namespace air::analyser {
namespace {

constexpr double kFullScale = 32768;
constexpr double kTicksPerSample = 1.875;
constexpr double kTicksPerMs = 90;

// A beep begins at half its swing: a band-limited step passes there at the very sample it begins, coded or
// not.
constexpr float kBeepThreshold = TestPattern::kBeepAmplitude / kFullScale / 2;
constexpr int64_t kQuietBefore = 960;     // 20 ms: a pause that no beep has inside
constexpr int64_t kLongestFill = 48'000;  // samples
constexpr int64_t kStampTolerance = 1;    // ticks: stamps are rounded down

constexpr double kToneLevel = TestPattern::kToneAmplitude / kFullScale;
constexpr double kLeastTone = 0.5 * kToneLevel;
constexpr double kMostSound =
    4 * kToneLevel;  // the tone with its coding noise; a click of -28 dBFS stands out
constexpr double kAroundBeep = 25 * kTicksPerMs;  // a codec's frame smears it by as much
constexpr double kBeepLength = TestPattern::kBeepSamples * kTicksPerSample;
constexpr size_t kWindow = 4;       // blocks on either side whose median is compared
constexpr double kPhaseStep = 0.5;  // samples: coding noise moves one block by as much, but not the median

double PhaseDistance(double a, double b) { return std::remainder(b - a, TestPattern::kTonePeriod); }

// Median of the phases of kWindow blocks, relative to `reference` so that the wrap of the phase is elsewhere.
double MedianPhase(std::span<const SoundBlock* const> blocks, double reference) {
  std::array<double, kWindow> phases;
  for (size_t i = 0; i < kWindow; ++i) phases[i] = PhaseDistance(reference, blocks[i]->tone_phase);
  std::sort(phases.begin(), phases.end());
  return (phases[kWindow / 2 - 1] + phases[kWindow / 2]) / 2;
}

}  // namespace

SoundCheck::SoundCheck() {
  static_assert(TestPattern::kTonePeriod == 120 && kBlock % TestPattern::kTonePeriod == 0 &&
                kBlock % TestPattern::kBeepPeriod == 0);
  for (size_t i = 0; i < carrier_.size(); ++i)
    carrier_[i] = std::polar(1.0, -2 * std::numbers::pi * i / carrier_.size());
}

void SoundCheck::Take(int64_t pts, std::span<const float> left, std::span<const float> right) {
  if (samples_ == 0) {
    first_pts_ = pts;
    origin_ = static_cast<double>(pts);
  }
  if (std::abs(pts - PtsOf(next_)) > kStampTolerance) {
    ++gaps_;
    // Silence where samples are missing, so that beeps and tone stay in place; a longer leap, or one back,
    // moves the origin.
    const int64_t missing = std::llround((pts - PtsOf(next_)) / kTicksPerSample);
    for (int64_t i = std::min(missing, kLongestFill); i > 0; --i) TakeSample(0, 0);
    origin_ += pts - PtsOf(next_);
  }
  for (size_t i = 0; i < left.size(); ++i) TakeSample(left[i], right[i]);
  samples_ += static_cast<int64_t>(left.size());
}

void SoundCheck::TakeSample(float left, float right) {
  if (std::abs(right) >= kBeepThreshold) {
    if (quiet_ >= kQuietBefore) beeps_.push_back(PtsOf(next_));
    quiet_ = 0;
  } else {
    ++quiet_;
  }
  correlation_ += carrier_[next_ % carrier_.size()] * static_cast<double>(left);
  peak_left_ = std::max(peak_left_, std::abs(left));
  peak_right_ = std::max(peak_right_, std::abs(right));
  if (++next_ % kBlock == 0) FinishBlock();
}

void SoundCheck::FinishBlock() {
  blocks_.push_back({.pts = PtsOf(next_ - kBlock),
                     .tone_level = static_cast<float>(2 * std::abs(correlation_) / kBlock),
                     .tone_phase = static_cast<float>(std::arg(correlation_) * TestPattern::kTonePeriod /
                                                      (2 * std::numbers::pi)),
                     .peak_left = peak_left_,
                     .peak_right = peak_right_});
  correlation_ = 0;
  peak_left_ = peak_right_ = 0;
}

bool SoundCheck::NearBeep(const SoundBlock& block) const {
  const double end = block.pts + kBlock * kTicksPerSample;
  // The last beep that could reach into the block: it begins before the block's end, give or take the smear.
  auto beep = std::upper_bound(beeps_.begin(), beeps_.end(), end + kAroundBeep);
  return beep != beeps_.begin() && beep[-1] + kBeepLength + kAroundBeep > block.pts;
}

std::vector<SoundCheck::Fault> SoundCheck::FaultsBetween(double from, double to) const {
  std::vector<Fault> faults;
  std::vector<const SoundBlock*> tones;  // blocks with a clear tone; since the last step
  auto block = std::lower_bound(blocks_.begin(), blocks_.end(), from,
                                [](const SoundBlock& b, double pts) { return b.pts < pts; });
  for (; block != blocks_.end() && block->pts + kBlock * kTicksPerSample <= to; ++block) {
    if (NearBeep(*block)) continue;
    if (block->peak_left > kMostSound || block->peak_right > kMostSound) {
      faults.push_back(
          {block->pts, absl::StrFormat("a click, peak %.2f", std::max(block->peak_left, block->peak_right))});
      continue;
    }
    if (block->tone_level < kLeastTone) {
      faults.push_back({block->pts, "the tone is missing"});
      continue;
    }
    tones.push_back(&*block);
    if (tones.size() < 2 * kWindow) continue;
    std::span<const SoundBlock* const> window = std::span<const SoundBlock* const>(tones).last(2 * kWindow);
    const double reference = window.front()->tone_phase;
    const double step =
        MedianPhase(window.last(kWindow), reference) - MedianPhase(window.first(kWindow), reference);
    if (std::abs(step) > kPhaseStep) {
      faults.push_back({window[kWindow]->pts, absl::StrFormat("the tone steps by %.1f samples", step)});
      tones.erase(tones.begin(), tones.end() - kWindow);  // compare with what lies behind the step
    }
  }
  return faults;
}

}  // namespace air::analyser

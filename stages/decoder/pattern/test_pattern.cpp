#include "stages/decoder/pattern/test_pattern.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "absl/strings/str_format.h"
#include "stages/decoder/pattern/counter_strip.h"
#include "stages/decoder/pattern/picture_canvas.h"
#include "stages/decoder/pattern/test_pattern_layout.h"

namespace air {
namespace {

using namespace pattern_layout;

// 75 % bars in 8-bit limited range: grey, yellow, cyan, green, magenta, red, blue.
constexpr Colour kBars601[] = {{180, 128, 128}, {162, 44, 142}, {131, 156, 44}, {112, 72, 58},
                               {84, 184, 198},  {65, 100, 212}, {35, 212, 114}};
constexpr Colour kBars709[] = {{180, 128, 128}, {168, 44, 136}, {145, 147, 44}, {133, 63, 52},
                               {63, 193, 204},  {51, 109, 212}, {28, 212, 120}};
constexpr int kBarCount = 7;

PixelRect Pixels(const GridRect& r, const PictureCanvas& canvas) {
  return {r.left * canvas.width() / kColumns, r.top * canvas.height() / kRows,
          r.right * canvas.width() / kColumns, r.bottom * canvas.height() / kRows};
}

void DrawBars(PictureCanvas& canvas, const HouseFormat& format) {
  const auto& colours = format.IsBt709() ? kBars709 : kBars601;
  const PixelRect area = Pixels(kBars, canvas);
  for (int bar = 0; bar < kBarCount; ++bar) {
    canvas.Fill({area.right * bar / kBarCount, area.top, area.right * (bar + 1) / kBarCount, area.bottom},
                colours[bar]);
  }
}

void DrawRamp(PictureCanvas& canvas) {
  const PixelRect area = Pixels(kRamp, canvas);
  canvas.Fill(area, kBlack);
  for (int x = 0; x < area.right; ++x) {
    int level = kBlack.y + x * (kWhite.y - kBlack.y) / (area.right - 1);
    canvas.FillLuma({x, area.top, x + 1, area.bottom}, static_cast<uint8_t>(level));
  }
}

// A point that runs from 0 to `range` in `frames` pictures and back again.
int Bounce(int64_t k, int64_t frames, int range) {
  int64_t phase = k % (2 * frames);
  return static_cast<int>(std::min(phase, 2 * frames - phase) * range / frames);
}

void DrawBox(PictureCanvas& canvas, int64_t k, int64_t frames_a_second, uint8_t clip_id) {
  const PixelRect field = Pixels(kBars, canvas);
  const int height = field.bottom / 4, width = height * 2;
  const int x = Bounce(k, 4 * frames_a_second, std::max(0, field.right - width));
  const int y = Bounce(k, 3 * frames_a_second, field.bottom - height);
  const PixelRect box{x & ~1, y & ~1, (x & ~1) + width, (y & ~1) + height};
  canvas.Fill(box, kWhite);
  const int margin = height / 6;
  canvas.Text({box.left + margin, box.top + margin, box.right - margin, box.bottom - margin},
              absl::StrFormat("%03d", clip_id), kBlack.y);
}

void DrawSweep(PictureCanvas& canvas, int64_t k, int64_t frames_a_second) {
  const PixelRect ramp = Pixels(kRamp, canvas);
  const int64_t turn = 2 * frames_a_second;
  const int x = static_cast<int>(k % turn * canvas.width() / turn);
  canvas.InvertLuma({x, ramp.top, x + std::max(2, canvas.width() / kColumns), ramp.bottom});
}

void DrawStrip(PictureCanvas& canvas, StripCode code) {
  const StripCells cells = EncodeStrip(code);
  for (int cell = 0; cell < kStripCells; ++cell) {
    const int column = kStrip.left + cell;
    canvas.FillLuma(Pixels({column, kStrip.top, column + 1, kStrip.bottom}, canvas),
                    cells[cell] ? kWhite.y : kBlack.y);
  }
}

template <size_t N>
void FillSine(std::array<int16_t, N>& table, int amplitude, double start) {
  for (size_t i = 0; i < N; ++i) {
    table[i] =
        static_cast<int16_t>(std::lround(amplitude * std::sin(2 * std::numbers::pi * (i + start * N) / N)));
  }
}

}  // namespace

TestPattern::TestPattern(const HouseFormat& format, uint8_t clip_id)
    : format_(format), time_(format), clip_id_(clip_id), background_(format.VideoBytes()) {
  PictureCanvas canvas(format_, background_);
  canvas.Fill({0, 0, canvas.width(), canvas.height()}, kBlack);
  DrawBars(canvas, format_);
  DrawRamp(canvas);
  FillSine(tone_, kToneAmplitude, 0);
  FillSine(beep_, kBeepAmplitude, 0.25);  // from its crest: the onset is one step
}

void TestPattern::DrawPicture(int64_t k, std::span<uint8_t> planes) const {
  std::copy(background_.begin(), background_.end(), planes.begin());
  PictureCanvas canvas(format_, planes);
  const int64_t frames_a_second = (time_.num() + time_.den() - 1) / time_.den();
  DrawBox(canvas, k, frames_a_second, clip_id_);
  DrawSweep(canvas, k, frames_a_second);
  canvas.Text(Pixels(kTimecode, canvas), TimecodeOf(k), kWhite.y);
  canvas.Text(Pixels(kCaption, canvas), absl::StrFormat("CLIP %03d FRAME %08d", clip_id_, k), kWhite.y);
  if (IsFlashPicture(k)) canvas.FillLuma(Pixels(kFlash, canvas), kWhite.y);
  DrawStrip(canvas, {static_cast<uint32_t>(k % kStripCounterRange), clip_id_});
}

void TestPattern::FillSound(int64_t first, std::span<int16_t> interleaved) const {
  int64_t second = -1, beep_start = 0;
  for (size_t i = 0; i < interleaved.size() / 2; ++i) {
    const int64_t sample = first + static_cast<int64_t>(i);
    // S(k(s)) lies in [48000 s, 48000 s + one picture): the beep a sample may belong to is the one of its own
    // second.
    if (sample / format_.sample_rate != second) {
      second = sample / format_.sample_rate;
      beep_start = FirstSampleOf(second);
    }
    const int64_t since_beep = sample - beep_start;
    const bool beeps = since_beep >= 0 && since_beep < kBeepSamples;
    const int16_t beep = beeps ? beep_[since_beep % kBeepPeriod] : int16_t{0};
    interleaved[2 * i] = static_cast<int16_t>(tone_[sample % kTonePeriod] + beep);
    interleaved[2 * i + 1] = beep;
  }
}

std::string TestPattern::TimecodeOf(int64_t k) const {
  const int64_t second = SecondOf(k);
  return absl::StrFormat("%02d:%02d:%02d:%02d", second / 3600 % 100, second / 60 % 60, second % 60,
                         k - FirstPictureOf(second));
}

}  // namespace air

#include "stages/decoder/pattern/counter_strip.h"

#include <algorithm>
#include <cmath>

#include "stages/decoder/pattern/test_pattern_layout.h"

namespace air {
namespace {

using pattern_layout::kFlash;
using pattern_layout::kRows;
using pattern_layout::kStrip;

constexpr int kGuardCells = 4;
constexpr int kCounterBits = 24;
constexpr int kClipBits = 8;
constexpr int kCrcBits = 12;
constexpr uint64_t kStartGuard = 0b1101;
constexpr uint64_t kStopGuard = 0b1001;
static_assert(2 * kGuardCells + kCounterBits + kClipBits + kCrcBits == kStripCells);
static_assert(kStrip.right - kStrip.left == kStripCells);

constexpr int kLeastContrast = 80;  // of 219: below this, a line is noise on a flat picture
constexpr double kLeastPitch = 2.0;
constexpr int kScanLinesPerStrip = 4;

uint64_t Crc12(uint64_t message, int bits) {
  uint64_t crc = 0;
  for (int bit = bits - 1; bit >= 0; --bit) {
    bool carry = ((crc >> (kCrcBits - 1)) ^ (message >> bit)) & 1;
    crc = (crc << 1) & ((uint64_t{1} << kCrcBits) - 1);
    if (carry) crc ^= 0x80f;
  }
  return crc;
}

// The whole code as one number, first cell in the most significant of the kStripCells bits.
uint64_t Compose(StripCode code) {
  uint64_t message = uint64_t{code.counter % kStripCounterRange} << kClipBits | code.clip_id;
  uint64_t word = kStartGuard;
  word = word << (kCounterBits + kClipBits) | message;
  word = word << kCrcBits | Crc12(message, kCounterBits + kClipBits);
  return word << kGuardCells | kStopGuard;
}

struct LineReading {
  StripCode code;
  double left = 0, right = 0;
  uint8_t middle = 0;
};

// Position, in pixels from the left border of pixel 0, at which the level between the centres of pixels x and
// x + 1 crosses `middle`: the edge of a cell to a fraction of a pixel, also after scaling has blurred it.
double Crossing(const uint8_t* line, int x, int middle) {
  int step = line[x + 1] - line[x];
  return x + 0.5 + (step == 0 ? 0.5 : static_cast<double>(middle - line[x]) / step);
}

double Mean(const uint8_t* line, double from, double to) {
  int first = static_cast<int>(std::ceil(from - 0.5));  // pixels whose centre lies inside
  int last = static_cast<int>(std::floor(to - 0.5));
  if (first > last) first = last = static_cast<int>((from + to) / 2);
  int sum = 0;
  for (int x = first; x <= last; ++x) sum += line[x];
  return static_cast<double>(sum) / (last - first + 1);
}

std::optional<LineReading> ReadLine(const LumaView& picture, int y) {
  const uint8_t* line = picture.Line(y);
  const uint8_t* end = line + picture.width;
  auto [low, high] = std::minmax_element(line, end);
  if (*high - *low < kLeastContrast) return std::nullopt;
  const int middle = (*low + *high) / 2;

  int first = static_cast<int>(std::find_if(line, end, [&](uint8_t v) { return v >= middle; }) - line);
  int last = picture.width - 1;
  while (line[last] < middle) --last;
  if (first == 0 || last == picture.width - 1 || first == last) return std::nullopt;  // no quiet zone

  LineReading reading{
      {}, Crossing(line, first - 1, middle), Crossing(line, last, middle), static_cast<uint8_t>(middle)};
  const double pitch = (reading.right - reading.left) / kStripCells;
  if (pitch < kLeastPitch) return std::nullopt;
  StripCells cells;
  for (int cell = 0; cell < kStripCells; ++cell) {
    double from = reading.left + (cell + 0.25) * pitch;
    cells[cell] = Mean(line, from, from + 0.5 * pitch) >= middle;
  }
  std::optional<StripCode> code = DecodeStrip(cells);
  if (!code) return std::nullopt;
  reading.code = *code;
  return reading;
}

bool Carries(const LumaView& picture, int y, StripCode code) {
  if (y < 0 || y >= picture.height) return false;
  std::optional<LineReading> line = ReadLine(picture, y);
  return line && line->code == code;
}

}  // namespace

StripCells EncodeStrip(StripCode code) {
  const uint64_t word = Compose(code);
  StripCells cells;
  for (int cell = 0; cell < kStripCells; ++cell) cells[cell] = (word >> (kStripCells - 1 - cell)) & 1;
  return cells;
}

std::optional<StripCode> DecodeStrip(const StripCells& cells) {
  uint64_t word = 0;
  for (bool cell : cells) word = word << 1 | cell;
  uint64_t message = word >> (kGuardCells + kCrcBits);
  StripCode code{static_cast<uint32_t>(message >> kClipBits) % kStripCounterRange,
                 static_cast<uint8_t>(message)};
  if (word != Compose(code)) return std::nullopt;
  return code;
}

std::optional<CounterReading> ReadFrameCounter(const LumaView& picture) {
  // The strip may be half as high as in the full picture (letterbox): step finely enough to meet it four
  // times even then.
  const int strip_rows = kStrip.bottom - kStrip.top;
  const int step = std::max(1, picture.height * strip_rows / kRows / 2 / kScanLinesPerStrip);
  for (int y = picture.height - 1; y >= 0; y -= step) {  // it lies near the bottom
    std::optional<LineReading> line = ReadLine(picture, y);
    if (!line || !Carries(picture, y - step, line->code)) continue;
    CounterReading reading{line->code, line->left, line->right, y, y, line->middle};
    while (Carries(picture, reading.top - 1, line->code)) --reading.top;
    while (Carries(picture, reading.bottom + 1, line->code)) ++reading.bottom;
    return reading;
  }
  return std::nullopt;
}

bool IsFlash(const LumaView& picture, const CounterReading& reading) {
  const double column = (reading.right - reading.left) / (kStrip.right - kStrip.left);
  const double row = static_cast<double>(reading.bottom + 1 - reading.top) / (kStrip.bottom - kStrip.top);
  auto x_of = [&](int c) { return reading.left + (c - kStrip.left) * column; };
  auto y_of = [&](int r) { return static_cast<int>(std::lround(reading.top + (r - kStrip.top) * row)); };
  // The inner part only: its border may be blurred, and the strip's height is known to a line or so.
  const int top = std::max(0, y_of(kFlash.top + 2)), bottom = y_of(kFlash.bottom - 2);
  if (bottom <= top) return false;
  double sum = 0;
  for (int y = top; y < bottom; ++y)
    sum += Mean(picture.Line(y), x_of(kFlash.left + 2), x_of(kFlash.right - 2));
  return sum / (bottom - top) >= reading.middle;
}

}  // namespace air

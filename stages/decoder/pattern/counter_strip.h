// CounterStrip: the machine-readable row of the test picture. It says which picture of which clip this is, so
// that a captured stream can be held against what should have been on the air, frame by frame.
//
//   | quiet | 1 1 0 1 | 24 bits picture counter | 8 bits clip id | 12 bits CRC | 1 0 0 1 | quiet |
//             start                  most significant bit first                    stop
//
// 52 cells of equal width, white (235) for 1 and black (16) for 0, with a black quiet cell on either side, so
// that the first rising and the last falling edge of a line are the ends of the code, whatever the scale of
// the picture and however wide the black bars around it. The reader measures the cells from those two edges;
// it is told nothing. The flash patch is found relative to the strip for the same reason.
//
// The CRC is CRC-12 (x^12 + x^11 + x^3 + x^2 + x + 1, start value 0) over counter and clip id. With the eight
// guard cells, and two lines that must agree, ordinary pictures are not taken for a strip.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace air {

inline constexpr int kStripCells = 52;                             // without the two quiet ones
inline constexpr uint32_t kStripCounterRange = uint32_t{1} << 24;  // the counter counts modulo this

struct StripCode {
  uint32_t counter = 0;  // picture index modulo kStripCounterRange
  uint8_t clip_id = 0;
  bool operator==(const StripCode&) const = default;
};

using StripCells = std::array<bool, kStripCells>;  // left to right; true is white

StripCells EncodeStrip(StripCode code);                         // the counter is taken modulo its range
std::optional<StripCode> DecodeStrip(const StripCells& cells);  // nothing unless guards and CRC are right

// A luma plane to look at: 8 bits a pixel, `stride` bytes from line to line.
struct LumaView {
  const uint8_t* data = nullptr;
  int width = 0;
  int height = 0;
  ptrdiff_t stride = 0;

  const uint8_t* Line(int y) const { return data + y * stride; }
};

struct CounterReading {
  StripCode code;
  double left = 0;   // pixels: where the first cell begins
  double right = 0;  // where the last cell ends
  int top = 0;       // first and last line that carries the code
  int bottom = 0;
  uint8_t middle = 0;  // the level between its black and its white
};

// The code in this picture; nothing when there is none, or none that passes its check. Cells must be at least
// 2 pixels wide, that is, the test picture at least 108 pixels.
std::optional<CounterReading> ReadFrameCounter(const LumaView& picture);

// Whether the flash patch of the picture `reading` was read from is white.
bool IsFlash(const LumaView& picture, const CounterReading& reading);

}  // namespace air

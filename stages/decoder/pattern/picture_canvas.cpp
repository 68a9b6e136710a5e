#include "stages/decoder/pattern/picture_canvas.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace air {
namespace {

constexpr int kGlyphWidth = 5;
constexpr int kGlyphHeight = 7;
constexpr int kAdvance = kGlyphWidth + 1;

struct Glyph {
  char character;
  std::array<uint8_t, kGlyphHeight> rows;  // bit 4 is the leftmost pixel
};

constexpr Glyph kFont[] = {
    {'0', {0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110}},
    {'1', {0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110}},
    {'2', {0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111}},
    {'3', {0b01110, 0b10001, 0b00001, 0b00110, 0b00001, 0b10001, 0b01110}},
    {'4', {0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010}},
    {'5', {0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110}},
    {'6', {0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110}},
    {'7', {0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000}},
    {'8', {0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110}},
    {'9', {0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100}},
    {':', {0b00000, 0b00100, 0b00100, 0b00000, 0b00100, 0b00100, 0b00000}},
    {'A', {0b01110, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001}},
    {'C', {0b01110, 0b10001, 0b10000, 0b10000, 0b10000, 0b10001, 0b01110}},
    {'E', {0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b11111}},
    {'F', {0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b10000}},
    {'I', {0b01110, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110}},
    {'L', {0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b11111}},
    {'M', {0b10001, 0b11011, 0b10101, 0b10101, 0b10001, 0b10001, 0b10001}},
    {'P', {0b11110, 0b10001, 0b10001, 0b11110, 0b10000, 0b10000, 0b10000}},
    {'R', {0b11110, 0b10001, 0b10001, 0b11110, 0b10100, 0b10010, 0b10001}},
};

const Glyph* Find(char character) {
  const Glyph* glyph = std::find_if(std::begin(kFont), std::end(kFont),
                                    [&](const Glyph& g) { return g.character == character; });
  return glyph == std::end(kFont) ? nullptr : glyph;
}

}  // namespace

PictureCanvas::PictureCanvas(const HouseFormat& format, std::span<uint8_t> planes)
    : width_(static_cast<int>(format.width)),
      height_(static_cast<int>(format.height)),
      luma_(planes.data()),
      chroma_{planes.data() + format.LumaBytes(), planes.data() + format.LumaBytes() + format.ChromaBytes()} {
}

PixelRect PictureCanvas::Clip(const PixelRect& area) const {
  return {std::clamp(area.left, 0, width_), std::clamp(area.top, 0, height_),
          std::clamp(area.right, 0, width_), std::clamp(area.bottom, 0, height_)};
}

void PictureCanvas::FillLuma(const PixelRect& area, uint8_t y) {
  PixelRect r = Clip(area);
  if (r.left >= r.right) return;
  for (int line = r.top; line < r.bottom; ++line) {
    std::memset(luma_ + size_t(line) * width_ + r.left, y, r.right - r.left);
  }
}

void PictureCanvas::Fill(const PixelRect& area, Colour colour) {
  PixelRect even{area.left & ~1, area.top & ~1, (area.right + 1) & ~1, (area.bottom + 1) & ~1};
  FillLuma(even, colour.y);
  PixelRect r = Clip(even);
  if (r.left >= r.right) return;
  for (int line = r.top / 2; line < r.bottom / 2; ++line) {
    size_t start = size_t(line) * (width_ / 2) + r.left / 2;
    std::memset(chroma_[0] + start, colour.u, (r.right - r.left) / 2);
    std::memset(chroma_[1] + start, colour.v, (r.right - r.left) / 2);
  }
}

void PictureCanvas::InvertLuma(const PixelRect& area) {
  PixelRect r = Clip(area);
  for (int line = r.top; line < r.bottom; ++line) {
    uint8_t* row = luma_ + size_t(line) * width_;
    for (int x = r.left; x < r.right; ++x) row[x] = static_cast<uint8_t>(kWhite.y + kBlack.y - row[x]);
  }
}

void PictureCanvas::Text(const PixelRect& area, std::string_view text, uint8_t y) {
  if (text.empty()) return;
  const int units = static_cast<int>(text.size()) * kAdvance - 1;
  const int scale = std::min((area.right - area.left) / units, (area.bottom - area.top) / kGlyphHeight);
  if (scale < 1) return;
  const int top = area.top + (area.bottom - area.top - kGlyphHeight * scale) / 2;
  int left = area.left;
  for (char character : text) {
    if (const Glyph* glyph = Find(character)) {
      for (int dot = 0; dot < kGlyphWidth * kGlyphHeight; ++dot) {
        int row = dot / kGlyphWidth, column = dot % kGlyphWidth;
        if (!((glyph->rows[row] >> (kGlyphWidth - 1 - column)) & 1)) continue;
        int x = left + column * scale, line = top + row * scale;
        FillLuma({x, line, x + scale, line + scale}, y);
      }
    }
    left += kAdvance * scale;
  }
}

}  // namespace air

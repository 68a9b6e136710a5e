// PictureCanvas: filled rectangles and bitmap text on a yuv420p picture; all a test picture needs. Everything
// is clipped to the picture, and rectangles are aligned to even pixels so that luma and chroma cover the same
// area.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "media/house_format.h"

namespace air {

struct Colour {
  uint8_t y, u, v;
};
inline constexpr Colour kBlack{16, 128, 128};
inline constexpr Colour kWhite{235, 128, 128};

struct PixelRect {
  int left, top, right, bottom;  // right and bottom are the first pixels outside
};

class PictureCanvas {
 public:
  // Paints on `planes` (HouseFormat::VideoBytes() bytes), which must outlive the canvas.
  PictureCanvas(const HouseFormat& format, std::span<uint8_t> planes);

  void Fill(const PixelRect& area, Colour colour);
  void FillLuma(const PixelRect& area, uint8_t y);  // to the pixel, chroma untouched
  // Replaces each luma value in `area` by its mirror in the range 16..235.
  void InvertLuma(const PixelRect& area);
  // Text as large as fits into `area`, left-aligned and centred in height; nothing when not even 5 x 7 pixels
  // a letter fit. Characters outside the font are blank.
  void Text(const PixelRect& area, std::string_view text, uint8_t y);

  int width() const { return width_; }
  int height() const { return height_; }

 private:
  PixelRect Clip(const PixelRect& area) const;

  int width_, height_;
  uint8_t* luma_;
  uint8_t* chroma_[2];
};

}  // namespace air

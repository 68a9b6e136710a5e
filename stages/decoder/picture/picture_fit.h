// Where a source picture goes in the house picture, and which way up: pure geometry, sample aspect ratio
// respected.
//
//   preserve  the whole picture in its own proportions, with black bars on the two sides that are left
//   crop      as much of the picture as fills the house in its own proportions, from its middle
//   stretch   the whole picture over the whole house, whatever becomes of its proportions
#pragma once

extern "C" {
#include <libavutil/rational.h>
}

#include <cstdint>
#include <span>

#include "media/house_format.h"

namespace air {

// How the coded picture has to be turned before it is shown: the eight ways a rectangle can lie. A display
// matrix (ISO/IEC 14496-12, 8.2.2) that turns by anything but quarters counts as upright.
enum class Orientation {
  kUpright,
  kQuarterClockwise,
  kHalf,
  kQuarterAnticlockwise,
  kMirrored,            // left and right exchanged
  kUpsideDownMirrored,  // top and bottom exchanged
  kTransposed,          // mirrored at the diagonal from the top left
  kAntitransposed,      // at the other one
};

Orientation OrientationOf(std::span<const int32_t, 9> display_matrix);
// What a photo says of itself (Exif 2.3, tag 274: 1 to 8); anything else is upright.
Orientation OrientationOfExif(int orientation);
// Width and height are exchanged.
bool SwapsSides(Orientation orientation);
// The libavfilter chain that does it, with a comma in front; empty for kUpright.
const char* FiltersFor(Orientation orientation);

struct PictureFit {
  // What is shown of the coded picture, in its own pixels and before it is turned.
  int crop_width = 0;
  int crop_height = 0;
  int crop_left = 0;
  int crop_top = 0;
  // The part of the house it covers: luma pixels, even, at least 2.
  int width = 0;
  int height = 0;
  int left = 0;  // where it begins, even, so that chroma lies on its grid
  int top = 0;
  bool operator==(const PictureFit&) const = default;
};

struct SourceShape {
  int width = 0;  // coded pixels
  int height = 0;
  AVRational sample_aspect{1, 1};  // width:height of one pixel; square when it is not positive
  Orientation orientation = Orientation::kUpright;
};

// House sizes are even.
PictureFit FitPicture(AspectPolicy policy, SourceShape source, int house_width, int house_height);

}  // namespace air

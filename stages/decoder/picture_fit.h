// Where a source picture goes in the house picture, and which way up: the pure geometry of `aspect_policy:
// preserve`. The whole picture is shown, in its own proportions (sample aspect ratio respected), as large as
// the house picture allows, with black bars on the two sides that are left.
#pragma once

extern "C" {
#include <libavutil/rational.h>
}

#include <cstdint>
#include <span>

namespace air {

// How the coded picture has to be turned before it is shown. A display matrix (ISO/IEC 14496-12, 8.2.2) that
// is neither a number of quarter turns nor a plain mirror image counts as upright.
enum class Orientation {
  kUpright,
  kQuarterClockwise,
  kHalf,
  kQuarterAnticlockwise,
  kMirrored,
  kUpsideDownMirrored
};

Orientation OrientationOf(std::span<const int32_t, 9> display_matrix);
// The libavfilter chain that does it, with a trailing comma; empty for kUpright.
const char* FiltersFor(Orientation orientation);

struct PictureFit {
  int width = 0;  // luma pixels the picture covers, even, at least 2
  int height = 0;
  int left = 0;  // where it begins, even, so that chroma lies on its grid
  int top = 0;
  bool operator==(const PictureFit&) const = default;
};

// `sample_aspect` (width:height of one pixel) counts as square when it is not positive. House sizes are even.
PictureFit FitPreserving(int source_width, int source_height, AVRational sample_aspect,
                         Orientation orientation, int house_width, int house_height);

}  // namespace air

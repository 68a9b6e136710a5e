#include "stages/decoder/picture/picture_fit.h"

extern "C" {
#include <libavutil/display.h>
}

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace air {
namespace {

__extension__ using Wide = __int128;

// round(a * b / c) to an even number in 2..most.
int EvenShare(int64_t a, int64_t b, int64_t c, int most) {
  const Wide divisor = 2 * static_cast<Wide>(c);
  const Wide halves = (static_cast<Wide>(a) * b + c) / divisor;
  return static_cast<int>(std::clamp<Wide>(2 * halves, 2, most));
}

// round(a * b / c) in 1..most.
int Share(int64_t a, int64_t b, int64_t c, int most) {
  return static_cast<int>(std::clamp<Wide>((2 * static_cast<Wide>(a) * b + c) / (2 * Wide{c}), 1, most));
}

// The picture as it is to be seen, in any unit.
struct Proportions {
  int64_t width = 0;
  int64_t height = 0;
};

Proportions Upright(const SourceShape& source) {
  const bool square = source.sample_aspect.num <= 0 || source.sample_aspect.den <= 0;
  Proportions seen{int64_t{source.width} * (square ? 1 : source.sample_aspect.num),
                   int64_t{source.height} * (square ? 1 : source.sample_aspect.den)};
  if (SwapsSides(source.orientation)) std::swap(seen.width, seen.height);
  return seen;
}

bool IsWider(const Proportions& picture, int width, int height) {
  return static_cast<Wide>(picture.width) * height > static_cast<Wide>(picture.height) * width;
}

void AddBars(const Proportions& seen, int house_width, int house_height, PictureFit& fit) {
  if (IsWider(seen, house_width, house_height)) {
    fit.height = EvenShare(seen.height, house_width, seen.width, house_height);
  } else {
    fit.width = EvenShare(seen.width, house_height, seen.height, house_width);
  }
  fit.left = (house_width - fit.width) / 4 * 2;
  fit.top = (house_height - fit.height) / 4 * 2;
}

// The share that is seen of the longer side is (house proportions) / (picture proportions).
void CropSides(const Proportions& seen, const SourceShape& source, int house_width, int house_height,
               PictureFit& fit) {
  const bool wider = IsWider(seen, house_width, house_height);
  const bool coded_width_is_cut = wider != SwapsSides(source.orientation);
  const int whole = coded_width_is_cut ? source.width : source.height;
  const int64_t kept = wider ? seen.height * house_width : seen.width * house_height;
  const int64_t all = wider ? seen.width * house_height : seen.height * house_width;
  const int rest = Share(whole, kept, all, whole);
  (coded_width_is_cut ? fit.crop_width : fit.crop_height) = rest;
  (coded_width_is_cut ? fit.crop_left : fit.crop_top) = (whole - rest) / 2;
}

Orientation MirrorOf(const int32_t* matrix) {
  if (matrix[1] == 0 && matrix[3] == 0) {
    return matrix[0] < 0 ? Orientation::kMirrored : Orientation::kUpsideDownMirrored;
  }
  if (matrix[0] == 0 && matrix[4] == 0) {
    return matrix[1] > 0 ? Orientation::kTransposed : Orientation::kAntitransposed;
  }
  return Orientation::kUpright;
}

}  // namespace

Orientation OrientationOf(std::span<const int32_t, 9> display_matrix) {
  int32_t matrix[9];
  std::copy(display_matrix.begin(), display_matrix.end(), matrix);
  const double area = static_cast<double>(matrix[0]) * matrix[4] - static_cast<double>(matrix[1]) * matrix[3];
  if (area < 0) return MirrorOf(matrix);
  const double anticlockwise = av_display_rotation_get(matrix);
  if (std::isnan(anticlockwise)) return Orientation::kUpright;
  const int quarters = static_cast<int>(std::lround(anticlockwise / 90.0));
  if (std::fabs(anticlockwise - quarters * 90.0) > 2.0) return Orientation::kUpright;
  switch ((quarters + 4) % 4) {
    case 1:
      return Orientation::kQuarterAnticlockwise;
    case 2:
      return Orientation::kHalf;
    case 3:
      return Orientation::kQuarterClockwise;
    default:
      return Orientation::kUpright;
  }
}

Orientation OrientationOfExif(int orientation) {
  constexpr std::array kMeanings = {Orientation::kUpright,        Orientation::kMirrored,
                                    Orientation::kHalf,           Orientation::kUpsideDownMirrored,
                                    Orientation::kTransposed,     Orientation::kQuarterClockwise,
                                    Orientation::kAntitransposed, Orientation::kQuarterAnticlockwise};
  const bool known = orientation >= 1 && orientation <= static_cast<int>(kMeanings.size());
  return known ? kMeanings[static_cast<size_t>(orientation - 1)] : Orientation::kUpright;
}

bool SwapsSides(Orientation orientation) {
  return orientation == Orientation::kQuarterClockwise || orientation == Orientation::kQuarterAnticlockwise ||
         orientation == Orientation::kTransposed || orientation == Orientation::kAntitransposed;
}

const char* FiltersFor(Orientation orientation) {
  switch (orientation) {
    case Orientation::kUpright:
      return "";
    case Orientation::kQuarterClockwise:
      return ",transpose=clock";
    case Orientation::kHalf:
      return ",hflip,vflip";
    case Orientation::kQuarterAnticlockwise:
      return ",transpose=cclock";
    case Orientation::kMirrored:
      return ",hflip";
    case Orientation::kUpsideDownMirrored:
      return ",vflip";
    case Orientation::kTransposed:
      return ",transpose=cclock_flip";
    case Orientation::kAntitransposed:
      return ",transpose=clock_flip";
  }
  return "";
}

PictureFit FitPicture(AspectPolicy policy, SourceShape source, int house_width, int house_height) {
  PictureFit fit{
      .crop_width = source.width, .crop_height = source.height, .width = house_width, .height = house_height};
  const Proportions seen = Upright(source);
  if (policy == AspectPolicy::kPreserve) AddBars(seen, house_width, house_height, fit);
  if (policy == AspectPolicy::kCrop) CropSides(seen, source, house_width, house_height, fit);
  return fit;
}

}  // namespace air

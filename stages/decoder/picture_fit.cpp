#include "stages/decoder/picture_fit.h"

extern "C" {
#include <libavutil/display.h>
}

#include <algorithm>
#include <cmath>
#include <utility>

namespace air {
namespace {

bool SwapsSides(Orientation orientation) {
  return orientation == Orientation::kQuarterClockwise || orientation == Orientation::kQuarterAnticlockwise;
}

// round(a * b / c) to an even number in 2..most.
int EvenShare(int64_t a, int64_t b, int64_t c, int most) {
  __extension__ using Wide = __int128;
  const Wide divisor = 2 * static_cast<Wide>(c);
  const Wide halves = (static_cast<Wide>(a) * b + c) / divisor;
  return static_cast<int>(std::clamp<Wide>(2 * halves, 2, most));
}

}  // namespace

Orientation OrientationOf(std::span<const int32_t, 9> display_matrix) {
  int32_t matrix[9];
  std::copy(display_matrix.begin(), display_matrix.end(), matrix);
  const double area = static_cast<double>(matrix[0]) * matrix[4] - static_cast<double>(matrix[1]) * matrix[3];
  if (area < 0) {  // a mirror image
    if (matrix[1] != 0 || matrix[3] != 0) return Orientation::kUpright;
    return matrix[0] < 0 ? Orientation::kMirrored : Orientation::kUpsideDownMirrored;
  }
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

const char* FiltersFor(Orientation orientation) {
  switch (orientation) {
    case Orientation::kUpright:
      return "";
    case Orientation::kQuarterClockwise:
      return "transpose=clock,";
    case Orientation::kHalf:
      return "hflip,vflip,";
    case Orientation::kQuarterAnticlockwise:
      return "transpose=cclock,";
    case Orientation::kMirrored:
      return "hflip,";
    case Orientation::kUpsideDownMirrored:
      return "vflip,";
  }
  return "";
}

PictureFit FitPreserving(int source_width, int source_height, AVRational sample_aspect,
                         Orientation orientation, int house_width, int house_height) {
  if (sample_aspect.num <= 0 || sample_aspect.den <= 0) sample_aspect = {1, 1};
  int64_t width = int64_t{source_width} * sample_aspect.num;
  int64_t height = int64_t{source_height} * sample_aspect.den;
  if (SwapsSides(orientation)) std::swap(width, height);

  PictureFit fit{house_width, house_height, 0, 0};
  __extension__ using Wide = __int128;
  if (static_cast<Wide>(width) * house_height > static_cast<Wide>(height) * house_width) {
    fit.height = EvenShare(height, house_width, width, house_height);
  } else {
    fit.width = EvenShare(width, house_height, height, house_width);
  }
  fit.left = (house_width - fit.width) / 4 * 2;
  fit.top = (house_height - fit.height) / 4 * 2;
  return fit;
}

}  // namespace air

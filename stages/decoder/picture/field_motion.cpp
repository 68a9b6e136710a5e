#include "stages/decoder/picture/field_motion.h"

extern "C" {
#include <libavutil/pixdesc.h>
}

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

namespace air {
namespace {

constexpr int kBlock = 16;
constexpr int kColumnStep = 2;  // every other column tells enough
constexpr int kSamplesOfBlock = kBlock * kBlock / kColumnStep;
// What must differ within a block to be more than noise, in levels of 256 a sample.
constexpr int kNoise = 3;
// A block whose lines alternate by so much is combed, or has a very fine texture.
constexpr int kCombing = 60;

// Sums of |above + below - 2 * here| over a block, `here` being a line of another field.
struct BlockSums {
  int64_t own = 0;                 // of the same picture
  std::array<int64_t, 2> other{};  // of the neighbours: as if the top field came first, the bottom field
};

template <class Sample>
class FieldComparison {
 public:
  FieldComparison(const AVFrame* before, const AVFrame& picture, const AVFrame* after, int depth)
      : before_(before),
        picture_(picture),
        after_(after),
        neighbours_((before != nullptr) + (after != nullptr)),
        noise_(int64_t{kNoise} * kSamplesOfBlock << (depth - 8)) {}

  bool ShowsMotion() {
    for (int top = 2; top + kBlock <= picture_.height - 2; top += kBlock) {
      for (int left = 0; left + kBlock <= picture_.width; left += kBlock) Judge(Compare(left, top));
    }
    if (fields_ > 0 && 2 * fields_ > whole_) return true;
    return combed_ && whole_ == 0;  // flashes: nothing moves, but the fields differ
  }

 private:
  static const Sample* Line(const AVFrame& frame, int y) {
    return reinterpret_cast<const Sample*>(frame.data[0] + ptrdiff_t{y} * frame.linesize[0]);
  }
  static int64_t Sum(const Sample* above, const Sample* here, const Sample* below) {
    int sum = 0;
    for (int x = 0; x < kBlock; x += kColumnStep) sum += std::abs(above[x] + below[x] - 2 * here[x]);
    return sum;
  }

  BlockSums Compare(int left, int top) const {
    BlockSums sums;
    for (int y = top; y < top + kBlock; ++y) {
      const Sample* const above = Line(picture_, y - 1) + left;
      const Sample* const below = Line(picture_, y + 1) + left;
      sums.own += neighbours_ * Sum(above, Line(picture_, y) + left, below);
      const auto parity = static_cast<size_t>(y % 2);
      if (before_ != nullptr) sums.other[parity] += Sum(above, Line(*before_, y) + left, below);
      if (after_ != nullptr) sums.other[1 - parity] += Sum(above, Line(*after_, y) + left, below);
    }
    return sums;
  }

  void Judge(const BlockSums& sums) {
    const auto [near, far] = std::minmax(sums.other[0], sums.other[1]);
    if (far > near + near / 3 + noise_ && 4 * near < 5 * sums.own + noise_) {
      fields_ += far - near;
    } else if (2 * near > 3 * sums.own + noise_) {
      whole_ += near - sums.own;
    }
    if (sums.own > neighbours_ * kCombing * noise_ / kNoise) combed_ = true;
  }

  const AVFrame* before_;
  const AVFrame& picture_;
  const AVFrame* after_;
  int neighbours_;
  int64_t noise_;       // of a block
  int64_t fields_ = 0;  // what says that the fields have instants of their own
  int64_t whole_ = 0;   // what says that they have not
  bool combed_ = false;
};

bool SameShape(const AVFrame* a, const AVFrame& b) {
  return a != nullptr && a->width == b.width && a->height == b.height && a->format == b.format;
}

}  // namespace

bool FieldsShowMotion(const AVFrame* before, const AVFrame& picture, const AVFrame* after) {
  const AVPixFmtDescriptor* format = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(picture.format));
  if (!SameShape(before, picture)) before = nullptr;
  if (!SameShape(after, picture)) after = nullptr;
  const bool says = picture.interlaced_frame != 0;
  if (format == nullptr || (before == nullptr && after == nullptr)) return says;
  const AVComponentDescriptor& luma = format->comp[0];
  constexpr uint64_t kForeign = AV_PIX_FMT_FLAG_BE | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BITSTREAM |
                                AV_PIX_FMT_FLAG_FLOAT | AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_RGB;
  const bool alone = luma.plane == 0 && luma.step == (luma.depth > 8 ? 2 : 1) && luma.depth >= 8;
  if (!alone || (format->flags & kForeign) != 0) return says;
  if (luma.depth == 8) return FieldComparison<uint8_t>(before, picture, after, 8).ShowsMotion();
  return FieldComparison<uint16_t>(before, picture, after, luma.depth + luma.shift).ShowsMotion();
}

}  // namespace air

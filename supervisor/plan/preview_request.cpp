#include "supervisor/plan/preview_request.h"

#include "absl/strings/str_cat.h"

namespace air {
namespace {

constexpr int64_t kMostFrames = int64_t{1} << 32;
constexpr int64_t kMostMs = int64_t{1} << 42;
constexpr int32_t kMostRate = 1'000'000;

// num / den, rounded to the nearest, halves upwards; not negative.
int64_t Nearest(__int128 num, __int128 den) { return static_cast<int64_t>((2 * num + den) / (2 * den)); }

absl::Status CheckRange(const char* field, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", value, "; give ", least, " to ", most));
}

}  // namespace

absl::Status CheckPreview(const wire::LoadPreviewRequest& request) {
  if (request.asset_path().empty()) return absl::InvalidArgumentError("asset_path: empty");
  for (const absl::Status& s :
       {CheckRange("fps_numerator", request.fps_numerator(), 1, kMostRate),
        CheckRange("fps_denominator", request.fps_denominator(), 1, kMostRate),
        CheckRange("start_frame", request.start_frame(), 0, kMostFrames),
        CheckRange("frame_count", request.frame_count(), -1, kMostFrames),
        CheckRange("start_offset_ms", request.start_offset_ms(), 0, kMostMs),
        CheckRange("hard_stop_time_ms", request.hard_stop_time_ms(), 0, INT64_MAX / 2)}) {
    if (!s.ok()) return s;
  }
  if (request.frame_count() == 0)
    return absl::InvalidArgumentError("frame_count: 0; give how many frames, or -1 for all there are");
  return absl::OkStatus();
}

Preview PreviewOf(const wire::LoadPreviewRequest& request, const HouseTime& time, UtcMs epoch) {
  const __int128 num = request.fps_numerator(), den = request.fps_denominator();
  Preview preview{.request = request};
  preview.segment.asset_uri = request.asset_path();
  preview.segment.in_point_ms = request.start_offset_ms();
  preview.segment.end = Rundown::kNoEnd;
  if (num * time.den() == den * time.num()) {
    preview.segment.skip_units = request.start_frame();
  } else {
    preview.segment.in_point_ms += Nearest(request.start_frame() * 1000 * den, num);
  }
  if (request.frame_count() > 0) {  // in ticks, the last one begun
    const __int128 ticks = request.frame_count() * den * time.num(), per = num * time.den();
    preview.ticks = static_cast<int64_t>((ticks + per - 1) / per);
  }
  if (request.hard_stop_time_ms() != 0)
    preview.hard_stop = time.FirstTickAt(epoch, UtcMs(request.hard_stop_time_ms()));
  return preview;
}

}  // namespace air

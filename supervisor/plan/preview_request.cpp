#include "supervisor/plan/preview_request.h"

#include "plans/message_bounds.h"

namespace air {
namespace {

// num / den, rounded to the nearest, halves upwards; not negative.
int64_t Nearest(__int128 num, __int128 den) { return static_cast<int64_t>((2 * num + den) / (2 * den)); }

}  // namespace

absl::Status CheckPreview(const wire::LoadPreviewRequest& request) {
  if (request.asset_path().empty()) return absl::InvalidArgumentError("asset_path: empty");
  if (absl::Status s = CheckBounds(request); !s.ok()) return s;
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

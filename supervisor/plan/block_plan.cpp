#include "supervisor/plan/block_plan.h"

#include <algorithm>
#include <cstdlib>

namespace air {
namespace {

constexpr int64_t kMostOffMs = 1;
constexpr int64_t kMostAdrift =
    20;  // milliseconds, along a whole chain: less than half a frame of the longest

// Where a station's mark usually lies.
constexpr float kUsualBugX = 0.95f, kUsualBugY = 0.06f;

int64_t FadeUnits(wire::TransitionType type, uint32_t ms, const HouseTime& time) {
  if (type != wire::TRANSITION_FADE) return 0;
  return FloorMulDiv(2 * int64_t{ms} * time.num() + 1000 * time.den(), 1, 2000 * time.den());
}

stage::Enricher Resolve(const wire::PlayoutEnricher& from) {
  stage::Enricher to;
  if (!from.has_channel_bug()) return to;
  const wire::ChannelBug& bug = from.channel_bug();
  to.mutable_channel_bug()->set_image_uri(bug.image_uri());
  to.mutable_channel_bug()->set_x(bug.has_x() ? bug.x() : kUsualBugX);
  to.mutable_channel_bug()->set_y(bug.has_y() ? bug.y() : kUsualBugY);
  to.mutable_channel_bug()->set_width(bug.width());
  to.mutable_channel_bug()->set_opacity(bug.has_opacity() ? bug.opacity() : 1);
  return to;
}

stage::Treatment TreatmentOf(const wire::BlockSegment& from, int64_t units, const HouseTime& time) {
  stage::Treatment treatment;
  treatment.set_gain_db(from.gain_db());
  treatment.set_segment_units(units);
  treatment.set_fade_in_units(FadeUnits(from.transition_in(), from.transition_in_duration_ms(), time));
  treatment.set_fade_out_units(FadeUnits(from.transition_out(), from.transition_out_duration_ms(), time));
  treatment.set_audio_language(from.audio_language());
  for (const wire::PlayoutEnricher& enricher : from.enrichers()) {
    *treatment.add_enrichers() = Resolve(enricher);
  }
  return treatment;
}

// But for its fade in, which is at its beginning, and its length.
std::string PresentationOf(const stage::Treatment& treatment) {
  stage::Treatment same = treatment;
  same.clear_fade_in_units();
  same.clear_segment_units();
  return same.SerializeAsString();
}

}  // namespace

bool GoesOnFrom(const PlannedSegment& before, const PlannedSegment& next, Tick block_from) {
  if (next.IsPad() || before.asset_uri != next.asset_uri) return false;
  if (before.end != next.start || next.start <= block_from || next.skip_units != 0) return false;
  if (std::abs(next.in_point_ms - (before.in_point_ms + before.duration_ms)) > kMostOffMs) return false;
  if (std::abs(next.in_point_ms - next.seam_utc_ms - before.chain_offset_ms) > kMostAdrift) return false;
  const bool fades = before.treatment.fade_out_units() > 0 || next.treatment.fade_in_units() > 0;
  return !fades && PresentationOf(before.treatment) == PresentationOf(next.treatment);
}

PlannedBlock PlanBlock(const wire::BlockPlan& plan, const HouseTime& time, UtcMs epoch, uint64_t block_serial,
                       uint64_t& next_segment_serial, Tick from) {
  const UtcMs start_utc(plan.start_utc_ms());
  PlannedBlock block{.serial = block_serial,
                     .plan = plan,
                     .start = time.FirstTickAt(epoch, start_utc),
                     .fence = time.FirstTickAt(epoch, UtcMs(plan.end_utc_ms())),
                     .from = from,
                     .prepared = {},
                     .segments = {}};
  if (from > Tick(0)) block.start = std::max(block.start, from);
  int64_t offset_ms = 0;
  for (int i = 0; i < plan.segments_size(); ++i) {
    const wire::BlockSegment& planned = plan.segments(i);
    const bool last = i + 1 == plan.segments_size();
    const Tick seam = std::min(time.FirstTickAt(epoch, start_utc, offset_ms), block.fence);
    offset_ms += planned.segment_duration_ms();
    const Tick end =
        last ? block.fence : std::min(time.FirstTickAt(epoch, start_utc, offset_ms), block.fence);
    const Tick first = std::max(seam, from);
    block.segments.push_back(
        {.serial = next_segment_serial++,
         .block_serial = block_serial,
         .index = planned.segment_index(),
         .asset_uri = planned.segment_type() == wire::SEGMENT_TYPE_PAD ? "" : planned.asset_uri(),
         .in_point_ms = planned.asset_start_offset_ms(),
         .start = first,
         .end = end,
         .treatment = TreatmentOf(planned, end - seam, time),
         .skip_units = first - seam,
         .lock = {},
         .seam_utc_ms = start_utc.value() + offset_ms - planned.segment_duration_ms(),
         .duration_ms = planned.segment_duration_ms()});
  }
  return block;
}

}  // namespace air

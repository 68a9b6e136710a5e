#include "core/link/block_plan.h"

#include <algorithm>

namespace retrovue {
namespace {

constexpr Millis kFade{500};

playout::SegmentType TypeOf(const PlaylogEvent& event) {
  if (event.path.empty()) return playout::SEGMENT_TYPE_PAD;
  return event.kind == PlaylogKind::kProgramme ? playout::SEGMENT_TYPE_CONTENT : playout::SEGMENT_TYPE_FILLER;
}

}  // namespace

std::int32_t AirChannelId(const Channel& channel) { return channel.number.value_or(1); }

playout::BlockPlan ToBlockPlan(const Channel& channel, const PlannedBlock& block) {
  playout::BlockPlan plan;
  plan.set_block_id(block.block_id);
  plan.set_channel_id(AirChannelId(channel));
  plan.set_start_utc_ms(UtcMs(block.start));
  plan.set_end_utc_ms(UtcMs(block.end));
  plan.set_broadcast_date(ToText(block.broadcast_day));
  plan.set_broadcast_day_anchor_utc_ms(UtcMs(block.broadcast_day_anchor));
  for (const PlaylogEvent& event : block.events) {
    playout::BlockSegment& segment = *plan.add_segments();
    const Millis length = event.end - event.start;
    segment.set_segment_index(plan.segments_size() - 1);
    segment.set_segment_duration_ms(length.count());
    segment.set_segment_type(TypeOf(event));
    segment.set_event_id(event.id.text);
    segment.set_segment_uuid(event.id.text);
    if (event.path.empty()) continue;
    segment.set_asset_uri(event.path);
    segment.set_asset_start_offset_ms(event.asset_start_offset.count());
    segment.set_asset_uuid(event.asset_id.text);
    const auto fade = static_cast<std::uint32_t>(std::max(std::min(kFade, length / 2), Millis(1)).count());
    if (event.fades_in) {
      segment.set_transition_in(playout::TRANSITION_FADE);
      segment.set_transition_in_duration_ms(fade);
    }
    if (event.cut_short) {
      segment.set_transition_out(playout::TRANSITION_FADE);
      segment.set_transition_out_duration_ms(fade);
    }
  }
  return plan;
}

}  // namespace retrovue

#include "core/plan_loop.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace air {

PlanLoop::PlanLoop(std::vector<Asset> assets, int channel_id)
    : assets_(std::move(assets)), channel_id_(channel_id) {}

retrovue::playout::BlockPlan PlanLoop::Next(std::int64_t now_utc_ms) {
  retrovue::playout::BlockPlan block;
  block.set_block_id(absl::StrCat("block-", next_block_++));
  block.set_channel_id(channel_id_);
  block.set_start_utc_ms(std::max(next_start_utc_ms_, now_utc_ms));
  std::int64_t duration_ms = 0;
  while (duration_ms < kShortestBlockMs) {
    const Asset& asset = assets_[next_asset_];
    next_asset_ = (next_asset_ + 1) % assets_.size();
    retrovue::playout::BlockSegment* segment = block.add_segments();
    segment->set_segment_index(block.segments_size() - 1);
    segment->set_asset_uri(asset.path);
    segment->set_segment_duration_ms(asset.duration_ms);
    segment->set_event_id(absl::StrCat(block.block_id(), "/", segment->segment_index()));
    duration_ms += asset.duration_ms;
  }
  block.set_end_utc_ms(block.start_utc_ms() + duration_ms);
  next_start_utc_ms_ = block.end_utc_ms();
  return block;
}

}  // namespace air

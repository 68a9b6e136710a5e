// Blocks in a line each.
#pragma once

#include <string>
#include <vector>

#include "core/channel/block_shelf.h"

namespace retrovue {

// A block of one file, from `start_s` to `end_s` seconds of UTC.
inline playout::BlockPlan Block(const std::string& id, std::int64_t start_s, std::int64_t end_s,
                                const std::string& path = "/media/film.mkv") {
  playout::BlockPlan block;
  block.set_block_id(id);
  block.set_start_utc_ms(start_s * 1000);
  block.set_end_utc_ms(end_s * 1000);
  playout::BlockSegment& segment = *block.add_segments();
  segment.set_asset_uri(path);
  segment.set_segment_duration_ms((end_s - start_s) * 1000);
  return block;
}

inline channel_link::Blocks Blocks(const std::vector<playout::BlockPlan>& plans,
                                   std::int64_t replace_from_s = 0) {
  channel_link::Blocks blocks;
  blocks.set_replace_from_utc_ms(replace_from_s * 1000);
  for (const playout::BlockPlan& plan : plans) *blocks.add_blocks() = plan;
  return blocks;
}

inline Instant AtSecond(std::int64_t s) { return FromUtcMs(s * 1000); }

}  // namespace retrovue

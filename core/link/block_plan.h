// What AIR is handed: a PlannedBlock as a BlockPlan of playout.proto.
#pragma once

#include <cstdint>

#include "core/model/channel.h"
#include "core/model/playlog.h"
#include "protos/playout.pb.h"

namespace retrovue {

// A channel's number at AIR: its number in the guide, or 1. Correlation only.
std::int32_t AirChannelId(const Channel& channel);

// Segments follow the block's events: they touch and add up to the block exactly, as the events do (PlanBlocks). event_id and
// segment_uuid are the PlaylogEvent's id, asset_uuid the asset's; what is not given stays empty. An event without a path is pad; a
// station card is filler. What is cut short fades out, and in where it goes on behind a break (half a second, or half its length if that is less). Pure.
playout::BlockPlan ToBlockPlan(const Channel& channel, const PlannedBlock& block);

}  // namespace retrovue

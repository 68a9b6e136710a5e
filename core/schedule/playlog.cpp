#include "core/schedule/playlog.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/model/stable_hash.h"

namespace retrovue {
namespace {

constexpr Millis kLongestBlack{2000};
// What is shorter is no filler and no card of its own: a block would be thousands of segments.
constexpr Millis kShortestClip{1000};

// Fills blocks one after the other.
class BlockFilling {
 public:
  BlockFilling(const Channel& channel, const Grid& grid, const ScheduleDay& day, const AvailRules& rules)
      : channel_(channel), grid_(grid), rules_(rules), rotation_(rules.pool) {
    if (rotation_.empty()) return;
    const std::uint64_t lot = StableHash(rules.seed, ToText(day.date));
    std::rotate(rotation_.begin(), rotation_.begin() + static_cast<std::ptrdiff_t>(lot % rotation_.size()),
                rotation_.end());
  }

  void Add(const ScheduleItem& item) {
    std::size_t part = 0;
    Millis offset{0};
    for (Instant t = item.start; t < item.end;) {
      // An item that was made by other rules may end off the grid.
      const Instant end = std::min(grid_.Slot(t, Millis(1)), item.end);
      Begin(item, t, end);
      while (t < end && part < item.parts.size()) {
        const ResolvedPart& p = item.parts[part];
        const Millis length = std::min(p.airs - offset, end - t);
        Append(PlaylogKind::kProgramme, p.asset_id, p.path, t, length, offset);
        t += length;
        offset += length;
        if (offset == p.airs) {
          ++part;
          offset = Millis(0);
        }
      }
      FillAvail(t, end);
      t = end;
      End();
    }
  }

  std::vector<PlannedBlock> Take() { return std::move(blocks_); }

 private:
  void Begin(const ScheduleItem& item, Instant start, Instant end) {
    const absl::CivilDay date = grid_.DayOf(start);
    blocks_.push_back({"", start, end, date, grid_.Anchor(date), {}});
    item_ = &item;
  }

  void FillAvail(Instant t, Instant end) {
    while (t < end) {
      const Millis rest = end - t;
      if (rotation_.empty()) {
        const bool whole = rules_.card_path.empty() || rules_.card_duration < kShortestClip;
        const Millis length = whole ? rest : std::min(rest, rules_.card_duration);
        Append(rules_.card_path.empty() ? PlaylogKind::kPad : PlaylogKind::kStationCard, {}, rules_.card_path,
               t, length, Millis(0));
        t += length;
        continue;
      }
      auto clip = std::find_if(rotation_.begin(), rotation_.end(),
                               [&](const Asset* c) { return c->duration <= rest; });
      if (clip == rotation_.end()) {
        if (rest <= kLongestBlack) {
          Append(PlaylogKind::kPad, {}, "", t, rest, Millis(0));
          return;
        }
        clip = rotation_.begin();
      }
      const Asset& asset = **clip;
      const Millis length = std::min(asset.duration, rest);
      Append(PlaylogKind::kFiller, asset.id, asset.canonical_uri, t, length, Millis(0));
      blocks_.back().events.back().cut_short = length < asset.duration;
      std::rotate(clip, clip + 1, rotation_.end());
      t += length;
    }
  }

  void Append(PlaylogKind kind, const AssetId& asset, const std::string& path, Instant t, Millis length,
              Millis offset) {
    PlannedBlock& block = blocks_.back();
    PlaylogEvent event;
    event.schedule_item_id = item_->id;
    event.segment_index = static_cast<int>(block.events.size());
    event.kind = kind;
    event.asset_id = asset;
    event.path = path;
    event.start = t;
    event.end = t + length;
    event.asset_start_offset = offset;
    event.broadcast_day = block.broadcast_day;
    block.events.push_back(std::move(event));
  }

  void End() {
    PlannedBlock& block = blocks_.back();
    std::uint64_t hash = StableHash(0, channel_.id.text);
    for (const PlaylogEvent& event : block.events) {
      hash = StableHash(hash, absl::StrCat(event.schedule_item_id.text, "\n", Name(event.kind), "\n",
                                           event.asset_id.text, "\n", event.path, "\n", UtcMs(event.start),
                                           "\n", UtcMs(event.end), "\n", event.asset_start_offset.count()));
    }
    block.block_id =
        absl::StrCat(channel_.slug, "-", UtcMs(block.start), "-", absl::Hex(hash, absl::kZeroPad16));
    for (PlaylogEvent& event : block.events) event.block_id = block.block_id;
  }

  const Channel& channel_;
  const Grid& grid_;
  const AvailRules& rules_;
  std::vector<const Asset*> rotation_;  // what has been off the longest first
  std::vector<PlannedBlock> blocks_;
  const ScheduleItem* item_ = nullptr;
};

}  // namespace

AvailRules AvailRulesOf(const Channel& channel, const CatalogueView& catalogue, std::uint64_t seed) {
  AvailRules rules{{}, channel.station_card_path, channel.station_card_duration, seed};
  for (const AssetId& id : channel.filler_pool) {
    const Candidate* filler = catalogue.FindSchedulable(id.text);
    if (filler != nullptr && filler->asset->duration >= kShortestClip) rules.pool.push_back(filler->asset);
  }
  return rules;
}

std::vector<PlannedBlock> PlanBlocks(const Channel& channel, const Grid& grid, const ScheduleDay& day,
                                     const AvailRules& rules) {
  BlockFilling filling(channel, grid, day, rules);
  for (const ScheduleItem& item : day.items) filling.Add(item);
  return filling.Take();
}

}  // namespace retrovue

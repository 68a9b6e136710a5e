#include "core/schedule/playlog.h"

#include <algorithm>
#include <utility>

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
    item_ = &item;
    part_ = 0;
    offset_ = Millis(0);
    t_ = item.start;
    block_end_ = item.start;
    Millis aired{0};
    bool fades = false;
    for (const Break& one : item.breaks) {
      AddContent(one.at - aired, fades, one.fades);
      AddBreak(one.length);
      aired = one.at;
      fades = one.fades;
    }
    AddContent(item.content - aired, fades, false);
    AddBreak(item.end - t_);
  }

  std::vector<PlannedBlock> Take() { return std::move(blocks_); }

 private:
  // How much of the next `length` is in the block that is on; another one is begun where that one ends.
  Millis Room(Millis length) {
    if (t_ == block_end_) {
      // An item that was made by other rules may end off the grid.
      block_end_ = std::min(grid_.Slot(t_, Millis(1)), item_->end);
      const absl::CivilDay date = grid_.DayOf(t_);
      blocks_.push_back({"", t_, block_end_, date, grid_.Anchor(date), {}});
    }
    return std::min(length, block_end_ - t_);
  }

  void Go(Millis length) {
    t_ += length;
    if (t_ == block_end_) End();
  }

  void AddContent(Millis length, bool fades_in, bool fades_out) {
    while (length > Millis(0)) {
      const ResolvedPart& part = item_->parts[part_];
      const Millis now = std::min(Room(length), part.airs - offset_);
      Append(PlaylogKind::kProgramme, part.asset_id, part.path, t_, now, offset_);
      PlaylogEvent& event = blocks_.back().events.back();
      event.fades_in = std::exchange(fades_in, false);
      event.cut_short = fades_out && now == length;
      length -= now;
      offset_ += now;
      if (offset_ == part.airs) {
        ++part_;
        offset_ = Millis(0);
      }
      Go(now);
    }
  }

  void AddBreak(Millis length) {
    while (length > Millis(0)) {
      const Millis now = Room(length);
      FillAvail(t_, t_ + now);
      length -= now;
      Go(now);
    }
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
                                           "\n", UtcMs(event.end), "\n", event.asset_start_offset.count(),
                                           event.fades_in ? "\nin" : "", event.cut_short ? "\nout" : ""));
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
  std::size_t part_ = 0;  // of it, that is on
  Millis offset_{0};      // into that
  Instant t_;
  Instant block_end_;  // `t_`: the next block is still to be begun
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

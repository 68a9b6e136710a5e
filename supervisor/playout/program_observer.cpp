#include "supervisor/playout/program_observer.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace air {

void ProgramObserver::SetBlock(uint64_t tick, uint64_t block) {
  seen_ = tick + 1;
  if (block == block_) return;
  const uint64_t from = std::exchange(block_, block);
  callbacks_.on_block(Tick(static_cast<int64_t>(tick)), from, block);
}

void ProgramObserver::PassOver(uint64_t to) {
  // A copy: what is called back may commit another version.
  const std::vector<TimelineEntry> entries(schedule_.entries().begin(), schedule_.entries().end());
  int64_t owned_to =
      INT64_MAX;  // what lies before the first entry has been forgotten, not left without an owner
  for (const TimelineEntry& entry : entries) {
    const int64_t hole = std::max(owned_to, static_cast<int64_t>(seen_));
    if (hole < std::min(entry.start_tick, static_cast<int64_t>(to))) SetBlock(static_cast<uint64_t>(hole), 0);
    owned_to = entry.end_tick;
    const int64_t from = std::max(entry.start_tick, static_cast<int64_t>(seen_));
    if (from < std::min(entry.end_tick, static_cast<int64_t>(to)))
      SetBlock(static_cast<uint64_t>(from), entry.block_serial);
  }
  const int64_t hole = std::max(owned_to, static_cast<int64_t>(seen_));
  if (hole < static_cast<int64_t>(to)) SetBlock(static_cast<uint64_t>(hole), 0);
  seen_ = std::max(seen_, to);
}

void ProgramObserver::Poll() {
  const uint64_t next = reader_.next(), oldest = reader_.oldest();
  if (seen_ < oldest) PassOver(oldest);
  for (uint64_t i = seen_; i < next; ++i) {
    SlotMeta meta;
    if (reader_.ReadMeta(i, meta) != ReadResult::kOk) continue;
    const Tick n(static_cast<int64_t>(i));
    const TickJournal& journal = meta.journal;
    SetBlock(i, journal.block_serial);
    segment_ = journal.segment_serial;
    lock_ = journal.locked != 0 ? std::optional(Tick(journal.lock_tick)) : std::nullopt;
    gap_ns_ = meta.committed_ns - meta.deadline_ns;
    content_ = (meta.flags & kFlagContent) != 0;
    if (content_ && segment_ != content_segment_) {
      content_segment_ = segment_;
      callbacks_.on_content(n, segment_);
    }
  }
  seen_ = std::max(seen_, next);
}

}  // namespace air

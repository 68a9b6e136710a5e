#include "supervisor/program_observer.h"

#include <algorithm>

namespace air {

void ProgramObserver::Poll() {
  const uint64_t next = reader_.next();
  for (uint64_t i = std::max(seen_, reader_.oldest()); i < next; ++i) {
    SlotMeta meta;
    if (reader_.ReadMeta(i, meta) != ReadResult::kOk) continue;
    const Tick n(static_cast<int64_t>(i));
    const TickJournal& journal = meta.journal;
    if (journal.block_serial != block_) {
      const uint64_t from = std::exchange(block_, journal.block_serial);
      callbacks_.on_block(n, from, block_);
    }
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

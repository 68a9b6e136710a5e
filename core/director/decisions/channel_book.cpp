#include "core/director/decisions/channel_book.h"

#include <algorithm>

namespace retrovue {

const PlannedBlock* ChannelBook::BlockAt(Instant now) const {
  for (const PlannedBlock& block : blocks)
    if (block.start <= now && now < block.end) return &block;
  return nullptr;
}

Instant ChannelBook::CoveredUntil(Instant now) const {
  Instant until = now;
  for (const PlannedBlock& block : blocks)
    if (block.start <= until && until < block.end) until = block.end;
  return until;
}

const PlaylogEvent* ChannelBook::EventAt(Instant now) const {
  const PlannedBlock* block = BlockAt(now);
  if (block == nullptr) return nullptr;
  const auto event = std::find_if(block->events.begin(), block->events.end(),
                                  [&](const PlaylogEvent& e) { return now < e.end; });
  return event == block->events.end() ? nullptr : &*event;
}

std::string FileOfNow(const ChannelBook& book, Instant now) {
  const PlaylogEvent* event = book.EventAt(now);
  return event != nullptr && event->kind == PlaylogKind::kProgramme ? event->path : "";
}

}  // namespace retrovue

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

std::vector<std::string> FilesOfNextBlocks(const ChannelBook& book, Instant now, int count) {
  std::vector<std::string> files;
  for (const PlannedBlock& block : book.blocks) {
    if (block.end <= now) continue;
    if (count-- == 0) break;
    for (const PlaylogEvent& event : block.events) {
      const bool aired = event.end <= now;
      if (event.path.empty() || aired) continue;
      if (std::find(files.begin(), files.end(), event.path) == files.end()) files.push_back(event.path);
    }
  }
  return files;
}

}  // namespace retrovue

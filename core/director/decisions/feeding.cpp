#include "core/director/decisions/feeding.h"

#include <algorithm>

namespace retrovue {

std::optional<Feed> NextFeed(const std::vector<HeldBlock>& held, const ChannelBook& book, Instant now) {
  std::optional<Instant> fixed_until;  // AIR has blocks up to here
  std::vector<const HeldBlock*> loose;
  for (const HeldBlock& block : held) {
    if (block.end <= now) continue;
    if (block.fixed)
      fixed_until = std::max(block.end, fixed_until.value_or(block.end));
    else
      loose.push_back(&block);
  }

  // Walks along both, to the first block where they part.
  auto holds = loose.begin();
  auto wanted = book.blocks.begin();
  while (wanted != book.blocks.end() && (wanted->end <= now || (fixed_until && wanted->start < *fixed_until)))
    ++wanted;
  while (wanted != book.blocks.end() && holds != loose.end() && (*holds)->block_id == wanted->block_id) {
    ++holds;
    ++wanted;
  }
  if (wanted == book.blocks.end()) return std::nullopt;
  const bool part = holds != loose.end();
  const Instant so_far = holds == loose.begin() ? fixed_until.value_or(now) : (*(holds - 1))->end;
  if (!part && so_far - now >= kLeastAhead + (wanted->end - wanted->start)) return std::nullopt;

  Feed feed;
  feed.replace_from = wanted->start;
  if (part) feed.replace_from = std::min(feed.replace_from, (*holds)->start);
  for (; wanted != book.blocks.end(); ++wanted) {
    if (!feed.blocks.empty() && wanted->start - now >= kFullAhead) break;
    feed.blocks.push_back(*wanted);
  }
  return feed;
}

std::vector<HeldBlock> AfterFeed(std::vector<HeldBlock> held, const Feed& feed) {
  std::erase_if(held, [&](const HeldBlock& h) { return !h.fixed && h.start >= feed.replace_from; });
  for (const PlannedBlock& block : feed.blocks) {
    const auto known = std::find_if(held.begin(), held.end(),
                                    [&](const HeldBlock& h) { return h.block_id == block.block_id; });
    if (known == held.end()) held.push_back({block.block_id, block.start, block.end, false});
  }
  return held;
}

Instant HeldUntil(const std::vector<HeldBlock>& held, Instant now) {
  std::vector<HeldBlock> sorted = held;
  std::sort(sorted.begin(), sorted.end(),
            [](const HeldBlock& a, const HeldBlock& b) { return a.start < b.start; });
  Instant until = now;
  for (const HeldBlock& block : sorted)
    if (block.start <= until && until < block.end) until = block.end;
  return until;
}

}  // namespace retrovue

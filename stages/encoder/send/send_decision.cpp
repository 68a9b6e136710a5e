#include "stages/encoder/send/send_decision.h"

#include <algorithm>
#include <optional>

namespace air {
namespace {

using Action = SendDecision::Action;

// Three quarters of either ring, whatever the time: dropping by choice at a tick border must come before
// being lapped.
bool NearlyLapped(const JournalGeometry& ring, uint64_t position, const JournalEntry& at,
                  const JournalEntry& newest) {
  return newest.record.end_packet - position > ring.packet_capacity / 4 * 3 ||
         newest.number - at.number > ring.checkpoint_slots / 4 * 3;
}

bool BacklogExceeded(const JournalEntry& at, const JournalEntry& newest, const SendLimits& limits) {
  return newest.record.deadline_ns - at.record.deadline_ns > limits.backlog_ns + limits.delay_ns;
}

Nanos DueAt(const JournalRecord& record, const SendLimits& limits) {
  return Nanos(record.deadline_ns) + limits.delay_ns;
}

bool IsDue(const JournalRecord& record, Nanos now, const SendLimits& limits) {
  return limits.delay_ns == 0 || DueAt(record, limits) <= now;
}

// As many whole ticks as are due and fit; a tick larger than a chunk goes in pieces.
uint64_t ChunkEnd(const JournalReader& journal, uint64_t position, JournalEntry at, Nanos now,
                  const SendLimits& limits) {
  const uint64_t limit = position + limits.chunk_packets;
  uint64_t end = std::min(at.record.end_packet, limit);
  for (JournalRecord next; journal.ReadRecord(++at.number, next) == JournalRead::kOk; end = next.end_packet) {
    if (next.first_packet != end || next.end_packet > limit || !IsDue(next, now, limits)) break;
  }
  return end;
}

}  // namespace

SendDecision DecideSend(const JournalReader& journal, uint64_t position, Nanos now,
                        const SendLimits& limits) {
  const std::optional<JournalEntry> newest = journal.Newest();
  if (!newest || position >= newest->record.end_packet) return {};

  const std::optional<JournalEntry> at = journal.FindTickOf(position);
  const bool lapped = !at || !journal.Holds(position);
  const bool at_tick_border = lapped || at->record.first_packet == position;
  if (at_tick_border && (lapped || NearlyLapped(journal.geometry(), position, *at, *newest) ||
                         BacklogExceeded(*at, *newest, limits))) {
    if (auto idr = journal.LatestIdr(position + 1)) {
      return {.action = Action::kRejoin,
              .end = idr->entry.record.first_packet,
              .before = idr->before,
              .idr_packet = idr->entry.record.idr_packet};
    }
    if (lapped) return {};
  }
  if (at_tick_border && !IsDue(at->record, now, limits)) {
    return {.action = Action::kWaitUntil, .until = DueAt(at->record, limits)};
  }
  return {.action = Action::kSend, .end = ChunkEnd(journal, position, *at, now, limits)};
}

}  // namespace air

#include "stages/selector/frame_selection.h"

namespace air {
namespace {

// The name of a missing unit's pad: what the supervisor knows of the source (a crash, a hang), else how it
// looks here.
PadCause CauseOfMissing(const TimelineEntry& entry, bool past_end) {
  if (past_end) return PadCause::kEof;
  return entry.pad_cause != PadCause::kNone ? entry.pad_cause : PadCause::kLate;
}

// Whether the tick behind n belongs to the same line of units. The Timeline changes no tick that is so near.
bool GoesOnBehind(const TimelineSnapshot& timeline, const TimelineEntry& entry, Tick n) {
  const TimelineEntry* next = timeline.At(n + 1);
  return next != nullptr && next->kind == EntryKind::kContent && next->line() == entry.line();
}

// A unit that is known never to come has had its tick, too: what follows it stays in its place.
bool HasCome(ReadResult result) {
  return result == ReadResult::kOk || result == ReadResult::kGap || result == ReadResult::kHole;
}

// Whether a segment whose unit 0 has come begins with it at n.
bool MayBegin(const TimelineEntry& entry, Tick n, ISources& sources) {
  if (n.value() == entry.start_tick) return true;
  if (entry.end_tick - n.value() <= static_cast<int64_t>(kLateLead)) return true;
  SlotMeta unused;
  return HasCome(sources.Peek(entry.source, kLateLead - 1, unused)) ||
         sources.IsPastEnd(entry.source, kLateLead - 1);
}

}  // namespace

Decision SelectFrame(const TimelineSnapshot& timeline, const MappingLock& lock, Tick n, ISources& sources) {
  Decision d;
  d.tick = n;
  d.timeline_version = timeline.version();
  const TimelineEntry* entry = timeline.At(n);
  if (entry == nullptr) {
    d.cause = PadCause::kNoPlan;
    return d;
  }
  d.segment_serial = entry->segment_serial;
  d.block_serial = entry->block_serial;
  if (lock.Holds(entry->line())) d.lock = lock;
  if (entry->kind != EntryKind::kContent) {
    d.show = entry->kind;
    d.cause = entry->pad_cause;
    return d;
  }

  if (d.lock.segment_serial == 0 && entry->lock_tick != kNoLock && entry->lock_tick <= n.value())
    d.lock = {.segment_serial = entry->line(), .tick = Tick(entry->lock_tick)};
  const bool locked = d.lock.segment_serial != 0;
  d.source = entry->source;
  d.unit = locked ? static_cast<uint64_t>(n - d.lock.tick) : 0;
  ReadResult result = sources.Peek(entry->source, d.unit, d.unit_meta);
  if (!locked && HasCome(result) && !MayBegin(*entry, n, sources)) result = ReadResult::kTooEarly;
  const bool came = HasCome(result);
  if (came && !locked) d.lock = {.segment_serial = entry->line(), .tick = n};
  // Before the lock the segment still waits for its first unit. After it, a unit that missed its tick is
  // discarded.
  d.wanted = came || locked;
  if (result == ReadResult::kOk) {
    d.show = EntryKind::kContent;
    d.leaves = !GoesOnBehind(timeline, *entry, n);
  } else if (result == ReadResult::kGap) {
    d.cause = PadCause::kRefused;
    d.unit_refused = true;
  } else if (result == ReadResult::kHole) {
    d.cause = PadCause::kSkipped;
  } else {
    d.cause = CauseOfMissing(*entry, sources.IsPastEnd(entry->source, d.unit));
  }
  return d;
}

}  // namespace air

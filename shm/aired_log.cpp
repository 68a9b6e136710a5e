#include "shm/aired_log.h"

namespace air {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

AiredRun RunOf(const SlotMeta& frame) {
  const Tick n(static_cast<int64_t>(frame.index));
  const bool content = (frame.flags & kFlagContent) != 0;
  const bool slate = (frame.flags & kFlagSlate) != 0;
  return {.from = n,
          .end = n + 1,
          .block_serial = frame.journal.block_serial,
          .segment_serial = frame.journal.segment_serial,
          .kind = content ? AiredKind::kContent
                  : slate ? AiredKind::kSlate
                          : AiredKind::kPad,
          .cause = frame.journal.pad_cause,
          .first_media_us = frame.journal.media_position_us,
          .last_media_us = frame.journal.media_position_us};
}

AiredRun Copy(const AiredLogMemory::Slot& slot) {
  // SYNC POINT: pairs with the release store of end_tick in Append; what it counts is in last_media_us.
  const Tick end(slot.end_tick.load(std::memory_order_acquire));
  return {.from = Tick(slot.from_tick.load(kRelaxed)),
          .end = end,
          .block_serial = slot.block_serial.load(kRelaxed),
          .segment_serial = slot.segment_serial.load(kRelaxed),
          .kind = static_cast<AiredKind>(slot.kind.load(kRelaxed)),
          .cause = static_cast<PadCause>(slot.cause.load(kRelaxed)),
          .first_media_us = slot.first_media_us.load(kRelaxed),
          .last_media_us = slot.last_media_us.load(kRelaxed)};
}

bool GoesOn(const AiredRun& run, const AiredRun& frame) {
  return run.end == frame.from && run.block_serial == frame.block_serial &&
         run.segment_serial == frame.segment_serial && run.kind == frame.kind && run.cause == frame.cause;
}

}  // namespace

std::optional<Tick> AiredLogWriter::end() const {
  const uint64_t next = memory_.next.load(kRelaxed);
  if (next == 0) return std::nullopt;
  return Tick(memory_.slots[(next - 1) % kAiredRuns].end_tick.load(kRelaxed));
}

void AiredLogWriter::Append(const SlotMeta& meta) {
  const AiredRun frame = RunOf(meta);
  const uint64_t next = memory_.next.load(kRelaxed);
  if (next > 0) {
    AiredLogMemory::Slot& last = memory_.slots[(next - 1) % kAiredRuns];
    if (GoesOn(Copy(last), frame)) {
      last.last_media_us.store(frame.last_media_us, kRelaxed);
      last.end_tick.store(frame.end.value(), std::memory_order_release);
      return;
    }
  }
  AiredLogMemory::Slot& slot = memory_.slots[next % kAiredRuns];
  std::atomic_thread_fence(std::memory_order_release);  // a reader that sees any of this sees `next`, too
  slot.from_tick.store(frame.from.value(), kRelaxed);
  slot.block_serial.store(frame.block_serial, kRelaxed);
  slot.segment_serial.store(frame.segment_serial, kRelaxed);
  slot.kind.store(static_cast<uint32_t>(frame.kind), kRelaxed);
  slot.cause.store(static_cast<uint32_t>(frame.cause), kRelaxed);
  slot.first_media_us.store(frame.first_media_us, kRelaxed);
  slot.last_media_us.store(frame.last_media_us, kRelaxed);
  slot.end_tick.store(frame.end.value(), kRelaxed);
  // SYNC POINT: pairs with the acquire load in AiredLogReader::next.
  memory_.next.store(next + 1, std::memory_order_release);
}

std::optional<AiredRun> AiredLogReader::Read(uint64_t run) const {
  if (run >= next()) return std::nullopt;
  const AiredRun copy = Copy(memory_.slots[run % kAiredRuns]);
  std::atomic_thread_fence(std::memory_order_acquire);
  // The slot is filled again while `next` is run + kAiredRuns.
  if (memory_.next.load(kRelaxed) >= run + kAiredRuns) return std::nullopt;
  return copy;
}

}  // namespace air

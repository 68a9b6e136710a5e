#include "shm/timeline.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/atomic_copy.h"

namespace air {
namespace {

// Sorted, non-empty, not overlapping, of a known kind, and content can be locked: what every decision relies
// on.
absl::Status CheckEntries(std::span<const TimelineEntry> entries) {
  int64_t free_from = INT64_MIN;
  for (const TimelineEntry& e : entries) {
    const char* wrong = e.end_tick <= e.start_tick ? "is empty"
                        : e.start_tick < free_from ? "is unsorted or overlaps"
                        : e.kind > EntryKind::kSlate || e.pad_cause >= PadCause::kCount
                            ? "has an unknown kind or cause"
                        : e.kind == EntryKind::kContent && e.segment_serial == 0 ? "is content of no segment"
                                                                                 : nullptr;
    if (wrong != nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("timeline entry [", e.start_tick, ", ", e.end_tick, ") ", wrong));
    }
    free_from = e.end_tick;
  }
  return absl::OkStatus();
}

absl::StatusOr<TimelineMemory*> CheckHeader(std::span<std::byte> memory) {
  auto* timeline = reinterpret_cast<TimelineMemory*>(memory.data());
  if (memory.size() < kTimelineBytes)
    return absl::FailedPreconditionError("timeline refused: segment too short");
  if (timeline->header.magic.load(std::memory_order_acquire) != kTimelineMagic ||
      timeline->header.layout_version != kTimelineLayoutVersion) {
    return absl::FailedPreconditionError("timeline refused: magic or layout version");
  }
  return timeline;
}

// Appends a piece of an entry, joining it to the piece before when both belong to the same entry.
void Append(std::vector<TimelineEntry>& out, TimelineEntry piece) {
  if (piece.end_tick <= piece.start_tick) return;
  if (!out.empty() && out.back().end_tick == piece.start_tick) {
    TimelineEntry joined = out.back();
    joined.start_tick = piece.start_tick;
    joined.end_tick = piece.end_tick;
    if (joined == piece) {
      out.back().end_tick = piece.end_tick;
      return;
    }
  }
  out.push_back(piece);
}

}  // namespace

const TimelineEntry* TimelineSnapshot::At(Tick n) const {
  auto all = entries();
  auto after = std::upper_bound(all.begin(), all.end(), n.value(),
                                [](int64_t tick, const TimelineEntry& e) { return tick < e.start_tick; });
  if (after == all.begin()) return nullptr;
  const TimelineEntry& e = *std::prev(after);
  return n.value() < e.end_tick ? &e : nullptr;
}

absl::Status TimelineSnapshot::Assign(uint64_t version, std::span<const TimelineEntry> entries) {
  if (entries.size() > kTimelineCapacity) {
    return absl::ResourceExhaustedError(
        absl::StrCat(entries.size(), " timeline entries, at most ", kTimelineCapacity, " fit"));
  }
  if (absl::Status s = CheckEntries(entries); !s.ok()) return s;
  version_ = version;
  count_ = entries.size();
  std::copy(entries.begin(), entries.end(), entries_.begin());
  return absl::OkStatus();
}

std::vector<TimelineEntry> MergeTimeline(std::span<const TimelineEntry> frozen,
                                         std::span<const TimelineEntry> wanted, Tick first_free) {
  const int64_t border = first_free.value();
  std::vector<TimelineEntry> merged;
  for (TimelineEntry e : frozen) {
    e.end_tick = std::min(e.end_tick, border);
    Append(merged, e);
  }
  for (TimelineEntry e : wanted) {
    e.start_tick = std::max(e.start_tick, border);
    Append(merged, e);
  }
  return merged;
}

void FormatTimeline(std::span<std::byte> memory) {
  auto* timeline = new (memory.data()) TimelineMemory{};
  timeline->header.layout_version = kTimelineLayoutVersion;
  timeline->header.header_size = sizeof(TimelineHeader);
  timeline->header.magic.store(kTimelineMagic, std::memory_order_release);
}

absl::StatusOr<TimelineWriter> TimelineWriter::Attach(std::span<std::byte> memory) {
  absl::StatusOr<TimelineReader> reader = TimelineReader::Attach(memory);
  if (!reader.ok()) return reader.status();
  TimelineWriter writer(reinterpret_cast<TimelineMemory*>(memory.data()));
  reader->Refresh(writer.current_);
  return writer;
}

absl::Status TimelineWriter::Commit(std::span<const TimelineEntry> wanted, Tick now, Tick keep_from) {
  const Tick first_free = current_.version() == 0 ? Tick(INT64_MIN) : now + kFreezeTicks;
  std::vector<TimelineEntry> next = MergeTimeline(current_.entries(), wanted, first_free);
  std::erase_if(next, [&](const TimelineEntry& e) { return e.end_tick < keep_from.value(); });
  if (std::ranges::equal(next, current_.entries())) return absl::OkStatus();

  const uint64_t version = current_.version() + 1;
  if (absl::Status s = current_.Assign(version, next); !s.ok()) return s;
  TimelineBank& bank = memory_->banks[version % 2];
  // SYNC POINT: with the acquire fence in Refresh. Who reads a word of this bank written from here on also
  // sees that the version it held has been superseded.
  std::atomic_thread_fence(std::memory_order_release);
  const uint64_t count = next.size();
  CopyToShared(&bank.count, &count, sizeof count);
  CopyToShared(bank.entries.data(), next.data(), count * sizeof(TimelineEntry));
  memory_->header.version.store(version, std::memory_order_release);  // SYNC POINT: with Refresh
  return absl::OkStatus();
}

absl::StatusOr<TimelineReader> TimelineReader::Attach(std::span<std::byte> memory) {
  absl::StatusOr<TimelineMemory*> timeline = CheckHeader(memory);
  if (!timeline.ok()) return timeline.status();
  return TimelineReader(*timeline);
}

void TimelineReader::Refresh(TimelineSnapshot& snapshot) const {
  for (int attempt = 0; attempt < 3; ++attempt) {
    const uint64_t version = memory_->header.version.load(std::memory_order_acquire);
    if (version == snapshot.version_) return;
    const TimelineBank& bank = memory_->banks[version % 2];
    // On the stack of the event loop or of the selector's tick, which have one of megabytes. No thread-local:
    // that would be taken out of the stack of every thread there is.
    std::array<TimelineEntry, kTimelineCapacity> copy;
    uint64_t count = 0;
    CopyFromShared(&count, &bank.count, sizeof count);
    if (count > kTimelineCapacity) return;
    CopyFromShared(copy.data(), bank.entries.data(), count * sizeof(TimelineEntry));
    std::atomic_thread_fence(std::memory_order_acquire);
    // The writer touches this bank again only after it has committed the version behind this one.
    if (memory_->header.version.load(std::memory_order_relaxed) != version) continue;
    if (!CheckEntries({copy.data(), count}).ok()) return;
    std::copy_n(copy.begin(), count, snapshot.entries_.begin());
    snapshot.count_ = count;
    snapshot.version_ = version;
    return;
  }
}

}  // namespace air

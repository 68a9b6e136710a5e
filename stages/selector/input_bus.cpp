#include "stages/selector/input_bus.h"

namespace air {

BackpressureReader* InputBus::Find(const SourceRef& source) {
  if (source.generation == 0 || source.ring >= pool_.size()) return nullptr;
  std::optional<BackpressureReader>& reader = readers_[source.ring];
  // Asked anew every time: the ring may have been given to another asset since, and unit 7 of one asset is
  // not unit 7 of the other.
  if (!reader.has_value() || reader->view().generation() != source.generation ||
      !reader->view().IsCurrent()) {
    reader.reset();
    const PooledRing& pooled = pool_[source.ring];
    absl::StatusOr<RingView> view = RingView::Attach(pooled.ring.bytes(), RingPolicy::kBackpressure);
    if (!view.ok() || view->generation() != source.generation || view->format() != format_) return nullptr;
    reader.emplace(*view, reinterpret_cast<ReaderPage*>(pooled.reader_page.bytes().data()));
  }
  return &*reader;
}

ReadResult InputBus::Peek(const SourceRef& source, uint64_t unit, SlotMeta& meta) {
  BackpressureReader* reader = Find(source);
  return reader == nullptr ? ReadResult::kTooEarly : reader->Peek(unit, meta);
}

bool InputBus::IsPastEnd(const SourceRef& source, uint64_t unit) {
  BackpressureReader* reader = Find(source);
  return reader != nullptr && unit >= reader->end();
}

void InputBus::ReleaseThrough(const SourceRef& source, uint64_t unit) {
  if (BackpressureReader* reader = Find(source); reader != nullptr) reader->Release(unit + 1);
}

}  // namespace air

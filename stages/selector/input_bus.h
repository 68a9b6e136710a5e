// InputBus: the routed input path. It holds the session's pool of decoder rings and finds the one a timeline
// entry names; which producer is LIVE or PREVIEW is the Timeline's word, never this one's. It stores nothing.
#pragma once

#include <optional>
#include <vector>

#include "shm/frame_ring_buffer.h"
#include "shm/shared_segment.h"
#include "stages/selector/frame_selection.h"

namespace air {

class InputBus final : public ISources {
 public:
  // One ring of the pool: the decoder's segment, mapped read-only, and the reader page this process writes.
  struct PooledRing {
    SharedSegment ring;
    SharedSegment reader_page;
  };

  // Only rings of the house format `format` are read: a decoder is not trusted, its ring's header neither.
  InputBus(const HouseFormat& format, std::vector<PooledRing> pool)
      : format_(format), pool_(std::move(pool)), readers_(pool_.size()) {}

  ReadResult Peek(const SourceRef& source, uint64_t unit, SlotMeta& meta) override;
  bool IsPastEnd(const SourceRef& source, uint64_t unit) override;
  // The ring of a source that was just Peeked with kOk.
  const RingView& View(const SourceRef& source) const { return readers_[source.ring]->view(); }
  // Gives every unit up to and including `unit` back to its decoder.
  void ReleaseThrough(const SourceRef& source, uint64_t unit);

 private:
  // The reader of this generation, attached at its first use; nullptr when the pool does not hold it, or no
  // longer.
  BackpressureReader* Find(const SourceRef& source);

  HouseFormat format_;
  std::vector<PooledRing> pool_;
  std::vector<std::optional<BackpressureReader>> readers_;
};

}  // namespace air

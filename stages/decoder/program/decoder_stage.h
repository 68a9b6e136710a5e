// DecoderStage: the loop around a producer. It puts unit after unit into its ring as long as there is room,
// and waits for nothing else. A predecessor that died is continued exactly where its ring stops, with the
// same unit numbers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/master_clock.h"
#include "shm/frame_ring_buffer.h"
#include "stages/decoder/dress/enricher.h"
#include "stages/decoder/dress/treatment.h"
#include "stages/decoder/producer.h"

namespace air {

// FileProducer for a path, ProgrammaticProducer for "pattern:...", either with a fault for "fault:...".
std::unique_ptr<IProducer> MakeProducer(const std::string& asset_uri);

// What is done to a producer's units before they go into the ring.
struct Presentation {
  TreatmentSpec treatment = {};
  Enrichers* enrichers = nullptr;  // null: none; outlives the run
};

class DecoderStage {
 public:
  // Called when the first unit of this process is in the ring.
  using OnProducing = std::function<void(uint64_t next)>;

  DecoderStage(MasterClock& clock, const RingView& ring, const ReaderPage& reader, uint32_t pid);

  // Runs until the asset is used up (Ok: the ring says where it ends) or nothing more will come of it (the
  // producer's error). `format` is set from the ring, and so is `first_unit` unless it lies behind what the
  // ring wants next: then the units up to it, or up to the first good place behind it, become a hole.
  absl::Status Run(IProducer& producer, ProducerRequest request, Presentation presentation,
                   const OnProducing& on_producing);

  uint64_t next() const { return writer_.next(); }

 private:
  void Present(UnitIndex i, const UnitBuffer& unit, UnitInfo& info);
  // Renders the unit Open()ed in the ring; false at the end of the asset.
  absl::StatusOr<bool> ProduceUnit(IProducer& producer);
  void AwaitRoom();

  MasterClock& clock_;
  FrameRingWriter<RingPolicy::kBackpressure> writer_;
  int64_t period_ns_;
  std::optional<Treatment> treatment_;  // as long as Run runs, as the next
  Enrichers* enrichers_ = nullptr;
};

}  // namespace air

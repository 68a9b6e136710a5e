// LoadPreview's request, from frames of a rate the client names to units of the house. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "media/house_time.h"
#include "protos/playout.pb.h"
#include "supervisor/plan/rundown.h"

namespace air {

// A producer that is wanted in PREVIEW.
struct Preview {
  wire::LoadPreviewRequest request;
  PlannedSegment segment;        // its serial, asset and in-point
  std::optional<int64_t> ticks;  // how many it is LIVE for; nothing: to its end
  std::optional<Tick> hard_stop;
};

// What can be wrong with a request by itself. Errors: InvalidArgument, naming the field.
absl::Status CheckPreview(const wire::LoadPreviewRequest& request);

// The producer it asks for, without a serial. start_frame in the house rate is exact; in another one it is
// the house frame nearest to it. The request must have passed CheckPreview.
Preview PreviewOf(const wire::LoadPreviewRequest& request, const HouseTime& time, UtcMs epoch);

}  // namespace air

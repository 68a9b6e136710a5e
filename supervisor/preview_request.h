// LoadPreview's request, from frames of a rate the client names to units of the house. Pure.
#pragma once

#include "absl/status/status.h"
#include "supervisor/plan_executor.h"

namespace air {

// What can be wrong with a request by itself. Errors: InvalidArgument, naming the field.
absl::Status CheckPreview(const wire::LoadPreviewRequest& request);

// The producer it asks for, without a serial. start_frame in the house rate is exact; in another one it is
// the house frame nearest to it. The request must have passed CheckPreview.
PlanExecutor::Preview PreviewOf(const wire::LoadPreviewRequest& request, const HouseTime& time, UtcMs epoch);

}  // namespace air

// A plan as StartChannel and UpdatePlan name it: a file, read and checked as a whole before anything is done
// with it.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "supervisor/plan/stored_blocks.h"

namespace air {

struct ChannelPlan {
  StoredBlocks::Pointer blocks;  // in order, of this channel; at least one
  bool relative = false;         // it starts when it is put in force
  std::string format_json;       // empty: it names none
  int64_t join_utc_ms = 0;
  uint64_t fingerprint = 0;  // of its contents, never 0: the same plan again is known by it
};

// `plan_handle`: a path or a file: URI. Errors: NotFound (no such file), InvalidArgument (naming the place in
// it and what is wrong).
absl::StatusOr<ChannelPlan> LoadChannelPlan(const std::string& plan_handle, int32_t channel_id);

}  // namespace air

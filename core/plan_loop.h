// A schedule of the simplest kind: the same assets in a loop, for ever, as contiguous blocks.
//
// The rule: a block begins where the one before it ends, to the millisecond, and lasts at least
// kShortestBlockMs, so that the next one can be fed and prepared in peace. An asset is never cut: a block is
// as many whole assets as it takes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protos/playout.pb.h"

namespace air {

// A playable file and for how long it plays.
struct Asset {
  std::string path;              // absolute
  std::int64_t duration_ms = 0;  // greater than 0
};

class PlanLoop {
 public:
  static constexpr std::int64_t kShortestBlockMs = 10'000;

  // `assets` must not be empty.
  PlanLoop(std::vector<Asset> assets, int channel_id);

  // The next block. It starts where the last one ended, or at `now_utc_ms` if that has passed: then the
  // channel was off for a while, and there is no use in a plan for the past.
  retrovue::playout::BlockPlan Next(std::int64_t now_utc_ms);

  // The next block starts now, whatever was planned: what was planned has died with its session.
  void StartAfresh() { next_start_utc_ms_ = 0; }

 private:
  std::vector<Asset> assets_;
  int channel_id_;
  std::size_t next_asset_ = 0;
  int next_block_ = 1;
  std::int64_t next_start_utc_ms_ = 0;
};

}  // namespace air

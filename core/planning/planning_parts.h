// What days and playlog have in common.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/planning/planning.h"
#include "core/schedule/grid.h"

namespace retrovue {

// Behind everything that is planned.
constexpr Instant kFarAway = FromUtcMs(253'402'300'799'000);

inline absl::StatusOr<Grid> GridOf(const Channel& channel) {
  absl::StatusOr<absl::TimeZone> zone = FindTimeZone(channel.time_zone);
  if (!zone.ok()) return zone.status();
  return Grid(channel.grid, *zone);
}

inline bool IsFed(const PlannedBlock& block) {
  return std::any_of(block.events.begin(), block.events.end(),
                     [](const PlaylogEvent& event) { return event.state != PlaylogState::kPlanned; });
}

struct Planning::Catalogue {
  explicit Catalogue(std::vector<Asset> assets, std::vector<Program> programs,
                     std::vector<VirtualAsset> virtuals, std::vector<SyntheticAsset> synthetics)
      : view(std::move(assets), std::move(programs), std::move(virtuals), std::move(synthetics)) {}

  CatalogueView view;
};

}  // namespace retrovue

// Stored plans and their zones.
#pragma once

#include <string>
#include <vector>

#include "core/model/plan.h"
#include "core/store/repository.h"

namespace retrovue {

class Plans : public Repository {
 public:
  using Repository::Repository;

  // With their zones, in the order they were put. The highest priority first, then by name.
  absl::StatusOr<std::vector<SchedulePlan>> OfChannel(const ChannelId& id) const;
  absl::StatusOr<SchedulePlan> Get(const PlanId& id) const;
  // By id or, without case, name.
  absl::StatusOr<SchedulePlan> Find(const ChannelId& channel_id, const std::string& handle) const;

  // Adds it, or changes what is stored under its id, zones included: zones that are not in it any more go. Empty ids, also those
  // of zones, are given. It is valid on its channel's grid (ValidatePlan), and what its zones name is there.
  absl::Status Put(SchedulePlan& plan);
  // FAILED_PRECONDITION if a day was made of it: archive it instead.
  absl::Status Delete(const PlanId& id);
};

}  // namespace retrovue

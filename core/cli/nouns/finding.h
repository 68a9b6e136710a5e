// What commands look up by the names people use. What is not there is refused with the names there are.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "core/cli/nouns/shapes.h"
#include "core/schedule/grid.h"
#include "core/store/store.h"

namespace retrovue::cli {

// Errors: SOURCE_NOT_FOUND, SOURCE_AMBIGUOUS and so on, or the store's own.
absl::StatusOr<Source> FindSource(const Snapshot& snapshot, const std::string& handle);
// `handle`: a name, an id, or an external id, which is the folder's canonical path.
absl::StatusOr<Collection> FindCollection(const Snapshot& snapshot, const std::string& handle);
// A handle as a person writes it: a folder that is there becomes its canonical path. Waits for disks, so it is asked
// before a transaction begins.
std::string CollectionHandle(const std::string& written);
absl::StatusOr<Asset> FindAsset(const Snapshot& snapshot, const std::string& handle);
absl::StatusOr<Channel> FindChannel(const Snapshot& snapshot, const std::string& handle);
absl::StatusOr<SchedulePlan> FindPlan(const Snapshot& snapshot, const Channel& channel,
                                      const std::string& handle);
absl::StatusOr<Program> FindProgram(const Snapshot& snapshot, const Channel& channel,
                                    const std::string& handle);

// Its time zone has been checked when it was stored; the machine's data may have gone since.
absl::StatusOr<Grid> GridOf(const Channel& channel);

// Names of what zones and chains of a channel hold. Reads as it is asked.
Names NamesIn(const Snapshot& snapshot, const Channel& channel);

}  // namespace retrovue::cli

// What a person would make of a folder: a channel with its programs, its zones and its fillers. Pure.
//
//   only short clips        blocks of an hour, filled with clips in order, back to back
//   episodes                each series in order, the series in turn
//   films                   in the evening, each once before one comes again
//   other long files        in order
//   short ones beside them  fillers, for what the long ones leave of their slots
//   files named one by one  back to back, in that order
#pragma once

#include <string>
#include <vector>

#include "core/model/catalogue.h"
#include "core/model/channel.h"
#include "core/model/plan.h"
#include "core/model/program.h"

namespace retrovue {

// A zone of a shape: what stands in it are indices of `programs`.
struct ShapedZone {
  std::string name;
  int start = 0;  // minutes since the start of the programming day
  int end = 1440;
  std::vector<std::size_t> programs;
};

struct FolderShape {
  std::vector<Program> programs;  // without ids
  std::vector<ShapedZone> zones;  // they cover the day
  std::vector<AssetId> fillers;
  std::string summary;  // a sentence for people: "3 series, 12 films, 40 fillers"
};

// A folder. `name` is the channel's; `assets` are those of the collection that may air (IsSchedulable), tagged as ingest does.
// An empty shape (no programs) if there are none.
FolderShape ShapeFolder(const std::string& name, const CollectionId& collection_id,
                        const std::vector<Asset>& assets);

// Files that were named one by one, in that order.
FolderShape ShapeFiles(const std::string& name, const std::vector<Asset>& assets);

// Of how many blocks of half an hour a loop of these files, back to back, leaves the least unfilled: 2 to 48.
int LoopUnits(const std::vector<Millis>& durations);

}  // namespace retrovue

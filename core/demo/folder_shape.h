// What a person would make of a folder: a channel with its programs, its zones and its fillers. Pure.
//
//   only short clips       blocks of an hour, filled with clips in order, back to back
//   episodes               each series in order, the series in turn
//   films                  in the evening, each once before one comes again
//   other long files       in order
//   short ones beside them fillers, for what the long ones leave of their slots
#pragma once

#include <string>
#include <vector>

#include "core/model/catalogue.h"
#include "core/model/channel.h"
#include "core/model/plan.h"
#include "core/model/program.h"

namespace retrovue {

// What is shorter is a clip, or a filler.
inline constexpr Millis kShortestProgramme = std::chrono::minutes(12);
// What is as long, and of no series, is a film.
inline constexpr Millis kShortestFilm = std::chrono::minutes(45);

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

// `assets` are those of one collection that may air (IsSchedulable). `keep_order`: they were named one by one, and air back to
// back in the order of `assets`, whatever they are. An empty shape (no programs) if there are none.
FolderShape ShapeFolder(const std::string& name, const CollectionId& collection_id,
                        const std::vector<Asset>& assets, bool keep_order = false);

}  // namespace retrovue

// What can stand in a zone: Programs, Assets, VirtualAssets and SyntheticAssets, named by one kind of reference.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/model/catalogue.h"
#include "core/model/channel.h"
#include "core/model/id.h"

namespace retrovue {

enum class SchedulableKind { kProgram, kAsset, kVirtualAsset, kSyntheticAsset };
const char* Name(SchedulableKind kind);

struct SchedulableRef {
  SchedulableKind kind = SchedulableKind::kAsset;
  std::string id;    // of that noun
  std::string link;  // slots of one program with different links have different cursors

  friend bool operator==(const SchedulableRef&, const SchedulableRef&) = default;
};

// A live query: read again at every generation of a day. What is empty does not narrow it.
struct Selector {
  std::string series;  // compared without case
  std::optional<int> first_season;
  std::optional<int> last_season;
  std::vector<std::string> tags;  // the asset has them all
  std::optional<int> first_year;
  std::optional<int> last_year;
  CollectionId collection_id;
  bool specials = false;  // season 0 too
};

// One step of a program's chain: a thing, or a selector that yields one asset a pass.
struct ChainNode {
  enum class Role { kBody, kIntro, kOutro };
  std::optional<SchedulableRef> thing;
  std::optional<Selector> selector;  // exactly one of the two
  Role role = Role::kBody;
};

enum class PlayMode { kSequential, kRandom, kShuffle, kManual };
const char* Name(PlayMode mode);

// What a sequential program does behind its last episode.
enum class OnEnd {
  kWrap,    // begins again
  kWait,    // gives nothing until there is a later episode
  kStop,    // gives nothing any more, whatever comes
  kRandom,  // draws from all of them until there is a later episode
};

enum class ProgramKind { kSeries, kMovie, kBlock, kComposite };

struct Program;
using ProgramId = Id<Program>;

// One airing is one pass over the chain.
struct Program {
  ProgramId id;
  ChannelId channel_id;
  std::string name;  // unique in its channel
  ProgramKind kind = ProgramKind::kSeries;
  PlayMode play_mode = PlayMode::kSequential;
  OnEnd on_end = OnEnd::kWrap;
  std::vector<ChainNode> chain;  // not empty; a program inside leads to no cycle
  // The least number of grid blocks an airing takes; 0: as many as it needs. A program of kind block is filled up to it with
  // pass after pass, back to back, as far as whole ones fit.
  int slot_units = 0;
  std::vector<AssetId> manual_order;  // of play_mode manual: what its selectors yield, in this order
  std::vector<std::string> tags;
  std::string rating;
  std::optional<BreakRules> breaks;  // not set: the zone's
};

struct VirtualAsset;
using VirtualAssetId = Id<VirtualAsset>;

// A fixed sequence of assets that is scheduled as one; what it holds are assets alone.
struct VirtualAsset {
  VirtualAssetId id;
  std::string name;
  std::vector<AssetId> sequence;
};

struct SyntheticAsset;
using SyntheticAssetId = Id<SyntheticAsset>;

// A thing that is generated: bars, a slate, a countdown. `rendering_path` is the file AIR opens.
struct SyntheticAsset {
  SyntheticAssetId id;
  std::string name;
  std::string recipe_json;
  std::string rendering_path;
  Millis duration{0};
};

absl::Status ValidateProgram(const Program& program);
absl::Status ValidateVirtualAsset(const VirtualAsset& asset);
absl::Status ValidateSyntheticAsset(const SyntheticAsset& asset);

// INVALID_ARGUMENT, naming the way round, if `program` leads back to itself. `find` answers nullptr for a program it does
// not know.
absl::Status ValidateNoCycle(const Program& program,
                             const std::function<const Program*(const std::string& id)>& find);

}  // namespace retrovue

#include "core/model/program.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace retrovue {
namespace {

absl::Status ValidateSelector(const std::string& name, const Selector& selector) {
  if (selector.first_season && selector.last_season && *selector.first_season > *selector.last_season) {
    return absl::InvalidArgumentError(absl::StrCat(name, "seasons ", *selector.first_season, " to ",
                                                   *selector.last_season, " are none: turn them round"));
  }
  if (selector.first_year && selector.last_year && *selector.first_year > *selector.last_year) {
    return absl::InvalidArgumentError(absl::StrCat(name, "the years ", *selector.first_year, " to ",
                                                   *selector.last_year, " are none: turn them round"));
  }
  return absl::OkStatus();
}

// Follows the programs inside; `way` are the names passed so far.
absl::Status Follow(const Program& program, std::vector<const Program*>& way,
                    const std::function<const Program*(const std::string& id)>& find) {
  if (std::find_if(way.begin(), way.end(), [&](const Program* p) { return p->id == program.id; }) !=
      way.end()) {
    const std::string names = absl::StrJoin(
        way, " -> ", [](std::string* out, const Program* p) { absl::StrAppend(out, "\"", p->name, "\""); });
    return absl::InvalidArgumentError(absl::StrCat("program \"", program.name,
                                                   "\" would contain itself: ", names, " -> \"", program.name,
                                                   "\". Take one of them out of the chain"));
  }
  way.push_back(&program);
  for (const ChainNode& node : program.chain) {
    if (!node.thing || node.thing->kind != SchedulableKind::kProgram) continue;
    const Program* inner = find(node.thing->id);
    if (inner == nullptr) continue;
    if (absl::Status status = Follow(*inner, way, find); !status.ok()) return status;
  }
  way.pop_back();
  return absl::OkStatus();
}

}  // namespace

const char* Name(SchedulableKind kind) {
  switch (kind) {
    case SchedulableKind::kProgram:
      return "program";
    case SchedulableKind::kAsset:
      return "asset";
    case SchedulableKind::kVirtualAsset:
      return "virtual asset";
    case SchedulableKind::kSyntheticAsset:
      return "synthetic asset";
  }
  return "unknown";
}

const char* Name(PlayMode mode) {
  switch (mode) {
    case PlayMode::kSequential:
      return "sequential";
    case PlayMode::kRandom:
      return "random";
    case PlayMode::kShuffle:
      return "shuffle";
    case PlayMode::kManual:
      return "manual";
  }
  return "unknown";
}

absl::Status ValidateProgram(const Program& program) {
  if (program.name.empty())
    return absl::InvalidArgumentError("a program needs a name: give it one with --name");
  const std::string name = absl::StrCat("program \"", program.name, "\": ");
  if (program.chain.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, "its chain is empty: add an asset, or a selector such as --series NAME"));
  }
  if (program.slot_units < 0 || program.slot_units > 96) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, "it cannot take ", program.slot_units, " blocks: use 0 to 96"));
  }
  if (program.kind == ProgramKind::kBlock && program.slot_units == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, "a program of kind block needs its number of grid blocks: 1 to 96"));
  }
  if (program.play_mode == PlayMode::kManual && program.manual_order.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, "it is played in the operator's order, and there is none: list its assets"));
  }
  if (program.breaks) {
    if (absl::Status breaks = ValidateBreakRules(*program.breaks); !breaks.ok())
      return absl::InvalidArgumentError(absl::StrCat(name, breaks.message()));
  }
  for (const ChainNode& node : program.chain) {
    if (node.thing.has_value() == node.selector.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat(
          name, "each step of its chain is either one thing or one selector: split what is both"));
    }
    if (!node.selector) continue;
    if (absl::Status status = ValidateSelector(name, *node.selector); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status ValidateVirtualAsset(const VirtualAsset& asset) {
  if (asset.name.empty() || asset.sequence.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("virtual asset \"", asset.name,
                                                   "\" needs a name and at least one asset: add one to it"));
  }
  return absl::OkStatus();
}

absl::Status ValidateSyntheticAsset(const SyntheticAsset& asset) {
  if (asset.name.empty() || asset.rendering_path.empty() || asset.duration <= Millis(0)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "synthetic asset \"", asset.name, "\" needs a name, a rendering and a duration: render it first"));
  }
  return absl::OkStatus();
}

absl::Status ValidateNoCycle(const Program& program,
                             const std::function<const Program*(const std::string& id)>& find) {
  std::vector<const Program*> way;
  return Follow(program, way, find);
}

}  // namespace retrovue

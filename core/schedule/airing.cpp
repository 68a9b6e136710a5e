#include "core/schedule/airing.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/model/stable_hash.h"
#include "core/schedule/progression.h"

namespace retrovue {
namespace {

constexpr int kDeepestProgram = 16;  // of programs in programs; validation allows no cycle, this stands one
constexpr std::size_t kMostPartsOfABlock = 5000;  // however short its clips are

}  // namespace

// Collects what one airing consists of.
class Airings::Pass {
 public:
  Pass(Airings& airings, const Cursors& cursors) : airings_(airings), cursors_(cursors) {}

  // False if nothing of it may air. What an intro or outro lacks is left out.
  bool Add(const SchedulableRef& thing, ChainNode::Role role, int depth) {
    switch (thing.kind) {
      case SchedulableKind::kAsset:
        return AddAsset(airings_.catalogue_.FindSchedulable(thing.id), role);
      case SchedulableKind::kVirtualAsset:
        return AddVirtual(thing.id, role);
      case SchedulableKind::kSyntheticAsset:
        return AddSynthetic(thing.id, role);
      case SchedulableKind::kProgram:
        return AddProgram(thing, role, depth);
    }
    return false;
  }

  // Ends the airing; `thing` is what the zone holds.
  Airing Finish(const SchedulableRef& thing) {
    const Program* program =
        thing.kind == SchedulableKind::kProgram ? airings_.catalogue_.FindProgram(thing.id) : nullptr;
    if (bodies_ == 1 && body_ != nullptr) {
      const Editorial& editorial = body_->editorial;
      airing_.title = !editorial.title.empty() ? editorial.title : body_->canonical_key;
      airing_.series = editorial.series;
      airing_.season = editorial.season;
      airing_.episode = editorial.episode;
    } else if (program != nullptr) {
      airing_.title = program->name;
    } else {
      airing_.title = name_;
    }
    if (program != nullptr) airing_.slot_units = program->slot_units;
    return std::move(airing_);
  }

 private:
  bool AddAsset(const Candidate* candidate, ChainNode::Role role) {
    if (candidate == nullptr) return false;
    const Asset& asset = *candidate->asset;
    AddPart({asset.id, "", asset.canonical_uri, asset.duration});
    if (role == ChainNode::Role::kBody) {
      ++bodies_;
      body_ = &asset;
    }
    return true;
  }

  bool AddVirtual(const std::string& id, ChainNode::Role role) {
    const VirtualAsset* virtual_asset = airings_.catalogue_.FindVirtual(id);
    if (virtual_asset == nullptr) return false;
    bool any = false;
    for (const AssetId& asset : virtual_asset->sequence) {
      if (AddAsset(airings_.catalogue_.FindSchedulable(asset.text), role)) any = true;
    }
    name_ = virtual_asset->name;
    return any;
  }

  bool AddSynthetic(const std::string& id, ChainNode::Role role) {
    const SyntheticAsset* synthetic = airings_.catalogue_.FindSynthetic(id);
    if (synthetic == nullptr || synthetic->duration <= Millis(0)) return false;
    AddPart({{}, synthetic->id.text, synthetic->rendering_path, synthetic->duration});
    name_ = synthetic->name;
    if (role == ChainNode::Role::kBody) {
      ++bodies_;
      body_ = nullptr;
    }
    return true;
  }

  bool AddProgram(const SchedulableRef& thing, ChainNode::Role role, int depth) {
    const Program* program = airings_.catalogue_.FindProgram(thing.id);
    if (program == nullptr || depth > kDeepestProgram) return false;
    if (!AddChain(*program, thing.link, role, depth)) return false;
    if (program->kind != ProgramKind::kBlock) return true;
    // Pass after pass while whole ones fit.
    const Millis full = airings_.block_ * program->slot_units;
    while (airing_.duration < full && airing_.parts.size() < kMostPartsOfABlock) {
      const Mark before = Here();
      if (!AddChain(*program, thing.link, role, depth) || airing_.duration > full) {
        Restore(before);
        break;
      }
    }
    return true;
  }

  bool AddChain(const Program& program, const std::string& link, ChainNode::Role role, int depth) {
    const Mark before = Here();
    bool any_body = false;
    for (std::size_t i = 0; i < program.chain.size(); ++i) {
      const ChainNode& node = program.chain[i];
      const ChainNode::Role node_role = role == ChainNode::Role::kBody ? node.role : role;
      const bool added = node.thing ? Add(*node.thing, node_role, depth + 1)
                                    : AddSelected(program, static_cast<int>(i), link, node_role);
      if (added && node.role == ChainNode::Role::kBody) any_body = true;
    }
    if (!any_body) Restore(before);  // an intro alone is no programme
    return any_body;
  }

  bool AddSelected(const Program& program, int node, const std::string& link, ChainNode::Role role) {
    CursorName name{program.id.text, node, link};
    const auto step = std::find_if(airing_.steps.begin(), airing_.steps.end(),
                                   [&](const CursorStep& s) { return s.name == name; });
    Cursor before;
    if (step != airing_.steps.end()) {
      before = step->after;
    } else if (const auto stored = cursors_.find(name); stored != cursors_.end()) {
      before = stored->second;
    }
    if (before.seed == 0) {
      const std::uint64_t own =
          StableHash(airings_.seed_, absl::StrCat(program.id.text, "\n", node, "\n", link));
      before.seed = own != 0 ? own : 1;
    }
    const std::optional<Draw> draw = DrawNext(program, airings_.Selected(program, node), before);
    if (!draw) return false;
    AddAsset(draw->candidate, role);
    if (airing_.why.empty()) {
      airing_.why = absl::StrCat(EpisodeName(draw->candidate->asset->editorial), ": ", draw->why);
    }
    if (step != airing_.steps.end()) {
      step->after = draw->after;
    } else {
      airing_.steps.push_back({std::move(name), std::move(before), draw->after});
    }
    return true;
  }

  void AddPart(ResolvedPart part) {
    airing_.duration += part.airs;
    airing_.parts.push_back(std::move(part));
  }

  // A place to go back to. The parts are not copied: a block may have thousands of them.
  struct Mark {
    std::size_t parts;
    Millis duration;
    std::vector<CursorStep> steps;
    std::string why;
    int bodies;
    const Asset* body;
    std::string name;
  };

  Mark Here() const {
    return {airing_.parts.size(), airing_.duration, airing_.steps, airing_.why, bodies_, body_, name_};
  }

  void Restore(const Mark& mark) {
    airing_.parts.resize(mark.parts);
    airing_.duration = mark.duration;
    airing_.steps = mark.steps;
    airing_.why = mark.why;
    bodies_ = mark.bodies;
    body_ = mark.body;
    name_ = mark.name;
  }

  Airings& airings_;
  const Cursors& cursors_;
  Airing airing_;
  int bodies_ = 0;
  const Asset* body_ = nullptr;  // the last body, if it is an asset
  std::string name_;
};

Airings::Airings(const CatalogueView& catalogue, Millis block, std::uint64_t seed)
    : catalogue_(catalogue), block_(block), seed_(seed) {}

std::optional<Airing> Airings::Next(const SchedulableRef& thing, const Cursors& cursors) {
  Pass pass(*this, cursors);
  if (!pass.Add(thing, ChainNode::Role::kBody, 0)) return std::nullopt;
  return pass.Finish(thing);
}

const std::vector<const Candidate*>& Airings::Selected(const Program& program, int node) {
  const auto [found, is_new] = selected_.try_emplace({&program, node});
  if (is_new) {
    int duplicates = 0;
    found->second = catalogue_.Select(*program.chain[static_cast<std::size_t>(node)].selector, &duplicates);
    if (duplicates > 0) with_duplicates_.insert(program.name);
  }
  return found->second;
}

}  // namespace retrovue

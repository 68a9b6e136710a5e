// The catalogue as the scheduler sees it: a copy that does not change while days are resolved.
#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/model/cursor.h"
#include "core/model/program.h"

namespace retrovue {

// An asset that may air, and its place in an order.
struct Candidate {
  const Asset* asset = nullptr;
  OrderKey key;
  std::uint64_t hash = 0;   // of its key: its name in bags
  std::uint64_t story = 0;  // the same for all parts of one story
};

// Immutable once made; may be read by many threads.
class CatalogueView {
 public:
  CatalogueView(std::vector<Asset> assets, std::vector<Program> programs,
                std::vector<VirtualAsset> virtual_assets, std::vector<SyntheticAsset> synthetic_assets);
  CatalogueView(const CatalogueView&) = delete;
  CatalogueView& operator=(const CatalogueView&) = delete;

  // nullptr: not there, or may not air.
  const Candidate* FindSchedulable(const std::string& asset_id) const;
  // nullptr: not there.
  const Program* FindProgram(const std::string& id) const;
  const VirtualAsset* FindVirtual(const std::string& id) const;
  const SyntheticAsset* FindSynthetic(const std::string& id) const;

  // What a selector yields, in order. Of two files of one episode the one with the lower id; `duplicates` counts the
  // others.
  std::vector<const Candidate*> Select(const Selector& selector, int* duplicates) const;

 private:
  std::vector<Asset> assets_;
  std::vector<Program> programs_;
  std::vector<VirtualAsset> virtuals_;
  std::vector<SyntheticAsset> synthetics_;
  std::vector<Candidate> candidates_;  // all that may air, sorted by key, then id: a series is a run of them
  absl::flat_hash_map<std::string, const Candidate*> candidate_by_id_;
  absl::flat_hash_map<std::string, const Program*> program_by_id_;
  absl::flat_hash_map<std::string, const VirtualAsset*> virtual_by_id_;
  absl::flat_hash_map<std::string, const SyntheticAsset*> synthetic_by_id_;
};

}  // namespace retrovue

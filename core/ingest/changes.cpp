#include "core/ingest/changes.h"

#include <algorithm>

namespace retrovue {

Comparison CompareScan(const std::vector<FoundFile>& found, const std::vector<KnownFile>& known) {
  std::unordered_map<std::string, const KnownFile*> by_key;
  for (const KnownFile& file : known) by_key.emplace(file.key, &file);

  Comparison comparison;
  std::unordered_map<const KnownFile*, bool> seen;
  for (const FoundFile& file : found) {
    const auto match = by_key.find(file.path);
    if (match == by_key.end()) {
      comparison.to_read.push_back(&file);
      continue;
    }
    const KnownFile& before = *match->second;
    seen[&before] = true;
    if (before.fingerprint.size != file.size || before.fingerprint.mtime_ns != file.mtime_ns) {
      comparison.to_read.push_back(&file);
    } else if (before.missing) {
      comparison.back.push_back(&before);
    } else {
      comparison.unchanged.push_back(&before);
    }
  }
  for (const KnownFile& file : known) {
    if (seen.count(&file) == 0) comparison.gone.push_back(&file);
  }
  return comparison;
}

ChangeFinder::ChangeFinder(const std::vector<KnownFile>& known, const Comparison& comparison)
    : gone_(comparison.gone) {
  for (const KnownFile& file : known) by_key_.emplace(file.key, &file);
  for (const KnownFile* file : gone_) gone_by_fingerprint_.emplace(ToText(file->fingerprint), file);
}

Change ChangeFinder::ChangeOf(const FoundFile& file, const Fingerprint& fingerprint) {
  if (const auto known = by_key_.find(file.path); known != by_key_.end()) {
    return {ChangeKind::kChanged, known->second};
  }
  const auto [first, last] = gone_by_fingerprint_.equal_range(ToText(fingerprint));
  if (first == last) return {ChangeKind::kNew, nullptr};
  // Of several that were the same, the first one by name.
  const auto from = std::min_element(
      first, last, [](const auto& a, const auto& b) { return a.second->key < b.second->key; });
  const KnownFile* moved = from->second;
  gone_by_fingerprint_.erase(from);
  moved_[moved] = true;
  return {ChangeKind::kMoved, moved};
}

std::vector<const KnownFile*> ChangeFinder::MissingOf(const ScanResult& scan) const {
  std::vector<const KnownFile*> missing;
  if (!scan.complete() || scan.files.empty()) return missing;
  for (const KnownFile* file : gone_) {
    if (!file->missing && !file->deleted && moved_.count(file) == 0) missing.push_back(file);
  }
  return missing;
}

}  // namespace retrovue

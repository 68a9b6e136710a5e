// What a scan means for the catalogue. Pure.
//
//   CompareScan: scan + what is known ──▶ unchanged | to be read | gone
//   ChangeOf:    one file that was read ──▶ new | changed | moved
//   MissingOf:   what is gone after all ──▶ missing
//
// The rule: a file that has its size and its time is unchanged, and is not opened. Nothing is missing unless the scan was
// complete and found anything: a root that yields nothing is an outage.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "core/ingest/fingerprint.h"
#include "core/ingest/folder_scan.h"
#include "core/model/catalogue.h"

namespace retrovue {

// What the catalogue has of a file.
struct KnownFile {
  AssetId id;
  std::string key;
  Fingerprint fingerprint;
  AssetState state = AssetState::kNew;
  bool missing = false;  // since an earlier scan
  bool deleted = false;
};

struct Comparison {
  std::vector<const KnownFile*> unchanged;  // nothing is to be written of them
  std::vector<const KnownFile*> back;       // were missing, and are there again as they were
  std::vector<const FoundFile*> to_read;    // new, or of another size or time
  std::vector<const KnownFile*> gone;       // not found
};

// What it points to is the caller's, and must outlive the answer. Keys are the files' paths.
Comparison CompareScan(const std::vector<FoundFile>& found, const std::vector<KnownFile>& known);

enum class ChangeKind { kNew, kChanged, kMoved };

struct Change {
  ChangeKind kind = ChangeKind::kNew;
  const KnownFile* known = nullptr;  // of what was changed or moved
};

// Says what became of files, one after the other. A file that is gone moves once.
class ChangeFinder {
 public:
  ChangeFinder(const std::vector<KnownFile>& known, const Comparison& comparison);

  Change ChangeOf(const FoundFile& file, const Fingerprint& fingerprint);
  // Those of `gone` that did not move and are not known to be missing; none of them unless `scan` says it saw everything.
  std::vector<const KnownFile*> MissingOf(const ScanResult& scan) const;

 private:
  std::unordered_map<std::string, const KnownFile*> by_key_;
  std::unordered_multimap<std::string, const KnownFile*> gone_by_fingerprint_;
  std::vector<const KnownFile*> gone_;
  std::unordered_map<const KnownFile*, bool> moved_;
};

}  // namespace retrovue

// Ingest: what is in a collection's folders becomes what is in the catalogue.
//
//   scan ─▶ compare ─▶ read what is new ─▶ index (state enriching) ─▶ probe ─▶ ready and approved, or to be reviewed
//
// Files are read and probed outside of transactions; each write is one short transaction of up to 200 assets. An ingest that
// is interrupted goes on where it was; of folders that are unchanged nothing is written.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/model/catalogue.h"
#include "core/store/store.h"

namespace retrovue {

struct IngestProgress {
  enum class Phase { kScan, kIndex, kProbe };
  Phase phase = Phase::kScan;
  std::int64_t done = 0;
  std::int64_t total = 0;  // 0: not known yet
};

struct IngestOptions {
  std::string probe_program;  // path of asset-probe; empty: the one beside this program
  int probes = 0;             // processes; 0: one a core, at most 4
  Millis probe_limit{30'000};
  bool dry_run = false;  // says what is new, changed, moved and missing, and neither probes nor writes
  bool prune = false;    // what is missing is deleted
  std::function<void(const IngestProgress&)> on_progress;
  std::function<bool()> stopped;  // asked between files; true: end in order, the next ingest goes on
};

enum class IngestOutcome { kNew, kChanged, kMoved, kBack, kMissing, kSkipped, kFailed, kReview };
const char* Name(IngestOutcome outcome);

struct IngestLine {
  IngestOutcome outcome = IngestOutcome::kNew;
  std::string path;    // one line of UTF-8
  std::string reason;  // empty where the outcome says it all
};

struct IngestReport {
  std::int64_t found = 0;  // files that may be media
  std::int64_t unchanged = 0;
  std::int64_t added = 0;
  std::int64_t changed = 0;
  std::int64_t moved = 0;
  std::int64_t back = 0;
  std::int64_t missing = 0;
  std::int64_t skipped = 0;
  std::int64_t failed = 0;   // cannot be played
  std::int64_t review = 0;   // can be played, and an operator should look first
  std::int64_t ready = 0;    // became ready and approved
  std::int64_t ignored = 0;  // hidden, or no media by their extension
  bool stopped = false;      // by `stopped`
  // Not empty: the root yields nothing, why, and what to do. Nothing is marked missing then.
  std::string outage;
  std::vector<IngestLine> lines;  // all but the unchanged ones; of those without a reason at most 1000
};

// A source of folders and files. `name` is for people; `roots` are made absolute.
absl::StatusOr<Source> FilesystemSource(const std::string& name, const std::vector<std::string>& roots);
// Its collections, one a root, without ids and not enabled. `ingestible` says whether the root can be read now.
absl::StatusOr<std::vector<Collection>> DiscoverCollections(const Source& source);

// The whole collection. Errors: those of the store; FAILED_PRECONDITION if it is not enabled; UNAVAILABLE if the probe cannot
// run. What is wrong with files is in the report.
absl::StatusOr<IngestReport> Ingest(Store& store, const CollectionId& collection_id,
                                    const IngestOptions& options);

// The report as a person reads it: a line of counts, then what needs a person.
std::string ToText(const IngestReport& report);

}  // namespace retrovue

#include "core/ingest/ingest.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <thread>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/one_line.h"
#include "base/program_beside.h"
#include "core/ingest/asset_edits.h"
#include "core/ingest/catalogue_entry.h"
#include "core/ingest/changes.h"
#include "core/ingest/probe_pool.h"
#include "core/store/assets.h"
#include "core/store/sources.h"

namespace retrovue {
namespace {

constexpr std::size_t kMostPlainLines = 1000;
constexpr int kMostProbes = 4;
constexpr std::int64_t kProgressEvery = 50;

class Run {
 public:
  Run(Store& store, Collection collection, const IngestOptions& options)
      : store_(store),
        collection_(std::move(collection)),
        options_(options),
        root_(RootOf(collection_)),
        root_name_(std::filesystem::path(root_).filename().string()),
        batch_(store, options.dry_run) {}

  absl::StatusOr<IngestReport> Go() {
    scan_ = ScanRoot(root_, [this](std::int64_t seen) { Progress(IngestProgress::Phase::kScan, seen, 0); });
    if (absl::Status loaded = LoadKnown(); !loaded.ok()) return loaded;
    Account();
    if (absl::Status noted = NoteWhetherItCanBeRead(); !noted.ok()) return noted;
    if (!report_.outage.empty()) return std::move(report_);
    comparison_ = CompareScan(scan_.files, known_);
    ChangeFinder finder(known_, comparison_);
    for (const FoundFile& file : scan_.files) found_by_path_.emplace(file.path, &file);

    if (absl::Status done = Index(finder); !done.ok()) return done;
    if (absl::Status done = TakeBack(); !done.ok()) return done;
    if (absl::Status done = MarkMissing(finder); !done.ok()) return done;
    if (!options_.dry_run) {
      if (absl::Status done = Probe(); !done.ok()) return done;
      // What might have been media by its name, having none of another kind, has turned out to be none.
      if (report_.found == 0 && known_.empty() && !report_.stopped) report_.outage = NoMedia();
    }
    return std::move(report_);
  }

 private:
  // A file that is to be probed.
  struct Job {
    AssetId id;  // empty: nothing is indexed unless it proves to be media
    const FoundFile* file = nullptr;
    Fingerprint fingerprint;
    bool replaced = false;
  };

  bool Stopped() {
    if (!report_.stopped && options_.stopped && options_.stopped()) report_.stopped = true;
    return report_.stopped;
  }

  void Progress(IngestProgress::Phase phase, std::int64_t done, std::int64_t total) {
    if (options_.on_progress) options_.on_progress({phase, done, total});
  }

  void Line(IngestOutcome outcome, const std::string& path, const std::string& reason = "") {
    if (reason.empty() && ++plain_lines_ > kMostPlainLines) return;
    report_.lines.push_back({outcome, air::OneLine(path, 4096), air::OneLine(reason, 4096)});
  }

  absl::Status LoadKnown() {
    return store_.Read([this](const Snapshot& snapshot) -> absl::Status {
      auto marks = snapshot.assets().Marks(collection_.id);
      if (!marks.ok()) return marks.status();
      known_.reserve(marks->size());
      for (AssetMark& mark : *marks) {
        KnownFile file;
        file.id = mark.id;
        file.key = mark.canonical_key;
        // One whose fingerprint is not known (an operator has added it) is read as if it had changed.
        if (const auto fingerprint = ParseFingerprint(mark.fingerprint)) file.fingerprint = *fingerprint;
        file.state = mark.state;
        file.missing = mark.missing_since.has_value();
        file.deleted = mark.deleted;
        absolute_of_.emplace(mark.id.text, mark.canonical_uri);
        known_.push_back(std::move(file));
      }
      return absl::OkStatus();
    });
  }

  std::string NoMedia() const {
    return absl::StrCat(air::OneLine(root_, 4096), ": there is no media in it (",
                        report_.ignored + report_.skipped, " files of other kinds, hidden or empty, ",
                        report_.failed, " that cannot be read): name a folder of films, episodes or clips");
  }

  // What the scan says in itself.
  void Account() {
    report_.found = static_cast<std::int64_t>(scan_.files.size());
    report_.ignored = scan_.ignored;
    for (const SkippedFile& file : scan_.skipped) {
      ++report_.skipped;
      Line(IngestOutcome::kSkipped, file.path, file.reason);
    }
    for (const SkippedFile& file : scan_.unreadable) {
      ++report_.failed;
      Line(IngestOutcome::kFailed, file.path, file.reason);
    }
    report_.outage = scan_.outage;
    if (!report_.outage.empty() || !scan_.files.empty()) return;
    const std::string root = air::OneLine(root_, 4096);
    if (!known_.empty()) {
      report_.outage =
          absl::StrCat(root, ": it is empty, and the catalogue has ", known_.size(),
                       " assets of it. Nothing is taken for missing: check that its disk is mounted");
    } else if (scan_.ignored + report_.skipped + report_.failed > 0) {
      report_.outage = NoMedia();
    } else {
      report_.outage = absl::StrCat(root, ": it is empty: put media into it, or name another folder");
    }
  }

  absl::Status NoteWhetherItCanBeRead() {
    const bool ingestible = report_.outage.empty();
    if (options_.dry_run || collection_.ingestible == ingestible) return absl::OkStatus();
    return store_.Write([&](Transaction& transaction) -> absl::Status {
      auto stored = transaction.collections().Get(collection_.id);
      if (!stored.ok()) return stored.status();
      stored->ingestible = ingestible;
      return transaction.collections().Put(*stored);
    });
  }

  // Reads what is new or has changed, and indexes what is new.
  absl::Status Index(ChangeFinder& finder) {
    std::int64_t done = 0;
    for (const FoundFile* file : comparison_.to_read) {
      if (Stopped()) break;
      if (++done % kProgressEvery == 0) {
        Progress(IngestProgress::Phase::kIndex, done, static_cast<std::int64_t>(comparison_.to_read.size()));
      }
      const auto read = ReadFingerprint(file->absolute);
      if (!read.ok()) {
        ++report_.failed;
        Line(IngestOutcome::kFailed, file->path, std::string(read.status().message()));
        continue;
      }
      if (file->kind == FileKind::kUnknown && read->looks_like_text) {
        ++report_.ignored;
        --report_.found;
        continue;
      }
      const Change change = finder.ChangeOf(*file, read->fingerprint);
      if (absl::Status noted = Note(change, *file, read->fingerprint); !noted.ok()) return noted;
    }
    for (const KnownFile* known : comparison_.unchanged) {
      if (absl::Status noted = NoteUnchanged(*known); !noted.ok()) return noted;
    }
    return batch_.Flush();
  }

  absl::Status Note(const Change& change, const FoundFile& file, const Fingerprint& fingerprint) {
    switch (change.kind) {
      case ChangeKind::kNew:
        if (file.kind == FileKind::kUnknown) {
          jobs_.push_back({{}, &file, fingerprint, false});
          return absl::OkStatus();
        }
        ++report_.added;
        Line(IngestOutcome::kNew, file.path);
        return batch_.Later([this, &file, fingerprint](Transaction& transaction) {
          return AddIndexed(transaction, file, fingerprint);
        });
      case ChangeKind::kChanged:
        if (change.known->deleted ||
            (change.known->state == AssetState::kRetired && !change.known->missing)) {
          ++report_.unchanged;  // an operator does not want it
          return absl::OkStatus();
        }
        ++report_.changed;
        Line(IngestOutcome::kChanged, file.path);
        jobs_.push_back({change.known->id, &file, fingerprint, true});
        return absl::OkStatus();
      case ChangeKind::kMoved:
        return Moved(*change.known, file, fingerprint);
    }
    return absl::OkStatus();
  }

  absl::Status AddIndexed(Transaction& transaction, const FoundFile& file, const Fingerprint& fingerprint) {
    const NameFacts names = ParseName(file.path, root_name_);
    Asset asset = IndexedAsset(collection_.id, file, fingerprint, names);
    asset.discovered_at = transaction.now();
    if (absl::Status put = transaction.assets().Put(asset); !put.ok()) return put;
    jobs_.push_back({asset.id, &file, fingerprint, false});
    return PutIds(transaction, asset.id, names);
  }

  static absl::Status PutIds(Transaction& transaction, const AssetId& id, const NameFacts& names) {
    for (const auto& [provider, key] : names.ids) {
      const absl::Status put = transaction.assets().PutProviderRef({id, provider, key, "{}"});
      if (!put.ok() && !absl::IsAlreadyExists(put)) return put;
    }
    return absl::OkStatus();
  }

  absl::Status Moved(const KnownFile& known, const FoundFile& file, const Fingerprint& fingerprint) {
    ++report_.moved;
    Line(IngestOutcome::kMoved, file.path, absl::StrCat("it was ", known.key));
    const bool again = known.missing || known.state == AssetState::kEnriching;
    if (again) jobs_.push_back({known.id, &file, fingerprint, false});
    return batch_.Later(
        [this, id = known.id, missing = known.missing, &file, fingerprint](Transaction& transaction) {
          return Edit(transaction, id, [&](Asset& asset) -> absl::Status {
            if (missing) {
              if (absl::Status back = Bring(transaction, asset, AssetState::kEnriching); !back.ok())
                return back;
              asset.missing_since.reset();
              asset.deleted_at.reset();
            }
            Relocate(asset, file, fingerprint, ParseName(file.path, root_name_));
            return absl::OkStatus();
          });
        });
  }

  // Its file is as it was. Left to do is what an earlier ingest did not get to, and a root that is somewhere else now.
  absl::Status NoteUnchanged(const KnownFile& known) {
    const FoundFile& file = *found_by_path_.at(known.key);
    if (known.state == AssetState::kEnriching && !known.deleted) {
      jobs_.push_back({known.id, &file, known.fingerprint, false});
    }
    if (absolute_of_.at(known.id.text) == file.absolute) {
      ++report_.unchanged;
      return absl::OkStatus();
    }
    ++report_.moved;
    Line(IngestOutcome::kMoved, file.path, "with its root");
    return batch_.Later([id = known.id, &file](Transaction& transaction) {
      return Edit(transaction, id, [&](Asset& asset) {
        asset.canonical_uri = asset.source_uri = file.absolute;
        return absl::OkStatus();
      });
    });
  }

  // What was missing and is there again as it was is looked at like a new file.
  absl::Status TakeBack() {
    for (const KnownFile* known : comparison_.back) {
      const FoundFile& file = *found_by_path_.at(known->key);
      ++report_.back;
      Line(IngestOutcome::kBack, file.path);
      jobs_.push_back({known->id, &file, known->fingerprint, false});
      const absl::Status later = batch_.Later([id = known->id, &file](Transaction& transaction) {
        return Edit(transaction, id, [&](Asset& asset) -> absl::Status {
          asset.missing_since.reset();
          asset.deleted_at.reset();
          asset.canonical_uri = asset.source_uri = file.absolute;
          return Bring(transaction, asset, AssetState::kEnriching);
        });
      });
      if (!later.ok()) return later;
    }
    return batch_.Flush();
  }

  absl::Status MarkMissing(const ChangeFinder& finder) {
    if (report_.stopped) return absl::OkStatus();  // not all was looked at: what is gone may have moved
    for (const KnownFile* known : finder.MissingOf(scan_)) {
      ++report_.missing;
      Line(IngestOutcome::kMissing, known->key, options_.prune ? "it was deleted from the catalogue" : "");
      const absl::Status later = batch_.Later([id = known->id](Transaction& transaction) {
        return Edit(transaction, id, [&](Asset& asset) {
          asset.missing_since = transaction.now();
          return Bring(transaction, asset, AssetState::kRetired);
        });
      });
      if (!later.ok()) return later;
      if (absl::Status pruned = Prune(known->id); !pruned.ok()) return pruned;
    }
    for (const KnownFile* known : comparison_.gone) {
      if (!known->missing || known->deleted || !scan_.complete()) continue;
      if (absl::Status pruned = Prune(known->id); !pruned.ok()) return pruned;
    }
    return batch_.Flush();
  }

  absl::Status Prune(const AssetId& id) {
    if (!options_.prune) return absl::OkStatus();
    return batch_.Later([id](Transaction& transaction) {
      return Edit(transaction, id, [&](Asset& asset) {
        if (asset.missing_since) asset.deleted_at = transaction.now();
        return absl::OkStatus();
      });
    });
  }

  absl::Status Probe() {
    ProbeOptions options;
    options.program =
        options_.probe_program.empty() ? air::ProgramBeside("asset-probe") : options_.probe_program;
    const int cores = static_cast<int>(std::thread::hardware_concurrency());
    options.processes = options_.probes > 0 ? options_.probes : std::clamp(cores, 1, kMostProbes);
    options.limit = options_.probe_limit;
    if (jobs_.empty() || Stopped()) return absl::OkStatus();

    ProbePool pool(options);
    std::size_t next = 0;
    std::int64_t done = 0;
    absl::Status written;
    const absl::Status ran = pool.Run(
        [&](ProbeJob& job) {
          if (next >= jobs_.size() || !written.ok() || Stopped()) return false;
          job = {jobs_[next].file->absolute, static_cast<std::int64_t>(next)};
          ++next;
          return true;
        },
        [&](const ProbeJob& job, absl::StatusOr<MediaFacts> facts) {
          Progress(IngestProgress::Phase::kProbe, ++done, static_cast<std::int64_t>(jobs_.size()));
          const absl::Status judged = Judge(jobs_[static_cast<std::size_t>(job.tag)], std::move(facts));
          if (written.ok()) written = judged;
        });
    if (absl::Status flushed = batch_.Flush(); written.ok()) written = flushed;
    return written.ok() ? ran : written;
  }

  absl::Status Judge(const Job& job, absl::StatusOr<MediaFacts> facts) {
    if (!facts.ok()) return Fail(job, facts.status());
    const NameFacts names = ParseName(job.file->path, root_name_);
    const Verdict verdict = JudgeNew(names, job.file->kind, *facts);
    if (job.id.empty()) ++report_.added;
    if (job.id.empty()) Line(IngestOutcome::kNew, job.file->path);
    return batch_.Later(
        [this, &job, names, verdict, found = *std::move(facts)](Transaction& transaction) -> absl::Status {
          if (!job.id.empty()) {
            return Edit(transaction, job.id, [&](Asset& asset) {
              const bool replaced = job.replaced && asset.state == AssetState::kReady;
              return Land(transaction, asset, job, replaced ? JudgeReplaced(asset, found) : verdict, found);
            });
          }
          Asset asset = IndexedAsset(collection_.id, *job.file, job.fingerprint, names);
          asset.discovered_at = transaction.now();
          if (absl::Status put = transaction.assets().Put(asset); !put.ok()) return put;
          if (absl::Status ids = PutIds(transaction, asset.id, names); !ids.ok()) return ids;
          if (absl::Status landed = Land(transaction, asset, job, verdict, found); !landed.ok())
            return landed;
          return transaction.assets().Put(asset);
        });
  }

  // An asset that was probed: ready, or new and to be reviewed.
  absl::Status Land(Transaction& transaction, Asset& asset, const Job& job, const Verdict& verdict,
                    const MediaFacts& facts) {
    if (asset.state == AssetState::kRetired) return absl::OkStatus();  // by an operator, meanwhile
    if (job.replaced) Relocate(asset, *job.file, job.fingerprint, ParseName(job.file->path, root_name_));
    TakeFacts(asset, facts);
    asset.missing_since.reset();
    if (verdict.approve) {
      ++report_.ready;
      if (absl::Status brought = Bring(transaction, asset, AssetState::kReady); !brought.ok()) return brought;
      asset.approved_for_broadcast = true;
      return transaction.assets().EndReview(asset.id);
    }
    if (verdict.reason.empty()) return absl::OkStatus();  // as it was: ready, and not approved
    return Review(transaction, asset, IngestOutcome::kReview, verdict.confidence, verdict.reason);
  }

  absl::Status Review(Transaction& transaction, Asset& asset, IngestOutcome outcome, int confidence,
                      const std::string& reason) {
    ++(outcome == IngestOutcome::kFailed ? report_.failed : report_.review);
    Line(outcome, asset.canonical_key, reason);
    if (absl::Status brought = Bring(transaction, asset, AssetState::kNew); !brought.ok()) return brought;
    return transaction.assets().PutReview(
        {asset.id, air::OneLine(reason, 2000), confidence, transaction.now()});
  }

  absl::Status Fail(const Job& job, const absl::Status& why) {
    const std::string reason(why.message());
    if (job.id.empty()) {  // of an unknown kind, and no media
      ++report_.skipped;
      Line(IngestOutcome::kSkipped, job.file->path, reason);
      return absl::OkStatus();
    }
    // It may be there next time: nothing is said about it.
    if (absl::IsNotFound(why) || absl::IsPermissionDenied(why) || absl::IsUnavailable(why)) {
      ++report_.failed;
      Line(IngestOutcome::kFailed, job.file->path, reason);
      return absl::OkStatus();
    }
    return batch_.Later([this, &job, reason](Transaction& transaction) {
      return Edit(transaction, job.id, [&](Asset& asset) -> absl::Status {
        if (asset.state == AssetState::kRetired) return absl::OkStatus();
        if (job.replaced) Relocate(asset, *job.file, job.fingerprint, ParseName(job.file->path, root_name_));
        return Review(transaction, asset, IngestOutcome::kFailed, 0, reason);
      });
    });
  }

  Store& store_;
  Collection collection_;
  const IngestOptions& options_;
  std::string root_, root_name_;
  IngestReport report_;
  std::size_t plain_lines_ = 0;

  ScanResult scan_;
  std::vector<KnownFile> known_;
  std::unordered_map<std::string, std::string> absolute_of_;  // by id
  Comparison comparison_;
  std::unordered_map<std::string, const FoundFile*> found_by_path_;
  std::vector<Job> jobs_;
  WriteBatch batch_;
};

}  // namespace

absl::StatusOr<IngestReport> Ingest(Store& store, const CollectionId& collection_id,
                                    const IngestOptions& options) {
  Collection collection;
  const absl::Status found = store.Read([&](const Snapshot& snapshot) -> absl::Status {
    auto stored = snapshot.collections().Get(collection_id);
    if (stored.ok()) collection = *std::move(stored);
    return stored.status();
  });
  if (!found.ok()) return found;
  // Whether it can be read is found out anew: its disk may be back.
  Collection readable = collection;
  readable.ingestible = true;
  if (absl::Status allowed = ValidateWholeIngest(readable); !allowed.ok()) return allowed;
  return Run(store, std::move(collection), options).Go();
}

}  // namespace retrovue

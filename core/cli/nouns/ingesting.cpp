#include "core/cli/nouns/ingesting.h"

#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "core/cli/nouns/made_days.h"
#include "core/cli/nouns/shapes.h"

namespace retrovue::cli {
namespace {

volatile sig_atomic_t stop_asked = 0;

void AskToStop(int) { stop_asked = 1; }

const char* NameOf(IngestProgress::Phase phase) {
  switch (phase) {
    case IngestProgress::Phase::kScan:
      return "Looking";
    case IngestProgress::Phase::kIndex:
      return "Reading";
    case IngestProgress::Phase::kProbe:
      return "Probing";
  }
  return "";
}

bool NeedsAPerson(IngestOutcome outcome) {
  return outcome == IngestOutcome::kFailed || outcome == IngestOutcome::kReview ||
         outcome == IngestOutcome::kSkipped;
}

}  // namespace

void NoteWhatNeedsAPerson(const IngestReport& report, Answer& answer) {
  for (const IngestLine& line : report.lines) {
    if (NeedsAPerson(line.outcome))
      answer.notices.push_back(
          absl::StrCat(Name(line.outcome), ": ", line.path, line.reason.empty() ? "" : ": ", line.reason));
  }
}

Json ShapeOf(const IngestReport& report) {
  Json json;
  json["found"] = report.found;
  json["unchanged"] = report.unchanged;
  json["added"] = report.added;
  json["changed"] = report.changed;
  json["moved"] = report.moved;
  json["back"] = report.back;
  json["missing"] = report.missing;
  json["skipped"] = report.skipped;
  json["failed"] = report.failed;
  json["review"] = report.review;
  json["ready"] = report.ready;
  json["ignored"] = report.ignored;
  json["stopped"] = report.stopped;
  json["outage"] = report.outage.empty() ? Json(nullptr) : Json(report.outage);
  json["lines"] = Json::array();
  for (const IngestLine& line : report.lines)
    json["lines"].push_back({{"outcome", Name(line.outcome)}, {"path", line.path}, {"reason", line.reason}});
  return json;
}

IngestOptions IngestOptionsFor(const Context& context) {
  IngestOptions options;
  options.dry_run = context.globals().dry_run;
  struct sigaction action = {};
  action.sa_handler = AskToStop;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  options.stopped = [] { return stop_asked != 0; };
  if (!context.globals().json && isatty(STDERR_FILENO) == 1) {
    options.on_progress = [](const IngestProgress& progress) {
      std::fprintf(stderr, "\r\x1b[K%s %s", NameOf(progress.phase),
                   progress.total > 0 ? absl::StrCat(progress.done, " of ", progress.total).c_str()
                                      : absl::StrCat(progress.done).c_str());
      std::fflush(stderr);
    };
  }
  return options;
}

void EndProgress() {
  if (isatty(STDERR_FILENO) == 1) std::fputs("\r\x1b[K", stderr);
}

absl::StatusOr<Answer> IngestAll(Context& context, const std::vector<Collection>& collections, bool prune) {
  const absl::StatusOr<Store*> store = context.store();
  if (!store.ok()) return store.status();
  IngestOptions options = IngestOptionsFor(context);
  options.prune = prune;
  Answer answer{.name = "ingest", .value = Json::array()};
  answer.columns = {{"COLLECTION", "collection"}, {"FOUND", "found"},     {"NEW", "added"},
                    {"CHANGED", "changed"},       {"MISSING", "missing"}, {"READY", "ready"},
                    {"REVIEW", "review"},         {"FAILED", "failed"}};
  std::int64_t review = 0, found = 0, failed = 0;
  bool partly = false, took_off = prune;
  for (const Collection& collection : collections) {
    const absl::StatusOr<IngestReport> report = Ingest(**store, collection.id, options);
    EndProgress();
    if (!report.ok()) return Coded("INGEST_REFUSED", report.status());
    Json row;
    row["collection"] = collection.name;
    row.update(ShapeOf(*report));
    answer.value.push_back(row);
    review += report->review;
    found += report->found;
    failed += report->failed;
    if (!report->outage.empty())
      answer.notices.push_back(absl::StrCat(collection.name, ": ", report->outage));
    NoteWhatNeedsAPerson(*report, answer);
    took_off |= report->missing > 0 || report->failed > 0 || report->review > 0;
    partly = partly || report->failed > 0 || report->stopped || !report->outage.empty();
  }
  if (took_off) {
    const absl::Status noted = context.Read([&](const Snapshot& snapshot) {
      return NoteDaysThatHaveWhatMayNotAir(snapshot, context.Now(), answer);
    });
    if (!noted.ok()) {
      answer.notices.push_back(
          absl::StrCat("which days have what may not air is not known: ", noted.message()));
    }
  }
  if (partly) {
    answer.exit = Exit::kPartly;
    answer.code = "INGEST_PARTLY";
    answer.says = {"Not everything could be taken in."};
  }
  if (review > 0 || (failed > 0 && failed == found)) {
    answer.next = "retrovue asset attention";
  } else if (found == 0 && partly) {  // once what the notice says is done
    answer.next = collections.size() == 1
                      ? absl::StrCat("retrovue collection ingest \"", collections.front().name, "\"")
                      : "retrovue collection ingest --all";
  } else if (answer.next.empty()) {
    answer.next = "retrovue channel add my-channel --title \"My Channel\"";
  }
  return answer;
}

}  // namespace retrovue::cli

// What an ingest has done, in words.
#include "absl/strings/str_cat.h"
#include "core/ingest/ingest.h"

namespace retrovue {

const char* Name(IngestOutcome outcome) {
  switch (outcome) {
    case IngestOutcome::kNew:
      return "new";
    case IngestOutcome::kChanged:
      return "changed";
    case IngestOutcome::kMoved:
      return "moved";
    case IngestOutcome::kBack:
      return "back";
    case IngestOutcome::kMissing:
      return "missing";
    case IngestOutcome::kSkipped:
      return "skipped";
    case IngestOutcome::kFailed:
      return "failed";
    case IngestOutcome::kReview:
      return "review";
  }
  return "unknown";
}

std::string ToText(const IngestReport& report) {
  if (!report.outage.empty()) return report.outage;
  std::string text = absl::StrCat(
      report.found, " found: ", report.added, " new, ", report.changed, " changed, ", report.moved,
      " moved, ", report.back, " back, ", report.missing, " missing, ", report.unchanged, " unchanged; ",
      report.skipped, " skipped, ", report.failed, " failed, ", report.review, " to be reviewed");
  if (report.stopped) absl::StrAppend(&text, ". It was stopped: the next ingest goes on");
  for (const IngestLine& line : report.lines) {
    if (!line.reason.empty())
      absl::StrAppend(&text, "\n  ", Name(line.outcome), "  ", line.path, ": ", line.reason);
  }
  return text;
}

}  // namespace retrovue

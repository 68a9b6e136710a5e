// Ingests of collections, as commands report them.
#pragma once

#include <string>
#include <vector>

#include "core/cli/frame/context.h"
#include "core/ingest/ingest.h"
#include "core/model/catalogue.h"

namespace retrovue::cli {

// Ingests one after the other. Partly done where files failed or a root yields nothing.
absl::StatusOr<Answer> IngestAll(Context& context, const std::vector<Collection>& collections, bool prune);

// What an ingest did.
Json ShapeOf(const IngestReport& report);

// A notice for each file that cannot air as it is, with the reason.
void NoteWhatNeedsAPerson(const IngestReport& report, Answer& answer);

// For any ingest of a command: a terminal's error output has a line that says how far it is; SIGINT and SIGTERM end it between
// two files, in order.
IngestOptions IngestOptionsFor(const Context& context);

// Takes the line of IngestOptionsFor off the terminal.
void EndProgress();

}  // namespace retrovue::cli

// What `air-ctl as-run` prints: what a session really had on the air, from the records air-supervisor keeps
// in its runtime directory (evidence/evidence_files.h). AIR is not asked: it works while the channel runs and
// when all of it is gone.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "protos/evidence_spool.pb.h"

namespace air {

// `session`: a playout_session_id or the beginning of one; empty: the session that began last. Errors:
// NotFound, saying what is there.
absl::StatusOr<evidence::AsRun> ReadAsRun(const std::string& runtime_dir, const std::string& session);

std::string AsRunTable(const evidence::AsRun& as_run);
std::string AsRunJson(const evidence::AsRun& as_run);

}  // namespace air

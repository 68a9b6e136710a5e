// Who has what: asked before something is deleted.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "core/model/program.h"

namespace retrovue {

class Sql;

// FAILED_PRECONDITION, naming it, if a zone or a program's chain has that thing. Throws what Sql throws.
absl::Status CheckUnused(Sql& sql, SchedulableKind kind, const std::string& id);

}  // namespace retrovue

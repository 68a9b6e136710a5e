// The question before something is deleted.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/cli/frame/context.h"

namespace retrovue::cli {

// True: go on. False: the operator does not want it. Not asked with --yes and --dry-run. `what` names what would go.
// Errors: CONFIRMATION_NEEDED, where there is no terminal to ask on.
absl::StatusOr<bool> Confirm(const Context& context, const std::string& what);

}  // namespace retrovue::cli

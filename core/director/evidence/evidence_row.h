// From AIR's evidence to what is stored of it. Pure.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "core/model/as_run.h"
#include "protos/execution_evidence_v1.pb.h"

namespace retrovue {

// Texts become one safe line each (base/one_line.h). `channel`: the one `message.channel_id` names.
// INVALID_ARGUMENT: a message without session, number or payload, a Hello (which is nothing to store), a number that does not fit.
absl::StatusOr<Evidence> ToEvidence(const evidence::v1::EvidenceFromAir& message, const ChannelId& channel);

}  // namespace retrovue

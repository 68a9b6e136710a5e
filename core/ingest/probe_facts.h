// What a probe has answered, checked: it was made from a stranger's file.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "core/ingest/media_facts.h"
#include "protos/asset_probe.pb.h"

namespace retrovue {

// `path` is the file's, for messages. INVALID_ARGUMENT if the file was refused; ABORTED if the answer cannot be true.
absl::StatusOr<MediaFacts> ToFacts(const probe::ProbeReply& reply, const std::string& path);

}  // namespace retrovue

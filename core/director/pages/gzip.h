// gzip (RFC 1952) of whole texts.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace retrovue {

// The same text always gives the same bytes: no time and no name is in it.
std::string Gzip(absl::string_view text);
// DATA_LOSS: it is no gzip, or comes to more than `most` bytes.
absl::StatusOr<std::string> Gunzip(absl::string_view packed, std::size_t most);

}  // namespace retrovue

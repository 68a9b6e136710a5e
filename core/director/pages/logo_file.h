// A channel's logo: the file an operator has named.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace retrovue {

inline constexpr std::size_t kLargestLogo = 1'000'000;  // bytes

// The bytes of a PNG (its signature is looked at, ISO/IEC 15948, 5.2). May wait for a dead mount.
// Errors: NotFound: it is not there, cannot be read, is no regular file, no PNG, or larger than kLargestLogo.
absl::StatusOr<std::string> ReadLogo(const std::string& path);

}  // namespace retrovue

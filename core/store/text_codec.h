// Texts in the database are valid UTF-8 without NUL: PostgreSQL takes nothing else. File names may be any bytes.
//
// A byte that is no part of valid UTF-8 (RFC 3629), a NUL, and the escape itself are stored as U+0010 and two hex digits. Any
// other text is stored as it is.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace retrovue {

std::string EncodeText(absl::string_view text);

// Nothing for a text EncodeText does not make.
std::optional<std::string> DecodeText(absl::string_view stored);

}  // namespace retrovue

// Which bytes a file has, as far as it can be told without reading all of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace retrovue {

// The same file under another name has the same one.
struct Fingerprint {
  std::int64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::string sha256;  // of its first and its last 64 KiB (of all of it if it is shorter), in hex

  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

// As the catalogue keeps it, and back. Nothing for a text that is none.
std::string ToText(const Fingerprint& fingerprint);
std::optional<Fingerprint> ParseFingerprint(absl::string_view text);

struct FingerprintedFile {
  Fingerprint fingerprint;
  bool looks_like_text = false;  // its first bytes are
};

// Reads the file. NOT_FOUND if it has gone, PERMISSION_DENIED if this user may not read it, UNAVAILABLE for anything else,
// also a file that is no regular one.
absl::StatusOr<FingerprintedFile> ReadFingerprint(const std::string& absolute);

}  // namespace retrovue

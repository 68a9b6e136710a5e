#include "core/ingest/fingerprint.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/one_line.h"
#include "base/unique_fd.h"

namespace retrovue {
namespace {

constexpr std::size_t kEnd = 64 * 1024;  // of each end of the file
constexpr std::size_t kSample = 4096;    // enough to tell text
constexpr const char* kVersion = "1";

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

absl::Status Failure(const std::string& path, int error) {
  const std::string what = absl::StrCat("cannot read ", air::OneLine(path, 4096), ": ", std::strerror(error));
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(what);
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(what);
    default:
      return absl::UnavailableError(what);
  }
}

// Fewer bytes only at the end of the file.
absl::StatusOr<std::size_t> ReadAt(int fd, const std::string& path, std::int64_t offset,
                                   std::vector<char>& out) {
  std::size_t got = 0;
  while (got < out.size()) {
    const ssize_t n = pread(fd, out.data() + got, out.size() - got, offset + static_cast<off_t>(got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failure(path, errno);
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  return got;
}

// Text has no control characters, and what is not ASCII in it is UTF-8, or rare (an older code).
bool LooksLikeText(const char* bytes, std::size_t size) {
  size = std::min(size, kSample);
  std::size_t beyond_ascii = 0, wrong = 0, expected = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (byte < 0x20 && !absl::ascii_isspace(byte) && byte != 0x1b && byte != '\b') return false;
    const bool continues = (byte & 0xc0) == 0x80;
    if (byte >= 0x80) ++beyond_ascii;
    if (continues != (expected > 0)) ++wrong;
    if (continues) {
      expected -= expected > 0 ? 1 : 0;
    } else {
      expected = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc0 ? 1 : 0;
    }
  }
  return wrong == 0 || beyond_ascii * 4 < size;
}

}  // namespace

std::string ToText(const Fingerprint& fingerprint) {
  return absl::StrCat(kVersion, "-", fingerprint.size, "-", fingerprint.mtime_ns, "-", fingerprint.sha256);
}

std::optional<Fingerprint> ParseFingerprint(absl::string_view text) {
  // A time before 1970 has a minus sign of its own.
  Fingerprint fingerprint;
  if (!absl::ConsumePrefix(&text, absl::StrCat(kVersion, "-"))) return std::nullopt;
  const std::size_t size_end = text.find('-');
  const std::size_t hash_begin = text.rfind('-');
  if (size_end == absl::string_view::npos || hash_begin <= size_end + 1) return std::nullopt;
  fingerprint.sha256 = std::string(text.substr(hash_begin + 1));
  if (!absl::SimpleAtoi(text.substr(0, size_end), &fingerprint.size) ||
      !absl::SimpleAtoi(text.substr(size_end + 1, hash_begin - size_end - 1), &fingerprint.mtime_ns) ||
      fingerprint.sha256.size() != 64) {
    return std::nullopt;
  }
  return fingerprint;
}

absl::StatusOr<FingerprintedFile> ReadFingerprint(const std::string& absolute) {
  // Not blocked by a FIFO that has taken the file's place.
  const air::UniqueFd fd(open(absolute.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat info {};
  if (!fd.valid() || fstat(fd.get(), &info) != 0) return Failure(absolute, errno);
  if (!S_ISREG(info.st_mode)) return Failure(absolute, EINVAL);

  FingerprintedFile file;
  file.fingerprint.size = info.st_size;
  file.fingerprint.mtime_ns = info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec;
  const std::unique_ptr<EVP_MD_CTX, FreeDigest> digest(EVP_MD_CTX_new());
  if (digest == nullptr || EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) != 1) {
    return absl::ResourceExhaustedError("out of memory for a SHA-256");
  }
  std::vector<char> buffer(kEnd);
  const auto end = static_cast<std::int64_t>(kEnd);
  for (const std::int64_t offset : {std::int64_t{0}, std::max(end, file.fingerprint.size - end)}) {
    if (offset >= file.fingerprint.size) continue;
    const auto got = ReadAt(fd.get(), absolute, offset, buffer);
    if (!got.ok()) return got.status();
    if (offset == 0) file.looks_like_text = LooksLikeText(buffer.data(), *got);
    EVP_DigestUpdate(digest.get(), buffer.data(), *got);
  }
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_DigestFinal_ex(digest.get(), hash, &size);
  file.fingerprint.sha256 =
      absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(hash), size));
  return file;
}

}  // namespace retrovue

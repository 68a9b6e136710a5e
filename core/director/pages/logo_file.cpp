#include "core/director/pages/logo_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/unique_fd.h"

namespace retrovue {
namespace {

constexpr absl::string_view kSignature("\x89PNG\r\n\x1a\n", 8);

}  // namespace

absl::StatusOr<std::string> ReadLogo(const std::string& path) {
  const auto refuse = [&](absl::string_view why) {
    return absl::NotFoundError(absl::StrCat("the logo ", path, ": ", why));
  };
  const air::UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat info = {};
  if (!file.valid() || fstat(file.get(), &info) != 0) return refuse(std::strerror(errno));
  if (!S_ISREG(info.st_mode)) return refuse("it is no regular file");
  if (info.st_size > static_cast<off_t>(kLargestLogo))
    return refuse(absl::StrCat("it is larger than ", kLargestLogo, " bytes"));
  std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t got = read(file.get(), bytes.data() + have, bytes.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refuse(std::strerror(errno));
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  if (!absl::StartsWith(bytes, kSignature)) return refuse("it is no PNG");
  return bytes;
}

}  // namespace retrovue

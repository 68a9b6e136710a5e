#include "stages/decoder/media/asset_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/file_status.h"

namespace air {
namespace {

constexpr int kIoBufferBytes = 128 * 1024;

absl::Status OpenError(const std::string& path, int error) {
  const std::string what = absl::StrCat("cannot open asset '", path, "': ", strerror(error));
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(absl::StrCat(what, " (check the path as this machine sees it)"));
    case EACCES:
    case EPERM:
      return absl::FailedPreconditionError(absl::StrCat(
          what, " (the file, and every folder above it, must be readable for the decoder's user)"));
    default:
      return absl::UnavailableError(what);
  }
}

const char* KindOf(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

// "SCHEME://...", RFC 3986.
bool IsUrl(const std::string& path) {
  const size_t colon = path.find("://");
  return colon != std::string::npos && colon > 0 &&
         std::all_of(path.begin(), path.begin() + static_cast<ptrdiff_t>(colon),
                     [](char c) { return absl::ascii_isalnum(c) || c == '+' || c == '-' || c == '.'; });
}

std::string NameOf(const UniqueFd& fd) { return absl::StrCat("/proc/self/fd/", fd.get()); }

// Where the kernel says the open file is: what a link was changed to since no longer matters.
bool LiesUnder(const UniqueFd& fd, std::span<const std::string> roots) {
  std::error_code error;
  const std::filesystem::path file = std::filesystem::read_symlink(NameOf(fd), error);
  if (error) return false;
  return std::any_of(roots.begin(), roots.end(), [&](const std::string& root) {
    const std::filesystem::path folder = std::filesystem::canonical(root, error);
    return !error &&
           std::mismatch(folder.begin(), folder.end(), file.begin(), file.end()).first == folder.end();
  });
}

absl::Status CheckKind(const std::string& path, const struct stat& info) {
  if (!S_ISREG(info.st_mode)) {
    return absl::PermissionDeniedError(
        absl::StrCat("asset '", path, "' is ", KindOf(info.st_mode), ", not a regular file"));
  }
  if (info.st_size == 0)
    return absl::InvalidArgumentError(absl::StrCat("asset '", path, "' is empty (0 bytes)"));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<AssetFile>> AssetFile::Open(const std::string& path,
                                                           std::span<const std::string> roots) {
  if (IsUrl(path)) {
    return absl::PermissionDeniedError(
        absl::StrCat("asset '", path, "': URLs are not played: fetch the file and give its path"));
  }
  // Found first, and opened only when it is what it should be: to open a device may set it in motion.
  const UniqueFd found(::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat info = {};
  if (!found.valid() || ::fstat(found.get(), &info) != 0) return OpenError(path, errno);
  if (!roots.empty() && !LiesUnder(found, roots)) {
    return absl::PermissionDeniedError(
        absl::StrCat("asset '", path, "' does not lie under any --media-root, links followed"));
  }
  if (absl::Status s = CheckKind(path, info); !s.ok()) return s;
  UniqueFd fd(::open(NameOf(found).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) return OpenError(path, errno);
  return std::make_unique<AssetFile>(path, std::move(fd));
}

absl::StatusOr<AvIoPtr> AssetFile::NewIo() {
  if (::lseek(fd_.get(), 0, SEEK_SET) != 0) return OpenError(path_, errno);
  auto* buffer = static_cast<uint8_t*>(av_malloc(kIoBufferBytes));
  if (buffer == nullptr) return absl::ResourceExhaustedError("out of memory for the asset's read buffer");
  AvIoPtr io(avio_alloc_context(buffer, kIoBufferBytes, 0, this, &ReadPacket, nullptr, &Seek));
  if (io == nullptr) {
    av_free(buffer);
    return absl::ResourceExhaustedError("out of memory for the asset's read context");
  }
  return io;
}

int AssetFile::ReadPacket(void* self, uint8_t* buffer, int size) {
  const int fd = static_cast<AssetFile*>(self)->fd_.get();
  ssize_t got = 0;
  do {
    got = ::read(fd, buffer, static_cast<size_t>(size));
  } while (got < 0 && errno == EINTR);
  if (got < 0) return AVERROR(errno);
  static_cast<AssetFile*>(self)->on_read_();
  return got == 0 ? AVERROR_EOF : static_cast<int>(got);
}

int64_t AssetFile::Seek(void* self, int64_t offset, int whence) {
  const int fd = static_cast<AssetFile*>(self)->fd_.get();
  if (whence & AVSEEK_SIZE) {
    struct stat info = {};
    return FileStatus(fd, info) == 0 ? info.st_size : AVERROR(errno);
  }
  const off_t at = ::lseek(fd, offset, whence & ~AVSEEK_FORCE);
  return at < 0 ? AVERROR(errno) : at;
}

}  // namespace air

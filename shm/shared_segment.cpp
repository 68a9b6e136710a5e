#include "shm/shared_segment.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include <boost/interprocess/shared_memory_object.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/file_status.h"

namespace air {
namespace {

namespace bip = boost::interprocess;

constexpr char kShmDir[] = "/dev/shm/";
constexpr char kTemporaryPrefix[] = "tmp.";
constexpr size_t kHeaderBytes = 4096;            // of a ring
constexpr size_t kPieceBytes = size_t{8} << 20;  // a few milliseconds: how long a stop may have to wait

// What Boost calls a MemoryMappable: anything that hands out a mapping handle and a mode.
struct MappableFd {
  int fd;
  bip::mode_t mode;
  bip::mapping_handle_t get_mapping_handle() const { return {fd, false}; }
  bip::mode_t get_mode() const { return mode; }
};

absl::Status SystemError(const std::string& what) {
  return absl::InternalError(absl::StrCat(what, ": ", std::strerror(errno)));
}

absl::Status NoMemory(size_t bytes, const std::string& what, int error) {
  return absl::ResourceExhaustedError(absl::StrCat("cannot allocate ", bytes, " bytes of shared memory for ",
                                                   what, ": ", std::strerror(error),
                                                   "; make /dev/shm larger or the house format smaller"));
}

}  // namespace

// What it takes to give the segment `bytes` bytes; all of them allocated, or none.
absl::Status SharedSegment::Size(size_t bytes, const std::string& what, Allocation allocation) {
  label_ = what;
  const auto size = static_cast<off_t>(bytes);
  const auto attempt = [&] {
    if (allocation == Allocation::kNow) return posix_fallocate(fd_.get(), 0, size);
    return ftruncate(fd_.get(), size) == 0 ? 0 : errno;
  };
  int error = attempt();
  while (error == EINTR) error = attempt();
  return error == 0 ? absl::OkStatus() : NoMemory(bytes, what, error);
}

absl::Status SharedSegment::AllocateAll(std::stop_token stop) const {
  const size_t bytes = region_.get_size();
  for (size_t at = 0; at < bytes && !stop.stop_requested(); at += kPieceBytes) {
    if (absl::Status s = Allocate(at, std::min(kPieceBytes, bytes - at)); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status SharedSegment::Allocate(size_t at, size_t bytes) const {
  int error = EINTR;
  while (error == EINTR)
    error = posix_fallocate(fd_.get(), static_cast<off_t>(at), static_cast<off_t>(bytes));
  return error == 0 ? absl::OkStatus() : NoMemory(region_.get_size(), label_, error);
}

absl::Status SharedSegment::MapAll(Access access, bool populate) {
  const bip::mode_t mode = access == Access::kReadWrite ? bip::read_write : bip::read_only;
  // Without a size Boost calls libc's fstat, which a decoder in its sandbox may not.
  struct stat info {};
  if (FileStatus(fd_.get(), info) != 0) return SystemError("fstat of shared memory");
  try {
    region_ = bip::mapped_region(MappableFd{fd_.get(), mode}, mode, 0, static_cast<size_t>(info.st_size),
                                 nullptr, populate ? MAP_SHARED | MAP_POPULATE : MAP_SHARED);
  } catch (const bip::interprocess_exception& e) {
    return absl::InternalError(absl::StrCat("cannot map shared memory: ", e.what()));
  }
  return absl::OkStatus();
}

absl::StatusOr<SharedSegment> SharedSegment::CreateSealed(const std::string& label, size_t bytes,
                                                          Allocation allocation) {
  SharedSegment segment;
  segment.fd_.Reset(memfd_create(label.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!segment.fd_.valid()) return SystemError(absl::StrCat("memfd_create for ", label));
  if (absl::Status s = segment.Size(bytes, label, allocation); !s.ok()) return s;
  if (fcntl(segment.fd_.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return SystemError(absl::StrCat("sealing ", label));
  }
  if (absl::Status s = segment.MapAll(Access::kReadWrite, allocation == Allocation::kNow); !s.ok()) return s;
  return segment;
}

absl::StatusOr<SharedSegment> SharedSegment::CreateNamed(const std::string& name, size_t bytes,
                                                         Allocation allocation, size_t head) {
  SharedSegment segment;
  segment.name_ = name;
  segment.temporary_ = absl::StrCat(kTemporaryPrefix, name);
  RemoveNamedSegment(segment.temporary_);  // left by a creator that was killed here
  try {
    bip::shared_memory_object object(bip::create_only, segment.temporary_.c_str(), bip::read_write,
                                     bip::permissions(0600));
    segment.fd_.Reset(fcntl(object.get_mapping_handle().handle, F_DUPFD_CLOEXEC, 0));
  } catch (const bip::interprocess_exception& e) {
    return absl::InternalError(absl::StrCat("cannot create shared memory ", name, ": ", e.what()));
  }
  absl::Status s = absl::OkStatus();
  if (!segment.fd_.valid()) s = SystemError(absl::StrCat("duplicating the descriptor of ", name));
  if (s.ok()) s = segment.Size(bytes, name, allocation);
  if (s.ok()) s = segment.MapAll(Access::kReadWrite, allocation == Allocation::kNow);
  if (s.ok() && head > 0) s = segment.Allocate(0, head);
  if (!s.ok()) {
    RemoveNamedSegment(segment.temporary_);
    return s;
  }
  return segment;
}

absl::Status SharedSegment::Publish() {
  const std::string from = absl::StrCat(kShmDir, temporary_), to = absl::StrCat(kShmDir, name_);
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0) {
    absl::Status status =
        errno == EEXIST ? absl::AlreadyExistsError(absl::StrCat("shared memory ", name_, " exists already"))
                        : SystemError(absl::StrCat("publishing shared memory ", name_));
    RemoveNamedSegment(temporary_);
    return status;
  }
  temporary_.clear();
  return absl::OkStatus();
}

absl::StatusOr<SharedSegment> SharedSegment::OpenNamed(const std::string& name, Access access) {
  SharedSegment segment;
  segment.name_ = segment.label_ = name;
  try {
    bip::shared_memory_object object(bip::open_only, segment.name_.c_str(),
                                     access == Access::kReadWrite ? bip::read_write : bip::read_only);
    segment.fd_.Reset(fcntl(object.get_mapping_handle().handle, F_DUPFD_CLOEXEC, 0));
  } catch (const bip::interprocess_exception& e) {
    return absl::NotFoundError(absl::StrCat("shared memory ", name, ": ", e.what()));
  }
  if (absl::Status s = segment.MapAll(access, false); !s.ok()) return s;
  return segment;
}

absl::StatusOr<SharedSegment> SharedSegment::Map(UniqueFd fd, Access access, size_t min_bytes) {
  SharedSegment segment;
  segment.fd_ = std::move(fd);
  struct stat info {};
  if (FileStatus(segment.fd_.get(), info) != 0) return SystemError("fstat of a received segment");
  if (static_cast<size_t>(info.st_size) < min_bytes) {
    return absl::OutOfRangeError(
        absl::StrCat("received segment has ", info.st_size, " bytes, its layout needs ", min_bytes));
  }
  if (absl::Status s = segment.MapAll(access, false); !s.ok()) return s;
  return segment;
}

absl::StatusOr<SharedSegment> SharedSegment::MapForRingWriter(UniqueFd writable, UniqueFd read_only,
                                                              size_t min_bytes) {
  struct stat one {
  }, other{};
  if (FileStatus(writable.get(), one) != 0 || FileStatus(read_only.get(), other) != 0)
    return SystemError("fstat of a received segment");
  if (one.st_dev != other.st_dev || one.st_ino != other.st_ino)
    return absl::InvalidArgumentError("the two descriptors are not of the same segment");
  absl::StatusOr<SharedSegment> segment = Map(std::move(writable), Access::kReadWrite, min_bytes);
  if (!segment.ok()) return segment;
  try {
    segment->header_ =
        bip::mapped_region(MappableFd{read_only.get(), bip::read_only}, bip::read_only, 0, kHeaderBytes,
                           segment->region_.get_address(), MAP_SHARED | MAP_FIXED);
  } catch (const bip::interprocess_exception& e) {
    return absl::InternalError(absl::StrCat("cannot map the header of shared memory: ", e.what()));
  }
  segment->fd_ = std::move(read_only);
  return segment;
}

absl::StatusOr<UniqueFd> OpenReadOnly(int segment_fd) {
  UniqueFd fd(open(absl::StrCat("/proc/self/fd/", segment_fd).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return SystemError("opening a segment for reading");
  return fd;
}

std::vector<std::string> ListNamedSegments(const std::string& prefix) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(kShmDir, ignored)) {
    std::string name = entry.path().filename().string();
    if (absl::StartsWith(name, prefix)) names.push_back(std::move(name));
  }
  return names;
}

void RemoveNamedSegment(const std::string& name) { bip::shared_memory_object::remove(name.c_str()); }

}  // namespace air

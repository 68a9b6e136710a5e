#include "core/channel/channel_record.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/crc.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/unique_fd.h"

namespace retrovue {
namespace {

constexpr std::array<char, 8> kMagic = {'R', 'V', 'C', 'H', 'A', 'N', 'N', 'L'};
constexpr std::size_t kMostBytes = 64 << 20;

struct Header {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t checksum;  // CRC-32 of what follows
  std::uint64_t bytes;     // of what follows
};
static_assert(sizeof(Header) == 24);

std::uint32_t Checksum(const std::string& bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

absl::Status SystemError(const std::string& what) {
  return absl::InternalError(absl::StrCat(what, ": ", std::strerror(errno)));
}

bool WriteAll(int fd, const void* data, std::size_t bytes) {
  const char* at = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t count = write(fd, at, bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    at += count;
    bytes -= static_cast<std::size_t>(count);
  }
  return true;
}

bool ReadAll(int fd, void* data, std::size_t bytes) {
  char* at = static_cast<char*>(data);
  while (bytes > 0) {
    const ssize_t count = read(fd, at, bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    at += count;
    bytes -= static_cast<std::size_t>(count);
  }
  return true;
}

}  // namespace

absl::StatusOr<channel_record::Record> ChannelRecord::Load() const {
  const air::UniqueFd file(open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.valid()) {
    if (errno == ENOENT) return absl::NotFoundError(absl::StrCat("there is no ", path_));
    return SystemError(absl::StrCat("opening ", path_));
  }
  const auto damaged = [&](const char* why) { return absl::DataLossError(absl::StrCat(path_, ": ", why)); };
  Header header;
  if (!ReadAll(file.get(), &header, sizeof header)) return damaged("it is too short for a record");
  if (header.magic != kMagic) return damaged("it is no record of a channel manager");
  if (header.version != kChannelRecordVersion) {
    return absl::FailedPreconditionError(absl::StrCat(path_, " is of version ", header.version,
                                                      "; this channel manager reads version ",
                                                      kChannelRecordVersion));
  }
  if (header.bytes > kMostBytes) return damaged("it says it is longer than any record");
  std::string bytes(header.bytes, '\0');
  if (!ReadAll(file.get(), bytes.data(), bytes.size())) return damaged("it is not whole");
  channel_record::Record record;
  if (Checksum(bytes) != header.checksum || !record.ParseFromString(bytes))
    return damaged("its checksum is wrong");
  return record;
}

absl::Status ChannelRecord::Save(const channel_record::Record& record) const {
  const std::string bytes = record.SerializeAsString();
  const Header header{kMagic, kChannelRecordVersion, Checksum(bytes), bytes.size()};
  const std::string next = path_ + ".new";
  {
    const air::UniqueFd file(open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.valid()) return SystemError(absl::StrCat("opening ", next));
    if (!WriteAll(file.get(), &header, sizeof header) || !WriteAll(file.get(), bytes.data(), bytes.size())) {
      return SystemError(absl::StrCat("writing ", next));
    }
  }
  if (std::rename(next.c_str(), path_.c_str()) != 0) return SystemError(absl::StrCat("replacing ", path_));
  return absl::OkStatus();
}

}  // namespace retrovue

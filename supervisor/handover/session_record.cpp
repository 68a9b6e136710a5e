#include "supervisor/handover/session_record.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "base/stage_log.h"
#include "base/unique_fd.h"

namespace air {
namespace {

struct FileHeader {
  uint64_t magic;
  uint32_t version, bytes;  // of the message behind the header
  uint64_t checksum;        // and its checksum
};
constexpr uint64_t kMagic = 0x3144434552524941;  // "AIRRECD1", little endian
static_assert(sizeof(FileHeader) == 24);

// FNV-1a: it is to find accidents, not forgers; the folder is ours alone.
uint64_t Checksum(const std::string& bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : bytes) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return hash;
}

absl::Status WriteAll(int fd, const std::string& bytes) {
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t n = write(fd, bytes.data() + at, bytes.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::InternalError(std::strerror(errno));
    at += static_cast<size_t>(n);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<record::Session> SessionRecord::Load() const {
  std::ifstream file(path_, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(path_, ": none"));
  std::ostringstream content;
  content << file.rdbuf();
  const std::string bytes = content.str();

  FileHeader header{};
  if (bytes.size() < sizeof header) return absl::DataLossError(absl::StrCat(path_, " is too short"));
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != kMagic) return absl::DataLossError(absl::StrCat(path_, " is not a session record"));
  if (header.version != kSessionRecordVersion) {
    return absl::FailedPreconditionError(absl::StrCat(path_, " is of version ", header.version,
                                                      ", this program reads ", kSessionRecordVersion));
  }
  const std::string message = bytes.substr(sizeof header);
  if (message.size() != header.bytes || Checksum(message) != header.checksum)
    return absl::DataLossError(absl::StrCat(path_, " is damaged"));
  record::Session session;
  if (!session.ParseFromString(message)) return absl::DataLossError(absl::StrCat(path_, " cannot be read"));
  return session;
}

void SessionRecord::Save() {
  record::Session session;
  if (!describe_ || !describe_(session)) return Remove();
  std::string message = session.SerializeAsString();
  if (message == written_) return;
  const FileHeader header{.magic = kMagic,
                          .version = kSessionRecordVersion,
                          .bytes = static_cast<uint32_t>(message.size()),
                          .checksum = Checksum(message)};
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  bytes += message;
  if (absl::Status s = Replace(bytes); !s.ok()) {
    if (!std::exchange(complained_, true)) {
      Log().error("{}: {}; a supervisor that comes after this one will know an older state", path_,
                  std::string(s.message()));
    }
    return;
  }
  if (std::exchange(complained_, false)) Log().info("{}: written again", path_);
  written_ = std::move(message);
  ++writes_;
}

absl::Status SessionRecord::Replace(const std::string& bytes) const {
  const std::string temporary = path_ + ".new";
  const UniqueFd fd(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd.valid()) return absl::InternalError(std::strerror(errno));
  if (absl::Status s = WriteAll(fd.get(), bytes); !s.ok()) return s;
  if (rename(temporary.c_str(), path_.c_str()) != 0) return absl::InternalError(std::strerror(errno));
  return absl::OkStatus();
}

void SessionRecord::Remove() {
  unlink(path_.c_str());
  unlink((path_ + ".new").c_str());
  written_.clear();
  complained_ = false;
}

}  // namespace air

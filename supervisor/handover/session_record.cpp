#include "supervisor/handover/session_record.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
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

// Behind the name of one that is being written. It begins like all names of the session, and goes with them.
constexpr char kUnfinished[] = ".new";
// And of the file of what waits of the plan; its number follows.
constexpr char kPlan[] = ".plan-";

std::string PlanPath(const std::string& record, uint64_t number) {
  return absl::StrCat(record, kPlan, number);
}

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

// A file of this user that no other user may read or write: /dev/shm is open to all users.
bool IsOurs(const struct stat& info) {
  return S_ISREG(info.st_mode) && info.st_uid == geteuid() && (info.st_mode & 077) == 0;
}

bool IsOlder(const timespec& a, const timespec& b) {
  return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

absl::StatusOr<std::string> ReadAll(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info {};
  if (!fd.valid() || fstat(fd.get(), &info) != 0)
    return absl::NotFoundError(absl::StrCat(path, ": ", std::strerror(errno)));
  if (!IsOurs(info)) return absl::NotFoundError(absl::StrCat(path, " is another user's"));
  std::string bytes(static_cast<size_t>(info.st_size), '\0');
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t n = read(fd.get(), bytes.data() + at, bytes.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::DataLossError(absl::StrCat(path, ": ", std::strerror(errno)));
    if (n == 0) bytes.resize(at);
    at += static_cast<size_t>(n);
  }
  return bytes;
}

}  // namespace

SessionRecord::SessionRecord(const std::string& runtime_dir, std::string memory)
    : memory_(std::move(memory)) {
  std::error_code error;
  std::filesystem::path folder = std::filesystem::weakly_canonical(runtime_dir, error);
  if (!folder.has_filename()) folder = folder.parent_path();  // a slash behind one that is not there
  suffix_ = absl::StrFormat(".record-%016x", Checksum(error ? runtime_dir : folder.string()));
}

std::string SessionRecord::PathOf(const std::string& session_prefix) const {
  return absl::StrCat(memory_, "/", session_prefix, suffix_);
}

std::vector<std::string> SessionRecord::Names() const {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(memory_, ignored)) {
    std::string name = entry.path().filename().string();
    if (absl::StrContains(name, suffix_)) names.push_back(std::move(name));
  }
  return names;
}

std::string SessionRecord::Find() const {
  std::string newest;
  timespec written{};
  for (const std::string& name : Names()) {
    const std::string path = absl::StrCat(memory_, "/", name);
    struct stat info {};
    if (!absl::EndsWith(name, suffix_) || lstat(path.c_str(), &info) != 0 || !IsOurs(info)) continue;
    if (!newest.empty() && !IsOlder(written, info.st_mtim)) continue;
    newest = path;
    written = info.st_mtim;
  }
  return newest;
}

absl::StatusOr<record::Session> SessionRecord::Load() {
  const std::string path = Find();
  if (path.empty()) return absl::NotFoundError(absl::StrCat(memory_, "/*", suffix_, ": none"));
  const absl::StatusOr<std::string> read = ReadAll(path);
  if (!read.ok()) return read.status();
  const std::string& bytes = *read;

  FileHeader header{};
  if (bytes.size() < sizeof header) return absl::DataLossError(absl::StrCat(path, " is too short"));
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != kMagic) return absl::DataLossError(absl::StrCat(path, " is not a session record"));
  if (header.version < kOldestSessionRecordVersion || header.version > kSessionRecordVersion) {
    return absl::FailedPreconditionError(absl::StrCat(path, " is of version ", header.version,
                                                      ", this program reads ", kOldestSessionRecordVersion,
                                                      " to ", kSessionRecordVersion));
  }
  const std::string message = bytes.substr(sizeof header);
  if (message.size() != header.bytes || Checksum(message) != header.checksum)
    return absl::DataLossError(absl::StrCat(path, " is damaged"));
  record::Session session;
  if (!session.ParseFromString(message)) return absl::DataLossError(absl::StrCat(path, " cannot be read"));
  if (!session.has_waiting()) return session;
  plan_number_ = session.waiting().file();
  absl::StatusOr<std::string> plan = ReadAll(PlanPath(path, plan_number_));
  if (!plan.ok())
    return absl::DataLossError(absl::StrCat("the plan is not there: ", plan.status().message()));
  plan_ = std::make_shared<const std::string>(*std::move(plan));
  return session;
}

void SessionRecord::Save() {
  record::Session session;
  if (!describe_ || !describe_(session)) return Remove();
  const Plan plan = session.has_waiting() ? describe_plan_() : nullptr;
  const std::string path = PathOf(session.segment_prefix());
  if (absl::Status s = Write(path, session, plan); !s.ok()) return Complain(path, s);
  if (std::exchange(complained_, false)) Log().info("{}: written again", path);
}

void SessionRecord::Complain(const std::string& path, const absl::Status& why) {
  if (std::exchange(complained_, true)) return;
  Log().error("{}: {}; a supervisor that comes after this one will know an older state", path,
              std::string(why.message()));
}

absl::Status SessionRecord::Write(const std::string& path, record::Session& session, const Plan& plan) {
  const bool another = plan != plan_ && plan != nullptr;
  const uint64_t number = plan_number_ + (another ? 1 : 0);
  if (another) {
    if (absl::Status s = Replace(PlanPath(path, number), *plan); !s.ok()) return s;
  }
  if (plan != nullptr) session.mutable_waiting()->set_file(number);
  std::string message = session.SerializeAsString();
  if (message == written_) return absl::OkStatus();
  const FileHeader header{
      .magic = kMagic,
      .version = session.has_waiting() ? kSessionRecordVersion : kOldestSessionRecordVersion,
      .bytes = static_cast<uint32_t>(message.size()),
      .checksum = Checksum(message)};
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  bytes += message;
  if (absl::Status s = Replace(path, bytes); !s.ok()) {
    if (another) unlink(PlanPath(path, number).c_str());
    return s;
  }
  if (plan != plan_ && plan_ != nullptr) unlink(PlanPath(path, plan_number_).c_str());
  plan_ = plan;
  plan_number_ = number;
  written_ = std::move(message);
  ++writes_;
  return absl::OkStatus();
}

absl::Status SessionRecord::Replace(const std::string& path, const std::string& bytes) {
  const std::string temporary = path + kUnfinished;
  unlink(temporary.c_str());  // of a supervisor that was killed here
  const UniqueFd fd(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.valid()) return absl::InternalError(std::strerror(errno));
  absl::Status written = WriteAll(fd.get(), bytes);
  if (written.ok() && rename(temporary.c_str(), path.c_str()) != 0)
    written = absl::InternalError(std::strerror(errno));
  if (!written.ok()) unlink(temporary.c_str());
  if (written.ok()) written_bytes_ += bytes.size();
  return written;
}

void SessionRecord::Remove() {
  for (const std::string& name : Names()) unlink(absl::StrCat(memory_, "/", name).c_str());
  written_.clear();
  plan_.reset();
  complained_ = false;
}

}  // namespace air

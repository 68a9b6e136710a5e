#include "supervisor/evidence/evidence_spool.h"

#include <fcntl.h>
#include <google/protobuf/text_format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/stage_log.h"
#include "evidence/evidence_files.h"

namespace air {
namespace {

absl::Status Failed(const std::string& what) {
  const int error = errno;
  const std::string text = absl::StrCat(what, ": ", std::strerror(error));
  return error == ENOSPC || error == EDQUOT || error == EFBIG ? absl::ResourceExhaustedError(text)
                                                              : absl::InternalError(text);
}

// One write: a reader sees all of it or, after a kill, a part that is no frame.
absl::Status WriteWhole(int fd, const std::string& bytes, const std::string& path) {
  ssize_t written = 0;
  do {
    written = write(fd, bytes.data(), bytes.size());
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(bytes.size())) return absl::OkStatus();
  if (written >= 0) errno = ENOSPC;
  return Failed(path);
}

absl::Status ReplaceFile(const std::string& path, const std::string& bytes) {
  const std::string temporary = path + ".new";
  const UniqueFd fd(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd.valid()) return Failed(temporary);
  if (absl::Status s = WriteWhole(fd.get(), bytes, temporary); !s.ok()) return s;
  return rename(temporary.c_str(), path.c_str()) == 0 ? absl::OkStatus() : Failed(path);
}

absl::Status MakeFolder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  return error ? absl::InternalError(absl::StrCat(folder, ": ", error.message())) : absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<EvidenceSpool>> EvidenceSpool::Open(const std::string& folder,
                                                                   const evidence::Session& session,
                                                                   Limits limits) {
  if (absl::Status s = MakeFolder(folder); !s.ok()) return s;
  std::unique_ptr<EvidenceSpool> spool(new EvidenceSpool(folder, session, limits));
  if (absl::StatusOr<evidence::Session> there = ReadEvidenceSession(folder); there.ok()) {
    spool->session_ = *there;
    if (absl::Status s = spool->Load(); !s.ok()) return s;
    return spool;
  }
  if (absl::Status s = spool->Begin(); !s.ok()) return s;
  return spool;
}

absl::Status EvidenceSpool::Begin() {
  if (absl::Status s = MakeFolder(folder_); !s.ok()) return s;
  std::string text;
  google::protobuf::TextFormat::PrintToString(session_, &text);
  if (absl::Status s = ReplaceFile(folder_ + "/session", text); !s.ok()) return s;
  files_.clear();
  return OpenFile(last_state_.has_value() ? last_state_->number() + 1 : 1);
}

bool EvidenceSpool::IsGone() const {
  struct stat info {};
  return fstat(last_.get(), &info) == 0 && info.st_nlink == 0;
}

absl::Status EvidenceSpool::Load() {
  for (const std::string& name : ListEvidenceFiles(folder_)) {
    File file{.path = folder_ + "/" + name};
    const EvidenceFile content = ReadEvidenceFile(file.path);
    file.bytes = content.good_bytes;
    if (content.unreadable > 0)
      Log().error("evidence: {}: {} records cannot be read and are left out", file.path, content.unreadable);
    for (const evidence::Record& record : content.records) {
      last_state_ = record.state();
      if (!record.has_message()) continue;
      if (file.first_sequence == 0) file.first_sequence = record.message().sequence();
      file.last_sequence = record.message().sequence();
    }
    files_.push_back(file);
  }
  acknowledged_ = std::min(ReadAcknowledged(folder_), last_sequence());
  if (files_.empty()) return OpenFile(last_state_.has_value() ? last_state_->number() + 1 : 1);
  last_.Reset(open(files_.back().path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  if (!last_.valid()) return Failed(files_.back().path);
  // Behind the last whole frame there may be a part of one.
  return ftruncate(last_.get(), static_cast<off_t>(files_.back().bytes)) == 0 ? absl::OkStatus()
                                                                              : Failed(files_.back().path);
}

absl::Status EvidenceSpool::OpenFile(uint64_t first_number) {
  const std::string path = absl::StrFormat("%s/%016d.records", folder_, first_number);
  UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!fd.valid()) return Failed(path);
  if (last_.valid()) fdatasync(last_.get());
  last_ = std::move(fd);
  files_.push_back({.path = path});
  return absl::OkStatus();
}

uint64_t EvidenceSpool::first_sequence() const {
  for (const File& file : files_) {
    if (file.first_sequence != 0) return file.first_sequence;
  }
  return 0;
}

uint64_t EvidenceSpool::Bytes() const {
  uint64_t bytes = 0;
  for (const File& file : files_) bytes += file.bytes;
  return bytes;
}

bool EvidenceSpool::DropOldest() {
  const bool is_wanted = !session_.endpoint().empty() && files_.front().last_sequence > acknowledged_;
  if (files_.size() < 2 || is_wanted) return false;
  if (dropped_files_++ == 0) {
    Log().warn("evidence: no room for more ({} MB at most); the oldest goes", limits_.session_bytes >> 20);
  }
  unlink(files_.front().path.c_str());
  files_.pop_front();
  return true;
}

absl::Status EvidenceSpool::Append(const evidence::Record& record) {
  if (const size_t bytes = record.ByteSizeLong(); bytes > kMostEvidenceRecordBytes) {
    return absl::InvalidArgumentError(absl::StrCat("record ", record.number(), " has ", bytes,
                                                   " bytes, at most ", kMostEvidenceRecordBytes));
  }
  if (files_.empty() || IsGone()) {
    Log().error("evidence: {} was removed, with all that stood in it; it begins anew", folder_);
    if (absl::Status s = Begin(); !s.ok()) return s;
  }
  const std::string frame = EncodeEvidenceFrame(record);
  if (files_.back().bytes > 0 && files_.back().bytes + frame.size() > limits_.file_bytes) {
    if (absl::Status s = OpenFile(record.number()); !s.ok() && !DropOldest()) return s;
  }
  while (Bytes() + frame.size() > limits_.session_bytes) {
    if (!DropOldest()) return absl::ResourceExhaustedError("the session's limit is reached");
  }
  File& file = files_.back();
  for (;;) {
    absl::Status written = WriteWhole(last_.get(), frame, file.path);
    if (written.ok()) break;
    if (ftruncate(last_.get(), static_cast<off_t>(file.bytes)) != 0)
      Log().error("evidence: {}: {}", file.path, std::strerror(errno));
    if (!absl::IsResourceExhausted(written) || !DropOldest()) return written;
  }
  file.bytes += frame.size();
  if (record.has_message()) {
    if (file.first_sequence == 0) file.first_sequence = record.message().sequence();
    file.last_sequence = record.message().sequence();
  }
  last_state_ = record.state();
  return absl::OkStatus();
}

void EvidenceSpool::Acknowledge(uint64_t sequence) {
  if (sequence <= acknowledged_) return;
  acknowledged_ = sequence;
  // Lost with the power, it costs messages that are sent twice: not worth a sync.
  const absl::Status written = ReplaceFile(folder_ + "/acknowledged", absl::StrCat(sequence, "\n"));
  if (!written.ok() && !acknowledgement_failed_) Log().warn("evidence: {}", std::string(written.message()));
  acknowledgement_failed_ = !written.ok();
}

void EvidenceSpool::Sync() { fdatasync(last_.get()); }

std::vector<EvidenceSpool::Message> EvidenceSpool::From(uint64_t sequence, size_t most) const {
  std::vector<Message> messages;
  for (const File& file : files_) {
    if (file.last_sequence < sequence) continue;
    for (evidence::Record& record : ReadEvidenceFile(file.path).records) {
      if (!record.has_message() || record.message().sequence() < sequence) continue;
      messages.push_back(std::move(*record.mutable_message()));
      if (messages.size() == most) return messages;
    }
  }
  return messages;
}

}  // namespace air

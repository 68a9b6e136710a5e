// SessionRecord: what a supervisor leaves to its successor, in one file that is written by it alone. There is
// no other persistence.
//
// Rules that make a SIGKILL at any instant harmless:
//
//   A stage is recorded before it is given work. So a process that has work is always known to the
//   successor; one that is not known has none, and leaves by itself.
//   A block is recorded before it is called accepted, an event before it is told.
//   The file is replaced as a whole: it is always of one moment.
//
// What is read is checked (magic, version, length, checksum) and believed only where shared memory and /proc
// agree. It is not synced: what it speaks of is gone after a power cut anyway.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "protos/session_record.pb.h"

namespace air {

inline constexpr uint32_t kSessionRecordVersion = 2;

class SessionRecord {
 public:
  // Fills in the session as it is now; false: there is none.
  using Describe = std::function<bool(record::Session&)>;

  explicit SessionRecord(std::string runtime_dir) : path_(std::move(runtime_dir) + "/session.record") {}
  void DescribedBy(Describe describe) { describe_ = std::move(describe); }

  // What the predecessor left. Errors: NotFound (nothing), FailedPrecondition (of another version), DataLoss
  // (not whole, or not a record at all), each in words for the log.
  absl::StatusOr<record::Session> Load() const;

  // Writes the session as it is now, if it has changed since it was written last, or removes the file when
  // there is none. A disk that is full costs a line in the log, once, and leaves the last record in place.
  void Save();
  void Remove();

  uint64_t writes() const { return writes_; }
  // The file is of an older moment: what came since could not be written.
  bool is_stale() const { return complained_; }

 private:
  absl::Status Replace(const std::string& bytes) const;

  std::string path_;
  Describe describe_;
  std::string written_;  // the session as it stands in the file
  bool complained_ = false;
  uint64_t writes_ = 0;
};

}  // namespace air

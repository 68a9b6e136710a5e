// SessionRecord: what a supervisor leaves to its successor, in one file that the supervisor alone writes.
//
// The file lies in /dev/shm, which is memory: the event loop writes it before it answers a call, and a write may wait
// for no disk. It lives as long as what it speaks of, the session's other shared memory, and goes with it: its name is
// "<the session's prefix>.record-<runtime folder>". The successor knows the session by its runtime folder.
//
// Rules that make a SIGKILL at any instant harmless:
//
//   A stage is recorded before it is given work. So a process that has work is always known to the
//   successor; a process that is not recorded has none, and leaves by itself.
//   A block is recorded before it is called accepted, an event before it is told.
//   The file is replaced as a whole: it is always of one moment.
//   What waits of a plan may be large and does not change. It has a file of its own, "<name of the record>.plan-N", which
//   is there before the record names it and until another record is; so a change costs what changes, however long the
//   plan is.
//
// A record of another user is not looked at. What is read is checked (magic, version, length, checksum) and believed
// only where shared memory and /proc agree.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "protos/session_record.pb.h"

namespace air {

inline constexpr uint32_t kSessionRecordVersion = 3;
// One in which nothing waits is still written so: a supervisor of an older build can take it up.
inline constexpr uint32_t kOldestSessionRecordVersion = 2;

class SessionRecord {
 public:
  // Fills in the session as it is now; false: there is none.
  using Describe = std::function<bool(record::Session&)>;
  // What waits of its plan, where `waiting` is set; another pointer where it is something else.
  using Plan = std::shared_ptr<const std::string>;

  // The record of the supervisor with this runtime folder. `memory`: where it lies, a folder in memory.
  explicit SessionRecord(const std::string& runtime_dir, std::string memory = "/dev/shm");
  void DescribedBy(
      Describe describe, std::function<Plan()> plan = [] { return nullptr; }) {
    describe_ = std::move(describe);
    describe_plan_ = std::move(plan);
  }

  // Where the newest record of this runtime folder lies; empty: there is none. It waits for no disk.
  std::string Find() const;
  // What the predecessor left. Errors: NotFound (nothing), FailedPrecondition (of another version), DataLoss
  // (not whole, or not a record at all), each in words for the log.
  absl::StatusOr<record::Session> Load();
  // What waits of the plan, as Load() has found it or Save() written it; nullptr: nothing.
  const Plan& plan() const { return plan_; }

  // Writes the session as it is now, if it has changed since it was written last, or removes the file when
  // there is none. Memory that is full costs a line in the log, once, and leaves the last record in place.
  void Save();
  void Remove();

  uint64_t writes() const { return writes_; }
  uint64_t written_bytes() const { return written_bytes_; }  // since the beginning, of both files
  // The file is of an older moment: what came since could not be written.
  bool is_stale() const { return complained_; }

 private:
  absl::Status Replace(const std::string& path, const std::string& bytes);
  // Of one moment: the plan first.
  absl::Status Write(const std::string& path, record::Session& session, const Plan& plan);
  void Complain(const std::string& path, const absl::Status& why);
  std::string PathOf(const std::string& session_prefix) const;
  // All names of records of this runtime folder, unfinished ones included.
  std::vector<std::string> Names() const;

  std::string memory_;
  std::string suffix_;  // of the file's name: that of the runtime folder
  Describe describe_;
  std::function<Plan()> describe_plan_;
  std::string written_;       // the session as it stands in the file
  Plan plan_;                 // as it stands in the file of that number
  uint64_t plan_number_ = 0;  // of the last one that was written
  bool complained_ = false;
  uint64_t writes_ = 0, written_bytes_ = 0;
};

}  // namespace air

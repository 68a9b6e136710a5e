// EvidenceSpool: the records of one session on disk (evidence/evidence_files.h), in files of a bounded size.
//
// A record is whole or not there, whenever the supervisor is killed: it is one write(2), and what is behind the last
// whole frame is cut off by the supervisor that opens the file again. A kill loses nothing that was written. A power cut
// loses at most the last second: files are synced (fdatasync) by Sync(), which the courier calls a second
// after the first record that is not, and at the end of a session. Most runtime folders are on a tmpfs, which
// is gone with the power anyway.
//
// When the disk is full, or the session has reached its limit, the oldest file goes: at once in a session without an
// endpoint, which sends its messages to no control plane; else once all of its messages have been acknowledged. When
// the oldest file is still wanted, the append fails, and everything that is there stays.
//
// Not thread-safe; it may wait for the disk, so it is for the courier's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "protos/evidence_spool.pb.h"

namespace air {

class EvidenceSpool {
 public:
  struct Limits {
    uint64_t file_bytes = 256 << 10;
    uint64_t session_bytes = 64 << 20;
  };
  using Message = retrovue::evidence::v1::EvidenceFromAir;

  // Begins one, or goes on with the one that stands in `folder`. Errors: Internal, saying what the disk said.
  static absl::StatusOr<std::unique_ptr<EvidenceSpool>> Open(const std::string& folder,
                                                             const evidence::Session& session, Limits limits);

  const evidence::Session& session() const { return session_; }
  // Behind the last record; nullopt: there is none.
  const std::optional<evidence::LedgerState>& last_state() const { return last_state_; }
  uint64_t first_sequence() const;  // of the oldest message that is there; 0: none
  uint64_t last_sequence() const { return last_state_.has_value() ? last_state_->sequence() : 0; }
  uint64_t acknowledged() const { return acknowledged_; }
  uint64_t dropped_files() const { return dropped_files_; }

  // When the folder was removed it is made again, and what stood in it is lost.
  // Errors: ResourceExhausted (no room, and nothing that may go), InvalidArgument (larger than a file may hold: it
  // never will be written), Internal.
  absl::Status Append(const evidence::Record& record);
  void Acknowledge(uint64_t sequence);
  void Sync();
  // Up to `most` messages from this sequence on, in order.
  std::vector<Message> From(uint64_t sequence, size_t most) const;

 private:
  struct File {
    std::string path;
    uint64_t first_sequence = 0, last_sequence = 0;  // of its messages; 0: it has none
    uint64_t bytes = 0;
  };

  EvidenceSpool(std::string folder, evidence::Session session, Limits limits)
      : folder_(std::move(folder)), session_(std::move(session)), limits_(limits) {}
  absl::Status Load();
  absl::Status Begin();
  bool IsGone() const;
  absl::Status OpenFile(uint64_t first_number);
  bool DropOldest();
  uint64_t Bytes() const;

  std::string folder_;
  evidence::Session session_;
  Limits limits_;
  std::deque<File> files_;
  UniqueFd last_;  // that of files_.back(), for appending
  std::optional<evidence::LedgerState> last_state_;
  uint64_t acknowledged_ = 0;
  bool acknowledgement_failed_ = false;  // to be written down; said once
  uint64_t dropped_files_ = 0;
};

}  // namespace air

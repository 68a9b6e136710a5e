// The files in which a session's evidence is kept, and how to read them, also while they are being written:
//
//   RUNTIME_DIR/evidence/PLAYOUT_SESSION_ID/session               evidence::Session, as text
//                                          /0000000000000001.records   frames, the first of which has this
//                                          number /acknowledged           the last sequence the control plane
//                                          has stored
//
//   a frame:  [ bytes, 4 ][ 0x56454941 "AIEV", 4 ][ FNV-1a of the record, 8 ][ evidence::Record, `bytes` ]
//
// little endian. The writer of a file may have been killed in the middle: what is behind its last whole frame
// is nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "protos/evidence_spool.pb.h"

namespace air {

std::string EvidenceFolderOf(const std::string& runtime_dir);
// A frame that claims more is not read: a record that makes a larger one cannot be written.
inline constexpr uint32_t kMostEvidenceRecordBytes = 1 << 20;
// `record` makes at most kMostEvidenceRecordBytes.
std::string EncodeEvidenceFrame(const evidence::Record& record);

// The whole frames of one file, in order. A frame whose checksum is right and whose record cannot be parsed is
// passed over, and what lies behind it is read.
struct EvidenceFile {
  std::vector<evidence::Record> records;
  uint64_t good_bytes = 0;  // where the last whole frame ends
  uint64_t unreadable = 0;  // whole frames that hold no record
};
EvidenceFile ReadEvidenceFile(const std::string& path);

// Names of the record files in a session's folder, oldest first.
std::vector<std::string> ListEvidenceFiles(const std::string& session_folder);

// Errors: NotFound, DataLoss.
absl::StatusOr<evidence::Session> ReadEvidenceSession(const std::string& session_folder);
// 0: nothing, or not readable.
uint64_t ReadAcknowledged(const std::string& session_folder);

// Folders of sessions, the one that began last first. Those that cannot be read are left out.
std::vector<std::string> ListEvidenceSessions(const std::string& evidence_folder);

}  // namespace air

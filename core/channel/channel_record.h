// What a manager leaves to its successor: DIR/channel.record (protos/channel_record.proto), replaced as a whole, so it is always of one
// moment.
//
// It is not synced: what AIR does not know any more after a power cut need not be known here either. What is read is checked (magic,
// version, length, checksum). A disk that is full leaves the last record in place.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "protos/channel_record.pb.h"

namespace retrovue {

inline constexpr std::uint32_t kChannelRecordVersion = 1;

class ChannelRecord {
 public:
  explicit ChannelRecord(const std::string& channel_folder) : path_(channel_folder + "/channel.record") {}

  // Errors: NOT_FOUND: nothing. FAILED_PRECONDITION: of another version. DATA_LOSS: not whole, or no record at all.
  absl::StatusOr<channel_record::Record> Load() const;
  // Errors: INTERNAL with the system's text.
  absl::Status Save(const channel_record::Record& record) const;

 private:
  std::string path_;
};

}  // namespace retrovue

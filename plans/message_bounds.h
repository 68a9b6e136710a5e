// How large each field of a call may be: one table for numbers and texts, so that no field is forgotten. What a field means
// beyond that (a sum, an order, a format) is checked where it is used.
#pragma once

#include <google/protobuf/message.h>

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace air {

enum class FieldKind {
  kNumber,  // least and most: its value
  kName,    // of a file, a socket or a person's words: any text of so many bytes; made safe where it is shown
  kLine,    // one line without control characters (base/one_line.h), of so many bytes
  kDocument,  // JSON: any text of so many bytes
};

struct FieldBounds {
  std::string_view field;  // "BlockPlan.block_id"
  FieldKind kind;
  int64_t least, most;
};

// Nothing is planned behind the year 2200: milliseconds that lie there are microseconds or a mistake.
inline constexpr int64_t kLatestUtcMs = 7'258'118'400'000;
// A channel of today begins behind the year 2000.
inline constexpr int64_t kEarliestJoinUtcMs = 946'684'800'000;

// nullptr: the field has no bounds of its own. Any thread.
const FieldBounds* BoundsOf(std::string_view field);

// Whether every field of `message`, and of the messages in it, keeps its bounds. Errors: InvalidArgument naming the first field
// that does not, and what may be given. Any thread.
absl::Status CheckBounds(const google::protobuf::Message& message);

}  // namespace air

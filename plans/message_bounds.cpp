#include "plans/message_bounds.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/one_line.h"

namespace air {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr int64_t kAnyLeast = INT32_MIN, kAnyMost = INT32_MAX;
constexpr int64_t kLongestMs = 48LL * 3600 * 1000;
constexpr int64_t kMostMediaMs = int64_t{1} << 42;
constexpr int64_t kPath = 4096, kId = 256, kJson = 1 << 20;
constexpr int64_t kMostFrames = int64_t{1} << 32;
constexpr int64_t kMostRate = 1'000'000;
constexpr int64_t kWholeMessage = 4 << 20;  // of gRPC: a call that must not be refused, a stop

constexpr FieldBounds kBounds[] = {
    {"StartChannelRequest.channel_id", FieldKind::kNumber, kAnyLeast, kAnyMost},
    {"StartChannelRequest.plan_handle", FieldKind::kName, 0, kPath},
    {"StartChannelRequest.port", FieldKind::kNumber, 0, 65535},
    {"StartChannelRequest.program_format_json", FieldKind::kDocument, 0, kJson},
    {"UpdatePlanRequest.channel_id", FieldKind::kNumber, kAnyLeast, kAnyMost},
    {"UpdatePlanRequest.plan_handle", FieldKind::kName, 0, kPath},
    {"StopChannelRequest.channel_id", FieldKind::kNumber, kAnyLeast, kAnyMost},
    {"LoadPreviewRequest.channel_id", FieldKind::kNumber, kAnyLeast, kAnyMost},
    {"LoadPreviewRequest.asset_path", FieldKind::kName, 0, kPath},
    {"LoadPreviewRequest.start_frame", FieldKind::kNumber, 0, kMostFrames},
    {"LoadPreviewRequest.frame_count", FieldKind::kNumber, -1, kMostFrames},
    {"LoadPreviewRequest.fps_numerator", FieldKind::kNumber, 1, kMostRate},
    {"LoadPreviewRequest.fps_denominator", FieldKind::kNumber, 1, kMostRate},
    {"LoadPreviewRequest.start_offset_ms", FieldKind::kNumber, 0, kMostMediaMs},
    {"LoadPreviewRequest.hard_stop_time_ms", FieldKind::kNumber, 0, kLatestUtcMs},
    {"SwitchToLiveRequest.channel_id", FieldKind::kNumber, kAnyLeast, kAnyMost},
    {"SwitchToLiveRequest.target_boundary_time_ms", FieldKind::kNumber, 0, kLatestUtcMs},
    {"SwitchToLiveRequest.issued_at_time_ms", FieldKind::kNumber, 0, kLatestUtcMs},
    {"AttachStreamRequest.channel_id", FieldKind::kNumber, kAnyLeast, kAnyMost},
    {"AttachStreamRequest.endpoint", FieldKind::kName, 0, kPath},
    {"AttachStreamRequest.output_json", FieldKind::kDocument, 0, kJson},
    {"DetachStreamRequest.channel_id", FieldKind::kNumber, kAnyLeast, kAnyMost},
    {"DetachStreamRequest.endpoint", FieldKind::kName, 0, kPath},
    {"StartBlockPlanSessionRequest.channel_id", FieldKind::kNumber, kAnyLeast, kAnyMost},
    {"StartBlockPlanSessionRequest.join_utc_ms", FieldKind::kNumber, 0, kLatestUtcMs},
    {"StartBlockPlanSessionRequest.program_format_json", FieldKind::kDocument, 0, kJson},
    {"StartBlockPlanSessionRequest.max_queue_depth", FieldKind::kNumber, kAnyLeast, kAnyMost},  // clamped
    {"StartBlockPlanSessionRequest.evidence_endpoint", FieldKind::kLine, 0, 512},
    {"StartBlockPlanSessionRequest.channel_id_str", FieldKind::kLine, 0, kId},
    {"FeedBlockPlanRequest.channel_id", FieldKind::kNumber, kAnyLeast, kAnyMost},
    {"StopBlockPlanSessionRequest.channel_id", FieldKind::kNumber, kAnyLeast, kAnyMost},
    {"StopBlockPlanSessionRequest.reason", FieldKind::kName, 0, kWholeMessage},
    {"SubscribeBlockEventsRequest.channel_id", FieldKind::kNumber, kAnyLeast, kAnyMost},
    {"BlockPlan.block_id", FieldKind::kLine, 1, kId},
    {"BlockPlan.channel_id", FieldKind::kNumber, kAnyLeast, kAnyMost},
    {"BlockPlan.start_utc_ms", FieldKind::kNumber, 0, kLatestUtcMs},
    {"BlockPlan.end_utc_ms", FieldKind::kNumber, 0, kLatestUtcMs},
    {"BlockPlan.broadcast_date", FieldKind::kLine, 0, 32},
    {"BlockPlan.broadcast_day_anchor_utc_ms", FieldKind::kNumber, 0, kLatestUtcMs},
    {"BlockSegment.segment_index", FieldKind::kNumber, 0, 511},
    {"BlockSegment.asset_uri", FieldKind::kName, 0, kPath},
    {"BlockSegment.asset_start_offset_ms", FieldKind::kNumber, 0, kMostMediaMs},
    {"BlockSegment.segment_duration_ms", FieldKind::kNumber, 1, kLongestMs},
    {"BlockSegment.event_id", FieldKind::kLine, 0, kId},
    {"BlockSegment.transition_in_duration_ms", FieldKind::kNumber, 0, kLongestMs},
    {"BlockSegment.transition_out_duration_ms", FieldKind::kNumber, 0, kLongestMs},
    {"BlockSegment.segment_uuid", FieldKind::kLine, 0, kId},
    {"BlockSegment.asset_uuid", FieldKind::kLine, 0, kId},
    {"BlockSegment.audio_language", FieldKind::kLine, 0, 32},
    {"ChannelBug.image_uri", FieldKind::kName, 1, kPath},
};

absl::Status CheckText(const FieldBounds& bounds, const std::string& text, const std::string& where) {
  const auto bytes = static_cast<int64_t>(text.size());
  if (bytes < bounds.least || bytes > bounds.most) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": ", bytes, " bytes; give ", bounds.least, " to ", bounds.most));
  }
  if (bounds.kind == FieldKind::kLine && !IsOneLine(text))
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": it has control characters; give one line of text"));
  return absl::OkStatus();
}

absl::Status CheckNumber(const FieldBounds& bounds, int64_t value, const std::string& where) {
  if (value >= bounds.least && value <= bounds.most) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(where, ": ", value, "; give ", bounds.least, " to ", bounds.most));
}

// A field that is there once.
absl::Status CheckField(const Message& message, const FieldDescriptor& field, const std::string& where) {
  const FieldBounds* bounds = BoundsOf(absl::StrCat(field.containing_type()->name(), ".", field.name()));
  if (bounds == nullptr) return absl::OkStatus();
  const google::protobuf::Reflection& of = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return CheckText(*bounds, of.GetString(message, &field), where);
    case FieldDescriptor::CPPTYPE_INT32:
      return CheckNumber(*bounds, of.GetInt32(message, &field), where);
    case FieldDescriptor::CPPTYPE_INT64:
      return CheckNumber(*bounds, of.GetInt64(message, &field), where);
    case FieldDescriptor::CPPTYPE_UINT32:
      return CheckNumber(*bounds, of.GetUInt32(message, &field), where);
    default:
      return absl::OkStatus();
  }
}

absl::Status CheckAll(const Message& message, const std::string& prefix) {
  const google::protobuf::Reflection& of = *message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    const std::string where = absl::StrCat(prefix, field.name());
    const bool is_message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    absl::Status status;
    if (field.is_repeated()) {
      for (int n = 0; is_message && status.ok() && n < of.FieldSize(message, &field); ++n)
        status = CheckAll(of.GetRepeatedMessage(message, &field, n), absl::StrCat(where, "[", n, "]."));
    } else if (!is_message) {
      status = CheckField(message, field, where);
    } else if (of.HasField(message, &field)) {
      status = CheckAll(of.GetMessage(message, &field), absl::StrCat(where, "."));
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

const FieldBounds* BoundsOf(std::string_view field) {
  const auto* found =
      std::find_if(std::begin(kBounds), std::end(kBounds), [&](const auto& b) { return b.field == field; });
  return found == std::end(kBounds) ? nullptr : found;
}

absl::Status CheckBounds(const Message& message) { return CheckAll(message, ""); }

}  // namespace air

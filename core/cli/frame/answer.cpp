#include "core/cli/frame/answer.h"

#include <optional>

#include "absl/strings/cord.h"

namespace retrovue::cli {
namespace {
constexpr const char* kCode = "retrovue/code";
}

absl::Status Refusal(absl::StatusCode kind, absl::string_view code, absl::string_view message) {
  absl::Status status(kind, message);
  status.SetPayload(kCode, absl::Cord(code));
  return status;
}

absl::Status Refuse(absl::string_view code, absl::string_view message) {
  return Refusal(absl::StatusCode::kInvalidArgument, code, message);
}

absl::Status NotFound(absl::string_view code, absl::string_view message) {
  return Refusal(absl::StatusCode::kNotFound, code, message);
}

absl::Status Coded(absl::string_view code, absl::Status status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
      if (!status.GetPayload(kCode)) status.SetPayload(kCode, absl::Cord(code));
      return status;
    default:
      return status;
  }
}

std::string CodeOf(const absl::Status& status) {
  if (const absl::optional<absl::Cord> code = status.GetPayload(kCode)) return std::string(*code);
  return absl::StatusCodeToString(status.code());
}

Exit ExitOf(const absl::Status& status) {
  if (status.ok()) return Exit::kDone;
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ? Exit::kUnreachable
                                                                         : Exit::kRefused;
}

}  // namespace retrovue::cli

// Finding a row by what people call it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace retrovue {

inline absl::Status NoSuch(absl::string_view noun, absl::string_view handle, absl::string_view next) {
  return absl::NotFoundError(absl::StrCat("there is no ", noun, " \"", handle, "\": ", next));
}

// The one of what was found. INVALID_ARGUMENT, with their ids, if there are several; NOT_FOUND if there is none.
template <typename Noun>
absl::StatusOr<Noun> TheOne(std::vector<Noun> found, absl::string_view noun, absl::string_view handle,
                            absl::string_view next) {
  if (found.empty()) return NoSuch(noun, handle, next);
  if (found.size() == 1) return std::move(found.front());
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", handle, "\" may be any of ", found.size(), ": name its id instead (",
      absl::StrJoin(found, ", ", [](std::string* out, const Noun& n) { absl::StrAppend(out, n.id.text); }),
      ")"));
}

}  // namespace retrovue

// Names and handles.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace retrovue {

inline constexpr std::size_t kLongestSlug = 64;

// Makes a slug of a title: "The Late Show!" gives "the-late-show". Empty if nothing of the title can stand in one.
std::string SlugOf(absl::string_view title);

// INVALID_ARGUMENT, with a slug that would do, unless `slug` is lower-case letters, digits and single dashes between
// them, at most kLongestSlug long.
absl::Status ValidateSlug(absl::string_view slug);

// "Science  Fiction " gives "science fiction": trimmed, lower case, one space.
std::string NormalTag(absl::string_view tag);

// A text that sorts as a person counts: "clip 2" before "clip 10". Lower case.
std::string NaturalOrder(absl::string_view text);

// "a", "b" or "c"
std::string OneOf(const std::vector<std::string>& names);

}  // namespace retrovue

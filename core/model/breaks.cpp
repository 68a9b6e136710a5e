#include "core/model/breaks.h"

#include "absl/strings/str_cat.h"

namespace retrovue {
namespace {

constexpr int kMostBreaks = 40;
constexpr Millis kShortest{1000};
constexpr Millis kLongest{3 * 3'600'000};

}  // namespace

const char* Name(BreakPolicy policy) {
  switch (policy) {
    case BreakPolicy::kPost:
      return "post";
    case BreakPolicy::kBetween:
      return "between";
    case BreakPolicy::kMidroll:
      return "midroll";
  }
  return "unknown";
}

absl::Status ValidateBreakRules(const BreakRules& rules) {
  if (rules.most < 0 || rules.most > kMostBreaks) {
    return absl::InvalidArgumentError(
        absl::StrCat(rules.most, " breaks in one airing: give 0 (as its slot is long) to ", kMostBreaks));
  }
  const struct {
    const char* what;
    Millis length, least;
  } lengths[] = {{"the shortest break", rules.least_break, kShortest},
                 {"the shortest act", rules.least_act, kShortest},
                 {"the time without a break at the start", rules.head, Millis(0)},
                 {"the time without a break before the end", rules.tail, Millis(0)}};
  for (const auto& [what, length, least] : lengths) {
    if (length < least || length > kLongest) {
      return absl::InvalidArgumentError(
          absl::StrCat(what, " is ", ToText(length), ": give ", ToText(least), " to ", ToText(kLongest)));
    }
  }
  return absl::OkStatus();
}

}  // namespace retrovue

#include "core/model/text.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace retrovue {
namespace {
constexpr std::size_t kDigits = 12;  // numbers up to this many digits are compared as numbers
}

std::string SlugOf(absl::string_view title) {
  std::string slug;
  for (const char c : title) {
    if (absl::ascii_isalnum(c)) {
      slug += absl::ascii_tolower(c);
    } else if (c != '\'' && !slug.empty() && slug.back() != '-') {
      slug += '-';
    }
  }
  slug.resize(std::min(slug.size(), kLongestSlug));
  while (!slug.empty() && slug.back() == '-') slug.pop_back();
  return slug;
}

absl::Status ValidateSlug(absl::string_view slug) {
  if (!slug.empty() && SlugOf(slug) == slug) return absl::OkStatus();
  const std::string better = SlugOf(slug);
  return absl::InvalidArgumentError(absl::StrCat("\"", slug, "\" is not a slug: use at most ", kLongestSlug,
                                                 " lower-case letters, digits and single dashes, such as \"",
                                                 better.empty() ? "channel-1" : better, "\""));
}

std::string NormalTag(absl::string_view tag) {
  std::string normal;
  for (const char c : absl::StripAsciiWhitespace(tag)) {
    if (!absl::ascii_isspace(c)) {
      normal += absl::ascii_tolower(c);
    } else if (normal.back() != ' ') {
      normal += ' ';
    }
  }
  return normal;
}

std::string NaturalOrder(absl::string_view text) {
  std::string order;
  for (std::size_t i = 0; i < text.size();) {
    if (!absl::ascii_isdigit(text[i])) {
      order += absl::ascii_tolower(text[i++]);
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && absl::ascii_isdigit(text[end])) ++end;
    if (end - i < kDigits) order.append(kDigits - (end - i), '0');
    order.append(text.data() + i, end - i);
    i = end;
  }
  return order;
}

std::string OneOf(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : i + 1 == names.size() ? " or " : ", ", "\"", names[i], "\"");
  }
  return text;
}

}  // namespace retrovue

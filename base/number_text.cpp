#include "base/number_text.h"

#include <charconv>
#include <cstdio>
#include <string_view>

namespace air {
namespace {

bool AreDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// "0", "8080", not "010", of which one reader makes ten and the next one eight.
bool IsWhole(std::string_view text) { return AreDigits(text) && (text.size() == 1 || text.front() != '0'); }

template <typename Number, typename... Form>
bool Reads(const std::string& text, Number& number, Form... form) {
  const char* const end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data(), end, number, form...);
  return error == std::errc() && read == end;
}

std::string Text(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", number);
  return text;
}

}  // namespace

std::string WrongNumber(const std::string& text, std::int64_t least, std::int64_t most) {
  std::int64_t number = 0;
  const std::string_view digits = std::string_view(text).substr(text.starts_with('-') ? 1 : 0);
  if (IsWhole(digits) && Reads(text, number) && number >= least && number <= most) return "";
  return "'" + text + "': give a whole number from " + std::to_string(least) + " to " + std::to_string(most);
}

std::string WrongDecimal(const std::string& text, double least, double most) {
  double number = 0;
  const std::size_t point = text.find('.');
  const bool plain = IsWhole(std::string_view(text).substr(0, point)) &&
                     (point == std::string::npos || AreDigits(std::string_view(text).substr(point + 1)));
  if (plain && Reads(text, number, std::chars_format::fixed) && number >= least && number <= most) return "";
  return "'" + text + "': give a number from " + Text(least) + " to " + Text(most);
}

}  // namespace air

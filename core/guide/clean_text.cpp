#include "core/guide/clean_text.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"

namespace retrovue {
namespace {

constexpr char32_t kNone = 0xFFFFFFFF;  // no UTF-8
constexpr absl::string_view kReplacement = "\xEF\xBF\xBD";

struct Character {
  char32_t code = kNone;
  std::size_t bytes = 1;
};

// The first character of `text`, which is not empty. As RFC 3629 has it: no overlong form, no surrogate.
Character FirstOf(absl::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4) return {};
  char32_t code = lead & (0x7F >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if (i >= text.size() || (byte(i) & 0xC0) != 0x80) return {kNone, i};
    code = code << 6 | (byte(i) & 0x3F);
  }
  const bool overlong = code < (bytes == 4 ? 0x10000u : bytes == 3 ? 0x800u : 0x80u);
  if (overlong || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {kNone, bytes};
  return {code, bytes};
}

// Unicode's White_Space.
bool IsSpace(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

bool IsLeftOut(char32_t c) {
  const bool control = c < 0x20 || (c >= 0x7F && c <= 0x9F);
  const bool direction = c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
                         (c >= 0x2066 && c <= 0x2069);
  const bool noncharacter = (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF);
  return control || direction || noncharacter || c == 0xFEFF;
}

}  // namespace

std::string CleanText(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool space = false;  // seen since the last character, and not yet written
  while (!text.empty()) {
    const Character c = FirstOf(text);
    const absl::string_view bytes = c.code == kNone ? kReplacement : text.substr(0, c.bytes);
    text.remove_prefix(c.bytes);
    if (IsSpace(c.code)) {
      space = true;
    } else if (c.code == kNone || !IsLeftOut(c.code)) {
      if (space && !out.empty()) out.push_back(' ');
      space = false;
      absl::StrAppend(&out, bytes);
    }
  }
  return out;
}

}  // namespace retrovue

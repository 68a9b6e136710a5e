#include "base/one_line.h"

#include <cstdint>

namespace air {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

struct Character {
  uint32_t code;
  size_t bytes;  // 0: the first byte begins no character
};

Character FirstOf(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {0, 0};
  uint32_t code = lead & (0x7fu >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {0, 0};
    code = code << 6 | (byte(i) & 0x3fu);
  }
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < kLeast[bytes] || code > 0x10ffff || surrogate) return {0, 0};
  return {code, bytes};
}

bool IsControl(uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f)  // C0, DEL, C1
         || code == 0x2028 || code == 0x2029            // line and paragraph separator
         || code == 0x200e || code == 0x200f            // marks of direction
         || (code >= 0x202a && code <= 0x202e)          // embeddings and overrides
         || (code >= 0x2066 && code <= 0x2069);         // isolates
}

}  // namespace

std::string OneLine(std::string_view text, size_t most_bytes) {
  std::string line;
  while (!text.empty()) {
    const Character first = FirstOf(text);
    const size_t taken = first.bytes == 0 ? 1 : first.bytes;
    std::string_view piece = first.bytes == 0 ? kReplacement : text.substr(0, taken);
    if (first.bytes != 0 && IsControl(first.code)) piece = " ";
    if (line.size() + piece.size() > most_bytes) break;
    line.append(piece);
    text.remove_prefix(taken);
  }
  return line;
}

bool IsOneLine(std::string_view text) {
  while (!text.empty()) {
    const Character first = FirstOf(text);
    if (first.bytes == 0 || IsControl(first.code)) return false;
    text.remove_prefix(first.bytes);
  }
  return true;
}

}  // namespace air

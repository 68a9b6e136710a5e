#include "core/store/text_codec.h"

#include <algorithm>
#include <cstddef>

namespace retrovue {
namespace {

constexpr char kEscape = '\x10';
constexpr char kHex[] = "0123456789abcdef";

// The length of the UTF-8 character `text` begins with; 0 if it begins with none.
std::size_t CharacterAt(absl::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  if (first == 0xe0 && byte(1) < 0xa0) return 0;  // longer than need be
  if (first == 0xed && byte(1) > 0x9f) return 0;  // surrogates
  if (first == 0xf0 && byte(1) < 0x90) return 0;
  if (first == 0xf4 && byte(1) > 0x8f) return 0;  // beyond U+10FFFF
  return length;
}

int DigitOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string EncodeText(absl::string_view text) {
  std::string stored;
  stored.reserve(text.size());
  while (!text.empty()) {
    std::size_t length = CharacterAt(text);
    if (length == 0 || text[0] == '\0' || text[0] == kEscape) {
      const auto byte = static_cast<unsigned char>(text[0]);
      stored += kEscape;
      stored += kHex[byte >> 4];
      stored += kHex[byte & 15];
      length = 1;
    } else {
      stored.append(text.data(), length);
    }
    text.remove_prefix(length);
  }
  return stored;
}

std::optional<std::string> DecodeText(absl::string_view stored) {
  std::string text;
  text.reserve(stored.size());
  for (std::size_t i = 0; i < stored.size(); ++i) {
    if (stored[i] != kEscape) {
      text += stored[i];
      continue;
    }
    if (i + 2 >= stored.size()) return std::nullopt;
    const int high = DigitOf(stored[i + 1]);
    const int low = DigitOf(stored[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    text += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return text;
}

}  // namespace retrovue

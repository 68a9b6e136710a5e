#include "core/model/id.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"

namespace retrovue {

bool IsUuidV7(absl::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    if (dash ? c != '-' : !(absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f'))) return false;
  }
  return text[14] == '7' && (text[19] == '8' || text[19] == '9' || text[19] == 'a' || text[19] == 'b');
}

IdSource::IdSource(std::function<Instant()> now, std::function<std::uint64_t()> random)
    : now_(std::move(now)), random_(std::move(random)) {}

std::string IdSource::Next() {
  const std::uint64_t bits = random_();
  const std::int64_t now_ms = UtcMs(now_());
  if (now_ms > last_ms_) {
    last_ms_ = now_ms;
    sequence_ = static_cast<std::uint32_t>(random_() & 0x7ff);  // the upper half stays free to count in
  } else if (++sequence_ > 0xfff) {
    ++last_ms_;  // a millisecond is borrowed from the future: the order matters more
    sequence_ = 0;
  }
  const auto ms = static_cast<std::uint64_t>(last_ms_);
  return absl::StrFormat("%08x-%04x-7%03x-%04x-%012x", static_cast<std::uint32_t>(ms >> 16), ms & 0xffff,
                         sequence_, 0x8000 | (bits >> 48 & 0x3fff), bits & 0xffffffffffff);
}

}  // namespace retrovue

// Keys: a UUID of version 7 (RFC 9562) as text, and a type for each noun so that they cannot be mixed up.
#pragma once

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "core/model/time.h"

namespace retrovue {

// The key of one noun. Empty: not yet given.
template <typename Noun>
struct Id {
  std::string text;

  bool empty() const { return text.empty(); }
  friend bool operator==(const Id&, const Id&) = default;
  friend auto operator<=>(const Id&, const Id&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Id& id) {
    return H::combine(std::move(h), id.text);
  }
  friend std::ostream& operator<<(std::ostream& out, const Id& id) { return out << id.text; }
};

// True for a UUID of version 7 in lower case: what IdSource makes.
bool IsUuidV7(absl::string_view text);

// Makes keys. Clock and randomness are given, so that a test can foresee them. For one thread.
//
// The keys of one source sort in the order they were made, also within a millisecond and when the clock goes back.
class IdSource {
 public:
  // `now` answers the present instant, `random` 64 random bits; both must be callable for as long as this lives.
  IdSource(std::function<Instant()> now, std::function<std::uint64_t()> random);

  std::string Next();

  template <typename Noun>
  Id<Noun> Make() {
    return {Next()};
  }

 private:
  std::function<Instant()> now_;
  std::function<std::uint64_t()> random_;
  std::int64_t last_ms_ = 0;
  std::uint32_t sequence_ = 0;  // 12 bits, counts within a millisecond
};

}  // namespace retrovue

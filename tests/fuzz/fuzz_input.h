// FuzzInput: takes a fuzzer's bytes apart into numbers and spans, one after the other. Where there are none left, all
// is zero: every input is a complete one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>

namespace air {

class FuzzInput {
 public:
  // `data` must outlive this.
  FuzzInput(const uint8_t* data, size_t size) : left_(data, size) {}

  bool is_empty() const { return left_.empty(); }

  template <typename T>
  T Take() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    const std::span<const uint8_t> bytes = TakeBytes(sizeof value);
    std::memcpy(&value, bytes.data(), bytes.size());
    return value;
  }

  // As many as there are, `most` at most.
  std::span<const uint8_t> TakeBytes(size_t most) {
    const auto taken = left_.first(std::min(most, left_.size()));
    left_ = left_.subspan(taken.size());
    return taken;
  }
  std::string TakeRest() {
    const auto rest = TakeBytes(left_.size());
    return {rest.begin(), rest.end()};
  }

 private:
  std::span<const uint8_t> left_;
};

// Ends the run as a crash when a rule is broken.
inline void Require(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace air

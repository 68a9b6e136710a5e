#include "stages/encoder/ts/annex_b.h"

#include <algorithm>
#include <array>

namespace air {
namespace {

constexpr std::array<uint8_t, 3> kStartCode = {0, 0, 1};
constexpr int kSequenceParameterSet = 7;
constexpr int kPictureParameterSet = 8;

size_t FindStartCode(std::span<const uint8_t> bytes, size_t from) {
  const auto found = std::search(bytes.begin() + static_cast<ptrdiff_t>(std::min(from, bytes.size())),
                                 bytes.end(), kStartCode.begin(), kStartCode.end());
  return static_cast<size_t>(found - bytes.begin());
}

}  // namespace

std::vector<std::byte> ParameterSets(std::span<const uint8_t> access_unit) {
  std::vector<std::byte> sets;
  for (size_t at = FindStartCode(access_unit, 0), end; at + kStartCode.size() < access_unit.size();
       at = end) {
    end = FindStartCode(access_unit, at + kStartCode.size());
    const int type = access_unit[at + kStartCode.size()] & 0x1F;
    if (type != kSequenceParameterSet && type != kPictureParameterSet) continue;
    std::span<const uint8_t> set = access_unit.subspan(at, end - at);
    while (set.back() == 0) set = set.first(set.size() - 1);  // belongs to the next start code
    std::ranges::copy(std::as_bytes(set), std::back_inserter(sets));
  }
  return sets;
}

}  // namespace air

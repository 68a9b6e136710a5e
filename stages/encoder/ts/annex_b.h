// Annex B byte streams of H.264: access units as NAL units behind start codes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace air {

// The sequence and picture parameter sets of an access unit, each behind its start code, in their order;
// empty without any.
std::vector<std::byte> ParameterSets(std::span<const uint8_t> access_unit);

}  // namespace air

// As much of H.264 (ITU-T H.264 7.3) as it takes to judge access units: their NAL units in Annex B form,
// parameter sets, and the first fields of slice headers.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace air::analyser {

struct SequenceParameters {
  int profile = 0;
  int level = 0;  // times ten
  int width = 0;  // luma pixels, cropping applied
  int height = 0;
  int frame_num_bits = 4;
  bool separate_planes = false;
  bool frames_only = true;
};

// `nal` begins with the NAL header byte. Nothing when it ends too early.
std::optional<SequenceParameters> ParseSps(std::span<const uint8_t> nal);

struct AccessUnit {
  bool starts_with_aud = false;
  int pictures = 0;  // slices with first_mb_in_slice 0
  bool idr = false;
  bool sets_before_slices = false;  // SPS and PPS, both before the first slice
  std::optional<uint32_t> idr_pic_id;
  std::vector<uint8_t> sps, pps;  // whole NAL units, empty when absent
};

// `sps` is the one in force before this unit, needed to read a slice header when the unit brings none itself.
AccessUnit InspectAccessUnit(std::span<const uint8_t> annex_b, const std::optional<SequenceParameters>& sps);

}  // namespace air::analyser

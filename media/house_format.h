// HouseFormat: the one signal format of a session. Every frame that enters a FrameRingBuffer already has it;
// nothing downstream negotiates. Fixed for the lifetime of a PlayoutInstance.
//
//   picture  yuv420p, progressive, square pixels, limited range; three tight planes Y, U, V without padding
//            (BT.709 from 720 lines upwards, BT.601 below)
//   sound    signed 16-bit little-endian PCM, interleaved, sample_rate Hz. Integers on purpose: every bit
//            pattern a hostile decoder could write is a valid sample, where a float could be a NaN.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/types.h"

namespace air {

// Frames per second as the exact rational num/den.
struct FrameRate {
  uint32_t num = 30;
  uint32_t den = 1;
  bool operator==(const FrameRate&) const = default;
};

// The broadcast rates: no other is accepted (TIME contract T1).
inline constexpr std::array<FrameRate, 8> kHouseRates = {
    {{24000, 1001}, {24, 1}, {25, 1}, {30000, 1001}, {30, 1}, {50, 1}, {60000, 1001}, {60, 1}}};

// Parses "num/den" (also a bare "25"). Errors: InvalidArgument naming the text and the accepted rates.
absl::StatusOr<FrameRate> ParseFrameRate(const std::string& text);
std::string ToString(FrameRate rate);

struct HouseFormat {
  uint32_t width = 0;   // luma pixels, even, 16..4096
  uint32_t height = 0;  // luma lines, even, 16..2304
  FrameRate rate;
  uint32_t sample_rate = 48000;  // Hz; 48000 only
  uint32_t channels = 2;         // 2 only

  bool operator==(const HouseFormat&) const = default;

  size_t LumaBytes() const { return size_t{width} * height; }
  size_t ChromaBytes() const { return LumaBytes() / 4; }  // of one of the two chroma planes
  size_t VideoBytes() const { return LumaBytes() + 2 * ChromaBytes(); }
  size_t BytesPerSample() const { return size_t{channels} * sizeof(int16_t); }  // one sample of every channel
  // Most samples one AV unit carries: a tick's worth rounded up, plus the one of look-ahead.
  uint32_t MaxUnitSamples() const {
    return static_cast<uint32_t>((uint64_t{sample_rate} * rate.den + rate.num - 1) / rate.num) + 1;
  }
  bool IsBt709() const { return height >= 720; }

  // FNV-1a over the fields: what two attachments of one ring compare.
  uint64_t Hash() const;
};

// How content of other proportions fills the house picture. The decoders' business: not part of the format.
enum class AspectPolicy { kPreserve, kStretch, kCrop };

// "preserve" (also an empty text), "stretch" or "crop". Errors: InvalidArgument naming the text and these
// three.
absl::StatusOr<AspectPolicy> ParseAspectPolicy(const std::string& text);

// Errors: InvalidArgument that names the field, its value and the accepted range.
absl::Status Validate(const HouseFormat& format);

}  // namespace air

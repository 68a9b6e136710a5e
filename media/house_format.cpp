#include "media/house_format.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace air {
namespace {

constexpr char kRateHelp[] = "one of 24000/1001, 24/1, 25/1, 30000/1001, 30/1, 50/1, 60000/1001, 60/1";

}  // namespace

std::string ToString(FrameRate rate) { return absl::StrCat(rate.num, "/", rate.den); }

absl::StatusOr<FrameRate> ParseFrameRate(const std::string& text) {
  std::vector<std::string> parts = absl::StrSplit(text, '/');
  uint32_t num = 0, den = 1;
  bool numbers = (parts.size() == 1 || parts.size() == 2) && absl::SimpleAtoi(parts[0], &num) &&
                 (parts.size() == 1 || absl::SimpleAtoi(parts[1], &den)) && den != 0;
  if (numbers) {
    for (const FrameRate& rate : kHouseRates) {
      if (uint64_t{num} * rate.den == uint64_t{rate.num} * den) return rate;
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("video.frame_rate: \"", text.substr(0, 40), "\" is not a house rate; give ", kRateHelp));
}

uint64_t HouseFormat::Hash() const {
  uint64_t hash = 0xcbf29ce484222325ull;
  for (uint64_t field : {width, height, rate.num, rate.den, sample_rate, channels}) {
    for (int byte = 0; byte < 8; ++byte) hash = (hash ^ ((field >> (8 * byte)) & 0xff)) * 0x100000001b3ull;
  }
  return hash;
}

absl::StatusOr<AspectPolicy> ParseAspectPolicy(const std::string& text) {
  if (text.empty() || text == "preserve") return AspectPolicy::kPreserve;
  if (text == "stretch") return AspectPolicy::kStretch;
  if (text == "crop") return AspectPolicy::kCrop;
  return absl::InvalidArgumentError(absl::StrCat("video.aspect_policy: \"", text.substr(0, 40),
                                                 "\"; give \"preserve\", \"stretch\" or \"crop\""));
}

absl::Status Validate(const HouseFormat& format) {
  auto size_ok = [](uint32_t v, uint32_t max) { return v >= 16 && v <= max && v % 2 == 0; };
  if (!size_ok(format.width, 4096)) {
    return absl::InvalidArgumentError(
        absl::StrCat("video.width: ", format.width, " is not usable; give an even number from 16 to 4096"));
  }
  if (!size_ok(format.height, 2304)) {
    return absl::InvalidArgumentError(
        absl::StrCat("video.height: ", format.height, " is not usable; give an even number from 16 to 2304"));
  }
  if (absl::StatusOr<FrameRate> rate = ParseFrameRate(ToString(format.rate)); !rate.ok())
    return rate.status();
  if (format.sample_rate != 48000) {
    return absl::InvalidArgumentError(
        absl::StrCat("audio.sample_rate: ", format.sample_rate, " is not usable; the house rate is 48000"));
  }
  if (format.channels != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("audio.channels: ", format.channels, " is not usable; the house format is stereo (2)"));
  }
  return absl::OkStatus();
}

}  // namespace air

#include "stages/decoder/pattern/programmatic_producer.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace air {
namespace {

// An option's value as a number in [least, most], or an error that says what would be accepted.
absl::StatusOr<int64_t> ParseNumber(const std::string& key, const std::string& value, int64_t least,
                                    int64_t most) {
  int64_t number = 0;
  if (absl::SimpleAtoi(value, &number) && number >= least && number <= most) return number;
  return absl::InvalidArgumentError(absl::StrCat("asset_uri: pattern option ", key, "=\"",
                                                 value.substr(0, 40), "\" is not usable; give a number from ",
                                                 least, " to ", most));
}

}  // namespace

absl::StatusOr<PatternAsset> ParsePatternUri(const std::string& uri) {
  absl::string_view options = uri;
  if (!absl::ConsumePrefix(&options, kPatternScheme)) {
    return absl::InvalidArgumentError(
        absl::StrCat("asset_uri: \"", uri.substr(0, 80), "\" does not begin with \"pattern:\""));
  }
  PatternAsset asset;
  for (absl::string_view option : absl::StrSplit(options, '&', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> pair = absl::StrSplit(option, absl::MaxSplits('=', 1));
    const auto& [key, value] = pair;
    if (key == "clip") {
      absl::StatusOr<int64_t> number = ParseNumber(key, value, 0, 255);
      if (!number.ok()) return number.status();
      asset.clip_id = static_cast<uint8_t>(*number);
    } else if (key == "frames") {
      absl::StatusOr<int64_t> number = ParseNumber(key, value, 1, kEndlessFrames);
      if (!number.ok()) return number.status();
      asset.frames = *number;
    } else {
      return absl::InvalidArgumentError(absl::StrCat("asset_uri: unknown pattern option \"",
                                                     key.substr(0, 40), "\"; known are clip and frames"));
    }
  }
  return asset;
}

absl::Status ProgrammaticProducer::Start(const ProducerRequest& request) {
  absl::StatusOr<PatternAsset> asset = ParsePatternUri(request.asset_uri);
  if (!asset.ok()) return asset.status();
  if (absl::Status valid = Validate(request.format); !valid.ok()) return valid;
  if (request.in_point_ms < 0 || request.skip_units < 0) {
    return absl::InvalidArgumentError(absl::StrCat("asset_start_offset_ms: ", request.in_point_ms, " (and ",
                                                   request.skip_units,
                                                   " units to skip) must not be negative"));
  }
  const HouseTime time(request.format);
  const int64_t in_point = CeilMulDiv(request.in_point_ms, time.num(), 1000 * time.den());
  if (in_point >= asset->frames) {
    return absl::OutOfRangeError(absl::StrCat("asset_start_offset_ms: ", request.in_point_ms, " is picture ",
                                              in_point, " of ", request.asset_uri, ", which has ",
                                              asset->frames));
  }
  frames_ = asset->frames;
  first_picture_ = in_point + request.skip_units;
  next_ = request.first_unit;
  pattern_.emplace(request.format, asset->clip_id);
  return absl::OkStatus();
}

absl::StatusOr<Rendered> ProgrammaticProducer::Render(UnitIndex i, const UnitBuffer& out, UnitInfo& info) {
  if (!pattern_) return absl::FailedPreconditionError("ProgrammaticProducer: Render without Start");
  const int64_t picture = first_picture_ + i.value();
  if (picture >= frames_) return Rendered::kEndOfStream;

  const HouseTime time(pattern_->format());
  pattern_->DrawPicture(picture, out.video);
  info = UnitInfo{.samples = time.SamplesOf(i),
                  .media_position_us = FloorMulDiv(picture, 1'000'000 * time.den(), time.num())};
  const int64_t first_sample =
      time.FirstSample(UnitIndex(first_picture_)).value() + time.FirstSample(i).value();
  pattern_->FillSound(first_sample, out.audio.first(size_t{info.samples} * pattern_->format().channels));
  info.last = picture + 1 >= frames_;
  next_ = i + 1;
  return Rendered::kUnit;
}

}  // namespace air

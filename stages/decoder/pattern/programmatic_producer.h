// ProgrammaticProducer: the test picture (test_pattern.h) as a producer. It needs no file and no FFmpeg, so
// what it shows is known to the last byte; a stream made from it can be checked picture by picture.
//
// Asset URI: "pattern:" with options after the colon, joined by '&':
//   clip=N     clip id 0..255 in the counter strip, default 0
//   frames=N   the clip has pictures 0..N-1 and then ends; without it, it never ends
// Example: "pattern:clip=7&frames=250". An unknown option is an error that names it.
//
// Unit i is picture  k = ceil(in_point_ms * num / (1000 * den)) + skip_units + i  and carries the media
// samples from S(k of unit 0) + S(i) on: S(i+1) - S(i) + 1 of them, the last being look-ahead. Every unit is
// computed from its index alone, so a producer that starts at unit 1000 gives what the one before it would
// have given.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "stages/decoder/pattern/test_pattern.h"
#include "stages/decoder/producer.h"

namespace air {

inline constexpr char kPatternScheme[] = "pattern:";

// What "never" means: five hundred years of 60 fps, small enough for every product of time to stay exact.
inline constexpr int64_t kEndlessFrames = int64_t{1} << 40;

struct PatternAsset {
  uint8_t clip_id = 0;
  int64_t frames = kEndlessFrames;
};

// Errors: InvalidArgument naming the option, its value and what is accepted.
absl::StatusOr<PatternAsset> ParsePatternUri(const std::string& uri);

class ProgrammaticProducer : public IProducer {
 public:
  absl::Status OpenFiles(const std::string& asset_uri, std::span<const std::string>) override {
    return ParsePatternUri(asset_uri).status();
  }
  absl::Status Open(const std::string& asset_uri, const std::function<void()>&) override {
    return ParsePatternUri(asset_uri).status();
  }
  // Errors: those of ParsePatternUri and Validate; InvalidArgument for a negative in-point or skip;
  // OutOfRange when the in-point is not inside the clip (a skip beyond its end is simply its end).
  absl::Status Start(const ProducerRequest& request) override;
  bool Ready() const override { return pattern_.has_value(); }
  UnitIndex Next() const override { return next_; }
  absl::StatusOr<Rendered> Render(UnitIndex i, const UnitBuffer& out, UnitInfo& info) override;
  void Stop() override { pattern_.reset(); }

 private:
  std::optional<TestPattern> pattern_;  // present from Start to Stop
  UnitIndex next_;
  int64_t frames_ = 0;
  int64_t first_picture_ = 0;  // of unit 0
};

}  // namespace air

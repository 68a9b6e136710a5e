// AssetFacts: what a catalogue wants to know of an asset: how long it plays, and what it consists of.
//
// How long: from media zero to the end of its last picture, as FileProducer plays it. Sound that goes on a little longer
// (an encoder's last frame is full) does not count: half an hour of pictures is half an hour. Sound that goes on for longer
// than kSoundTail does, the last picture standing, and so does sound alone. Rounded down to a millisecond: a segment that is
// longer than its asset would end in pad.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "stages/decoder/media/demuxer.h"

namespace air {

inline constexpr int64_t kSoundTailMs = 500;

struct SoundFacts {
  std::string codec;
  int channels = 0;
  std::string language;  // as the container names it
};

struct ChapterFacts {
  std::string title;
  int64_t start_ms = 0;  // from media zero
  int64_t end_ms = 0;
};

// Texts are as the file has them: any bytes.
struct AssetFacts {
  int64_t duration_ms = 0;  // 0: a still picture without sound, which has no end
  std::string container;
  std::string picture_codec;  // empty: none, or a cover
  int width = 0;
  int height = 0;
  AVRational rate{0, 1};          // 0/1: unknown
  bool still = false;             // the picture is a photo or a cover
  std::vector<SoundFacts> sound;  // the track that plays by default is the first
  std::vector<ChapterFacts> chapters;
  int64_t errors = 0;  // damaged packets among those that were looked at
};

// Decodes the first picture (without one, the first sound) and reads up to the end, of long assets the last seconds alone.
// `demuxer` was opened and nothing was read from it; it is of no use afterwards. Errors: InvalidArgument when nothing of
// it can be decoded, or its duration cannot be found out.
absl::StatusOr<AssetFacts> FactsOf(Demuxer& demuxer);

}  // namespace air

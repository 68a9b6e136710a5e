// A FileProducer under test, and what it made of a file.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

extern "C" {
#include <libavutil/log.h>
}

#include "media/house_time.h"
#include "shm/frame_ring_layout.h"
#include "stages/decoder/file/file_producer.h"
#include "tests/support/numbered_clip.h"

namespace air {

struct PlayedUnit {
  std::vector<uint8_t> video;
  std::vector<int16_t> audio;     // SamplesOf(i) stereo samples
  std::vector<uint8_t> captions;  // cc_data
  std::vector<uint8_t> kept;      // for a producer that takes over behind this unit
  UnitInfo info;
};

inline HouseFormat SmallHouse(FrameRate rate, uint32_t width = 128, uint32_t height = 96) {
  HouseFormat house;
  house.width = width;
  house.height = height;
  house.rate = rate;
  return house;
}

inline ProducerRequest RequestFor(const std::string& path, const HouseFormat& house,
                                  int64_t in_point_ms = 0) {
  ProducerRequest request;
  request.asset_uri = path;
  request.format = house;
  request.in_point_ms = in_point_ms;
  return request;
}

// Plays from request.first_unit up to the end of the stream, or `most` units. `warm`: by a producer that had
// the asset open before it was asked.
inline std::vector<PlayedUnit> Play(const ProducerRequest& request, int64_t most, bool warm = false) {
  std::vector<PlayedUnit> units;
  av_log_set_level(AV_LOG_QUIET);  // damage on purpose would fill the screen
  FileProducer producer;
  if (warm) {
    EXPECT_TRUE(producer.Open(request.asset_uri, [] {}).ok());
  }
  const absl::Status started = producer.Start(request);
  EXPECT_TRUE(started.ok()) << started.message();
  if (!started.ok()) return units;
  for (UnitIndex i = request.first_unit; i - request.first_unit < most; ++i) {
    PlayedUnit unit;
    unit.video.resize(request.format.VideoBytes());
    unit.audio.resize(size_t{request.format.MaxUnitSamples()} * request.format.channels);
    unit.captions.resize(kSideDataBytes);
    const auto rendered = producer.Render(i, {unit.video, unit.audio, unit.captions}, unit.info);
    EXPECT_TRUE(rendered.ok()) << rendered.status().message();
    if (!rendered.ok() || *rendered == Rendered::kEndOfStream) break;
    EXPECT_EQ(unit.info.samples, HouseTime(request.format).SamplesOf(i));
    unit.audio.resize(size_t{unit.info.samples} * request.format.channels);
    unit.kept.assign(unit.captions.begin() + kKeptOffset, unit.captions.end());
    unit.captions.resize(unit.info.side_bytes);
    units.push_back(std::move(unit));
  }
  return units;
}

inline int NumberOf(const PlayedUnit& unit, const HouseFormat& house) {
  const int width = static_cast<int>(house.width);
  return NumberIn(unit.video.data(), width, width, static_cast<int>(house.height));
}

inline std::vector<int> NumbersOf(const std::vector<PlayedUnit>& units, const HouseFormat& house) {
  std::vector<int> numbers;
  for (const PlayedUnit& unit : units) numbers.push_back(NumberOf(unit, house));
  return numbers;
}

// The segment's sample line, one channel, put together from units 0, 1, ... without their sample of
// look-ahead.
inline std::vector<int16_t> LineOf(const std::vector<PlayedUnit>& units, size_t channel) {
  std::vector<int16_t> line;
  for (const PlayedUnit& unit : units) {
    for (size_t s = 0; s + 1 < unit.info.samples; ++s) line.push_back(unit.audio[2 * s + channel]);
  }
  return line;
}

}  // namespace air

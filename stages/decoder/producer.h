// IProducer: one asset turned into numbered AV units in house format. Time-blind: a producer never asks what
// time it is and never knows when its units air; it is asked for unit 0, 1, 2, ... and fills them as fast as
// it can. The decoder's loop around it (decoder_stage.h) does the waiting on a full ring.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/types.h"
#include "media/house_format.h"

namespace air {

// What to produce. Unit i shows the media instant  in_point_ms + (skip_units + i) * den / num  seconds,
// counted from the asset's first picture (its first sample when it has no picture).
struct ProducerRequest {
  std::string asset_uri;  // a path, or "pattern:..." for the ProgrammaticProducer
  HouseFormat format;
  int64_t in_point_ms = 0;  // the segment's asset_start_offset_ms
  AspectPolicy aspect_policy = AspectPolicy::kPreserve;
  std::string audio_language = {};  // of the sound track to play; empty, or not there: the asset's default
  int64_t skip_units = 0;           // join in progress: house frames of the segment that are already past
  UnitIndex first_unit;  // > 0 when this producer takes over the ring of a dead one: start exactly there
  // The units from bad_unit up to first_unit must not be touched: start with first_unit if a picture in
  // between can be decoded by itself, else with the next one that can. Next() then says which unit that is.
  bool skips = false;
  UnitIndex bad_unit;
  // What the maker of unit first_unit - 1 has left in its side data, behind the captions; empty when that is
  // not known. Only Start looks at it.
  std::span<const uint8_t> kept = {};
  // Called with all that is read, and with every packet that is read or decoded: a sign of life.
  std::function<void()> on_progress = [] {};
};

inline constexpr size_t kKeptOffset = 96;

// Where one unit's bytes go. All memory is the callee's to write until Render returns.
struct UnitBuffer {
  std::span<uint8_t> video;  // exactly HouseFormat::VideoBytes(): planes Y, U, V, tightly packed
  std::span<int16_t> audio;  // MaxUnitSamples() * channels, interleaved
  // Captions (CEA-708 cc_data), as many bytes as UnitInfo says; from kKeptOffset on what the producer keeps
  // for one that will take over behind this unit. May be no memory at all.
  std::span<uint8_t> side_data;
};

struct UnitInfo {
  uint32_t samples = 0;  // per channel, exactly HouseTime::SamplesOf(i)
  uint32_t side_bytes = 0;
  int64_t media_position_us = 0;  // the media instant of the picture really shown, from the asset's start
  bool repeat = false;            // the picture is the one of the unit before
  bool last = false;              // no unit follows
};

enum class Rendered { kUnit, kEndOfStream };

class IProducer {
 public:
  virtual ~IProducer() = default;
  // Opens the descriptors that the asset takes, under one of the `media_roots` (none: anywhere), and reads
  // nothing of them: behind it no other can be opened, the sandbox is closed. Open does it when it was not
  // done. Errors: those of AssetFile::Open.
  virtual absl::Status OpenFiles(const std::string& asset_uri, std::span<const std::string> media_roots) = 0;
  // Opens and probes the asset, for a Start that will name the same one; at once when it has been opened
  // before and nothing was read from it since. `on_progress` is called with all that is read, up to Start, whose own
  // is called from then on. Errors as Start's.
  virtual absl::Status Open(const std::string& asset_uri, const std::function<void()>& on_progress) = 0;
  // Seeks; opens first what was not opened. Errors name the asset, what is wrong with it and, where there is
  // one, the remedy.
  virtual absl::Status Start(const ProducerRequest& request) = 0;
  // True from the moment Render can deliver first_unit without opening or seeking any more.
  virtual bool Ready() const = 0;
  // The unit that comes next; after Start first_unit, or a later one if it `skips`.
  virtual UnitIndex Next() const = 0;
  // Fills unit i; called with Next(), Next() + 1, ... in order. kEndOfStream: unit i does not exist,
  // nothing was written. Damaged data is not an error (the producer goes on behind it); an error means
  // nothing will follow.
  virtual absl::StatusOr<Rendered> Render(UnitIndex i, const UnitBuffer& out, UnitInfo& info) = 0;
  virtual void Stop() = 0;
};

}  // namespace air

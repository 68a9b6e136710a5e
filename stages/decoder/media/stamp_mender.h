// StampMender: broadcast recordings are cut, spliced and wrapped, and their time stamps jump by hours in the
// middle of a programme that itself goes on. This shifts what comes behind such a jump so that the asset's
// line is continuous.
//
// A jump is told from a gap (no sound for a minute is legitimate) by looking at both streams: stamps that
// run ahead of their own stream's line but stay near the other stream's are a gap and are left alone. Picture and
// sound are given the same shift, so that lip sync behind the join is what the file says. A hole in both at
// once longer than kGap is closed.
//
// Only for formats that declare AVFMT_TS_DISCONT; everywhere else the container's stamps are the truth.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "stages/decoder/media/ffmpeg_ptr.h"

namespace air {

enum class StreamKind { kPicture, kSound };
inline constexpr size_t kStreamKinds = 2;

class StampMender {
 public:
  // Shifts the packet's stamps, which count in `base`, onto the continuous line. Packets in the file's order.
  void Mend(StreamKind kind, AVRational base, AVPacket& packet);
  void Reset() { lines_ = {}; }

 private:
  struct Line {
    std::optional<int64_t> expected_us;  // where the next packet should be, after mending
    int64_t shift_us = 0;
  };
  static constexpr int64_t kGapUs = 10'000'000;  // forwards: what is farther away is a jump
  static constexpr int64_t kBackUs = 500'000;    // backwards: decoding order may not really go back at all

  static bool Continues(const Line& line, int64_t at_us);
  static int64_t ShiftFor(const Line& own, const Line& other, int64_t dts_us);

  std::array<Line, kStreamKinds> lines_;
};

}  // namespace air

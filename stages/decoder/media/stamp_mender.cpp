#include "stages/decoder/media/stamp_mender.h"

extern "C" {
#include <libavutil/mathematics.h>
}

#include <cstdlib>

namespace air {

bool StampMender::Continues(const Line& line, int64_t at_us) {
  return !line.expected_us || (at_us > *line.expected_us - kBackUs && at_us < *line.expected_us + kGapUs);
}

int64_t StampMender::ShiftFor(const Line& own, const Line& other, int64_t dts_us) {
  if (Continues(own, dts_us + own.shift_us)) return own.shift_us;
  if (other.expected_us) {
    const bool forwards = dts_us + own.shift_us > *own.expected_us;
    const bool a_gap = forwards && other.shift_us == own.shift_us &&
                       std::llabs(dts_us + own.shift_us - *other.expected_us) < kGapUs;
    if (a_gap) return own.shift_us;
    if (Continues(own, dts_us + other.shift_us)) return other.shift_us;
  }
  return *own.expected_us - dts_us;
}

void StampMender::Mend(StreamKind kind, AVRational base, AVPacket& packet) {
  Line& own = lines_[static_cast<size_t>(kind)];
  const Line& other = lines_[1 - static_cast<size_t>(kind)];
  if (packet.dts != AV_NOPTS_VALUE) {
    const int64_t dts_us = av_rescale_q(packet.dts, base, AV_TIME_BASE_Q);
    own.shift_us = ShiftFor(own, other, dts_us);
    own.expected_us = dts_us + own.shift_us + av_rescale_q(packet.duration, base, AV_TIME_BASE_Q);
  }
  const int64_t shift = av_rescale_q(own.shift_us, AV_TIME_BASE_Q, base);
  if (packet.dts != AV_NOPTS_VALUE) packet.dts += shift;
  if (packet.pts != AV_NOPTS_VALUE) packet.pts += shift;
}

}  // namespace air

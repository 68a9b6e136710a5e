// What the video and the audio of the stream must keep, PES packet by PES packet, and what was measured on
// the way.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/h264_access_unit.h"
#include "tests/support/pes_reader.h"
#include "tests/support/ts_clock.h"
#include "tests/support/ts_findings.h"

namespace air::analyser {

// A range of measured values; empty until the first.
template <class T>
struct Measured {
  T min = std::numeric_limits<T>::max();
  T max = std::numeric_limits<T>::lowest();

  void Add(T value) {
    min = value < min ? value : min;
    max = value > max ? value : max;
  }
  bool empty() const { return min > max; }
};

struct Arrival {  // of one PES packet, judged when the whole program clock is known
  int64_t first_packet, last_packet, dts;
};

struct StreamStats {
  int64_t units = 0;  // pictures or audio frames
  int64_t pes_packets = 0;
  int64_t first_pts = 0;
  int64_t last_pts = 0;
  Measured<int64_t> pts_step;  // 90 kHz, from PES packet to PES packet
  std::vector<Arrival> arrivals;
};

class VideoCheck {
 public:
  // `num`/`den` pictures a second, or 0/1 when any rate will do.
  VideoCheck(int64_t num, int64_t den, double max_idr_ms);

  void Take(const PesPacket& pes, FindingLog& log);
  void Finish(FindingLog& log);

  const StreamStats& stats() const { return stats_; }
  const std::optional<SequenceParameters>& sps() const { return sps_; }
  bool begins_with_idr() const { return begins_with_idr_; }
  int64_t idr_pictures() const { return idr_pictures_; }
  const Measured<int64_t>& idr_distance() const { return idr_distance_; }  // 90 kHz

 private:
  void CheckStamps(const PesPacket& pes, FindingLog& log);
  void CheckIdr(const AccessUnit& unit, const PesPacket& pes, FindingLog& log);
  void CheckIdrDistance(int64_t pts, int64_t packet, FindingLog& log);
  // SPS and PPS must be the ones the stream began with.
  void CheckParameterSets(const AccessUnit& unit, int64_t packet, FindingLog& log);

  std::optional<StampGrid> grid_;
  int64_t max_idr_ticks_;
  StreamStats stats_;
  int64_t last_dts_ = 0;
  std::optional<SequenceParameters> sps_;
  std::vector<uint8_t> sps_bytes_, pps_bytes_;
  bool begins_with_idr_ = false;
  int64_t idr_pictures_ = 0;
  int64_t last_idr_pts_ = 0;
  int64_t last_packet_ = 0;
  std::optional<uint32_t> last_idr_pic_id_;
  Measured<int64_t> idr_distance_;
};

class AudioCheck {
 public:
  void Take(const PesPacket& pes, FindingLog& log);

  const StreamStats& stats() const { return stats_; }
  int sample_rate() const { return sample_rate_; }  // Hz; 0 before the first frame
  int channels() const { return channels_; }

 private:
  // Walks the ADTS frames of a PES packet; how many there are.
  int64_t CheckFrames(const PesPacket& pes, FindingLog& log);

  StreamStats stats_;
  std::optional<StampGrid> grid_;
  int64_t frames_in_last_pes_ = 0;
  uint32_t configuration_ = 0;  // the fixed part of the first ADTS header
  int sample_rate_ = 0;
  int channels_ = 0;
};

}  // namespace air::analyser

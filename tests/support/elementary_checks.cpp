#include "tests/support/elementary_checks.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"

namespace air::analyser {
namespace {

constexpr int kSamplesPerAacFrame = 1024;
constexpr size_t kAdtsHeader = 7;
constexpr int kAacLc = 1;  // ADTS profile: object type minus 1
constexpr int kSampleRates[] = {96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                22050, 16000, 12000, 11025, 8000,  7350};

// Takes the stamp of one more PES packet; the step from the one before, nothing at the first.
std::optional<int64_t> TakeStamp(StreamStats& stats, const PesPacket& pes) {
  stats.arrivals.push_back({pes.first_packet, pes.last_packet, *pes.dts});
  std::optional<int64_t> step;
  if (stats.pes_packets++ == 0) {
    stats.first_pts = *pes.pts;
  } else {
    step = WrappedDistance(stats.last_pts, *pes.pts, kPtsPeriod);
    if (!pes.discontinuity) stats.pts_step.Add(*step);
  }
  stats.last_pts = *pes.pts;
  return step;
}

}  // namespace

VideoCheck::VideoCheck(int64_t num, int64_t den, double max_idr_ms)
    : max_idr_ticks_(std::llround(max_idr_ms * 90)) {
  if (num > 0) grid_.emplace(num, den);
}

void VideoCheck::Take(const PesPacket& pes, FindingLog& log) {
  if (pes.stream_id < 0xe0 || pes.stream_id > 0xef) {
    log.Add(Rule::kPes, pes.first_packet, absl::StrFormat("video has stream_id %#x", pes.stream_id));
  }
  const bool first = stats_.pes_packets == 0;
  CheckStamps(pes, log);

  const AccessUnit unit = InspectAccessUnit(pes.payload, sps_);
  if (unit.pictures != 1) {
    log.Add(Rule::kPesFrames, pes.first_packet, absl::StrFormat("video PES with %d pictures", unit.pictures));
  }
  if (!unit.starts_with_aud) {
    log.Add(Rule::kAud, pes.first_packet,
            absl::StrFormat("picture %d does not begin with an AUD", stats_.units));
  }
  CheckParameterSets(unit, pes.first_packet, log);
  if (first) begins_with_idr_ = unit.idr;
  if (first || pes.discontinuity) {
    last_idr_pts_ = *pes.pts;  // what lies before the first IDR counts as a distance too
    last_idr_pic_id_.reset();
  }
  if (pes.discontinuity && !unit.idr)
    log.Add(Rule::kIdr, pes.first_packet, "no IDR picture first behind a discontinuity");
  if (unit.idr) CheckIdr(unit, pes, log);
  last_packet_ = pes.last_packet;
  stats_.units += unit.pictures;
}

void VideoCheck::CheckStamps(const PesPacket& pes, FindingLog& log) {
  const bool first = stats_.pes_packets == 0;
  const std::optional<int64_t> step = TakeStamp(stats_, pes);
  if (*pes.dts != *pes.pts) {
    log.Add(Rule::kVideoPts, pes.first_packet,
            absl::StrFormat("DTS %d differs from PTS %d: pictures are reordered", *pes.dts, *pes.pts));
  }
  if (!first && WrappedDistance(last_dts_, *pes.dts, kPtsPeriod) <= 0) {
    log.Add(Rule::kVideoPts, pes.first_packet,
            absl::StrFormat("DTS %d does not rise from %d", *pes.dts, last_dts_));
  }
  last_dts_ = *pes.dts;
  // A hole is whole pictures long.
  const int64_t units = step && grid_ && pes.discontinuity ? std::max<int64_t>(grid_->UnitsIn(*step), 1) : 1;
  if (step && grid_ && !grid_->Accept(*step, units)) {
    log.Add(Rule::kVideoPts, pes.first_packet,
            absl::StrFormat("PTS %d steps by %d ticks; a picture is %d, off the exact grid", *pes.pts, *step,
                            grid_->Step()));
  }
}

void VideoCheck::CheckParameterSets(const AccessUnit& unit, int64_t packet, FindingLog& log) {
  auto check = [&](const std::vector<uint8_t>& now, std::vector<uint8_t>& before, const char* name) {
    if (now.empty()) return;
    if (!before.empty() && now != before) log.Add(Rule::kIdr, packet, absl::StrFormat("%s changed", name));
    before = now;
  };
  check(unit.sps, sps_bytes_, "SPS");
  check(unit.pps, pps_bytes_, "PPS");
  if (!unit.sps.empty()) sps_ = ParseSps(unit.sps);
}

void VideoCheck::CheckIdr(const AccessUnit& unit, const PesPacket& pes, FindingLog& log) {
  if (!unit.sets_before_slices)
    log.Add(Rule::kIdr, pes.first_packet, "IDR picture without SPS and PPS before it");
  if (unit.idr_pic_id && unit.idr_pic_id == last_idr_pic_id_) {
    log.Add(Rule::kIdr, pes.first_packet,
            absl::StrFormat("two IDR pictures in a row with idr_pic_id %d", *unit.idr_pic_id));
  }
  last_idr_pic_id_ = unit.idr_pic_id;
  const bool begins = pes.discontinuity || (idr_pictures_ == 0 && begins_with_idr_);
  ++idr_pictures_;
  if (!begins) CheckIdrDistance(*pes.pts, pes.first_packet, log);
  last_idr_pts_ = *pes.pts;
}

void VideoCheck::CheckIdrDistance(int64_t pts, int64_t packet, FindingLog& log) {
  const int64_t distance = WrappedDistance(last_idr_pts_, pts, kPtsPeriod);
  idr_distance_.Add(distance);
  if (distance > max_idr_ticks_) {
    log.Add(Rule::kIdr, packet, absl::StrFormat("%.1f ms without an IDR picture", distance / 90.0));
  }
}

void VideoCheck::Finish(FindingLog& log) {
  // What lies behind the last one is no distance between two, unless it is already longer than any.
  const int64_t tail = WrappedDistance(last_idr_pts_, stats_.last_pts, kPtsPeriod);
  if (stats_.pes_packets > 0 && (idr_distance_.empty() || tail > idr_distance_.max)) {
    CheckIdrDistance(stats_.last_pts, last_packet_, log);
  }
}

void AudioCheck::Take(const PesPacket& pes, FindingLog& log) {
  if (pes.stream_id < 0xc0 || pes.stream_id > 0xdf) {
    log.Add(Rule::kPes, pes.first_packet, absl::StrFormat("audio has stream_id %#x", pes.stream_id));
  }
  if (!pes.bounded) log.Add(Rule::kPes, pes.first_packet, "audio PES without a length");
  if (*pes.dts != *pes.pts) log.Add(Rule::kPes, pes.first_packet, "audio DTS differs from PTS");

  const std::optional<int64_t> step = TakeStamp(stats_, pes);
  const int64_t frames =
      step && grid_ && pes.discontinuity ? std::max<int64_t>(grid_->UnitsIn(*step), 1) : frames_in_last_pes_;
  if (step && grid_ && !grid_->Accept(*step, frames)) {
    log.Add(Rule::kAudioPts, pes.first_packet,
            absl::StrFormat("PTS %d steps by %d ticks over %d frames of %d", *pes.pts, *step, frames,
                            grid_->Step()));
  }
  frames_in_last_pes_ = CheckFrames(pes, log);
  stats_.units += frames_in_last_pes_;
  if (frames_in_last_pes_ != 1) {
    log.Add(Rule::kPesFrames, pes.first_packet,
            absl::StrFormat("audio PES with %d frames", frames_in_last_pes_));
  }
}

int64_t AudioCheck::CheckFrames(const PesPacket& pes, FindingLog& log) {
  auto wrong = [&](const char* what) {
    log.Add(Rule::kAdts, pes.first_packet, absl::StrFormat("ADTS: %s", what));
  };
  int64_t frames = 0;
  for (std::span<const uint8_t> rest = pes.payload; !rest.empty(); ++frames) {
    if (rest.size() < kAdtsHeader || rest[0] != 0xff || (rest[1] & 0xf6) != 0xf0)
      return wrong("no syncword"), frames;
    const size_t length = (rest[3] & 3) << 11 | rest[4] << 3 | rest[5] >> 5;
    const size_t rate_index = rest[2] >> 2 & 15;
    if (length < kAdtsHeader || length > rest.size())
      return wrong("frame is not whole in its PES packet"), frames;
    if (rest[2] >> 6 != kAacLc || rate_index >= std::size(kSampleRates))
      return wrong("not AAC-LC at a known rate"), frames;
    if (rest[6] & 3) wrong("more than one raw data block in a frame");

    // ID, layer, protection, profile, rate and channel configuration: the fixed header but for its private
    // bits.
    const uint32_t configuration = rest[1] << 16 | (rest[2] & 0xfd) << 8 | (rest[3] & 0xc0);
    if (sample_rate_ == 0) {
      configuration_ = configuration;
      sample_rate_ = kSampleRates[rate_index];
      channels_ = (rest[2] & 1) << 2 | rest[3] >> 6;
      grid_.emplace(sample_rate_, kSamplesPerAacFrame);
    } else if (configuration != configuration_) {
      wrong("configuration changed");
      configuration_ = configuration;
    }
    rest = rest.subspan(length);
  }
  return frames;
}

}  // namespace air::analyser

#include "stream/stream_budget.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace air {
namespace {

constexpr int64_t kMaxTableMs = 90;
constexpr int64_t kMaxSdtMs = 1000;
constexpr int64_t kMinSdtMs = 25;
constexpr int64_t kPayloadBytes = 184;
constexpr double kLeastVideoKbps = 100;
constexpr int64_t kMaxPcrMs = 36;

constexpr int64_t kLeastDelayMs = 300;
constexpr int64_t kDelayMarginMs = 30;
// At a constant rate: packets of sound (two large units), tables and PCR that may stand in the picture's way
// at once, beyond their mean.
constexpr int64_t kHeldUpPackets = 2 * kMostSoundPackets + kMostTablePackets + 3;

constexpr int64_t Ms90k(int64_t ms) { return ms * kPtsHz / 1000; }

int64_t MeanUnitBytes(uint32_t sound_kbps) {
  return kSoundUnitOverheadBytes +
         CeilMulDiv(int64_t{sound_kbps} * 1000, kSoundUnitSamples, 8 * int64_t{48'000});
}

// Packets a second that are not the picture's, at a constant rate, and never fewer than there will be.
double OtherPackets(const HouseTime& time, const StreamSettings& settings) {
  const StreamCadence cadence(time);
  const double fps = static_cast<double>(time.num()) / static_cast<double>(time.den());
  const double idrs = 1 / settings.gop_seconds + 1;  // and one a second for encoders that die
  const double units = 48'000.0 / kSoundUnitSamples;
  const double unit_packets = static_cast<double>(MeanUnitBytes(settings.sound_kbps)) / kPayloadBytes + 1;
  const double tables = 2 * (fps / static_cast<double>(cadence.ticks_per_table) + idrs) +
                        fps / static_cast<double>(cadence.max_ticks_per_sdt) + idrs;
  const double pcrs =
      fps * static_cast<double>(cadence.pcrs_per_tick) / static_cast<double>(cadence.ticks_per_pcr) + idrs;
  return units * unit_packets + tables + pcrs;
}

// PES header, random access flag and the stuffing of the last packet.
double PictureOverheadBits(const HouseTime& time) {
  return 8.0 * (14 + 2 + kPayloadBytes) * static_cast<double>(time.num()) / static_cast<double>(time.den());
}

uint32_t PowerOfTwoFrom(int64_t least) { return std::bit_ceil(static_cast<uint32_t>(least)); }

}  // namespace

StreamCadence::StreamCadence(const HouseTime& time)
    : pcrs_per_tick(CeilMulDiv(1000, time.den(), kMaxPcrMs * time.num())),
      ticks_per_pcr(std::max<int64_t>(1, FloorMulDiv(kMaxPcrMs, time.num(), 1000 * time.den()))),
      ticks_per_table(FloorMulDiv(kMaxTableMs, time.num(), 1000 * time.den())),
      max_ticks_per_sdt(FloorMulDiv(kMaxSdtMs, time.num(), 1000 * time.den())),
      min_ticks_per_sdt(CeilMulDiv(kMinSdtMs, time.num(), 1000 * time.den())) {}

int64_t StreamDelay90k(const StreamSettings& settings) {
  const int64_t held_up_ms =
      settings.rate_kbps == 0 ? 0 : CeilMulDiv(kHeldUpPackets, kPacketBits, settings.rate_kbps);
  return Ms90k(std::max(kLeastDelayMs, settings.vbv_ms + kDelayMarginMs + held_up_ms));
}

int64_t SoundLead90k(uint32_t sound_kbps, int64_t delay_90k) {
  const int64_t units = kSoundBufferUse / MeanUnitBytes(sound_kbps) - 1;
  return std::min(units * kSoundUnit90k, delay_90k);
}

int64_t FirstPacketOf(const HouseTime& time, uint32_t rate_kbps, Tick n) {
  return FloorMulDiv(n.value(), time.den() * int64_t{rate_kbps} * 1000, time.num() * kPacketBits);
}

uint32_t MostVideoKbps(const HouseTime& time, const StreamSettings& settings) {
  const double packets = settings.rate_kbps * 1000.0 / kPacketBits - OtherPackets(time, settings);
  const double kbps = (packets * 8 * kPayloadBytes - PictureOverheadBits(time)) / 1000;
  return kbps > 0 ? static_cast<uint32_t>(kbps) : 0;
}

uint32_t LeastRateKbps(const HouseTime& time, const StreamSettings& settings) {
  const double video = (kLeastVideoKbps * 1000 + PictureOverheadBits(time)) / (8 * kPayloadBytes);
  const auto for_video =
      static_cast<int64_t>(std::ceil((video + OtherPackets(time, settings)) * kPacketBits / 1000)) + 1;
  const int64_t sound_units = CeilMulDiv(1, time.den() * kPtsHz, time.num() * kSoundUnit90k);  // a tick
  const int64_t tick_packets =
      StreamCadence(time).pcrs_per_tick + kMostTablePackets + sound_units * kMostSoundPackets + 2;
  const int64_t for_a_tick = CeilMulDiv(tick_packets * kPacketBits, time.num(), time.den() * 1000);
  return static_cast<uint32_t>(std::max(for_video, for_a_tick));
}

JournalGeometry JournalGeometryFor(const StreamSettings& settings, uint32_t hold_ms) {
  constexpr int64_t kLagMs = 3000;
  const int64_t kbps = settings.rate_kbps != 0 ? settings.rate_kbps
                                               : (settings.video_kbps + settings.sound_kbps) * 11 / 10 + 100;
  // The sender gives up when the ring is three quarters full.
  const int64_t packets = CeilMulDiv((kLagMs + hold_ms) * kbps, 4, 3 * kPacketBits);
  JournalGeometry geometry;
  geometry.packet_capacity = std::max(geometry.packet_capacity, PowerOfTwoFrom(packets));
  if (settings.rate_kbps != 0) {  // twice what a buffer without a breach holds
    const int64_t delay_ms = StreamDelay90k(settings) * 1000 / kPtsHz;
    geometry.backlog_capacity = PowerOfTwoFrom(std::max<int64_t>(1024, 2 * delay_ms * kbps / kPacketBits));
  }
  return geometry;
}

}  // namespace air

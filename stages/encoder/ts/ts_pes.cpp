#include "stages/encoder/ts/ts_pes.h"

#include <array>

#include "stages/encoder/ts/ts_tables.h"

namespace air {
namespace {

constexpr uint8_t kVideoStreamId = 0xE0;
constexpr uint8_t kAudioStreamId = 0xC0;

using PesHeader = std::array<uint8_t, kPesHeaderBytes>;

PesHeader MakePesHeader(uint8_t stream_id, size_t payload_bytes, int64_t pts) {
  constexpr size_t kAfterLengthField = kPesHeaderBytes - 6;
  // A length lets a receiver hand the unit on without waiting for the next one. 0, allowed for video only,
  // means that it is too long to say.
  const size_t packet_length = kAfterLengthField + payload_bytes;
  const unsigned length = packet_length <= 0xFFFF ? static_cast<unsigned>(packet_length) : 0;
  const auto bits = [pts](int shift, unsigned mask) { return static_cast<unsigned>(pts >> shift) & mask; };
  return {
      0x00,
      0x00,
      0x01,
      stream_id,
      static_cast<uint8_t>(length >> 8),
      static_cast<uint8_t>(length),
      0x84,  // '10', data_alignment_indicator: an access unit begins right behind this header
      0x80,  // PTS_DTS_flags '10'
      0x05,  // PES_header_data_length
      static_cast<uint8_t>(0x21 | (bits(30, 0x07) << 1)),
      static_cast<uint8_t>(bits(22, 0xFF)),
      static_cast<uint8_t>(0x01 | (bits(15, 0x7F) << 1)),
      static_cast<uint8_t>(bits(7, 0xFF)),
      static_cast<uint8_t>(0x01 | (bits(0, 0x7F) << 1)),
  };
}

// One PES, cut into packets; `adaptation` goes with the first of them.
void AppendPes(PidSlot slot, const PesHeader& pes_header, std::span<const uint8_t> payload,
               const AdaptationField& adaptation, TransportCheckpoint& state, std::vector<TsPacket>& out) {
  const uint16_t pid = PidOf(slot);
  size_t sent =
      WritePayloadPacket({.pid = pid, .unit_start = true, .continuity = TakeContinuity(state, slot)},
                         adaptation, pes_header, payload, out.emplace_back());
  while (sent < payload.size()) {
    sent += WritePayloadPacket({.pid = pid, .continuity = TakeContinuity(state, slot)}, {}, {},
                               payload.subspan(sent), out.emplace_back());
  }
}

}  // namespace

uint8_t TakeContinuity(TransportCheckpoint& state, PidSlot slot) {
  uint8_t& next = state.continuity[static_cast<size_t>(slot)];
  const uint8_t taken = next & 0x0F;
  next = (taken + 1) & 0x0F;
  return taken;
}

uint8_t LastContinuity(const TransportCheckpoint& state, PidSlot slot) {
  return (state.continuity[static_cast<size_t>(slot)] - 1) & 0x0F;
}

void AppendPicturePes(std::span<const uint8_t> picture, int64_t pts, const AdaptationField& adaptation,
                      TransportCheckpoint& state, std::vector<TsPacket>& out) {
  AppendPes(PidSlot::kVideo, MakePesHeader(kVideoStreamId, picture.size(), pts), picture, adaptation, state,
            out);
}

std::vector<SoundPacket> SoundPackets(const TickUnits& units, int64_t origin_90k,
                                      TransportCheckpoint& state) {
  std::vector<SoundPacket> sound;
  AdaptationField adaptation{.discontinuity = units.discontinuity};
  if (units.discontinuity && units.audio.empty()) {
    // The first sound behind a jump comes some ticks later.
    WriteAdaptationPacket(kAudioPid, LastContinuity(state, PidSlot::kAudio), adaptation,
                          sound.emplace_back().packet);
  }
  for (const AudioUnit& unit : units.audio) {
    std::vector<TsPacket> packets;
    const int64_t pts = WrapPts(origin_90k + unit.pts_90k);
    AppendPes(PidSlot::kAudio, MakePesHeader(kAudioStreamId, unit.adts_frame.size(), pts), unit.adts_frame,
              adaptation, state, packets);
    adaptation = {};
    int64_t offset = unit.offset_90k;
    for (const TsPacket& packet : packets) {
      sound.push_back({packet, offset});
      offset += kSoundPacket90k;
    }
  }
  return sound;
}

}  // namespace air

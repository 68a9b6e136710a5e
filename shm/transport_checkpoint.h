// TransportCheckpoint: everything the next encoder of a sink must know to go on where this one stood. It is
// written beside the packets of every committed tick (transport_journal.h), so it is plain data of a fixed
// layout.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

namespace air {

// Index of a PID in TransportCheckpoint::continuity.
enum class PidSlot : uint8_t { kPat = 0, kSdt = 1, kPmt = 2, kVideo = 3, kAudio = 4, kCount = 5 };

struct TransportCheckpoint {
  int64_t next_tick = 0;         // first channel tick that is not in the stream yet
  int64_t next_audio_frame = 0;  // next AAC access unit, on the absolute grid of 1024 samples from tick 0
  uint64_t packets = 0;          // 188-byte packets since the sink's first byte
  int64_t last_pcr =
      -1;  // 27 MHz, unwrapped, relative to the PTS origin of tick 0 (may be negative); see has_pcr
  int64_t last_idr_tick = 0;
  uint32_t idr_pic_id = 0;              // of that IDR; two consecutive IDR pictures must differ (H.264 7.4.3)
  uint32_t vbv_fullness = 0;            // bits in the coder's buffer when it codes the next picture
  std::array<uint8_t, 8> continuity{};  // next continuity_counter of each PidSlot, 0..15
  uint8_t has_pcr = 0;                  // 0 until the first PCR was written
  uint8_t ticks_since_sdt =
      0;  // SDT sections keep a least distance too (EN 300 468 5.1.4), and an IDR may come any time
  std::array<uint8_t, 6> reserved{};
  int64_t first_tick =
      0;  // of the sink, or the one behind the last declared jump: its sound is not held back
  std::array<uint16_t, 16> sound_bytes{};  // of the last 16 sound PES, unit i in [i % 16]: the T-STD's buffer
  // Constant rate: the packets of the picture that are coded and not in the stream yet, [begin, end) of the
  // journal's backlog ring. Equal: none.
  uint64_t backlog_begin = 0;
  uint64_t backlog_end = 0;
  int64_t sound_end = 0;  // when the last unit of sound has left: PCR time, 90 kHz, without the PTS origin

  bool operator==(const TransportCheckpoint&) const = default;
};
static_assert(std::is_trivially_copyable_v<TransportCheckpoint> &&
              std::is_standard_layout_v<TransportCheckpoint>);
static_assert(sizeof(TransportCheckpoint) == 128);

}  // namespace air

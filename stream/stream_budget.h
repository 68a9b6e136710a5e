// StreamBudget: what follows from a sink's settings before its first picture is coded: how often tables and
// PCR come, how far sound may be sent ahead, how long a receiver buffers. One place for these numbers,
// because the supervisor refuses settings by them and the encoder multiplexes by them.
//
// Sound: the T-STD gives AAC of one or two channels a buffer of 3584 bytes (ISO/IEC 13818-1, 2.4.2.3, BSn of
// ADTS sound), which is less than the picture's delay at any usual rate. So sound is sent later than the
// picture beside it: at most SoundLead90k before its PTS.
#pragma once

#include <cstddef>
#include <cstdint>

#include "media/house_format.h"
#include "media/house_time.h"
#include "shm/transport_journal.h"

namespace air {

inline constexpr int64_t kSoundUnitSamples = 1024;  // of an AAC access unit
inline constexpr int64_t kSoundUnit90k = 1920;      // its length at 48 kHz, exactly
inline constexpr int64_t kSoundBufferBytes = 3584;  // T-STD, AAC of one or two channels
// What is used of it: the place of a packet is exact to a packet or two.
inline constexpr int64_t kSoundBufferUse = kSoundBufferBytes - 2 * 184;
inline constexpr int64_t kSoundUnitOverheadBytes = 21;  // PES header with PTS, ADTS header
inline constexpr uint32_t kLeastSoundKbps = 64;
inline constexpr uint32_t kMostSoundKbps = 320;
inline constexpr uint32_t kLeastVbvMs = 100;
inline constexpr uint32_t kMostVbvMs = 800;

// How a sink encodes; the defaults are those of a session that says nothing.
struct StreamSettings {
  uint32_t video_kbps = 2500;  // mean and peak over the VBV
  uint32_t sound_kbps = 160;   // mean
  uint32_t vbv_ms = 270;       // of video_kbps: how much the picture's rate may vary
  uint32_t rate_kbps = 0;      // of the whole stream, constant; 0: variable
  double gop_seconds = 1.0;
};

// Repetition on the tick grid. The limits are 100 ms (PAT, PMT), 2 s (SDT, but 25 ms at least) and 40 ms
// (PCR); what is left of them is for the position of a packet within its tick.
struct StreamCadence {
  explicit StreamCadence(const HouseTime& time);

  int64_t pcrs_per_tick;    // 1 or more
  int64_t ticks_per_pcr;    // constant rate: PCR on the multiples of it; 1 where there are several a tick
  int64_t ticks_per_table;  // PAT and PMT on the multiples of it
  int64_t max_ticks_per_sdt;
  int64_t min_ticks_per_sdt;  // an IDR sooner than that after an SDT carries none
};

// PTS of a picture minus the PCR beside it, 90 kHz: the receiver's buffering. 300 ms, or what the VBV needs;
// at a constant rate also what tables and sound may hold the picture up.
int64_t StreamDelay90k(const StreamSettings& settings);

// How long before its PTS a unit of sound begins to leave, 90 kHz, at most `delay_90k`: as long as units of
// the mean size fit the buffer, with one to spare.
int64_t SoundLead90k(uint32_t sound_kbps, int64_t delay_90k);

// Constant rate. Tick n owns the packets [P(n), P(n + 1)), P(n) = floor(n * den * rate / (num * 1504)).
inline constexpr int64_t kPacketBits = 188 * 8;
inline constexpr int64_t kMostSoundPackets = 9;  // of the largest access unit there is, 1536 bytes
inline constexpr int64_t kMostTablePackets = 3;
int64_t FirstPacketOf(const HouseTime& time, uint32_t rate_kbps, Tick n);

// The largest picture rate that fits `settings.rate_kbps` beside sound, tables, PCR and the headers of
// packets, in kbit/s; 0 when there is no room for any.
uint32_t MostVideoKbps(const HouseTime& time, const StreamSettings& settings);
// The smallest constant rate of that house rate and sound, whose every tick holds its tables, PCR and the
// largest access units of sound, with a picture of 100 kbit/s.
uint32_t LeastRateKbps(const HouseTime& time, const StreamSettings& settings);

// A journal that holds what a viewer may lag behind: three seconds and `hold_ms`.
JournalGeometry JournalGeometryFor(const StreamSettings& settings, uint32_t hold_ms);

}  // namespace air

// The tables of the stream: PAT and PMT (ISO/IEC 13818-1, 2.4.4) and SDT (ETSI EN 300 468, 5.2.3).
//
// They never change within a session, so their version_number is 0 for ever and a receiver parses each once.
// Every section is complete, CRC_32 included, and fits one packet.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shm/transport_checkpoint.h"

namespace air {

inline constexpr uint16_t kPatPid = 0x0000;
inline constexpr uint16_t kSdtPid = 0x0011;
inline constexpr uint16_t kPmtPid = 0x1000;
inline constexpr uint16_t kVideoPid = 0x0100;  // carries the PCR as well
inline constexpr uint16_t kAudioPid = 0x0101;

inline constexpr uint16_t kProgramNumber = 1;           // = service_id
inline constexpr uint16_t kOriginalNetworkId = 0xFF01;  // "private temporary use" (ETSI TS 101 162)
inline constexpr size_t kMaxServiceNameBytes = 64;      // of UTF-8; more is cut at a character

constexpr uint16_t PidOf(PidSlot slot) {
  switch (slot) {
    case PidSlot::kPat:
      return kPatPid;
    case PidSlot::kSdt:
      return kSdtPid;
    case PidSlot::kPmt:
      return kPmtPid;
    case PidSlot::kVideo:
      return kVideoPid;
    case PidSlot::kAudio:
      return kAudioPid;
    case PidSlot::kCount:
      break;
  }
  return 0x1FFF;  // the null packet
}

struct ServiceDescription {
  uint16_t transport_stream_id = 1;
  std::string name = "AIR";      // UTF-8: what a receiver shows as the channel's name
  std::string provider = "AIR";  // UTF-8
  bool high_definition = false;
};

// One program, whose PMT is on kPmtPid.
std::vector<uint8_t> PatSection(uint16_t transport_stream_id);
// H.264 (stream_type 0x1B) on kVideoPid, which is the PCR PID, and AAC in ADTS (0x0F) on kAudioPid.
std::vector<uint8_t> PmtSection();
// One running, unscrambled television service. Names of plain ASCII are sent as they are (the default table
// agrees with it); all others are announced as UTF-8 (EN 300 468, Annex A).
std::vector<uint8_t> SdtSection(const ServiceDescription& service);

}  // namespace air

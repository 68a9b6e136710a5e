#include "tests/support/pes_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"

namespace air::analyser {
namespace {

constexpr size_t kFixedHeader = 9;
constexpr size_t kStampBytes = 5;

// A 33-bit stamp with its four bits of prefix and three marker bits; nothing when they are not as they must
// be.
std::optional<int64_t> ReadStamp(std::span<const uint8_t> b, int prefix) {
  if (b[0] >> 4 != prefix || !(b[0] & 1) || !(b[2] & 1) || !(b[4] & 1)) return std::nullopt;
  return int64_t{b[0] >> 1 & 7} << 30 | b[1] << 22 | (b[2] >> 1) << 15 | b[3] << 7 | b[4] >> 1;
}

// What is wrong with the header, or nullptr and `pes` filled.
const char* ReadHeader(std::span<const uint8_t> bytes, bool at_end, PesPacket& pes) {
  if (bytes.size() < kFixedHeader) return "too short for a header";
  if (bytes[0] != 0 || bytes[1] != 0 || bytes[2] != 1) return "no packet_start_code_prefix";
  pes.stream_id = bytes[3];
  const size_t length = bytes[4] << 8 | bytes[5];
  pes.bounded = length != 0;
  if (bytes[6] >> 6 != 0b10) return "header does not begin with '10'";
  if (bytes[6] & 0x30) return "scrambled";
  const int stamps = bytes[7] >> 6;
  const size_t header = kFixedHeader + bytes[8];
  if (header > bytes.size()) return "header longer than the packet";
  if (stamps == 0b01) return "PTS_DTS_flags is '01'";
  if (size_t{bytes[8]} < (stamps == 0b11 ? 2 : stamps == 0b10 ? 1 : 0) * kStampBytes)
    return "header too short for its stamps";
  if (stamps != 0) {
    pes.pts = ReadStamp(bytes.subspan(kFixedHeader), stamps);
    pes.dts = stamps == 0b11 ? ReadStamp(bytes.subspan(kFixedHeader + kStampBytes), 0b0001) : pes.pts;
    if (!pes.pts || !pes.dts) return "marker bits of PTS or DTS are wrong";
  }
  // Behind the stamps, with no other flag set, the header may only be stuffed.
  const size_t used = kFixedHeader + (stamps == 0b11 ? 2 : stamps == 0b10 ? 1 : 0) * kStampBytes;
  if ((bytes[7] & 0x3f) == 0 &&
      std::any_of(bytes.begin() + used, bytes.begin() + header, [](uint8_t b) { return b != 0xff; })) {
    return "stuffing is not 0xff";
  }
  if (pes.bounded && !at_end && bytes.size() != 6 + length) return "PES_packet_length is not its length";
  pes.payload.assign(bytes.begin() + header, bytes.end());
  return nullptr;
}

}  // namespace

void PesReader::Take(const TsPacketView& packet, FindingLog& log) {
  discontinuity_pending_ |= packet.discontinuity;
  if (!packet.has_payload) return;
  if (packet.unit_start) {
    Emit(false, log);
    open_ = true;
    discontinuity_ = std::exchange(discontinuity_pending_, false);
    first_packet_ = packet.number;
  }
  if (!open_) return;  // the capture began in the middle of one
  last_packet_ = packet.number;
  bytes_.insert(bytes_.end(), packet.payload.begin(), packet.payload.end());
}

void PesReader::Finish(FindingLog& log) {
  const size_t length = bytes_.size() < 6 ? 0 : bytes_[4] << 8 | bytes_[5];
  const bool cut = bytes_.size() < kFixedHeader || bytes_.size() < kFixedHeader + bytes_[8] ||
                   (length != 0 && bytes_.size() < 6 + length);
  if (!cut) Emit(true, log);
  open_ = false;
}

void PesReader::Emit(bool at_end, FindingLog& log) {
  if (open_) {
    PesPacket pes;
    pes.first_packet = first_packet_;
    pes.last_packet = last_packet_;
    pes.discontinuity = discontinuity_;
    if (const char* wrong = ReadHeader(bytes_, at_end, pes)) {
      log.Add(Rule::kPes, first_packet_, absl::StrFormat("PID %#x: PES %s", pid_, wrong));
    } else if (!pes.pts) {
      log.Add(Rule::kPes, first_packet_, absl::StrFormat("PID %#x: PES without PTS", pid_));
    } else {
      sink_(pes);
    }
  }
  bytes_.clear();
}

}  // namespace air::analyser

#include "tests/support/h264_access_unit.h"

#include <algorithm>

namespace air::analyser {
namespace {

enum NalType { kSlice = 1, kIdrSlice = 5, kSps = 7, kPps = 8, kAud = 9 };
constexpr size_t kSliceHeaderBytes = 64;  // more than the fields read here can take

// Bits of a raw byte sequence payload, emulation prevention bytes removed. Past the end it reads zeros and
// says so.
class BitReader {
 public:
  explicit BitReader(std::span<const uint8_t> escaped) {
    for (size_t i = 0; i < escaped.size(); ++i) {
      const bool emulation = i >= 2 && escaped[i] == 3 && escaped[i - 1] == 0 && escaped[i - 2] == 0;
      if (!emulation) bytes_.push_back(escaped[i]);
    }
  }

  uint32_t Bits(int count) {
    uint32_t value = 0;
    for (; count > 0; --count, ++at_) value = value << 1 | Bit();
    return value;
  }
  bool Flag() { return Bits(1); }
  uint32_t Ue() {
    int zeros = 0;
    while (zeros < 32 && ok() && !Flag()) ++zeros;
    return zeros >= 32 ? 0 : (uint32_t{1} << zeros) - 1 + Bits(zeros);
  }
  int32_t Se() {
    const uint32_t code = Ue();
    return code % 2 ? static_cast<int32_t>(code / 2 + 1) : -static_cast<int32_t>(code / 2);
  }
  bool ok() const { return at_ <= bytes_.size() * 8; }

 private:
  uint32_t Bit() const { return at_ / 8 < bytes_.size() ? bytes_[at_ / 8] >> (7 - at_ % 8) & 1 : 0; }

  std::vector<uint8_t> bytes_;
  size_t at_ = 0;
};

void SkipScalingList(BitReader& bits, int size) {
  int last = 8, next = 8;
  for (int i = 0; i < size; ++i) {
    if (next != 0) next = (last + bits.Se() + 256) % 256;
    if (next != 0) last = next;
  }
}

bool HasChromaFormat(int profile) {
  constexpr int kProfiles[] = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135};
  return std::find(std::begin(kProfiles), std::end(kProfiles), profile) != std::end(kProfiles);
}

// chroma_format_idc, when the profile codes it, with what follows it.
uint32_t ReadChromaFormat(BitReader& bits, SequenceParameters& sps) {
  const uint32_t chroma_format = bits.Ue();
  if (chroma_format == 3) sps.separate_planes = bits.Flag();
  bits.Ue();          // bit_depth_luma_minus8
  bits.Ue();          // bit_depth_chroma_minus8
  bits.Flag();        // qpprime_y_zero_transform_bypass_flag
  if (bits.Flag()) {  // seq_scaling_matrix_present_flag
    for (int i = 0; i < (chroma_format == 3 ? 12 : 8); ++i) {
      if (bits.Flag()) SkipScalingList(bits, i < 6 ? 16 : 64);
    }
  }
  return chroma_format;
}

void SkipPictureOrder(BitReader& bits) {
  const uint32_t type = bits.Ue();
  if (type == 0) bits.Ue();  // log2_max_pic_order_cnt_lsb_minus4
  if (type != 1) return;
  bits.Flag();
  bits.Se();
  bits.Se();
  for (uint32_t cycle = bits.Ue(); cycle > 0 && bits.ok(); --cycle) bits.Se();
}

// Calls visit(nal) for each NAL unit between start codes.
template <class Visit>
void ForEachNal(std::span<const uint8_t> stream, Visit visit) {
  constexpr uint8_t kStartCode[] = {0, 0, 1};
  auto next = [&](auto from) {
    return std::search(from, stream.end(), std::begin(kStartCode), std::end(kStartCode));
  };
  auto at = next(stream.begin());
  while (at != stream.end()) {
    auto begin = at + 3;
    at = next(begin);
    auto end = at;
    while (end != begin && end[-1] == 0) --end;  // trailing_zero_8bits, zero_byte of the next start code
    if (begin != end) visit(std::span<const uint8_t>(begin, end));
  }
}

// The first slice of an IDR picture, up to idr_pic_id.
std::optional<uint32_t> ReadIdrPicId(std::span<const uint8_t> nal, const SequenceParameters& sps) {
  BitReader bits(nal.subspan(1, std::min(nal.size() - 1, kSliceHeaderBytes)));
  bits.Ue();  // first_mb_in_slice
  bits.Ue();  // slice_type
  bits.Ue();  // pic_parameter_set_id
  if (sps.separate_planes) bits.Bits(2);
  bits.Bits(sps.frame_num_bits);
  if (!sps.frames_only && bits.Flag()) bits.Flag();  // field_pic_flag, bottom_field_flag
  const uint32_t id = bits.Ue();
  if (!bits.ok()) return std::nullopt;
  return id;
}

}  // namespace

std::optional<SequenceParameters> ParseSps(std::span<const uint8_t> nal) {
  if (nal.size() < 4) return std::nullopt;
  BitReader bits(nal.subspan(1));
  SequenceParameters sps;
  sps.profile = bits.Bits(8);
  bits.Bits(8);  // constraint flags
  sps.level = bits.Bits(8);
  bits.Ue();  // seq_parameter_set_id
  const uint32_t chroma_format = HasChromaFormat(sps.profile) ? ReadChromaFormat(bits, sps) : 1;
  sps.frame_num_bits = static_cast<int>(bits.Ue() + 4);
  if (sps.frame_num_bits > 16) return std::nullopt;
  SkipPictureOrder(bits);
  bits.Ue();    // max_num_ref_frames
  bits.Flag();  // gaps_in_frame_num_value_allowed_flag
  const int width_mbs = bits.Ue() + 1, height_units = bits.Ue() + 1;
  sps.frames_only = bits.Flag();
  if (!sps.frames_only) bits.Flag();  // mb_adaptive_frame_field_flag
  bits.Flag();                        // direct_8x8_inference_flag
  sps.width = width_mbs * 16;
  sps.height = height_units * 16 * (sps.frames_only ? 1 : 2);
  if (bits.Flag()) {  // frame_cropping_flag
    const int unit_x = chroma_format == 1 || chroma_format == 2 ? 2 : 1;
    const int unit_y = (chroma_format == 1 ? 2 : 1) * (sps.frames_only ? 1 : 2);
    const uint32_t left = bits.Ue(), right = bits.Ue(), top = bits.Ue(), bottom = bits.Ue();
    sps.width -= static_cast<int>(left + right) * unit_x;
    sps.height -= static_cast<int>(top + bottom) * unit_y;
  }
  if (!bits.ok()) return std::nullopt;
  return sps;
}

AccessUnit InspectAccessUnit(std::span<const uint8_t> annex_b, const std::optional<SequenceParameters>& sps) {
  AccessUnit unit;
  std::optional<SequenceParameters> active = sps;
  bool first_nal = true, in_slices = false;
  ForEachNal(annex_b, [&](std::span<const uint8_t> nal) {
    const int type = nal[0] & 0x1f;
    if (first_nal) unit.starts_with_aud = type == kAud;
    first_nal = false;
    if (type == kSps) {
      unit.sps.assign(nal.begin(), nal.end());
      active = ParseSps(nal);
    } else if (type == kPps) {
      unit.pps.assign(nal.begin(), nal.end());
    } else if (type == kSlice || type == kIdrSlice) {
      if (!in_slices) unit.sets_before_slices = !unit.sps.empty() && !unit.pps.empty();
      in_slices = true;
      unit.idr |= type == kIdrSlice;
      const bool begins_picture = nal.size() > 1 && (nal[1] & 0x80);  // ue(v) 0 is a single 1 bit
      unit.pictures += begins_picture;
      if (type == kIdrSlice && begins_picture && active) unit.idr_pic_id = ReadIdrPicId(nal, *active);
    }
  });
  return unit;
}

}  // namespace air::analyser

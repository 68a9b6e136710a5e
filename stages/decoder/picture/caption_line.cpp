#include "stages/decoder/picture/caption_line.h"

#include <algorithm>
#include <utility>

#include "media/house_time.h"

namespace air {
namespace {

constexpr uint8_t kValid = 0x04;
constexpr int kTypes = 0x03;
constexpr int kFirstPacketType = 2;  // 0 and 1 are the fields of line 21
constexpr std::array<uint8_t, CaptionLine::kTripletBytes> kFilling = {0xfa, 0x00, 0x00};
constexpr size_t kTripletsPerSecond = 600;

// How many pairs of a field of line 21, of which there are 30000/1001 a second, fall to unit i. The second
// field's fall due half a period off the first one's.
int64_t PairsDue(FrameRate rate, UnitIndex i, int field) {
  const auto before = [&](int64_t unit) {
    return FloorMulDiv(2 * unit * rate.den, 30000, int64_t{1001} * rate.num) + field;
  };
  return before(i.value() + 1) / 2 - before(i.value()) / 2;
}

}  // namespace

void CaptionLine::Put(int64_t stamp, std::span<const uint8_t> cc_data) {
  Picture picture{stamp, {}};
  for (size_t at = 0; at + kTripletBytes <= cc_data.size(); at += kTripletBytes) {
    const Triplet triplet = {cc_data[at], cc_data[at + 1], cc_data[at + 2]};
    const bool line21 = (triplet[0] & kTypes) < kFirstPacketType;
    const bool null = line21 && (triplet[1] & 0x7f) == 0 && (triplet[2] & 0x7f) == 0;
    if ((triplet[0] & kValid) != 0 && !null) picture.triplets.push_back(triplet);
  }
  if (!picture.triplets.empty()) pictures_.push_back(std::move(picture));
}

void CaptionLine::Queue(const Triplet& triplet) {
  const int type = triplet[0] & kTypes;
  std::deque<Triplet>& queue = type < kFirstPacketType ? line21_[static_cast<size_t>(type)] : packets_;
  queue.push_back(triplet);
  if (queue.size() > (type < kFirstPacketType ? kMostPairs : kMostPackets)) queue.pop_front();
}

uint32_t CaptionLine::Take(UnitIndex i, int64_t stamp, std::span<uint8_t> out) {
  for (; !pictures_.empty() && pictures_.front().stamp <= stamp; pictures_.pop_front()) {
    for (const Triplet& triplet : pictures_.front().triplets) Queue(triplet);
  }
  if (line21_[0].empty() && line21_[1].empty() && packets_.empty()) return 0;

  const size_t room =
      std::min({kTripletsPerSecond * rate_.den / rate_.num, kMostTriplets, out.size() / kTripletBytes});
  std::vector<Triplet> sent;
  const auto send = [&](std::deque<Triplet>& queue) {
    if (queue.empty() || sent.size() >= room) return false;
    sent.push_back(queue.front());
    queue.pop_front();
    return true;
  };
  const std::array<int64_t, 2> due = {PairsDue(rate_, i, 0), PairsDue(rate_, i, 1)};
  for (int64_t k = 0; k < std::max(due[0], due[1]); ++k) {
    if (k < due[0]) send(line21_[0]);
    if (k < due[1]) send(line21_[1]);
  }
  while (send(packets_)) {
  }
  if (sent.empty()) return 0;
  sent.resize(room, kFilling);
  auto to = out.begin();
  for (const Triplet& triplet : sent) to = std::ranges::copy(triplet, to).out;
  return static_cast<uint32_t>(to - out.begin());
}

void CaptionLine::DropBefore(int64_t stamp) {
  while (!pictures_.empty() && pictures_.front().stamp < stamp) pictures_.pop_front();
}

void CaptionLine::Keep(std::span<uint8_t> out) const {
  if (out.size() < kKeptBytes) return;
  auto to = out.begin() + 2;
  for (const auto* queue : {&line21_[0], &line21_[1], &packets_}) {
    for (const Triplet& triplet : *queue) to = std::ranges::copy(triplet, to).out;
  }
  const size_t count = line21_[0].size() + line21_[1].size() + packets_.size();
  out[0] = static_cast<uint8_t>(count % 256);
  out[1] = static_cast<uint8_t>(count / 256);
}

void CaptionLine::TakeUp(std::span<const uint8_t> kept) {
  if (kept.size() < kKeptBytes) return;
  const size_t count = kept[0] + size_t{256} * kept[1];
  if (2 + count * kTripletBytes > kKeptBytes) return;
  for (size_t at = 2; at < 2 + count * kTripletBytes; at += kTripletBytes)
    Queue({kept[at], kept[at + 1], kept[at + 2]});
}

void CaptionLine::Restart() {
  pictures_.clear();
  for (auto& queue : line21_) queue.clear();
  packets_.clear();
}

}  // namespace air

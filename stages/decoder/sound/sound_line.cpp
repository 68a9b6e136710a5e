#include "stages/decoder/sound/sound_line.h"

#include <algorithm>
#include <utility>

namespace air {

void SoundLine::Append(int64_t first, std::vector<int16_t> samples) {
  Block block{first, std::move(samples)};
  if (EndOf(block) <= end_) return;
  if (first < end_) {
    const auto overlap = static_cast<ptrdiff_t>((end_ - first) * channels_);
    block.samples.erase(block.samples.begin(), block.samples.begin() + overlap);
    block.first = end_;
  }
  end_ = EndOf(block);
  blocks_.push_back(std::move(block));
}

void SoundLine::Read(int64_t first, uint32_t count, std::span<int16_t> out) {
  while (!blocks_.empty() && EndOf(blocks_.front()) <= first) blocks_.pop_front();
  std::fill_n(out.begin(), size_t{count} * channels_, int16_t{0});
  const int64_t last = first + count;
  for (const Block& block : blocks_) {
    const int64_t from = std::max(first, block.first);
    const int64_t to = std::min(last, EndOf(block));
    if (from >= to) break;
    const auto source = block.samples.begin() + static_cast<ptrdiff_t>((from - block.first) * channels_);
    std::copy_n(source, (to - from) * channels_,
                out.begin() + static_cast<ptrdiff_t>((from - first) * channels_));
  }
  end_ = std::max(end_, first);
}

void SoundLine::Restart(int64_t first) {
  blocks_.clear();
  end_ = first;
}

}  // namespace air

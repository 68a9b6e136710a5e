// SoundLine: house-format sound on a segment's own sample line (sample 0 at the in-point). Blocks are put
// where their time stamps say; where no block lies there is silence. So sound that starts late, stops early
// or has holes needs no further care, and nothing ever shifts what comes behind it.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace air {

class SoundLine {
 public:
  explicit SoundLine(uint32_t channels) : channels_(channels) {}

  // Interleaved samples from position `first` on. What overlaps an earlier block, or was read already, is cut
  // off.
  void Append(int64_t first, std::vector<int16_t> samples);
  // Samples [first, first + count) of every channel into `out`. Forgets what lies before `first`.
  void Read(int64_t first, uint32_t count, std::span<int16_t> out);
  // From here on nothing has been put. Never decreases between two Restarts.
  int64_t end() const { return end_; }
  // Empties the line; nothing before `first` will be read any more.
  void Restart(int64_t first);

 private:
  struct Block {
    int64_t first = 0;
    std::vector<int16_t> samples;
  };
  int64_t EndOf(const Block& block) const {
    return block.first + static_cast<int64_t>(block.samples.size() / channels_);
  }

  uint32_t channels_;
  std::deque<Block> blocks_;  // in order, without overlap
  int64_t end_ = 0;
};

}  // namespace air

// Damage: copies of files in which bits are flipped, stretches cut out, doubled, zeroed and exchanged between files, numbers
// made large, ends missing.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace air::media {

class Mutator {
 public:
  // Files of less than 64 bytes and of more than 8 MB are left out. With the same seed and files the same damage is done.
  Mutator(unsigned seed, const std::vector<std::string>& paths);
  bool empty() const { return originals_.empty(); }

  // Writes the next one into the folder; its path.
  std::string Next(const std::string& folder);

 private:
  size_t Below(size_t most) { return std::uniform_int_distribution<size_t>(0, most - 1)(random_); }
  void Mutate(std::string& bytes);
  void Number(std::string& bytes, size_t at);

  std::mt19937_64 random_;
  std::vector<std::pair<std::string, std::string>> originals_;
  int made_ = 0;
};

}  // namespace air::media

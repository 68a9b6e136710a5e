// A hash that is the same in every process, on every machine and in every version: what is drawn by lot in a schedule is
// drawn with it, and cursors that are stored hold it. Never change it.
#pragma once

#include <cstdint>
#include <string_view>

namespace retrovue {

// Spreads the bits of `x`: the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
constexpr std::uint64_t Spread(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

constexpr std::uint64_t StableHash(std::uint64_t seed, std::uint64_t value) {
  return Spread(seed ^ Spread(value));
}

// FNV-1a over the bytes, spread.
constexpr std::uint64_t StableHash(std::uint64_t seed, std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return StableHash(seed, h);
}

}  // namespace retrovue

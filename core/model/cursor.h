// Where a program stands: what was placed last, by name and not by number, so that a library that grows or shrinks moves
// nothing.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/model/catalogue.h"

namespace retrovue {

// The place of an asset in an order, and its name in a cursor. What has an episode's number is that episode, whatever its
// file and its title are; anything else is its year, its title in a person's order and, last, its canonical key.
struct OrderKey {
  std::string series;  // lower case
  int season = -1;
  int episode = -1;
  int part = -1;
  std::string label;  // only without an episode's number

  friend bool operator==(const OrderKey&, const OrderKey&) = default;
  friend std::strong_ordering operator<=>(const OrderKey&, const OrderKey&) = default;
};

OrderKey OrderKeyOf(const Asset& asset);

// "S01E04", "S01E04 part 2", or the asset's title.
std::string EpisodeName(const Editorial& editorial);

// Which cursor: one for each selector of a program, and for each link of it. A cursor belongs to one channel.
struct CursorName {
  std::string program_id;
  int node = 0;      // of the chain, from 0
  std::string link;  // slots with the same link share it

  friend bool operator==(const CursorName&, const CursorName&) = default;
  friend auto operator<=>(const CursorName&, const CursorName&) = default;
};

// The state of it. As it is made it stands before the first episode.
struct Cursor {
  std::optional<OrderKey> last;       // placed last
  std::int64_t cycle = 0;             // how often it began again
  std::uint64_t seed = 0;             // 0: not drawn yet. Drawn once, so that a bag stays the same bag
  std::uint64_t draws = 0;            // of play mode random
  bool ended = false;                 // on_end stop: for good
  int position = 0;                   // of play mode manual: what comes next in the operator's list
  std::vector<std::uint64_t> bag;     // shuffle: hashes of what this cycle has placed, sorted
  std::vector<std::uint64_t> recent;  // random: hashes of the last ones placed, oldest first

  friend bool operator==(const Cursor&, const Cursor&) = default;
};

using Cursors = std::map<CursorName, Cursor>;

}  // namespace retrovue

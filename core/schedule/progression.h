// What comes next of a program: one step of one cursor.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/schedule/catalogue_view.h"

namespace retrovue {

struct Draw {
  const Candidate* candidate = nullptr;
  Cursor after;
  std::string why;  // "S01E05 follows S01E04"
};

// The next of `candidates` (in order, without duplicates), as the program's play mode has it; nothing if there is nothing,
// or the program waits or has stopped.
//
//   sequential  the smallest key greater than the last one's; behind the last one, what on_end says
//   shuffle     a bag without replacement: every candidate has a lot, drawn from seed and cycle; the lowest lot that this cycle
//               has not placed is next. What is new joins the rest of the bag. Parts of one story have one lot and come
//               in order. A new bag does not begin with the story the old one ended with.
//   random      any, but for the last min(5, size - 1)
//   manual      the operator's list, in order, round and round; what may not air is passed over
std::optional<Draw> DrawNext(const Program& program, const std::vector<const Candidate*>& candidates,
                             const Cursor& before);

}  // namespace retrovue

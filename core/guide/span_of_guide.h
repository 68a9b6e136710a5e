// Which entries of a guide are on in a span of time.
#pragma once

#include <algorithm>

#include "absl/types/span.h"
#include "core/model/playlog.h"

namespace retrovue {

// The entries that are on in [from, to), whole. `guide` is sorted, as a generation is.
inline absl::Span<const GuideEntry> EntriesOn(const EpgGeneration& guide, Instant from, Instant to) {
  const auto first = std::partition_point(guide.entries.begin(), guide.entries.end(),
                                          [&](const GuideEntry& entry) { return entry.stop <= from; });
  const auto last = std::partition_point(first, guide.entries.end(),
                                         [&](const GuideEntry& entry) { return entry.start < to; });
  return absl::MakeConstSpan(guide.entries)
      .subspan(static_cast<std::size_t>(first - guide.entries.begin()),
               static_cast<std::size_t>(last - first));
}

}  // namespace retrovue

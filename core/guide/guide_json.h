// What the page reads, as JSON; the shapes are written down in web/API.md.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/guide/site.h"

namespace retrovue {

inline constexpr absl::string_view kJsonContentType = "application/json";

// GET /api/v1/guide: the entries that are on in [from, to), whole. `now` is the network's clock; `details` may be empty.
std::string GuideJson(const std::vector<ChannelGuide>& guides, Instant from, Instant to, Instant now,
                      const DetailsOf& details = {});

// GET /api/v1/channels, in the order given (InGuideOrder).
std::string ChannelsJson(const std::vector<const Channel*>& channels, Instant now);

// GET /api/v1/channels/{slug}/now: what is on, and what comes next.
std::string NowJson(const ChannelGuide& of, Instant now, const DetailsOf& details = {});

// What a guide may be asked for: `from` and `to` of the query, in ms of UTC. Without them the next six hours from the
// start of the half hour `now` is in; at most kLongestGuide.
inline constexpr Millis kLongestGuide = std::chrono::hours(14 * 24);
struct GuideSpan {
  Instant from;
  Instant to;
};
absl::StatusOr<GuideSpan> GuideSpanOf(absl::string_view from, absl::string_view to, Instant now);

}  // namespace retrovue

// The one line that says how the channel is: what is on, how many frames, how many of them pad and why, who
// watches.
#pragma once

#include <optional>
#include <string>

#include "client/metrics_page.h"

namespace air {

struct ChannelView {
  std::string phase;                // what the channel manager is doing: "starting", "on the air", …
  std::optional<MetricsPage> page;  // nothing if AIR's metrics cannot be read
  int viewers = 0;
};

// A figure that is not known is left out.
std::string StatusLine(const ChannelView& view);

}  // namespace air

// What every surface for viewers has in common: where this network is found, and what its channels are called there.
//
// The rule: what a client keeps (a channel's id, its stream's address) follows from the channel's slug and the network's
// instance id alone, so that favourites, mappings and recordings outlive restarts, new numbers and new titles.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/model/channel.h"
#include "core/model/playlog.h"

namespace retrovue {

// Where the network stands, as one request sees it.
struct Site {
  std::string
      base_url;  // "http://tv.local:8080": no slash at its end, and no character that a URL may not have
  std::string instance_id;  // of this network, letters and digits; see InstanceIdOf
};

// What names this network among all there are: 8 hexadecimal digits. Drawn once, when the network is made, and stored.
std::string InstanceIdOf(std::uint64_t random);

// "<slug>.<instance id>.air": the `tvg-id` of M3U and the `id` of XMLTV, dotted as RFC 2838 has it.
std::string GuideIdOf(const Channel& channel, const Site& site);

// "<base>/channel/<slug>.ts" and "<base>/logo/<slug>.png".
std::string StreamUrlOf(const Channel& channel, const Site& site);
std::string LogoUrlOf(const Channel& channel, const Site& site);

// The channels viewers are shown, in the order of their numbers; behind them those without one, by title.
std::vector<const Channel*> InGuideOrder(const std::vector<Channel>& channels);

// A channel and its guide; both outlive the call they are handed to.
struct ChannelGuide {
  const Channel* channel = nullptr;
  const EpgGeneration* guide = nullptr;
};

// What the catalogue knows of an entry's programme; nullptr where there is nothing. What it points at stays until the
// next call.
using DetailsOf = std::function<const Editorial*(const GuideEntry&)>;

}  // namespace retrovue

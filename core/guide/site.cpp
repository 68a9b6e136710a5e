#include "core/guide/site.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace retrovue {

std::string InstanceIdOf(std::uint64_t random) {
  return absl::StrCat(absl::Hex(static_cast<std::uint32_t>(random), absl::kZeroPad8));
}

std::string GuideIdOf(const Channel& channel, const Site& site) {
  return absl::StrCat(channel.slug, ".", site.instance_id, ".air");
}

std::string StreamUrlOf(const Channel& channel, const Site& site) {
  return absl::StrCat(site.base_url, "/channel/", channel.slug, ".ts");
}

std::string LogoUrlOf(const Channel& channel, const Site& site) {
  return absl::StrCat(site.base_url, "/logo/", channel.slug, ".png");
}

std::vector<const Channel*> InGuideOrder(const std::vector<Channel>& channels) {
  std::vector<const Channel*> order;
  for (const Channel& channel : channels)
    if (channel.is_active) order.push_back(&channel);
  const auto key = [](const Channel* channel) {
    return std::tuple(channel->number.value_or(std::numeric_limits<int>::max()),
                      absl::AsciiStrToLower(channel->title), absl::string_view(channel->slug));
  };
  std::sort(order.begin(), order.end(), [&](const Channel* a, const Channel* b) { return key(a) < key(b); });
  return order;
}

}  // namespace retrovue

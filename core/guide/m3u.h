// The list of channels for IPTV players: extended M3U with the attributes Kodi, Jellyfin, TiviMate, Channels and xTeVe
// read. There is no standard; docs/core/viewers.md says which client reads what.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "core/guide/site.h"

namespace retrovue {

inline constexpr absl::string_view kM3uContentType = "audio/x-mpegurl; charset=utf-8";

enum class M3uClient {
  kAny,
  kKodi,  // is told the stream's type, and so plays without reading it twice
};

// By the request's User-Agent, and by "client=kodi" in its query (what stands behind the '?').
M3uClient M3uClientOf(absl::string_view user_agent, absl::string_view query);

// The channels in the order given (InGuideOrder). Lines end in LF; no byte order mark.
std::string WriteM3u(const std::vector<const Channel*>& channels, const Site& site, M3uClient client);

}  // namespace retrovue

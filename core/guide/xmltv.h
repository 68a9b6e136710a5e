// The guide as XMLTV (its DTD, version 1.x: the order of elements is law). Pure; for any thread.
//
// A document is XmltvHead, then XmltvProgrammes of one channel after the other, then XmltvTail: so it can be sent, packed or
// kept piece by piece. The piece of a channel stays the same while its guide's etag, the channel, the site and the
// details do.
//
//   - Times are UTC, to the second: "20260308T100000" is written "20260308100000 +0000".
//   - The programmes of a channel touch and do not overlap; what is on at `from` is whole. Where its guide has nothing from
//     `from` on until its first entry, or between two, stands a programme "Off air"; a guide that is empty is that until `to`.
//   - Every channel has a programme, no element is empty, and a text is CleanText.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "core/guide/site.h"

namespace retrovue {

inline constexpr absl::string_view kXmltvContentType = "application/xml; charset=utf-8";

// The declaration, <tv> and the channels, in the order given (InGuideOrder).
std::string XmltvHead(const std::vector<const Channel*>& channels, const Site& site);

// The programmes of a channel that are on in [from, to). `details` may be empty.
std::string XmltvProgrammes(const ChannelGuide& of, Instant from, Instant to, const Site& site,
                            const DetailsOf& details);

absl::string_view XmltvTail();

// All of it.
std::string WriteXmltv(const std::vector<ChannelGuide>& guides, Instant from, Instant to, const Site& site,
                       const DetailsOf& details);

}  // namespace retrovue

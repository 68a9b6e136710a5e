// Titles come from file names and strangers' tags. Before they go into any format they become plain lines of text.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace retrovue {

// One line of valid UTF-8 in which each character may stand in XML 1.0 and in a list: what is no UTF-8 becomes U+FFFD,
// white space of any kind one space, none at either end; control characters, noncharacters and those that turn the
// direction of the text around are left out.
std::string CleanText(absl::string_view text);

}  // namespace retrovue

// The verbs of channels that have a file of their own.
#pragma once

#include <vector>

#include "core/cli/frame/verb.h"

namespace retrovue::cli {

std::vector<Verb> ChannelNowVerbs();       // now, preview
std::vector<Verb> ChannelValidateVerbs();  // validate

}  // namespace retrovue::cli

// The one line that says how the network is. Pure.
#pragma once

#include <string>

namespace retrovue::cli {

// `page`: what the director answers at /api/v1/status, a JSON object. What it does not say is left out; what is no JSON gives a
// line that says so.
// Where the director answers it.
inline constexpr const char* kStatusPath = "/api/v1/status";

std::string StatusLine(const std::string& page);

}  // namespace retrovue::cli

// What `air-ctl status` prints: the metrics page of a running AIR as a summary a person can read at a glance.
#pragma once

#include <string>

#include "client/metrics_page.h"

namespace air {

// A few lines of text. A figure the page does not have is not shown.
std::string StatusReport(const MetricsPage& page);

}  // namespace air

// The supervisor's /metrics page as a client reads it. Like the .proto files beside it, the page is an
// interface between processes: names and labels are relied upon by dashboards, by air-ctl and by the channel
// manager.
//
// The rule: be liberal. A line that is not understood is left out, a metric that is missing is absent, never
// zero. A newer or older AIR may be at the other end.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace air {

// One line of the page: `name{label="value",...} 12`.
struct MetricSample {
  std::string name;
  std::map<std::string, std::string, std::less<>> labels;
  double value = 0;
};

class MetricsPage {
 public:
  using Labels = std::map<std::string, std::string, std::less<>>;

  // Reads the Prometheus text exposition format, version 0.0.4.
  static MetricsPage Parse(absl::string_view text);

  // All samples called `name`, in the order of the page.
  std::vector<MetricSample> Named(absl::string_view name) const;

  // The first sample called `name` that carries all of `labels` (it may carry more).
  std::optional<double> Value(absl::string_view name, const Labels& labels = {}) const;

  // The sum over all samples called `name`; nothing if there is none.
  std::optional<double> Sum(absl::string_view name) const;

 private:
  std::vector<MetricSample> samples_;
};

// "stopped", "buffering", "ready" or "error": the label `state` of the one sample of
// retrovue_playout_channel_state that is 1. Empty if the page has none.
std::string ChannelState(const MetricsPage& page);

// Fetches http://ADDRESS/metrics. `address` is "host:port". Blocks for at most `timeout`.
// UNAVAILABLE: nothing answers there. DEADLINE_EXCEEDED: it takes too long. FAILED_PRECONDITION: something
// else than a metrics page answers.
absl::StatusOr<MetricsPage> FetchMetricsPage(const std::string& address, std::chrono::milliseconds timeout);

}  // namespace air

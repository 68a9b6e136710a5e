// MetricsExporter: the Prometheus view of a channel, and its health, as pages. Observability only: nothing here
// can change what airs, and a scrape never waits for the event loop.
//
//   /metrics   the counters, as they were at most 200 ms ago
//   /healthz   200 while the event loop lives: it has updated the counters within the last two seconds
//   /readyz    200 while it lives and control calls are answered; 503 during the start, a takeover, the end
#pragma once

#include <prometheus/metric_family.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/master_clock.h"
#include "net/page_server.h"
#include "supervisor/metrics/metrics_snapshot.h"

namespace air {

// Clients of the supervisor. Totals count from the start of the process.
struct ClientCounts {
  uint64_t event_subscribers = 0, subscribers_dropped = 0, subscribers_refused = 0;  // of block events
  uint64_t control_connections = 0, control_refused = 0, metrics_refused = 0;        // connections
};

class MetricsExporter {
 public:
  explicit MetricsExporter(const MasterClock& clock) : clock_(clock), updated_at_(clock.Now().value()) {}

  // Event loop.
  void Update(const MetricsSnapshot& snapshot, const ClientCounts& clients);
  void SetReady(bool ready) { ready_ = ready; }
  // Any thread. Nothing: there is no such page.
  std::optional<HttpPage> Page(const std::string& path) const;
  std::vector<prometheus::MetricFamily> Collect() const;

 private:
  const MasterClock& clock_;
  std::atomic<int64_t> updated_at_;  // ns of the clock
  std::atomic<bool> ready_{false};
  mutable std::mutex mutex_;
  MetricsSnapshot snapshot_;  // guarded by mutex_, like the counts
  ClientCounts clients_;
};

}  // namespace air

// MetricsExporter and MetricsHTTPServer: the Prometheus view of a channel. Observability only: nothing here
// can change what airs, and a scrape never waits for the event loop.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/metric_family.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "supervisor/metrics/metrics_snapshot.h"

namespace air {

class MetricsExporter final : public prometheus::Collectable {
 public:
  // Event loop.
  void Update(const MetricsSnapshot& snapshot);
  // Any thread.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  mutable std::mutex mutex_;
  MetricsSnapshot snapshot_;  // guarded by mutex_
};

class MetricsHTTPServer {
 public:
  // `address` "HOST:PORT"; port 0 = any free one. Errors: Unavailable naming the address.
  static absl::StatusOr<std::unique_ptr<MetricsHTTPServer>> Listen(const std::string& address,
                                                                   std::shared_ptr<MetricsExporter> exporter);
  const std::string& address() const { return address_; }  // with the port in use

 private:
  std::string address_;
  std::shared_ptr<MetricsExporter> exporter_;  // the exposer holds it weakly
  std::unique_ptr<prometheus::Exposer> exposer_;
};

}  // namespace air

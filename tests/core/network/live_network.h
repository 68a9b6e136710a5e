// A network as it is started by an operator: `retrovue start` on a home, with all that comes of it; watched from outside.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/model/time.h"
#include "tests/core/network/http_viewer.h"
#include "tests/support/child_program.h"

namespace retrovue {

// Waits for what no event tells of; true when it came in time.
bool Within(std::chrono::milliseconds limit, const std::function<bool()>& condition);

Instant MachineNow();

struct LiveOptions {
  std::string home;
  std::string database_url;
  Millis shift{0};  // the network's clock minus the machine's, as far as a command line can say it
};

class LiveNetwork {
 public:
  using Json = nlohmann::json;

  // Starts it, and returns when it is ready; fails the test if it does not become so.
  explicit LiveNetwork(LiveOptions options);
  ~LiveNetwork();
  LiveNetwork(const LiveNetwork&) = delete;
  LiveNetwork& operator=(const LiveNetwork&) = delete;

  // SIGTERM, and the checks: exit status 0, and no process of it left.
  void End();

  int port() const { return port_; }
  // What the network's clock shows: the machine's, shifted as the director says.
  Instant Now() const { return MachineNow() + shift_; }
  std::string Get(const std::string& path) const { return FetchText(port_, path); }
  Json GetJson(const std::string& path) const;  // discarded, if it is none
  Json Status() const { return GetJson("/api/v1/status"); }
  Json ChannelStatus(const std::string& slug) const;
  bool IsReady() const;
  // Of a page of metrics: the value of a sample without labels; nothing: it is not there.
  std::optional<double> Metric(const std::string& name) const;
  std::unique_ptr<HttpViewer> Tune(const std::string& slug) const;

  // All of its processes, by name: "program-directo" (the kernel keeps 15 bytes), "air-decoder", …
  std::vector<air::e2e::MarkedProcess> Processes() const { return air::e2e::ProcessesMarked(mark_); }
  pid_t Director() const;  // 0: none
  // What its programs have said, for a test that failed.
  std::string Logs() const;

 private:
  const LiveOptions options_;
  const int port_;
  const std::string mark_;
  Millis shift_{0};
  std::unique_ptr<air::e2e::ChildProgram> guardian_;
};

}  // namespace retrovue

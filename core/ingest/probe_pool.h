// Processes that look into files, so that a hostile or damaged one can do nothing to this process.
//
// Each is the program asset-probe, in the decoder's sandbox: it gets one file after the other as a descriptor, and can open
// none itself. One that crashes, or is silent for longer than the limit, costs the file it had, and is started anew.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/ingest/media_facts.h"
#include "core/model/time.h"

namespace retrovue {

struct ProbeOptions {
  std::string program;        // path of asset-probe
  int processes = 2;          // 1 to 16
  Millis limit{30'000};       // for one file
  int files_a_process = 500;  // then it is ended and another one started: what a file left in it is gone
};

struct ProbeJob {
  std::string absolute;
  std::int64_t tag = 0;  // the caller's
};

// For one thread. No process outlives it.
class ProbePool {
 public:
  // The next file, or nothing if there is none left for now.
  using Source = std::function<bool(ProbeJob& job)>;
  // What came of it. Errors, each naming the file:
  //   INVALID_ARGUMENT     no media, nothing AIR can play, or too damaged
  //   NOT_FOUND, PERMISSION_DENIED, UNAVAILABLE   it could not be opened
  //   DEADLINE_EXCEEDED    the probe was silent for too long
  //   ABORTED              the probe crashed
  using Sink = std::function<void(const ProbeJob& job, absl::StatusOr<MediaFacts> facts)>;

  explicit ProbePool(ProbeOptions options);
  ~ProbePool();
  ProbePool(const ProbePool&) = delete;
  ProbePool& operator=(const ProbePool&) = delete;

  // Probes all that `source` gives, several at a time, and answers when the last one is done. UNAVAILABLE if the program
  // cannot be started or cannot close its sandbox: then nothing more is probed.
  absl::Status Run(const Source& source, const Sink& sink);

 private:
  class Worker;
  ProbeOptions options_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace retrovue

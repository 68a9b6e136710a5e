// The channel manager's line to AIR, in the order a control plane uses it: ready, attach, start, events and
// feeding, stop.
//
// The rule: every call has a time limit, and every call but Stop can be cut short from another thread with
// Cancel(), so that ending the channel never waits for AIR.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "protos/playout.grpc.pb.h"

namespace air {

class AirClient {
 public:
  // `address`: "host:port" of PlayoutControl.
  AirClient(const std::string& address, int channel_id);

  // One attempt to get an answer, for at most `limit`.
  absl::Status Ping(std::chrono::milliseconds limit);

  // AIR connects to the listener at `socket_path`, in place of the sink it may have.
  absl::Status AttachUnixSocket(const std::string& socket_path);

  absl::Status Start(const retrovue::playout::BlockPlan& block_a, const retrovue::playout::BlockPlan& block_b,
                     const std::string& program_format_json, int max_queue_depth);

  // RESOURCE_EXHAUSTED: the queue is full; the block is wanted later. FAILED_PRECONDITION: refused for good.
  absl::Status Feed(const retrovue::playout::BlockPlan& block);

  // Calls `on_event` for each event, on this thread, until the session ends (OK), the line breaks
  // (UNAVAILABLE), or Cancel(). NOT_FOUND: there is no session.
  absl::Status FollowEvents(const std::function<void(const retrovue::playout::BlockEvent&)>& on_event);

  absl::Status Stop(const std::string& reason);

  // From any thread: ends the calls in progress and fails all later ones with CANCELLED, except Stop.
  void Cancel();

 private:
  class CancellableContext;

  const int channel_id_;
  const std::unique_ptr<retrovue::playout::PlayoutControl::StubInterface> stub_;
  std::mutex mutex_;
  std::set<grpc::ClientContext*> in_progress_;
  bool cancelled_ = false;
};

}  // namespace air

// The manager's line to one air-supervisor: calls that never wait, each with a limit, their answers on the loop.
//
// Answers are given on the loop's thread, in the order they come, and none after the line is destroyed, which ends all calls in
// progress and waits for none of AIR's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "protos/playout.grpc.pb.h"

namespace retrovue {

class AirLine {
 public:
  using Answer = std::function<void(const absl::Status&)>;

  // `address` as gRPC has it: "unix:/path" or "host:port".
  AirLine(boost::asio::io_context& loop, const std::string& address, std::int32_t channel_id);
  ~AirLine();
  AirLine(const AirLine&) = delete;
  AirLine& operator=(const AirLine&) = delete;

  // OK as soon as AIR answers at the address; waits at most `limit` for the answer.
  void AskReady(std::chrono::milliseconds limit, Answer answer);
  // AIR connects to the listener at `socket_path`, in place of the sinks it may have. `patience`: how long AIR may take until it
  // listens at all.
  void Attach(const std::string& socket_path, std::chrono::milliseconds patience, Answer answer);
  // FAILED_PRECONDITION: refused, with AIR's reason.
  void Start(const playout::StartBlockPlanSessionRequest& request, Answer answer);
  // RESOURCE_EXHAUSTED: the queue is full. NOT_FOUND: there is no session. FAILED_PRECONDITION: this block is refused. Anything else: it
  // did not get through.
  void Feed(const playout::BlockPlan& block, Answer answer);
  void Stop(const std::string& reason, Answer answer);
  // `ended`: OK: the session has ended. NOT_FOUND: there is none. Anything else: the line broke. Once at a time.
  void Follow(std::function<void(const playout::BlockEvent&)> on_event, Answer ended);

 private:
  struct State;
  struct EventReader;
  template <typename Request, typename Response>
  struct Call;
  template <typename Request, typename Response, typename Method, typename Judge>
  void Make(const char* name, const Request& request, std::chrono::milliseconds limit, bool wait_for_ready,
            Method method, Judge judge, Answer answer);

  const std::int32_t channel_id_;
  std::shared_ptr<State> state_;
};

}  // namespace retrovue

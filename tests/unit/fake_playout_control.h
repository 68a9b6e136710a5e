// A PlayoutControl server for tests of its clients: it accepts what it is told to, and remembers what it was
// asked.
#pragma once

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "protos/playout.grpc.pb.h"

namespace air {

class FakePlayoutControl final : public retrovue::playout::PlayoutControl::Service {
 public:
  FakePlayoutControl() {
    grpc::ServerBuilder builder;
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~FakePlayoutControl() override {
    EndSession();
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  // What to answer. Set before the call.
  std::string refuse_attach;
  std::string refuse_start;
  std::size_t queue_depth = 100;  // blocks accepted in all, the two of the start included

  // What was asked, in order.
  std::optional<retrovue::playout::AttachStreamRequest> attached;
  std::optional<retrovue::playout::StartBlockPlanSessionRequest> started;
  std::optional<retrovue::playout::StopBlockPlanSessionRequest> stopped;
  std::vector<retrovue::playout::BlockPlan> blocks() {
    const std::lock_guard lock(mutex_);
    return blocks_;
  }
  // Waits until `count` blocks have been accepted; false after ten seconds.
  bool WaitForBlocks(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return blocks_.size() >= count; });
  }

  void Emit(const retrovue::playout::BlockEvent& event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(event);
    changed_.notify_all();
  }
  void EmitStarted(const std::string& block_id) {
    retrovue::playout::BlockEvent event;
    event.mutable_block_started()->set_block_id(block_id);
    Emit(event);
  }
  // Ends the event streams, with or without a SessionEnded before.
  void EndSession() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

 private:
  using Context = grpc::ServerContext;

  grpc::Status GetVersion(Context*, const retrovue::playout::ApiVersionRequest*,
                          retrovue::playout::ApiVersion* response) override {
    response->set_version("1.0.0");
    return grpc::Status::OK;
  }

  grpc::Status AttachStream(Context*, const retrovue::playout::AttachStreamRequest* request,
                            retrovue::playout::AttachStreamResponse* response) override {
    attached = *request;
    response->set_success(refuse_attach.empty());
    response->set_error_message(refuse_attach);
    return grpc::Status::OK;
  }

  grpc::Status StartBlockPlanSession(Context*, const retrovue::playout::StartBlockPlanSessionRequest* request,
                                     retrovue::playout::StartBlockPlanSessionResponse* response) override {
    const std::lock_guard lock(mutex_);
    started = *request;
    response->set_success(refuse_start.empty());
    response->set_error_message(refuse_start);
    response->set_result_code(refuse_start.empty() ? retrovue::playout::BLOCKPLAN_RESULT_OK
                                                   : retrovue::playout::BLOCKPLAN_RESULT_INVALID_BLOCK);
    if (refuse_start.empty()) blocks_ = {request->block_a(), request->block_b()};
    changed_.notify_all();
    return grpc::Status::OK;
  }

  grpc::Status FeedBlockPlan(Context*, const retrovue::playout::FeedBlockPlanRequest* request,
                             retrovue::playout::FeedBlockPlanResponse* response) override {
    const std::lock_guard lock(mutex_);
    const bool full = blocks_.size() >= queue_depth;
    response->set_success(!full);
    response->set_queue_full(full);
    response->set_error_message(full ? "the queue is full" : "");
    response->set_result_code(full ? retrovue::playout::BLOCKPLAN_RESULT_QUEUE_FULL
                                   : retrovue::playout::BLOCKPLAN_RESULT_OK);
    if (!full) blocks_.push_back(request->block());
    changed_.notify_all();
    return grpc::Status::OK;
  }

  grpc::Status StopBlockPlanSession(Context*, const retrovue::playout::StopBlockPlanSessionRequest* request,
                                    retrovue::playout::StopBlockPlanSessionResponse* response) override {
    stopped = *request;
    response->set_success(true);
    response->set_blocks_executed(3);
    response->set_final_ct_ms(30000);
    return grpc::Status::OK;
  }

  grpc::Status SubscribeBlockEvents(Context* context, const retrovue::playout::SubscribeBlockEventsRequest*,
                                    grpc::ServerWriter<retrovue::playout::BlockEvent>* writer) override {
    std::unique_lock lock(mutex_);
    if (!started) return grpc::Status(grpc::StatusCode::NOT_FOUND, "no session");
    for (std::size_t next = 0; !context->IsCancelled();) {
      changed_.wait_for(lock, std::chrono::milliseconds(50), [&] { return ended_ || next < events_.size(); });
      while (next < events_.size()) writer->Write(events_[next++]);
      if (ended_) break;
    }
    return grpc::Status::OK;
  }

  int port_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<retrovue::playout::BlockPlan> blocks_;
  std::vector<retrovue::playout::BlockEvent> events_;
  bool ended_ = false;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace air

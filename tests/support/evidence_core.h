// The control plane's end of evidence: a server that stores what it is sent, acknowledges it, and can be
// stopped and started again at the same address, as one that is restarted.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "protos/execution_evidence_v1.grpc.pb.h"

namespace air {

class EvidenceCore final : public retrovue::evidence::v1::ExecutionEvidenceService::Service {
 public:
  using Message = retrovue::evidence::v1::EvidenceFromAir;
  using Ack = retrovue::evidence::v1::EvidenceAckFromCore;

  EvidenceCore() { Start(); }
  ~EvidenceCore() override { Stop(); }

  void Start() {
    grpc::ServerBuilder builder;
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port_), grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    EXPECT_NE(server_, nullptr);
  }
  // Its connections break; what it has stored stays.
  void Stop() {
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
    server_.reset();
  }
  // One that takes messages and acknowledges none, not even Hello.
  void BeSilent(bool silent) {
    const std::lock_guard lock(mutex_);
    silent_ = silent;
  }
  std::string endpoint() const { return "127.0.0.1:" + std::to_string(port_); }

  // Waits until a message fulfils `condition`; Hello and repeats included.
  template <class Condition>
  bool WaitFor(Condition condition, std::chrono::milliseconds limit = std::chrono::seconds(10)) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit,
                             [&] { return std::any_of(received_.begin(), received_.end(), condition); });
  }
  bool WaitForSequence(uint64_t sequence, std::chrono::milliseconds limit = std::chrono::seconds(10)) {
    return WaitFor([=](const Message& m) { return m.sequence() == sequence; }, limit);
  }
  // In the order of arrival.
  std::vector<Message> received() const {
    const std::lock_guard lock(mutex_);
    return received_;
  }
  // Hello and what it has seen before left out, as a control plane does.
  std::vector<Message> stored() const {
    const std::lock_guard lock(mutex_);
    std::vector<Message> stored;
    std::set<std::string> seen;
    for (const Message& m : received_) {
      if (!m.has_hello() && seen.insert(m.event_uuid()).second) stored.push_back(m);
    }
    return stored;
  }

 private:
  grpc::Status EvidenceStream(grpc::ServerContext*, grpc::ServerReaderWriter<Ack, Message>* stream) override {
    for (Message message; stream->Read(&message);) {
      bool silent = false;
      {
        const std::lock_guard lock(mutex_);
        received_.push_back(message);
        silent = silent_;
        changed_.notify_all();
      }
      if (silent) continue;
      Ack ack;
      ack.set_channel_id(message.channel_id());
      ack.set_playout_session_id(message.playout_session_id());
      ack.set_acked_sequence(message.sequence());  // of Hello: 0
      stream->Write(ack);
    }
    return grpc::Status::OK;
  }

  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Message> received_;  // guarded by mutex_
  bool silent_ = false;            // guarded by mutex_
};

}  // namespace air

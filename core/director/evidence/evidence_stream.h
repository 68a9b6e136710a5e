// EvidenceStream: one call of AIR's. Receives up to a limit, sends each error and the newest acknowledgement.
#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "protos/execution_evidence_v1.grpc.pb.h"

namespace retrovue {

class EvidenceStream final
    : public grpc::ServerBidiReactor<evidence::v1::EvidenceFromAir, evidence::v1::EvidenceAckFromCore> {
 public:
  using Message = evidence::v1::EvidenceFromAir;
  using Ack = evidence::v1::EvidenceAckFromCore;

  // `on_news`: a message came, or the stream ended. Called from gRPC's threads, with nothing locked.
  EvidenceStream(std::size_t most_waiting, std::function<void()> on_news);
  // gRPC calls from here on; `self` keeps it alive until it is done.
  void Begin(std::shared_ptr<EvidenceStream> self);

  // What waits, oldest first; at most `most`. It stays until Drop().
  std::vector<Message> Waiting(std::size_t most) const;
  void Drop(std::size_t count);
  void Acknowledge(Ack ack);

  bool is_over() const;
  // Numbers of the session, as far as they are known here.
  std::string session() const;
  std::uint64_t last_emitted() const;
  std::uint64_t acknowledged() const;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  // Both with mutex_ held.
  void ReadOn();  // as long as there is room for what comes, and for the answer to it
  void EndIfIdle();

  const std::size_t most_waiting_;
  const std::function<void()> on_news_;
  mutable std::mutex mutex_;
  std::shared_ptr<EvidenceStream> self_;
  Message incoming_;
  std::deque<Message> waiting_;
  bool reading_ = false, reads_over_ = false, writing_ = false, finished_ = false, done_ = false;
  std::deque<Ack> next_acks_;  // no two without an error follow each other
  Ack outgoing_;
  std::string session_;
  std::uint64_t last_emitted_ = 0, acknowledged_ = 0;
};

}  // namespace retrovue

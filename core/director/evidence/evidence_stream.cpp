#include "core/director/evidence/evidence_stream.h"

#include <algorithm>
#include <utility>

namespace retrovue {

EvidenceStream::EvidenceStream(std::size_t most_waiting, std::function<void()> on_news)
    : most_waiting_(most_waiting), on_news_(std::move(on_news)) {}

void EvidenceStream::Begin(std::shared_ptr<EvidenceStream> self) {
  const std::lock_guard lock(mutex_);
  self_ = std::move(self);
  reading_ = true;
  StartRead(&incoming_);
}

std::vector<EvidenceStream::Message> EvidenceStream::Waiting(std::size_t most) const {
  const std::lock_guard lock(mutex_);
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(most, waiting_.size()));
  return {waiting_.begin(), end};
}

void EvidenceStream::Drop(std::size_t count) {
  const std::lock_guard lock(mutex_);
  waiting_.erase(waiting_.begin(),
                 waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(count, waiting_.size())));
  ReadOn();
}

void EvidenceStream::ReadOn() {
  if (reading_ || reads_over_ || waiting_.size() + next_acks_.size() >= most_waiting_) return;
  reading_ = true;
  StartRead(&incoming_);
}

void EvidenceStream::Acknowledge(Ack ack) {
  const std::lock_guard lock(mutex_);
  if (ack.error().empty()) acknowledged_ = std::max<std::uint64_t>(acknowledged_, ack.acked_sequence());
  if (reads_over_) return;
  if (writing_) {
    // One that says more replaces one that has not gone yet; an error is not replaced.
    const bool replaces = ack.error().empty() && !next_acks_.empty() && next_acks_.back().error().empty();
    if (replaces) next_acks_.pop_back();
    next_acks_.push_back(std::move(ack));
    return;
  }
  writing_ = true;
  outgoing_ = std::move(ack);
  StartWrite(&outgoing_);
}

bool EvidenceStream::is_over() const {
  const std::lock_guard lock(mutex_);
  return done_;
}

std::string EvidenceStream::session() const {
  const std::lock_guard lock(mutex_);
  return session_;
}

std::uint64_t EvidenceStream::last_emitted() const {
  const std::lock_guard lock(mutex_);
  return last_emitted_;
}

std::uint64_t EvidenceStream::acknowledged() const {
  const std::lock_guard lock(mutex_);
  return acknowledged_;
}

void EvidenceStream::OnReadDone(bool ok) {
  {
    const std::lock_guard lock(mutex_);
    reading_ = false;
    if (ok) {
      session_ = incoming_.playout_session_id();
      last_emitted_ = std::max<std::uint64_t>(last_emitted_, incoming_.has_hello()
                                                                 ? incoming_.hello().last_sequence_emitted()
                                                                 : incoming_.sequence());
      waiting_.push_back(std::move(incoming_));
      incoming_ = Message();
      ReadOn();
    } else {
      reads_over_ = true;
      EndIfIdle();
    }
  }
  on_news_();
}

void EvidenceStream::OnWriteDone(bool ok) {
  const std::lock_guard lock(mutex_);
  writing_ = false;
  if (!ok) reads_over_ = true;
  if (!reads_over_ && !next_acks_.empty()) {
    writing_ = true;
    outgoing_ = std::move(next_acks_.front());
    next_acks_.pop_front();
    StartWrite(&outgoing_);
    ReadOn();
    return;
  }
  EndIfIdle();
}

void EvidenceStream::EndIfIdle() {
  if (!reads_over_ || writing_ || reading_ || finished_) return;
  finished_ = true;
  Finish(grpc::Status::OK);
}

// AIR has gone, or this server ends. While there is no room no read is under way that would say so.
void EvidenceStream::OnCancel() {
  const std::lock_guard lock(mutex_);
  reads_over_ = true;
  EndIfIdle();
}

void EvidenceStream::OnDone() {
  std::shared_ptr<EvidenceStream> self;  // the last one may go with it, outside the lock
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
    self.swap(self_);
  }
  on_news_();
}

}  // namespace retrovue

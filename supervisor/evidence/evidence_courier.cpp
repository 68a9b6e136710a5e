#include "supervisor/evidence/evidence_courier.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>

#include "absl/strings/str_cat.h"
#include "base/stage_log.h"
#include "protos/execution_evidence_v1.grpc.pb.h"
#include "supervisor/evidence/evidence_ledger.h"

namespace air {
namespace {

namespace wire_evidence = ::retrovue::evidence::v1;
using wire_evidence::EvidenceAckFromCore;
using wire_evidence::EvidenceFromAir;

constexpr int64_t kSyncNs = kNanosPerSecond;
constexpr int64_t kLongestSleepNs = kNanosPerSecond;
constexpr size_t kBatch = 256;

// A channel of its own for each attempt: gRPC's would wait by its own rules before it tries again.
std::shared_ptr<grpc::Channel> NewChannel(const std::string& endpoint) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);  // a host that is gone says nothing
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  return grpc::CreateCustomChannel(endpoint, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

// One EvidenceStream. gRPC calls it from its threads; all it does is to tell the courier. The courier
// destroys it, and only when gRPC is done with it: gRPC 1.51 does not survive a channel that goes in a
// callback.
class EvidenceCourier::Call final : public grpc::ClientBidiReactor<EvidenceFromAir, EvidenceAckFromCore> {
 public:
  Call(EvidenceCourier& courier, uint64_t number, const std::string& endpoint)
      : courier_(&courier),
        number_(number),
        stub_(wire_evidence::ExecutionEvidenceService::NewStub(NewChannel(endpoint))) {}

  void Start(EvidenceFromAir hello) {
    stub_->async()->EvidenceStream(&context_, this);
    AddHold();  // for the writes to come
    StartRead(&ack_);
    Write(std::move(hello));
    StartCall();
  }
  void Write(EvidenceFromAir message) {
    message_ = std::move(message);
    StartWrite(&message_);
  }
  // The courier is not called any more.
  void Forget() {
    {
      const std::lock_guard lock(mutex_);
      courier_ = nullptr;
    }
    context_.TryCancel();
    RemoveHold();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return Tell({.kind = News::kBroken, .call = number_, .ack = {}});
    Tell({.kind = News::kAck, .call = number_, .ack = ack_});
    StartRead(&ack_);
  }
  void OnWriteDone(bool ok) override {
    Tell({.kind = ok ? News::kWritten : News::kBroken, .call = number_, .ack = {}});
  }
  void OnDone(const grpc::Status&) override { done_.store(true); }  // the last thing it does here
  bool is_done() const { return done_.load(); }

 private:
  void Tell(News news) {
    const std::lock_guard lock(mutex_);
    if (courier_ != nullptr) courier_->Post(std::move(news));
  }

  std::mutex mutex_;
  EvidenceCourier* courier_;  // guarded by mutex_
  const uint64_t number_;
  grpc::ClientContext context_;
  std::unique_ptr<wire_evidence::ExecutionEvidenceService::Stub> stub_;
  EvidenceAckFromCore ack_;
  EvidenceFromAir message_;
  std::atomic<bool> done_ = false;
};

EvidenceCourier::EvidenceCourier(MasterClock& clock, std::string folder, evidence::Session session,
                                 EvidenceSpool::Limits limits)
    : clock_(clock) {
  snapshot_.configured = !session.endpoint().empty();
  thread_ = std::jthread(
      [this, source = Source{std::move(folder), std::move(session), limits}](const std::stop_token& stop) {
        if (Open(source)) Run(stop);
      });
}

EvidenceCourier::EvidenceCourier(MasterClock& clock, std::unique_ptr<EvidenceSpool> spool) : clock_(clock) {
  UseSpool(std::move(spool));
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void EvidenceCourier::UseSpool(std::unique_ptr<EvidenceSpool> spool) {
  spool_ = std::move(spool);
  line_ = EvidenceLine(spool_->acknowledged());
  {
    const std::lock_guard lock(mutex_);
    snapshot_.configured = !spool_->session().endpoint().empty();
    terminated_ = terminated_ || (spool_->last_state().has_value() && spool_->last_state()->terminated());
    found_ = {.session = spool_->session(), .last_state = spool_->last_state()};
  }
  NoteSnapshot();
}

EvidenceCourier::~EvidenceCourier() {
  thread_.request_stop();
  changed_.notify_all();
  thread_.join();
}

void EvidenceCourier::Submit(evidence::Record record) {
  const std::lock_guard lock(mutex_);
  if (lost_) return;
  if (inbox_.size() >= kMostUnwritten) {
    inbox_.pop_front();
    ++overrun_;
    ++snapshot_.dropped;
  }
  terminated_ = terminated_ || record.state().terminated();
  snapshot_.messages =
      record.state().sequence();  // now, not when the thread has looked: Finish() waits for it
  inbox_.push_back(std::move(record));
  changed_.notify_all();
}

void EvidenceCourier::Post(News news) {
  const std::lock_guard lock(mutex_);
  news_.push_back(std::move(news));
  changed_.notify_all();
}

EvidenceSnapshot EvidenceCourier::Snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

std::optional<EvidenceCourier::Found> EvidenceCourier::found() const {
  const std::lock_guard lock(mutex_);
  return found_;
}

bool EvidenceCourier::IsDone() const {
  const std::lock_guard lock(mutex_);
  if (lost_) return true;
  return found_.has_value() && terminated_ && inbox_.empty() &&
         (!snapshot_.configured || snapshot_.acknowledged == snapshot_.messages);
}

bool EvidenceCourier::HasEnded() const {
  const std::lock_guard lock(mutex_);
  return ended_by_itself_;
}

bool EvidenceCourier::Finish(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [this] {
    const bool all =
        !snapshot_.configured || !snapshot_.talking || snapshot_.acknowledged == snapshot_.messages;
    return lost_ || (inbox_.empty() && all);
  });
}

// ---- the thread
// -----------------------------------------------------------------------------------------------------------

bool EvidenceCourier::Open(const Source& source) {
  absl::StatusOr<std::unique_ptr<EvidenceSpool>> spool =
      EvidenceSpool::Open(source.folder, source.session, source.limits);
  if (spool.ok()) {
    UseSpool(*std::move(spool));
    return true;
  }
  Log().error("no evidence of this session: {}", std::string(spool.status().message()));
  const std::lock_guard lock(mutex_);
  lost_ = ended_by_itself_ = true;
  inbox_.clear();
  snapshot_ = {};
  changed_.notify_all();
  return false;
}

void EvidenceCourier::Run(const std::stop_token& stop) {
  Deliver(stop);
  HangUp();
  std::deque<evidence::Record> rest;
  {
    const std::lock_guard lock(mutex_);
    rest.swap(inbox_);
  }
  WriteDown(std::move(rest));
  spool_->Sync();
  // Cancelled as they are, gRPC is done with them at once.
  while (!ended_.empty()) {
    std::erase_if(ended_, [](const auto& call) { return call->is_done(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const std::lock_guard lock(mutex_);
  ended_by_itself_ = true;
}

void EvidenceCourier::Deliver(const std::stop_token& stop) {
  while (!stop.stop_requested() && !IsFinished()) {
    std::deque<evidence::Record> records;
    std::deque<News> news;
    {
      std::unique_lock lock(mutex_);
      int64_t sleep_ns = kLongestSleepNs;
      if (const std::optional<Nanos> wake = line_.WakeTime(); snapshot_.configured && wake.has_value())
        sleep_ns = std::clamp<int64_t>(*wake - clock_.Now(), 0, kLongestSleepNs);
      changed_.wait_for(lock, stop, std::chrono::nanoseconds(sleep_ns),
                        [this] { return !inbox_.empty() || !news_.empty(); });
      records.swap(inbox_);
      news.swap(news_);
    }
    WriteDown(std::move(records));
    for (const News& item : news) Take(item);
    if (snapshot_.configured) Talk();
    SyncWhenDue();
    NoteSnapshot();
    std::erase_if(ended_, [](const auto& call) { return call->is_done(); });
  }
}

bool EvidenceCourier::IsFinished() const {
  if (!IsOver() || !unwritten_.empty() || call_ != nullptr) return false;
  const std::lock_guard lock(mutex_);
  return inbox_.empty() && (!snapshot_.configured || line_.acknowledged() == LastMessage());
}

void EvidenceCourier::WriteDown(std::deque<evidence::Record> records) {
  for (evidence::Record& record : records) unwritten_.push_back(std::move(record));
  while (!unwritten_.empty()) {
    absl::Status s = spool_->Append(unwritten_.front());
    if (absl::IsInvalidArgument(s)) {  // the next one can be written all the same
      Log().error("evidence: {}; it is left out", std::string(s.message()));
      unwritten_.pop_front();
      ++dropped_;
      continue;
    }
    if (!s.ok()) {
      if (!std::exchange(complained_, true))
        Log().error("evidence: {}; what comes now is kept in memory only", std::string(s.message()));
      break;
    }
    if (std::exchange(complained_, false)) Log().info("evidence: there is room on the disk again");
    if (!sync_at_.has_value()) sync_at_ = clock_.Now() + kSyncNs;
    unwritten_.pop_front();
  }
  while (unwritten_.size() > kMostUnwritten) {
    unwritten_.pop_front();
    ++dropped_;
  }
}

void EvidenceCourier::SyncWhenDue() {
  if (!sync_at_.has_value() || clock_.Now() < *sync_at_) return;
  spool_->Sync();
  sync_at_.reset();
}

bool EvidenceCourier::IsOver() const {
  if (!unwritten_.empty()) return unwritten_.back().state().terminated();
  return spool_->last_state().has_value() && spool_->last_state()->terminated();
}

uint64_t EvidenceCourier::LastMessage() const {
  return unwritten_.empty() ? spool_->last_sequence() : unwritten_.back().state().sequence();
}

void EvidenceCourier::Take(const News& news) {
  if (call_ == nullptr || news.call != calls_) return;  // an old call's
  switch (news.kind) {
    case News::kWritten:
      writing_ = false;
      return;
    case News::kBroken:
      if (line_.state() == EvidenceLine::State::kLive || line_.attempts() == 1)
        Log().warn("evidence: {} does not listen; messages wait on disk", spool_->session().endpoint());
      HangUp();
      return;
    case News::kAck:
      break;
  }
  const EvidenceAckFromCore& ack = news.ack;
  if (!ack.error().empty()) {
    Log().warn("evidence: message {} is not accepted: {}", ack.acked_sequence(), ack.error().substr(0, 200));
    if (line_.state() != EvidenceLine::State::kGreeting) return;
  }
  const bool ours =
      ack.playout_session_id().empty() || ack.playout_session_id() == spool_->session().playout_session_id();
  if (!ours) return;
  const bool greeting = line_.state() == EvidenceLine::State::kGreeting;
  if (line_.Acknowledged(ack.error().empty() ? ack.acked_sequence() : 0, LastMessage()))
    spool_->Acknowledge(line_.acknowledged());
  if (greeting) {
    Log().info("evidence: {} listens; {} of {} messages are acknowledged", spool_->session().endpoint(),
               line_.acknowledged(), LastMessage());
  }
}

void EvidenceCourier::Talk() {
  const Nanos now = clock_.Now();
  line_.Look(now);
  if (IsOver() && line_.acknowledged() == LastMessage()) {
    if (call_ != nullptr) HangUp();
    return;
  }
  if (line_.ShouldDial(now)) Dial();
  SendNext();
}

void EvidenceCourier::Dial() {
  outbox_.clear();
  writing_ = true;
  line_.Dialled(clock_.Now());
  call_ = std::make_unique<Call>(*this, ++calls_, spool_->session().endpoint());
  call_->Start(Hello());
}

void EvidenceCourier::HangUp() {
  if (call_ == nullptr) return;
  call_->Forget();
  ended_.push_back(std::move(call_));
  line_.Broken(clock_.Now());
}

EvidenceFromAir EvidenceCourier::Hello() const {
  const evidence::Session& session = spool_->session();
  EvidenceFromAir message;
  message.set_schema_version(1);
  message.set_channel_id(session.channel_name());
  message.set_playout_session_id(session.playout_session_id());
  message.set_sequence(0);
  message.set_event_uuid("hello");
  message.set_emitted_utc(IsoUtc(clock_.UtcNow()));
  message.mutable_hello()->set_first_sequence_available(std::max<uint64_t>(spool_->first_sequence(), 1));
  message.mutable_hello()->set_last_sequence_emitted(LastMessage());
  return message;
}

void EvidenceCourier::SendNext() {
  const std::optional<uint64_t> next = line_.NextToSend(LastMessage());
  if (writing_ || call_ == nullptr || !next.has_value()) return;
  while (!outbox_.empty() && outbox_.front().sequence() < *next) outbox_.pop_front();
  if (outbox_.empty() || outbox_.front().sequence() != *next) {
    outbox_.clear();
    for (EvidenceFromAir& message : spool_->From(*next, kBatch)) outbox_.push_back(std::move(message));
    if (outbox_.empty()) {
      for (const evidence::Record& record : unwritten_) {
        if (record.has_message() && record.message().sequence() >= *next) outbox_.push_back(record.message());
      }
    }
  }
  if (outbox_.empty()) return;
  writing_ = true;
  line_.Sent(outbox_.front().sequence());
  call_->Write(std::move(outbox_.front()));
  outbox_.pop_front();
}

void EvidenceCourier::NoteSnapshot() {
  const std::lock_guard lock(mutex_);
  snapshot_.messages = inbox_.empty() ? LastMessage() : inbox_.back().state().sequence();
  snapshot_.acknowledged = line_.acknowledged();
  snapshot_.dropped = dropped_ + overrun_;
  snapshot_.unwritten = unwritten_.size();
  snapshot_.attempts = line_.attempts();
  snapshot_.talking = line_.state() != EvidenceLine::State::kWaiting;
  snapshot_.connected = line_.state() == EvidenceLine::State::kLive;
  changed_.notify_all();
}

}  // namespace air

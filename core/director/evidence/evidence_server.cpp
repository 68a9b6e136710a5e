#include "core/director/evidence/evidence_server.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/stage_log.h"
#include "core/director/evidence/evidence_row.h"
#include "core/director/evidence/evidence_stream.h"

namespace retrovue {
namespace {

namespace wire = evidence::v1;
using namespace std::chrono_literals;

constexpr std::size_t kMostOfABatch = 512;
constexpr std::chrono::milliseconds kFirstPause = 1s;
constexpr std::chrono::milliseconds kLongestPause = 5s;
constexpr std::ptrdiff_t kMostEnded = 64;
constexpr auto kShutdownLimit = 500ms;

// The database will not take it later either.
bool IsForGood(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status) || absl::IsFailedPrecondition(status) ||
         absl::IsAlreadyExists(status);
}

}  // namespace

class EvidenceServer::Impl final : public wire::ExecutionEvidenceService::CallbackService {
 public:
  Impl(NetworkData& data, FindChannel find_channel)
      : data_(data), find_channel_(std::move(find_channel)), thread_([this] { Run(); }) {}
  ~Impl() override {
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now() + kShutdownLimit);
    {
      const std::lock_guard lock(mutex_);
      ends_ = true;
    }
    news_.notify_all();
    thread_.join();
    server_.reset();
  }

  void ChannelsAreKnown() {
    const std::lock_guard lock(mutex_);
    channels_are_known_ = true;
    news_.notify_all();
  }

  absl::StatusOr<std::string> Listen(const std::string& endpoint) {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddListeningPort(endpoint, grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port == 0)
      return absl::UnavailableError(absl::StrCat("evidence cannot be received at ", endpoint));
    if (absl::StartsWith(endpoint, "unix:")) return endpoint;
    return absl::StrCat(endpoint.substr(0, endpoint.rfind(':')), ":", port);
  }

  grpc::ServerBidiReactor<wire::EvidenceFromAir, wire::EvidenceAckFromCore>* EvidenceStream(
      grpc::CallbackServerContext*) override {
    const auto stream = std::make_shared<retrovue::EvidenceStream>(kMostWaiting, [this] { Wake(); });
    {
      const std::lock_guard lock(mutex_);
      ForgetEnded();
      streams_.push_back(stream);
    }
    stream->Begin(stream);
    return stream.get();
  }

  EvidenceCounts counts() const {
    const std::lock_guard lock(mutex_);
    EvidenceCounts counts = counts_;
    for (const auto& stream : streams_) {
      if (stream->is_over()) continue;
      ++counts.streams;
      counts.behind += stream->last_emitted() - std::min(stream->last_emitted(), stream->acknowledged());
    }
    return counts;
  }

 private:
  using Stream = retrovue::EvidenceStream;
  struct Portion {
    std::shared_ptr<Stream> stream;
    std::vector<Stream::Message> messages;
  };

  // Of the streams that have ended while nothing could be stored the last ones are kept; AIR sends again what is not
  // acknowledged.
  void ForgetEnded() {  // mutex_ held
    auto ended = std::count_if(streams_.begin(), streams_.end(), [](const auto& s) { return s->is_over(); });
    std::erase_if(streams_, [&](const auto& s) { return s->is_over() && ended-- > kMostEnded; });
  }

  void Wake() {
    const std::lock_guard lock(mutex_);
    has_news_ = true;
    news_.notify_all();
  }

  void Run() {
    std::chrono::milliseconds pause{0};
    for (;;) {
      std::vector<Portion> portions;
      {
        std::unique_lock lock(mutex_);
        if (pause > 0ms) news_.wait_for(lock, pause, [this] { return ends_; });
        news_.wait(lock, [this] { return ends_ || (has_news_ && channels_are_known_); });
        if (ends_) return;
        has_news_ = false;
        std::size_t left = kMostOfABatch;
        for (const auto& stream : streams_) {
          if (left == 0) has_news_ = true;  // the rest has its turn right away
          std::vector<Stream::Message> messages = stream->Waiting(left);
          left -= messages.size();
          if (!messages.empty()) portions.push_back({stream, std::move(messages)});
        }
        // A stream that was cut short by the limit, or that ended, is looked at again.
        std::erase_if(streams_,
                      [](const auto& stream) { return stream->is_over() && stream->Waiting(1).empty(); });
        if (!portions.empty()) std::rotate(streams_.begin(), streams_.begin() + 1, streams_.end());
      }
      if (portions.empty()) {
        pause = 0ms;
        continue;
      }
      const bool stored = Store(portions);
      pause = stored ? 0ms : std::clamp(2 * pause, kFirstPause, kLongestPause);
      const std::lock_guard lock(mutex_);
      has_news_ = true;
    }
  }

  // True when all of it is dealt with; false: the database would not, and all of it stays where it is.
  bool Store(const std::vector<Portion>& portions) {
    std::vector<Evidence> rows;
    std::map<const Stream::Message*, std::string> wrong;
    for (const Portion& portion : portions) {
      for (const Stream::Message& message : portion.messages) {
        if (message.has_hello()) continue;
        const std::optional<ChannelId> channel = find_channel_(message.channel_id());
        const absl::StatusOr<Evidence> row =
            channel.has_value() ? ToEvidence(message, *channel)
                                : absl::NotFoundError(absl::StrCat("no channel ", message.channel_id()));
        if (row.ok())
          rows.push_back(*row);
        else
          wrong.emplace(&message, std::string(row.status().message()));
      }
    }
    std::map<std::string, std::int64_t> last;
    absl::Status status = Write(rows, last);
    if (!status.ok() && IsForGood(status)) status = WriteOneByOne(portions, wrong, last);
    if (status.ok()) status = LookUpGreetings(portions, last);
    Note(status, portions, wrong.size());
    if (!status.ok()) return false;
    for (const Portion& portion : portions) AnswerPortion(portion, wrong, last);
    return true;
  }

  absl::Status Write(const std::vector<Evidence>& rows, std::map<std::string, std::int64_t>& last) {
    if (rows.empty()) return absl::OkStatus();
    const auto stored = data_.StoreEvidence(rows);
    if (!stored.ok()) return stored.status();
    for (const auto& [session, sequence] : *stored) last[session] = sequence;
    return absl::OkStatus();
  }

  // One of them is wrong: which one is seen by storing each alone.
  absl::Status WriteOneByOne(const std::vector<Portion>& portions,
                             std::map<const Stream::Message*, std::string>& wrong,
                             std::map<std::string, std::int64_t>& last) {
    for (const Portion& portion : portions) {
      for (const Stream::Message& message : portion.messages) {
        if (message.has_hello() || wrong.contains(&message)) continue;
        const absl::StatusOr<Evidence> row = ToEvidence(message, *find_channel_(message.channel_id()));
        const absl::Status status = Write({*row}, last);
        if (status.ok()) continue;
        if (!IsForGood(status)) return status;
        wrong.emplace(&message, std::string(status.message()));
      }
    }
    return absl::OkStatus();
  }

  absl::Status LookUpGreetings(const std::vector<Portion>& portions,
                               std::map<std::string, std::int64_t>& last) {
    for (const Portion& portion : portions) {
      for (const Stream::Message& message : portion.messages) {
        const std::string& session = message.playout_session_id();
        if (!message.has_hello() || last.contains(session)) continue;
        const absl::StatusOr<std::int64_t> found = data_.LastEvidence(session);
        if (!found.ok()) return found.status();
        last[session] = *found;
      }
    }
    return absl::OkStatus();
  }

  static void AnswerPortion(const Portion& portion,
                            const std::map<const Stream::Message*, std::string>& wrong,
                            const std::map<std::string, std::int64_t>& last) {
    std::string session;
    for (const Stream::Message& message : portion.messages) {
      session = message.playout_session_id();
      const auto error = wrong.find(&message);
      if (error == wrong.end()) continue;
      Stream::Ack ack;
      ack.set_channel_id(message.channel_id());
      ack.set_playout_session_id(session);
      ack.set_acked_sequence(message.sequence());
      ack.set_error(error->second);
      portion.stream->Acknowledge(std::move(ack));
    }
    if (const auto sequence = last.find(session); sequence != last.end()) {
      Stream::Ack ack;
      ack.set_channel_id(portion.messages.back().channel_id());
      ack.set_playout_session_id(session);
      ack.set_acked_sequence(static_cast<std::uint64_t>(sequence->second));
      portion.stream->Acknowledge(std::move(ack));
    }
    portion.stream->Drop(portion.messages.size());
  }

  void Note(const absl::Status& status, const std::vector<Portion>& portions, std::size_t refused) {
    const std::lock_guard lock(mutex_);
    if (!status.ok()) {
      ++counts_.failed_writes;
      if (counts_.last_error.empty())
        air::Log().error("evidence waits, it cannot be stored: {}", std::string(status.message()));
      counts_.last_error = std::string(status.message());
      return;
    }
    if (!counts_.last_error.empty()) air::Log().info("evidence is stored again");
    counts_.last_error.clear();
    counts_.refused += refused;
    for (const Portion& portion : portions)
      for (const Stream::Message& message : portion.messages)
        if (!message.has_hello()) ++counts_.received;
    counts_.stored = counts_.received - counts_.refused;
  }

  NetworkData& data_;
  const FindChannel find_channel_;
  std::unique_ptr<grpc::Server> server_;
  mutable std::mutex mutex_;
  std::condition_variable news_;
  std::vector<std::shared_ptr<Stream>> streams_;  // guarded by mutex_
  EvidenceCounts counts_;                         // guarded by mutex_
  bool has_news_ = false, ends_ = false;          // guarded by mutex_
  bool channels_are_known_ = false;               // guarded by mutex_
  std::thread thread_;                            // last: it uses the rest
};

EvidenceServer::EvidenceServer(std::string endpoint, std::unique_ptr<Impl> impl)
    : endpoint_(std::move(endpoint)), impl_(std::move(impl)) {}

EvidenceServer::~EvidenceServer() = default;

absl::StatusOr<std::unique_ptr<EvidenceServer>> EvidenceServer::Start(const std::string& endpoint,
                                                                      NetworkData& data,
                                                                      FindChannel find_channel) {
  auto impl = std::make_unique<Impl>(data, std::move(find_channel));
  absl::StatusOr<std::string> address = impl->Listen(endpoint);
  if (!address.ok()) return address.status();
  return std::unique_ptr<EvidenceServer>(new EvidenceServer(*std::move(address), std::move(impl)));
}

void EvidenceServer::ChannelsAreKnown() { impl_->ChannelsAreKnown(); }

EvidenceCounts EvidenceServer::counts() const { return impl_->counts(); }

}  // namespace retrovue

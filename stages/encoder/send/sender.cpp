#include "stages/encoder/send/sender.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "stages/encoder/send/rejoin_mask.h"

namespace air {
namespace {

constexpr int64_t kLongestWaitNs = 100 * kNanosPerMs;  // heartbeat and stop flag are never farther
constexpr uint32_t kMaxChunkBytes = 65536;

static_assert(sizeof(TsPacket) == kJournalPacketBytes);

absl::Status SystemError(const char* what) {
  return absl::InternalError(absl::StrCat("sender: ", what, ": ", std::strerror(errno)));
}

bool MakeNonBlocking(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

bool IsStreamSocket(int fd) {
  int type = 0;
  socklen_t length = sizeof(type);
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM;
}

void WaitForRoom(int socket) {
  pollfd wait{.fd = socket, .events = POLLOUT, .revents = 0};
  poll(&wait, 1, static_cast<int>(kLongestWaitNs / kNanosPerMs));
}

void BlockSigpipe() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void BlockAllSignals() {
  sigset_t set;
  sigfillset(&set);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ExactlyOnceSender>> ExactlyOnceSender::Create(std::span<std::byte> journal,
                                                                             SinkDescriptors sink,
                                                                             RejoinPrologue prologue,
                                                                             SendLimits limits,
                                                                             MasterClock& clock) {
  absl::StatusOr<JournalReader> reader = JournalReader::Attach(journal);
  if (!reader.ok()) return reader.status();
  absl::StatusOr<SenderPage*> page = AttachSenderPage(journal);
  if (!page.ok()) return page.status();
  if (!IsStreamSocket(sink.socket)) return absl::InternalError("sender: the sink is not a stream socket");
  if (!MakeNonBlocking(sink.socket)) return SystemError("sink socket");
  if (!MakeNonBlocking(sink.pipe_write)) return SystemError("sink pipe");
  // A user with many pipes gets small ones; a chunk must fit into an empty pipe, or its write could stop
  // half-way.
  const int pipe_bytes = fcntl(sink.pipe_write, F_GETPIPE_SZ);
  if (pipe_bytes <= 0) return SystemError("sink pipe");
  const uint32_t chunk_bytes = std::min(static_cast<uint32_t>(pipe_bytes), kMaxChunkBytes);
  limits.chunk_packets =
      std::min<uint32_t>(std::max(limits.chunk_packets, 1u), chunk_bytes / uint32_t{kJournalPacketBytes});
  return std::unique_ptr<ExactlyOnceSender>(
      new ExactlyOnceSender(*reader, **page, sink, std::move(prologue), limits, clock));
}

ExactlyOnceSender::ExactlyOnceSender(JournalReader journal, SenderPage& page, SinkDescriptors sink,
                                     RejoinPrologue prologue, SendLimits limits, MasterClock& clock)
    : journal_(std::move(journal)),
      page_(page),
      sink_(sink),
      prologue_(std::move(prologue)),
      limits_(limits),
      clock_(clock),
      chunk_(size_t{limits.chunk_packets} * kJournalPacketBytes) {}

absl::Status ExactlyOnceSender::Run(std::stop_token stop) {
  BlockSigpipe();
  if (absl::Status s = Recover(); !s.ok()) return s;
  while (!stop.stop_requested()) {
    Report();
    absl::StatusOr<bool> empty = DrainPipe();
    if (!empty.ok()) return empty.status();
    if (!*empty) {
      WaitForRoom(sink_.socket);
      continue;
    }
    if (absl::Status s = Step(); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status ExactlyOnceSender::Recover() {
  absl::StatusOr<int> held = BytesInPipe();
  if (!held.ok()) return held.status();
  const uint64_t written = page_.written.load(std::memory_order_acquire);
  const uint64_t intent = page_.intent.load(std::memory_order_acquire);
  if (*held > 0 && written != intent) {
    // Killed between the write and its note. Nothing has been spliced yet, so the pipe holds the chunk whole.
    const uint32_t expected = page_.intent_bytes.load(std::memory_order_relaxed);
    if (static_cast<uint32_t>(*held) != expected) {
      return absl::DataLossError(
          absl::StrCat("sender: the pipe holds ", *held, " bytes of a chunk of ", expected));
    }
    page_.written.store(intent, std::memory_order_release);
  }
  const std::optional<JournalEntry> newest = journal_.Newest();
  const uint64_t end = newest ? newest->record.end_packet : 0;
  if (const uint64_t position = page_.written.load(std::memory_order_relaxed); position > end) {
    return absl::DataLossError(
        absl::StrCat("sender: stands at packet ", position, ", the journal ends at ", end));
  }
  return absl::OkStatus();
}

absl::Status ExactlyOnceSender::Step() {
  const uint32_t bell =
      journal_.Bell();  // before the look at the journal, so that no commit in between is slept over
  const uint64_t position = page_.written.load(std::memory_order_relaxed);
  const Nanos now = clock_.Now();
  const SendDecision decision = DecideSend(journal_, position, now, limits_);
  switch (decision.action) {
    case SendDecision::Action::kWaitForCommit:
      journal_.WaitForCommit(bell, kLongestWaitNs);
      return absl::OkStatus();
    case SendDecision::Action::kWaitUntil:
      clock_.SleepUntil(std::min(decision.until, now + kLongestWaitNs));
      return absl::OkStatus();
    case SendDecision::Action::kSend:
      return SendChunk(position, decision.end);
    case SendDecision::Action::kRejoin:
      return Rejoin(position, decision);
  }
  return absl::InternalError("sender: unknown decision");
}

absl::StatusOr<bool> ExactlyOnceSender::DrainPipe() {
  while (true) {
    absl::StatusOr<int> held = BytesInPipe();
    if (!held.ok()) return held.status();
    if (*held == 0) return true;
    const ssize_t taken = splice(sink_.pipe_read, nullptr, sink_.socket, nullptr, static_cast<size_t>(*held),
                                 SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    if (taken >= 0) {
      page_.sent_bytes.fetch_add(static_cast<uint64_t>(taken), std::memory_order_relaxed);
    } else if (errno == EAGAIN) {
      return false;
    } else if (errno != EINTR) {
      return absl::UnavailableError(absl::StrCat("sender: the viewer is gone: ", std::strerror(errno)));
    }
  }
}

absl::Status ExactlyOnceSender::SendChunk(uint64_t first, uint64_t end) {
  const std::span<std::byte> bytes = std::span(chunk_).first((end - first) * kJournalPacketBytes);
  // Overwritten while we copied: nothing has happened yet, and the next decision is a rejoin.
  if (journal_.CopyPackets(first, bytes) != JournalRead::kOk) return absl::OkStatus();
  if (!MaskAfterRejoin(first, bytes)) return absl::OkStatus();
  return HandToPipe(bytes, end);
}

bool ExactlyOnceSender::MaskAfterRejoin(uint64_t first, std::span<std::byte> packets) const {
  const uint64_t from = page_.rejoin_from.load(std::memory_order_relaxed);
  const uint64_t idr = page_.rejoin_idr.load(std::memory_order_relaxed);
  if (first >= idr || first + packets.size() / kJournalPacketBytes <= from) return true;
  TsPacket idr_packet;
  if (journal_.CopyPackets(idr, std::as_writable_bytes(std::span(idr_packet))) != JournalRead::kOk)
    return false;
  MaskBeforeIdr(packets, first, from, idr, idr_packet);
  return true;
}

absl::Status ExactlyOnceSender::Rejoin(uint64_t position, const SendDecision& decision) {
  TsPacket idr_packet;
  if (journal_.CopyPackets(decision.idr_packet, std::as_writable_bytes(std::span(idr_packet))) !=
      JournalRead::kOk) {
    return absl::OkStatus();  // overwritten meanwhile; the next decision is another one
  }
  TransportCheckpoint before = decision.before;
  before.continuity[static_cast<size_t>(PidSlot::kVideo)] = ContinuityOf(idr_packet);
  page_.rejoin_from.store(decision.end, std::memory_order_relaxed);
  page_.rejoin_idr.store(decision.idr_packet, std::memory_order_relaxed);
  const std::vector<TsPacket> prologue = prologue_(before);
  const auto bytes = std::as_bytes(std::span(prologue));
  if (bytes.empty() || bytes.size() > chunk_.size()) {
    return absl::InternalError(absl::StrCat("sender: a rejoin prologue of ", prologue.size(), " packets"));
  }
  if (absl::Status s = HandToPipe(bytes, decision.end); !s.ok()) return s;
  page_.dropped_packets.fetch_add(decision.end - position, std::memory_order_relaxed);
  page_.rejoins.fetch_add(1, std::memory_order_relaxed);
  return absl::OkStatus();
}

absl::Status ExactlyOnceSender::HandToPipe(std::span<const std::byte> chunk, uint64_t end) {
  page_.intent_bytes.store(static_cast<uint32_t>(chunk.size()), std::memory_order_relaxed);
  page_.intent.store(end, std::memory_order_release);
  ssize_t put = 0;
  do {
    put = write(sink_.pipe_write, chunk.data(), chunk.size());
  } while (put < 0 && errno == EINTR);
  if (put < 0) return SystemError("pipe");
  if (static_cast<size_t>(put) != chunk.size()) {
    return absl::InternalError(absl::StrCat("sender: the pipe took ", put, " of ", chunk.size(), " bytes"));
  }
  page_.written.store(end, std::memory_order_release);
  return absl::OkStatus();
}

absl::StatusOr<int> ExactlyOnceSender::BytesInPipe() const {
  int held = 0;
  if (ioctl(sink_.pipe_read, FIONREAD, &held) != 0) return SystemError("pipe");
  return held;
}

void ExactlyOnceSender::Report() {
  const std::optional<JournalEntry> newest = journal_.Newest();
  const uint64_t end = newest ? newest->record.end_packet : 0;
  page_.pending_packets.store(end - page_.written.load(std::memory_order_relaxed), std::memory_order_relaxed);
  page_.beat_ns.store(clock_.Now().value(), std::memory_order_relaxed);
}

void ExactlyOnceSender::Start() {
  thread_ = std::jthread([this](std::stop_token stop) {
    BlockAllSignals();
    pthread_setname_np(pthread_self(), "sender");
    absl::Status status = Run(std::move(stop));
    const std::lock_guard hold(ended_lock_);
    ended_ = std::move(status);
  });
}

void ExactlyOnceSender::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

std::optional<absl::Status> ExactlyOnceSender::ended() const {
  const std::lock_guard hold(ended_lock_);
  return ended_;
}

void PlaceForNewViewer(const JournalReader& journal, SenderPage& page) {
  const auto idr = journal.LatestIdr();
  if (!idr) return;
  page.rejoin_from.store(idr->entry.record.first_packet, std::memory_order_relaxed);
  page.rejoin_idr.store(idr->entry.record.idr_packet, std::memory_order_relaxed);
  page.intent.store(idr->entry.record.first_packet, std::memory_order_release);
  page.written.store(idr->entry.record.first_packet, std::memory_order_release);
}

}  // namespace air

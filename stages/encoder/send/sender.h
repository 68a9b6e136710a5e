// ExactlyOnceSender: moves the committed packets of a TransportJournal into a socket, each exactly once and
// whole, even though the process around it may be killed at any instruction.
//
// A cursor beside send() cannot do that: a kill between the two leaves a packet sent twice or not at all.
// Here the bytes cross a pipe whose two ends, like the socket, outlive the process (other processes of the
// channel hold them too):
//
//   wait until the pipe is empty   FIONREAD: the kernel's word, not ours
//   intent = end of the chunk      a chunk: whole packets, no more than an empty pipe takes in one write
//   write the chunk to the pipe    all of it or, killed before, nothing: no signal cuts it short
//   written = intent
//   splice the pipe to the socket  until it is empty; what the socket took is gone from the pipe, what it
//                                  did not take is still there, and no instant lies between
//
// A successor reads the truth from the pipe: not empty means the chunk was written (written = intent, splice
// the rest); empty means that everything below `written` has been sent, so go on there.
//
// A viewer that stops reading is never waited for upstream: see send_decision.h. When it reads again it is
// given the rejoin prologue, and then the newest IDR tick. The prologue is one chunk whose intent is that
// tick's first packet, so it too is sent exactly once. What of earlier pictures still stands in that tick is
// masked (rejoin_mask.h). The place is noted before the prologue is intended, so that a successor can mask it.
//
// The caller guarantees that one sender runs at a time: the predecessor's death is certain before the next
// one starts. A datagram socket would keep one ambiguous datagram per kill; this sender takes stream sockets
// only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/master_clock.h"
#include "shm/transport_journal.h"
#include "stages/encoder/send/send_decision.h"
#include "stages/encoder/ts/ts_packet.h"

namespace air {

// What outlives a sender. Borrowed: they stay open for as long as the sender lives.
struct SinkDescriptors {
  int socket = -1;  // connected stream socket (UNIX or TCP); made non-blocking
  int pipe_read = -1;
  int pipe_write = -1;  // made non-blocking
};

// Packets without payload that tell a viewer, before it gets the tick after `before`, that the stream was cut
// there.
using RejoinPrologue = std::function<std::vector<TsPacket>(const TransportCheckpoint& before)>;

class ExactlyOnceSender {
 public:
  // `journal` is the whole segment, mapped read-write; `limits.chunk_packets` is lowered to what the pipe
  // holds. Errors: those of ValidateJournal, Internal for descriptors that are not what they should be.
  static absl::StatusOr<std::unique_ptr<ExactlyOnceSender>> Create(std::span<std::byte> journal,
                                                                   SinkDescriptors sink,
                                                                   RejoinPrologue prologue, SendLimits limits,
                                                                   MasterClock& clock);
  ~ExactlyOnceSender() { Stop(); }

  // The loop. Returns OK when told to stop, within 100 ms; Unavailable when the viewer is gone; DataLoss when
  // pipe and journal contradict each other. splice() knows no MSG_NOSIGNAL, so SIGPIPE is blocked in the
  // calling thread.
  absl::Status Run(std::stop_token stop);

  // The same on a thread of its own, which takes no signals. Start at most once.
  void Start();
  void Stop();
  std::optional<absl::Status> ended() const;  // what Run returned; nothing while it runs

 private:
  ExactlyOnceSender(JournalReader journal, SenderPage& page, SinkDescriptors sink, RejoinPrologue prologue,
                    SendLimits limits, MasterClock& clock);

  absl::Status Recover();
  absl::Status Step();  // the pipe is empty: one decision
  absl::StatusOr<bool> DrainPipe();
  absl::Status SendChunk(uint64_t first, uint64_t end);
  // False: overwritten meanwhile.
  bool MaskAfterRejoin(uint64_t first, std::span<std::byte> packets) const;
  absl::Status Rejoin(uint64_t position, const SendDecision& decision);
  absl::Status HandToPipe(std::span<const std::byte> chunk, uint64_t end);
  absl::StatusOr<int> BytesInPipe() const;
  void Report();

  const JournalReader journal_;
  SenderPage& page_;
  const SinkDescriptors sink_;
  const RejoinPrologue prologue_;
  const SendLimits limits_;
  MasterClock& clock_;
  std::vector<std::byte> chunk_;

  mutable std::mutex ended_lock_;
  std::optional<absl::Status> ended_;
  std::jthread thread_;
};

// Places a sender that is not running, over a new and empty pipe, at the newest IDR tick: a viewer that has
// just connected gets tables and a picture it can decode at once. Without such a tick the position stays.
void PlaceForNewViewer(const JournalReader& journal, SenderPage& page);

}  // namespace air

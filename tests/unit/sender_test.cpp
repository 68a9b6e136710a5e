// The sender's decisions as a pure function, and the sender itself over a socket pair in this process.
#include "stages/encoder/send/sender.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "tests/support/sink_sockets.h"

namespace air {
namespace {

using Action = SendDecision::Action;
constexpr int64_t kTickNs = 40 * kNanosPerMs;

TsPacket Numbered(uint64_t number) {
  TsPacket packet{};
  packet[0] = 0x47;
  std::memcpy(packet.data() + 8, &number, 8);
  return packet;
}

uint64_t NumberOf(const TsPacket& packet) {
  uint64_t number = 0;
  std::memcpy(&number, packet.data() + 8, 8);
  return number;
}

// Prologue packets are told apart by a flag no numbered packet has, and say where the stream went on.
constexpr uint64_t kPrologueFlag = uint64_t{1} << 63;
std::vector<TsPacket> Prologue(const TransportCheckpoint& before) {
  return {Numbered(kPrologueFlag | before.packets), Numbered(kPrologueFlag | before.packets)};
}

// A journal, and a way to write ticks into it. Ticks are 40 ms apart; tick 0 is due at 0.
class Journal {
 public:
  explicit Journal(JournalGeometry geometry = {.packet_capacity = 1024, .checkpoint_slots = 64})
      : bytes_(geometry.SegmentBytes()), data_(static_cast<std::byte*>(std::aligned_alloc(4096, bytes_))) {
    std::memset(data_.get(), 0, bytes_);
    EXPECT_TRUE(FormatJournal(span(), geometry, {1, 2}).ok());
    writer_ = std::make_unique<JournalWriter>(*JournalWriter::Attach(span()));
  }
  std::span<std::byte> span() { return {data_.get(), bytes_}; }
  JournalReader reader() { return *JournalReader::Attach(span()); }
  SenderPage& sender() { return **AttachSenderPage(span()); }

  void Write(size_t packets, bool idr = false) {
    for (size_t i = 0; i < packets; ++i) {
      const TsPacket packet = Numbered(writer_->next_packet());
      ASSERT_TRUE(writer_->Append(std::as_bytes(std::span(packet))).ok());
    }
    TickCommit commit{.tick = Tick(tick_), .deadline = Nanos(tick_ * kTickNs), .idr = idr, .checkpoint = {}};
    commit.checkpoint.next_tick = ++tick_;
    commit.checkpoint.packets = writer_->next_packet();
    ASSERT_TRUE(writer_->Commit(commit).ok());
  }

 private:
  struct Free {
    void operator()(std::byte* p) const { std::free(p); }
  };
  size_t bytes_;
  std::unique_ptr<std::byte, Free> data_;
  std::unique_ptr<JournalWriter> writer_;
  int64_t tick_ = 0;
};

SendDecision Decide(Journal& journal, uint64_t position, int64_t now = 0, SendLimits limits = {}) {
  return DecideSend(journal.reader(), position, Nanos(now), limits);
}

TEST(SendDecision, WaitsForACommitWhenThereIsNothingToSend) {
  Journal journal;
  EXPECT_EQ(Decide(journal, 0).action, Action::kWaitForCommit);
  journal.Write(5, true);
  EXPECT_EQ(Decide(journal, 5).action, Action::kWaitForCommit);
}

TEST(SendDecision, SendsAsManyWholeTicksAsFitIntoAChunk) {
  Journal journal;
  for (int tick = 0; tick < 5; ++tick) journal.Write(100, tick == 0);
  const SendDecision decision = Decide(journal, 0);
  EXPECT_EQ(decision.action, Action::kSend);
  EXPECT_EQ(decision.end, 300u);  // 348 fit, but a part of a tick is not sent before it must be
  EXPECT_EQ(Decide(journal, 300).end, 500u);
}

TEST(SendDecision, SendsATickLargerThanAChunkInPieces) {
  Journal journal;
  journal.Write(500, true);
  journal.Write(10);
  EXPECT_EQ(Decide(journal, 0).end, 348u);
  EXPECT_EQ(Decide(journal, 348).end, 510u);
}

TEST(SendDecision, HoldsATickBackUntilItsDeadlinePlusTheDelay) {
  Journal journal;
  for (int tick = 0; tick < 3; ++tick) journal.Write(10, tick == 0);
  const SendLimits limits{.delay_ns = 700 * kNanosPerMs};
  const SendDecision early = Decide(journal, 10, 700 * kNanosPerMs, limits);
  EXPECT_EQ(early.action, Action::kWaitUntil);
  EXPECT_EQ(early.until, Nanos(740 * kNanosPerMs));
  const SendDecision due = Decide(journal, 10, 740 * kNanosPerMs, limits);
  EXPECT_EQ(due.action, Action::kSend);
  EXPECT_EQ(due.end, 20u) << "the tick after it is not due yet";
}

TEST(SendDecision, FinishesATickItHasBegunWhateverTheBacklog) {
  Journal journal;
  for (int tick = 0; tick < 60; ++tick) journal.Write(10, tick % 25 == 0);
  const SendLimits limits{.backlog_ns = 10 * kTickNs};
  EXPECT_EQ(Decide(journal, 3, 0, limits).action, Action::kSend);
  const SendDecision at_border = Decide(journal, 10, 0, limits);
  EXPECT_EQ(at_border.action, Action::kRejoin);
  EXPECT_EQ(at_border.end, 500u);
  EXPECT_EQ(at_border.before.packets, 500u);
  EXPECT_EQ(at_border.before.next_tick, 50);
}

TEST(SendDecision, DropsOnlyWhatExceedsTheLimitInTime) {
  Journal journal;
  for (int tick = 0; tick < 12; ++tick) journal.Write(10, tick % 4 == 0);
  EXPECT_EQ(Decide(journal, 0, 0, {.backlog_ns = 11 * kTickNs}).action, Action::kSend);
  EXPECT_EQ(Decide(journal, 0, 0, {.backlog_ns = 10 * kTickNs}).action, Action::kRejoin);
  EXPECT_EQ(Decide(journal, 0, 2000 * kNanosPerMs, {.delay_ns = kTickNs, .backlog_ns = 10 * kTickNs}).action,
            Action::kSend)
      << "a delay that was asked for is no backlog";
}

TEST(SendDecision, DropsByChoiceBeforeItIsLapped) {
  Journal journal;
  for (int tick = 0; tick < 8; ++tick) journal.Write(100, tick % 2 == 0);
  const SendDecision decision = Decide(journal, 0, 0, {.backlog_ns = 3600 * kNanosPerSecond});
  EXPECT_EQ(decision.action, Action::kRejoin);  // 800 of 1024 packets
  EXPECT_EQ(decision.end, 600u);
}

TEST(SendDecision, DropsByChoiceBeforeTheCheckpointsRunOut) {
  Journal journal;
  for (int tick = 0; tick < 50; ++tick) journal.Write(1, tick % 10 == 0);
  EXPECT_EQ(Decide(journal, 0, 0, {.backlog_ns = 3600 * kNanosPerSecond}).action, Action::kRejoin);
}

TEST(SendDecision, GoesOnSendingWhenNoLaterIdrTickIsThere) {
  Journal journal;
  for (int tick = 0; tick < 20; ++tick) journal.Write(10, tick == 0);
  const SendDecision decision = Decide(journal, 0, 0, {.backlog_ns = kTickNs});
  EXPECT_EQ(decision.action, Action::kSend);
}

TEST(SendDecision, ALappedSenderRejoinsOrWaitsForTheNextIdrTick) {
  Journal journal;
  journal.Write(400, true);
  for (int tick = 1; tick < 10; ++tick) journal.Write(300);
  EXPECT_EQ(Decide(journal, 100).action, Action::kWaitForCommit);
  journal.Write(300, true);
  const SendDecision decision = Decide(journal, 100);
  EXPECT_EQ(decision.action, Action::kRejoin);
  EXPECT_EQ(decision.end, 3100u);
}

// ---- the sender over a socket pair

class SenderTest : public ::testing::Test {
 protected:
  SinkDescriptors Sink() const { return sockets_.sink(); }

  std::unique_ptr<ExactlyOnceSender> Sender(SendLimits limits = {}) {
    auto sender = ExactlyOnceSender::Create(journal_.span(), Sink(), Prologue, limits, clock_);
    EXPECT_TRUE(sender.ok()) << sender.status();
    return *std::move(sender);
  }

  // Blocks until the viewer has `count` more packets.
  std::vector<uint64_t> View(size_t count) {
    std::vector<uint64_t> numbers;
    for (TsPacket packet; numbers.size() < count;) {
      if (recv(sockets_.viewer.get(), packet.data(), packet.size(), MSG_WAITALL) != 188) break;
      numbers.push_back(NumberOf(packet));
    }
    return numbers;
  }
  static std::vector<uint64_t> Range(uint64_t first, uint64_t end) {
    std::vector<uint64_t> numbers;
    for (; first < end; ++first) numbers.push_back(first);
    return numbers;
  }
  int BytesInPipe() const {
    int held = 0;
    EXPECT_EQ(ioctl(sockets_.pipe_read.get(), FIONREAD, &held), 0);
    return held;
  }
  // What a sender leaves behind that was killed between its write to the pipe and the note of it.
  void DieAfterPipeWrite(uint64_t first, uint64_t end, size_t bytes_lost = 0) {
    for (uint64_t number = first; number < end; ++number) {
      const TsPacket packet = Numbered(number);
      const size_t bytes = number + 1 == end ? 188 - bytes_lost : 188;
      ASSERT_EQ(write(sockets_.pipe_write.get(), packet.data(), bytes), static_cast<ssize_t>(bytes));
    }
    journal_.sender().intent_bytes = static_cast<uint32_t>((end - first) * 188);
    journal_.sender().intent = end;
  }

  Journal journal_;
  VirtualClock clock_{Nanos(1000 * kNanosPerSecond)};
  SinkSockets sockets_;
};

TEST_F(SenderTest, SendsEveryCommittedPacketInOrder) {
  auto sender = Sender();
  sender->Start();
  for (int tick = 0; tick < 30; ++tick) {
    journal_.Write(17, tick == 0);
    EXPECT_EQ(View(17), Range(tick * 17, tick * 17 + 17));
  }
  sender->Stop();
  ASSERT_TRUE(sender->ended());
  EXPECT_TRUE(sender->ended()->ok());
  EXPECT_EQ(journal_.sender().sent_bytes, 30u * 17 * 188);
  EXPECT_EQ(journal_.sender().written, 510u);
  EXPECT_EQ(journal_.sender().dropped_packets, 0u);
  EXPECT_EQ(journal_.sender().beat_ns, clock_.Now().value());
}

TEST_F(SenderTest, ASuccessorGoesOnWhereThePredecessorStood) {
  journal_.Write(50, true);
  auto first = Sender();
  first->Start();
  EXPECT_EQ(View(50), Range(0, 50));
  first.reset();
  journal_.Write(50);
  auto second = Sender();
  second->Start();
  EXPECT_EQ(View(50), Range(50, 100));
}

TEST_F(SenderTest, TakesWhatThePipeHoldsAsWritten) {
  journal_.Write(100, true);
  DieAfterPipeWrite(0, 40);
  auto sender = Sender();
  sender->Start();
  EXPECT_EQ(View(100), Range(0, 100));
}

TEST_F(SenderTest, TakesAnEmptyPipeAsNotWrittenWhateverWasIntended) {
  journal_.Write(100, true);
  journal_.sender().intent = 40;
  journal_.sender().intent_bytes = 40 * 188;
  auto sender = Sender();
  sender->Start();
  EXPECT_EQ(View(100), Range(0, 100));
}

TEST_F(SenderTest, EndsRatherThanSendATornChunk) {
  journal_.Write(100, true);
  DieAfterPipeWrite(0, 40, 88);
  EXPECT_EQ(Sender()->Run({}).code(), absl::StatusCode::kDataLoss);
}

TEST_F(SenderTest, EndsWhenItsPositionIsBeyondTheJournal) {
  journal_.Write(100, true);
  journal_.sender().written = journal_.sender().intent = 101;
  EXPECT_EQ(Sender()->Run({}).code(), absl::StatusCode::kDataLoss);
}

TEST_F(SenderTest, SaysSoWhenTheViewerIsGoneAndSurvivesIt) {
  sockets_.viewer.Reset();
  journal_.Write(100, true);
  EXPECT_EQ(Sender()->Run({}).code(), absl::StatusCode::kUnavailable);
}

TEST_F(SenderTest, RejoinsAtTheNewestIdrTickBehindOnePrologue) {
  for (int tick = 0; tick < 60; ++tick) journal_.Write(5, tick % 25 == 0);
  auto sender = Sender({.backlog_ns = 10 * kTickNs});
  sender->Start();
  const std::vector<uint64_t> seen = View(52);
  EXPECT_EQ(seen[0], kPrologueFlag | 250);
  EXPECT_EQ(seen[1], kPrologueFlag | 250);
  EXPECT_EQ(std::vector(seen.begin() + 2, seen.end()), Range(250, 300));
  sender->Stop();
  EXPECT_EQ(journal_.sender().dropped_packets, 250u);
  EXPECT_EQ(journal_.sender().rejoins, 1u);
}

TEST_F(SenderTest, APrologueThatIsInThePipeIsNotSentAgain) {
  for (int tick = 0; tick < 60; ++tick) journal_.Write(5, tick % 25 == 0);
  const std::vector<TsPacket> prologue = Prologue({.packets = 250});
  ASSERT_EQ(write(sockets_.pipe_write.get(), prologue.data(), 376), 376);  // killed before the note
  journal_.sender().intent_bytes = 376;
  journal_.sender().intent = 250;
  auto sender = Sender({.backlog_ns = 10 * kTickNs});
  sender->Start();
  const std::vector<uint64_t> seen = View(52);
  EXPECT_EQ(std::count(seen.begin(), seen.end(), kPrologueFlag | 250), 2);
  EXPECT_EQ(std::vector(seen.begin() + 2, seen.end()), Range(250, 300));
}

TEST_F(SenderTest, ANewViewerStartsAtTheNewestIdrTickWithoutAPrologue) {
  for (int tick = 0; tick < 60; ++tick) journal_.Write(5, tick % 25 == 0);
  PlaceForNewViewer(journal_.reader(), journal_.sender());
  auto sender = Sender();
  sender->Start();
  EXPECT_EQ(View(50), Range(250, 300));
  sender->Stop();
  EXPECT_EQ(journal_.sender().dropped_packets, 0u);
}

TEST_F(SenderTest, StopsAtOnceWhenAskedEvenWithAViewerThatDoesNotRead) {
  for (int tick = 0; tick < 3; ++tick) journal_.Write(340, tick == 0);
  const int tiny = 4096;
  ASSERT_EQ(setsockopt(sockets_.socket.get(), SOL_SOCKET, SO_SNDBUF, &tiny, sizeof(tiny)), 0);
  auto sender = Sender({.backlog_ns = 3600 * kNanosPerSecond});
  sender->Start();
  while (BytesInPipe() == 0) sched_yield();
  sender->Stop();
  EXPECT_TRUE(sender->ended()->ok());
  EXPECT_GT(BytesInPipe(), 0) << "what the viewer has not taken stays for the successor";
}

TEST_F(SenderTest, FitsItsChunksToASmallPipe) {
  ASSERT_EQ(fcntl(sockets_.pipe_write.get(), F_SETPIPE_SZ, 4096), 4096);
  journal_.Write(500, true);
  auto sender = Sender();
  sender->Start();
  EXPECT_EQ(View(500), Range(0, 500));
}

TEST_F(SenderTest, HoldsEveryTickBackByTheDelay) {
  for (int tick = 0; tick < 3; ++tick) journal_.Write(5, tick == 0);
  VirtualClock clock(Nanos(0));  // moves when the sender sleeps
  auto sender =
      *ExactlyOnceSender::Create(journal_.span(), Sink(), Prologue, {.delay_ns = 700 * kNanosPerMs}, clock);
  sender->Start();
  View(15);
  sender->Stop();
  EXPECT_EQ(clock.Now(), Nanos(780 * kNanosPerMs));
}

// A clock that looks, before it moves, at what has reached the viewer by then.
class WatchingClock final : public MasterClock {
 public:
  WatchingClock(Nanos start, std::function<void(Nanos)> look) : now_(start), look_(std::move(look)) {}
  Nanos Now() const override { return now_; }
  UtcMs UtcNow() const override { return UtcMs(0); }
  void SleepUntil(Nanos deadline) override {
    look_(now_);
    now_ = std::max(now_, deadline);
  }

 private:
  Nanos now_;
  std::function<void(Nanos)> look_;
};

// The first ticks are a burst for the sender: they were committed long before it came. Every tick leaves at
// its own instant all the same, and nothing in between.
TEST_F(SenderTest, SendsEachTickExactlyTheDelayAfterItsDeadlineAndNeverTwoAtOnce) {
  constexpr int kTicks = 40;
  for (int tick = 0; tick < kTicks; ++tick) journal_.Write(static_cast<size_t>(3 + tick % 5), tick == 0);
  constexpr int64_t kDelay = 700 * kNanosPerMs;
  std::vector<std::pair<int64_t, size_t>> arrived;  // when, how many packets
  WatchingClock clock(Nanos(0), [&](Nanos now) {
    TsPacket packet;
    size_t packets = 0;
    while (recv(sockets_.viewer.get(), packet.data(), packet.size(), MSG_DONTWAIT) == 188) ++packets;
    if (packets > 0) arrived.emplace_back(now.value(), packets);
  });
  auto sender = *ExactlyOnceSender::Create(
      journal_.span(), Sink(), Prologue,
      {.delay_ns = kDelay, .backlog_ns = 3600 * kNanosPerSecond, .chunk_packets = 348}, clock);
  journal_.Write(1);  // due when all others have gone, so that the clock looks once more
  std::stop_source stop;
  std::thread run([&] { EXPECT_TRUE(sender->Run(stop.get_token()).ok()); });
  while (journal_.sender().written < journal_.reader().Newest()->record.end_packet) sched_yield();
  stop.request_stop();
  run.join();
  ASSERT_EQ(arrived.size(), static_cast<size_t>(kTicks));
  for (int tick = 0; tick < kTicks; ++tick) {
    EXPECT_EQ(arrived[static_cast<size_t>(tick)].first, tick * kTickNs + kDelay);
    EXPECT_EQ(arrived[static_cast<size_t>(tick)].second, static_cast<size_t>(3 + tick % 5));
  }
}

TEST_F(SenderTest, RefusesADatagramSocket) {
  int sockets[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets), 0);
  const UniqueFd a(sockets[0]), b(sockets[1]);
  SinkDescriptors sink = Sink();
  sink.socket = a.get();
  EXPECT_FALSE(ExactlyOnceSender::Create(journal_.span(), sink, Prologue, {}, clock_).ok());
}

}  // namespace
}  // namespace air

// Crash-point enumeration for the backlog: an encoder at a constant rate dies at every step of every tick,
// its successor at every other. The stream in the journal is, byte for byte, that of an encoder that does not die.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "shm/transport_journal.h"
#include "tests/support/effort.h"
#include "tests/unit/constant_rate_channel.h"

namespace air {
namespace {

constexpr JournalGeometry kGeometry{.packet_capacity = 4096, .checkpoint_slots = 64, .backlog_capacity = 256};
constexpr int64_t kTicks = 18;
constexpr int kSteps = 4;  // of a tick: before the backlog, behind it, behind the packets, behind the commit
constexpr int kNever = 1 << 20;

// Backlogs that grow over two ticks and drain over the next ones, around the ring's end.
size_t PictureBytes(int64_t n) { return n % 6 == 1 ? 44'000 : n % 6 == 2 ? 14'000 : 900; }

class Journal {
 public:
  Journal() : memory_(static_cast<std::byte*>(std::aligned_alloc(kJournalPage, kGeometry.SegmentBytes()))) {
    std::memset(memory_.get(), 0, kGeometry.SegmentBytes());
    EXPECT_TRUE(FormatJournal(bytes(), kGeometry, {1, 2}).ok());
  }
  std::span<std::byte> bytes() { return {memory_.get(), kGeometry.SegmentBytes()}; }

  // What a store that was cut short may leave: nothing that no checkpoint names means anything.
  void Spoil() {
    const auto newest = JournalReader::Attach(bytes())->Newest();
    const uint64_t begin = newest ? newest->record.checkpoint.backlog_begin : 0;
    const uint64_t end = newest ? newest->record.checkpoint.backlog_end : 0;
    for (uint64_t b = end; b < begin + kGeometry.backlog_capacity; ++b) {
      std::memset(
          memory_.get() + kGeometry.BacklogOffset() + b % kGeometry.backlog_capacity * kPacketSlotBytes, 0xDD,
          kPacketSlotBytes);
    }
  }

  std::vector<std::byte> Stream() {
    const JournalReader reader = *JournalReader::Attach(bytes());
    std::vector<std::byte> packets(reader.Newest()->record.end_packet * kJournalPacketBytes);
    EXPECT_EQ(reader.CopyPackets(0, packets), JournalRead::kOk);
    return packets;
  }
  uint64_t MostBacklog() {
    const JournalReader reader = *JournalReader::Attach(bytes());
    uint64_t most = 0;
    for (uint64_t i = 0; i < reader.CommittedTicks(); ++i) {
      JournalRecord record;
      EXPECT_EQ(reader.ReadRecord(i, record), JournalRead::kOk);
      most = std::max(most, record.checkpoint.backlog_end - record.checkpoint.backlog_begin);
    }
    return most;
  }

 private:
  struct Free {
    void operator()(std::byte* p) const { std::free(p); }
  };
  std::unique_ptr<std::byte, Free> memory_;
};

// One encoder: goes on behind the last commit, and dies after `steps`. False: it has come to the end.
bool RunEncoder(Journal& journal, int steps) {
  JournalWriter writer = *JournalWriter::Attach(journal.bytes());
  ConstantRateChannel channel({25, 1}, 4'000, PictureBytes, 6);
  if (writer.last_commit()) channel.state = writer.last_commit()->checkpoint;
  const std::vector<std::byte> backlog = writer.Backlog();
  for (size_t at = 0; at < backlog.size(); at += kJournalPacketBytes) {
    std::memcpy(channel.backlog.emplace_back().data(), backlog.data() + at, kJournalPacketBytes);
  }
  for (int64_t n = channel.state.next_tick; n < kTicks; ++n) {
    if (steps-- == 0) return true;
    const std::vector<TsPacket> packets = channel.Make(n);
    const std::vector<TsPacket> carried(
        channel.backlog.end() - static_cast<ptrdiff_t>(channel.tick().carried), channel.backlog.end());
    EXPECT_TRUE(writer.AppendBacklog(std::as_bytes(std::span(carried))).ok());
    if (steps-- == 0) return true;
    EXPECT_TRUE(writer.Append(std::as_bytes(std::span(packets))).ok());
    if (steps-- == 0) return true;
    EXPECT_TRUE(writer.Commit({.tick = Tick(n), .deadline = Nanos(n), .checkpoint = channel.state}).ok());
    if (steps-- == 0) return true;
  }
  return false;
}

TEST(BacklogCrash, LeavesTheStreamAsItWasAtEveryPairOfSteps) {
  Journal unbroken;
  EXPECT_FALSE(RunEncoder(unbroken, kNever));
  const std::vector<std::byte> expected = unbroken.Stream();
  EXPECT_GT(unbroken.MostBacklog(), 100u) << "without a backlog this proves nothing";
  constexpr int kStride = EveryNthIfSanitized(7);
  int deaths = 0;
  for (int first = 0; first < kTicks * kSteps; ++first) {
    for (int second = first % kStride; second < kTicks * kSteps - first; second += kStride) {
      Journal journal;
      for (int steps : {first, second, kNever}) {
        if (RunEncoder(journal, steps)) ++deaths;
        journal.Spoil();
      }
      ASSERT_TRUE(journal.Stream() == expected)
          << "died behind step " << first << ", its successor behind " << second;
    }
  }
  EXPECT_GT(deaths, 4000 / kStride);
}

}  // namespace
}  // namespace air

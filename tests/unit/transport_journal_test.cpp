// The transport journal on plain memory: no process, no socket, no clock.
#include "shm/transport_journal.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

namespace air {
namespace {

constexpr JournalGeometry kSmall{.packet_capacity = 1024, .checkpoint_slots = 16};
constexpr std::array<uint64_t, 2> kInstance{0x1111, 0x2222};

// Page-aligned memory, as a mapping would be.
class Memory {
 public:
  explicit Memory(const JournalGeometry& geometry = kSmall) : bytes_(geometry.SegmentBytes()) {
    data_.reset(static_cast<std::byte*>(std::aligned_alloc(kJournalPage, bytes_)));
    std::memset(data_.get(), 0, bytes_);
    EXPECT_TRUE(FormatJournal(span(), geometry, kInstance).ok());
  }
  std::span<std::byte> span() { return {data_.get(), bytes_}; }
  JournalHeader& header() { return *reinterpret_cast<JournalHeader*>(data_.get()); }
  EncoderPage& encoder() { return *reinterpret_cast<EncoderPage*>(data_.get() + 4096); }
  JournalWriter Writer() { return *JournalWriter::Attach(span()); }
  JournalReader Reader() { return *JournalReader::Attach(span()); }

 private:
  struct Free {
    void operator()(std::byte* p) const { std::free(p); }
  };
  size_t bytes_;
  std::unique_ptr<std::byte, Free> data_;
};

// Packet p says p in its first eight bytes, and every other byte follows from it and from `version`.
std::vector<std::byte> Packets(uint64_t first, size_t count, uint8_t version = 0) {
  std::vector<std::byte> bytes(count * kJournalPacketBytes);
  for (size_t i = 0; i < count; ++i) {
    const uint64_t number = first + i;
    std::byte* packet = bytes.data() + i * kJournalPacketBytes;
    for (size_t k = 8; k < kJournalPacketBytes; ++k)
      packet[k] = static_cast<std::byte>(number * 31 + k + version);
    std::memcpy(packet, &number, 8);
  }
  return bytes;
}

TickCommit TickOf(int64_t tick, uint64_t end_packet, bool idr = false) {
  TickCommit commit{
      .tick = Tick(tick), .deadline = Nanos(tick * 40 * kNanosPerMs), .idr = idr, .checkpoint = {}};
  commit.checkpoint.next_tick = tick + 1;
  commit.checkpoint.packets = end_packet;
  return commit;
}

void WriteTick(JournalWriter& writer, int64_t tick, size_t packets, bool idr = false) {
  ASSERT_TRUE(writer.Append(Packets(writer.next_packet(), packets)).ok());
  ASSERT_TRUE(writer.Commit(TickOf(tick, writer.next_packet(), idr)).ok());
}

std::vector<std::byte> Read(const JournalReader& reader, uint64_t first, size_t count) {
  std::vector<std::byte> bytes(count * kJournalPacketBytes);
  EXPECT_EQ(reader.CopyPackets(first, bytes), JournalRead::kOk);
  return bytes;
}

TEST(TransportJournalLayout, IsTheOneOfVersionFour) {
  EXPECT_EQ(kJournalLayoutVersion, 4u);
  EXPECT_EQ(sizeof(JournalHeader), 72u);
  EXPECT_EQ(offsetof(JournalHeader, magic), 0u);
  EXPECT_EQ(offsetof(JournalHeader, layout_version), 8u);
  EXPECT_EQ(offsetof(JournalHeader, header_size), 12u);
  EXPECT_EQ(offsetof(JournalHeader, packet_capacity), 16u);
  EXPECT_EQ(offsetof(JournalHeader, checkpoint_slots), 20u);
  EXPECT_EQ(offsetof(JournalHeader, packet_offset), 24u);
  EXPECT_EQ(offsetof(JournalHeader, segment_bytes), 32u);
  EXPECT_EQ(offsetof(JournalHeader, instance_id), 40u);
  EXPECT_EQ(offsetof(JournalHeader, backlog_capacity), 56u);
  EXPECT_EQ(offsetof(JournalHeader, backlog_offset), 64u);
  EXPECT_EQ(offsetof(EncoderPage, reserved), 0u);
  EXPECT_EQ(offsetof(EncoderPage, committed), 8u);
  EXPECT_EQ(offsetof(EncoderPage, bell), 16u);
  EXPECT_EQ(offsetof(EncoderPage, writer_epoch), 128u);
  EXPECT_EQ(offsetof(EncoderPage, codec_config_bytes), 136u);
  EXPECT_EQ(offsetof(EncoderPage, codec_config), 140u);
  EXPECT_EQ(offsetof(SenderPage, written), 0u);
  EXPECT_EQ(offsetof(SenderPage, intent), 8u);
  EXPECT_EQ(offsetof(SenderPage, intent_bytes), 16u);
  EXPECT_EQ(offsetof(SenderPage, rejoin_from), 24u);
  EXPECT_EQ(offsetof(SenderPage, rejoin_idr), 32u);
  EXPECT_EQ(offsetof(SenderPage, beat_ns), 128u);
  EXPECT_EQ(offsetof(SenderPage, sent_bytes), 136u);
  EXPECT_EQ(offsetof(SenderPage, pending_packets), 144u);
  EXPECT_EQ(offsetof(SenderPage, dropped_packets), 152u);
  EXPECT_EQ(offsetof(SenderPage, rejoins), 160u);
  EXPECT_EQ(offsetof(JournalRecord, tick), 0u);
  EXPECT_EQ(offsetof(JournalRecord, deadline_ns), 8u);
  EXPECT_EQ(offsetof(JournalRecord, first_packet), 16u);
  EXPECT_EQ(offsetof(JournalRecord, end_packet), 24u);
  EXPECT_EQ(offsetof(JournalRecord, flags), 32u);
  EXPECT_EQ(offsetof(JournalRecord, idr_packet), 40u);
  EXPECT_EQ(offsetof(JournalRecord, checkpoint), 64u);
  EXPECT_EQ(offsetof(TransportCheckpoint, next_tick), 0u);
  EXPECT_EQ(offsetof(TransportCheckpoint, next_audio_frame), 8u);
  EXPECT_EQ(offsetof(TransportCheckpoint, packets), 16u);
  EXPECT_EQ(offsetof(TransportCheckpoint, last_pcr), 24u);
  EXPECT_EQ(offsetof(TransportCheckpoint, last_idr_tick), 32u);
  EXPECT_EQ(offsetof(TransportCheckpoint, idr_pic_id), 40u);
  EXPECT_EQ(offsetof(TransportCheckpoint, vbv_fullness), 44u);
  EXPECT_EQ(offsetof(TransportCheckpoint, continuity), 48u);
  EXPECT_EQ(offsetof(TransportCheckpoint, has_pcr), 56u);
  EXPECT_EQ(offsetof(TransportCheckpoint, ticks_since_sdt), 57u);
  EXPECT_EQ(offsetof(TransportCheckpoint, first_tick), 64u);
  EXPECT_EQ(offsetof(TransportCheckpoint, sound_bytes), 72u);
  EXPECT_EQ(offsetof(TransportCheckpoint, backlog_begin), 104u);
  EXPECT_EQ(offsetof(TransportCheckpoint, backlog_end), 112u);
  EXPECT_EQ(offsetof(TransportCheckpoint, sound_end), 120u);
  EXPECT_EQ(JournalGeometry{}.PacketOffset(), 12288u + 1024 * 192);
  EXPECT_EQ(JournalGeometry{}.SegmentBytes(), 12288u + 1024 * 192 + 65536 * 192);
  EXPECT_EQ((JournalGeometry{.backlog_capacity = 1024}.SegmentBytes()),
            12288u + 1024 * 192 + 65536 * 192 + 1024 * 192);
}

TEST(TransportJournalLayout, StandsInMemoryByteForByteAsSpecified) {
  Memory memory;
  JournalWriter writer = memory.Writer();
  WriteTick(writer, 7, 3, true);
  const std::byte* base = memory.span().data();
  EXPECT_EQ(std::memcmp(base, "AIRJRNL1", 8), 0);
  const std::byte* record = base + 12288;
  int64_t tick = 0;
  std::memcpy(&tick, record, 8);
  EXPECT_EQ(tick, 7);
  EXPECT_EQ(static_cast<int>(record[32]), 1);  // IDR
  const std::byte* packets = base + 12288 + 4096;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(std::memcmp(packets + i * 192, Packets(i, 1).data(), 188), 0);
}

TEST(TransportJournal, RefusesWhatIsNoJournalAndSaysWhy) {
  auto refusal = [](auto spoil) {
    Memory memory;
    spoil(memory.header());
    const absl::Status status = ValidateJournal(memory.span());
    EXPECT_EQ(JournalReader::Attach(memory.span()).status(), status);
    EXPECT_EQ(JournalWriter::Attach(memory.span()).status(), status);
    EXPECT_EQ(AttachSenderPage(memory.span()).status(), status);
    return std::string(status.message());
  };
  EXPECT_NE(refusal([](JournalHeader& h) { h.magic = 0; }).find("magic"), std::string::npos);
  EXPECT_NE(refusal([](JournalHeader& h) { h.layout_version = 1; }).find("version 1"), std::string::npos);
  EXPECT_NE(refusal([](JournalHeader& h) { h.header_size = 56; }).find("header"), std::string::npos);
  EXPECT_NE(refusal([](JournalHeader& h) { h.packet_capacity = 1000; }).find("counts"), std::string::npos);
  EXPECT_NE(refusal([](JournalHeader& h) { h.packet_capacity = 1u << 31; }).find("counts"),
            std::string::npos);
  EXPECT_NE(refusal([](JournalHeader& h) { h.packet_capacity = 2048; }).find("claimed"), std::string::npos);
  EXPECT_NE(refusal([](JournalHeader& h) { h.checkpoint_slots = 0; }).find("counts"), std::string::npos);
  EXPECT_NE(refusal([](JournalHeader& h) { h.backlog_capacity = 100; }).find("counts"), std::string::npos);
  EXPECT_NE(refusal([](JournalHeader& h) { h.backlog_capacity = 64; }).find("claimed"), std::string::npos);
  EXPECT_NE(refusal([](JournalHeader& h) { h.backlog_offset += 4096; }).find("claimed"), std::string::npos);
  EXPECT_NE(refusal([](JournalHeader& h) { h.packet_offset += 4096; }).find("claimed"), std::string::npos);
  EXPECT_NE(refusal([](JournalHeader& h) { h.segment_bytes -= 1; }).find("claimed"), std::string::npos);
}

TEST(TransportJournal, RefusesAMappingShorterThanItsCountsNeed) {
  Memory memory;
  const auto all = memory.span();
  EXPECT_TRUE(ValidateJournal(all).ok());
  EXPECT_FALSE(ValidateJournal(all.first(all.size() - 1)).ok());
  EXPECT_FALSE(ValidateJournal(all.first(100)).ok());
  EXPECT_FALSE(ValidateJournal({}).ok());
}

TEST(TransportJournal, IsNotFormattedWithAGeometryItCouldNotKeep) {
  Memory memory;
  for (JournalGeometry bad :
       {JournalGeometry{1000, 16}, JournalGeometry{1024, 16, 100}, JournalGeometry{512, 16},
        JournalGeometry{1024, 24}, JournalGeometry{1024, 8}, JournalGeometry{1u << 23, 16}}) {
    EXPECT_EQ(FormatJournal(memory.span(), bad, kInstance).code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(FormatJournal(memory.span(), JournalGeometry{2048, 16}, kInstance).code(),
            absl::StatusCode::kOutOfRange);
}

TEST(TransportJournal, CarriesItsInstanceIdentity) {
  Memory memory;
  EXPECT_EQ(JournalInstanceId(memory.span()), kInstance);
}

TEST(TransportJournal, ShowsATickWholeOrNotAtAll) {
  Memory memory;
  JournalWriter writer = memory.Writer();
  const JournalReader reader = memory.Reader();
  EXPECT_FALSE(reader.Newest());

  ASSERT_TRUE(writer.Append(Packets(0, 5)).ok());
  ASSERT_TRUE(writer.Append(Packets(5, 2)).ok());
  std::vector<std::byte> one(kJournalPacketBytes);
  JournalRecord record;
  EXPECT_EQ(reader.CommittedTicks(), 0u);
  EXPECT_EQ(reader.CopyPackets(0, one), JournalRead::kTooEarly);
  EXPECT_EQ(reader.ReadRecord(0, record), JournalRead::kTooEarly);
  EXPECT_FALSE(reader.FindTickOf(0));

  TickCommit commit = TickOf(40, 7, true);
  commit.checkpoint.continuity[2] = 9;
  ASSERT_TRUE(writer.Commit(commit).ok());
  EXPECT_EQ(Read(reader, 0, 7), Packets(0, 7));
  ASSERT_EQ(reader.ReadRecord(0, record), JournalRead::kOk);
  EXPECT_EQ(record.tick, 40);
  EXPECT_EQ(record.deadline_ns, 1600 * kNanosPerMs);
  EXPECT_EQ(record.first_packet, 0u);
  EXPECT_EQ(record.end_packet, 7u);
  EXPECT_TRUE(record.idr());
  EXPECT_EQ(record.checkpoint, commit.checkpoint);
  EXPECT_EQ(reader.CopyPackets(7, one), JournalRead::kTooEarly);
}

TEST(TransportJournal, ASuccessorGoesOnAfterTheLastCommittedTickAndNobodySeesWhatWasNotCommitted) {
  Memory memory;
  const JournalReader reader = memory.Reader();
  {
    JournalWriter first = memory.Writer();
    EXPECT_FALSE(first.last_commit());
    WriteTick(first, 0, 10, true);
    ASSERT_TRUE(first.Append(Packets(10, 9, 77)).ok());  // dies here
  }
  JournalWriter second = memory.Writer();
  ASSERT_TRUE(second.last_commit());
  EXPECT_EQ(second.last_commit()->tick, 0);
  EXPECT_EQ(second.last_commit()->checkpoint.next_tick, 1);
  EXPECT_EQ(second.next_packet(), 10u);
  EXPECT_EQ(reader.Newest()->record.end_packet, 10u);
  WriteTick(second, 1, 4);
  EXPECT_EQ(Read(reader, 0, 14), Packets(0, 14));
  std::vector<std::byte> one(kJournalPacketBytes);
  EXPECT_EQ(reader.CopyPackets(14, one), JournalRead::kTooEarly);
  EXPECT_EQ(memory.encoder().writer_epoch, 2u);
}

TEST(TransportJournal, NeverHandsOutWhatADeadEncoderHadBegunToOverwrite) {
  Memory memory;
  const JournalReader reader = memory.Reader();
  {
    JournalWriter first = memory.Writer();
    for (int tick = 0; tick < 4; ++tick) WriteTick(first, tick, 256);  // the ring is exactly full
    EXPECT_EQ(Read(reader, 0, 1024), Packets(0, 1024));
    ASSERT_TRUE(first.Append(Packets(1024, 100)).ok());  // over packets 0..99; dies uncommitted
  }
  JournalWriter second = memory.Writer();
  WriteTick(second, 4, 3);  // far less than the predecessor had reserved
  std::vector<std::byte> one(kJournalPacketBytes);
  for (uint64_t packet : {0, 3, 50, 99}) {
    EXPECT_EQ(reader.CopyPackets(packet, one), JournalRead::kTooLate) << packet;
    EXPECT_FALSE(reader.Holds(packet)) << packet;
  }
  EXPECT_EQ(Read(reader, 100, 927), Packets(100, 927));
}

TEST(TransportJournal, SaysTooLateToAReaderThatWasLapped) {
  Memory memory;
  JournalWriter writer = memory.Writer();
  const JournalReader reader = memory.Reader();
  for (int tick = 0; tick < 100; ++tick) WriteTick(writer, tick, 100, tick % 5 == 0);
  // 10000 packets, 1024 of them kept; 100 ticks, the 15 newest records kept
  std::vector<std::byte> one(kJournalPacketBytes);
  EXPECT_EQ(reader.CopyPackets(8975, one), JournalRead::kTooLate);
  EXPECT_EQ(Read(reader, 8976, 1024), Packets(8976, 1024));
  JournalRecord record;
  EXPECT_EQ(reader.ReadRecord(84, record), JournalRead::kTooLate);
  EXPECT_EQ(reader.ReadRecord(85, record), JournalRead::kOk);
  EXPECT_EQ(reader.ReadRecord(99, record), JournalRead::kOk);
  EXPECT_EQ(reader.ReadRecord(100, record), JournalRead::kTooEarly);
  EXPECT_FALSE(reader.FindTickOf(0));
  EXPECT_FALSE(reader.FindTickOf(8499));
  for (uint64_t packet : {8500, 8599, 8600, 9001, 9999}) {
    ASSERT_TRUE(reader.FindTickOf(packet)) << packet;
    EXPECT_EQ(reader.FindTickOf(packet)->number, packet / 100);
    EXPECT_EQ(reader.FindTickOf(packet)->record.tick, static_cast<int64_t>(packet / 100));
  }
  EXPECT_FALSE(reader.FindTickOf(10000));
}

TEST(TransportJournal, FindsTheNewestIdrTickWithTheCheckpointBeforeIt) {
  Memory memory;
  JournalWriter writer = memory.Writer();
  const JournalReader reader = memory.Reader();
  EXPECT_FALSE(reader.LatestIdr());
  WriteTick(writer, 0, 10, true);
  EXPECT_EQ(reader.LatestIdr()->before, TransportCheckpoint{});
  for (int tick = 1; tick < 9; ++tick) WriteTick(writer, tick, 10, tick == 6);
  const auto idr = reader.LatestIdr();
  ASSERT_TRUE(idr);
  EXPECT_EQ(idr->entry.number, 6u);
  EXPECT_EQ(idr->entry.record.first_packet, 60u);
  EXPECT_EQ(idr->before.packets, 60u);
  EXPECT_TRUE(reader.LatestIdr(60));
  EXPECT_FALSE(reader.LatestIdr(61));
}

TEST(TransportJournal, OffersNoIdrTickWhosePacketsAreGone) {
  Memory memory;
  JournalWriter writer = memory.Writer();
  const JournalReader reader = memory.Reader();
  WriteTick(writer, 0, 400, true);
  WriteTick(writer, 1, 400);
  EXPECT_TRUE(reader.LatestIdr());
  WriteTick(writer, 2, 400);
  EXPECT_FALSE(reader.LatestIdr());
}

TEST(TransportJournal, CountsBeyondAnyCounterThatWouldWrap) {
  Memory memory;
  const uint64_t far = uint64_t{1} << 40;
  {  // as if 2^40 packets had gone out in 2^34 ticks
    JournalRecord record{.tick = 1 << 30, .first_packet = far - 5, .end_packet = far, .checkpoint = {}};
    record.checkpoint.packets = far;
    std::memcpy(memory.span().data() + 12288 + 15 * 192, &record, sizeof(record));
    memory.encoder().reserved = far;
    memory.encoder().committed = uint64_t{1} << 34;
  }
  JournalWriter writer = memory.Writer();
  const JournalReader reader = memory.Reader();
  EXPECT_EQ(writer.next_packet(), far);
  WriteTick(writer, (1 << 30) + 1, 500);
  EXPECT_EQ(Read(reader, far, 500), Packets(far, 500));
  EXPECT_EQ(reader.FindTickOf(far + 499)->number, uint64_t{1} << 34);
}

TEST(TransportJournal, RefusesARecordThatContradictsItsBounds) {
  Memory memory;
  JournalWriter writer = memory.Writer();
  const JournalReader reader = memory.Reader();
  WriteTick(writer, 0, 10);
  uint64_t lie = 5000;  // an end_packet that no writer has reserved
  std::memcpy(memory.span().data() + 12288 + offsetof(JournalRecord, end_packet), &lie, 8);
  JournalRecord record;
  EXPECT_EQ(reader.ReadRecord(0, record), JournalRead::kCorrupt);
  EXPECT_FALSE(reader.Newest());
  EXPECT_FALSE(reader.FindTickOf(3));
  EXPECT_EQ(JournalWriter::Attach(memory.span()).status().code(), absl::StatusCode::kDataLoss);
}

TEST(TransportJournal, RefusesATickThatWouldOverwriteItself) {
  Memory memory;
  JournalWriter writer = memory.Writer();
  ASSERT_TRUE(writer.Append(Packets(0, 500)).ok());
  EXPECT_EQ(writer.Append(Packets(500, 13)).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(writer.Append(Packets(500, 12)).ok());
}

TEST(TransportJournal, RefusesACommitThatContradictsWhatWasAppended) {
  Memory memory;
  JournalWriter writer = memory.Writer();
  const JournalReader reader = memory.Reader();
  EXPECT_EQ(writer.Append(std::vector<std::byte>(187)).code(), absl::StatusCode::kInvalidArgument);
  WriteTick(writer, 5, 3);
  ASSERT_TRUE(writer.Append(Packets(3, 2)).ok());
  EXPECT_FALSE(writer.Commit(TickOf(6, 6)).ok());  // five packets, not six
  EXPECT_FALSE(writer.Commit(TickOf(5, 5)).ok());  // the same tick again
  EXPECT_FALSE(writer.Commit(TickOf(4, 5)).ok());  // back in time
  TickCommit wrong_next = TickOf(6, 5);
  wrong_next.checkpoint.next_tick = 6;
  EXPECT_FALSE(writer.Commit(wrong_next).ok());
  EXPECT_EQ(reader.CommittedTicks(), 1u);
  EXPECT_TRUE(writer.Commit(TickOf(6, 5)).ok());
  EXPECT_EQ(Read(reader, 0, 5), Packets(0, 5));
}

// ---- the backlog

constexpr JournalGeometry kWithBacklog{
    .packet_capacity = 1024, .checkpoint_slots = 16, .backlog_capacity = 64};

TickCommit TickWithBacklog(JournalWriter& writer, int64_t tick, uint64_t begin, uint64_t end) {
  TickCommit commit = TickOf(tick, writer.next_packet());
  commit.checkpoint.backlog_begin = begin;
  commit.checkpoint.backlog_end = end;
  return commit;
}

TEST(TransportJournal, KeepsTheBacklogForASuccessorAsTheLastCheckpointNamesIt) {
  Memory memory(kWithBacklog);
  {
    JournalWriter first = memory.Writer();
    EXPECT_TRUE(first.Backlog().empty());
    ASSERT_TRUE(first.AppendBacklog(Packets(0, 10)).ok());
    ASSERT_TRUE(first.Commit(TickWithBacklog(first, 0, 0, 10)).ok());
    EXPECT_EQ(first.Backlog(), Packets(0, 10));
    ASSERT_TRUE(first.AppendBacklog(Packets(10, 5)).ok());
    ASSERT_TRUE(first.Commit(TickWithBacklog(first, 1, 8, 15)).ok());
    ASSERT_TRUE(first.AppendBacklog(Packets(15, 30, 77)).ok());  // dies here
  }
  JournalWriter second = memory.Writer();
  EXPECT_EQ(second.Backlog(), Packets(8, 7));
  ASSERT_TRUE(second.AppendBacklog(Packets(15, 2)).ok());
  ASSERT_TRUE(second.Commit(TickWithBacklog(second, 2, 9, 17)).ok());
  EXPECT_EQ(memory.Writer().Backlog(), Packets(9, 8));
}

TEST(TransportJournal, NeverOverwritesABacklogThatTheLastCheckpointNames) {
  Memory memory(kWithBacklog);
  JournalWriter writer = memory.Writer();
  ASSERT_TRUE(writer.AppendBacklog(Packets(0, 60)).ok());
  ASSERT_TRUE(writer.Commit(TickWithBacklog(writer, 0, 0, 60)).ok());
  EXPECT_EQ(writer.AppendBacklog(Packets(60, 5)).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(writer.AppendBacklog(std::vector<std::byte>(100)).code(), absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(writer.AppendBacklog(Packets(60, 4)).ok());
  ASSERT_TRUE(writer.Commit(TickWithBacklog(writer, 1, 50, 64)).ok());
  ASSERT_TRUE(writer.AppendBacklog(Packets(64, 50)).ok());  // around the ring's end
  EXPECT_EQ(memory.Writer().Backlog(), Packets(50, 14)) << "what a dying writer adds spoils nothing";
  ASSERT_TRUE(writer.Commit(TickWithBacklog(writer, 2, 50, 114)).ok());
  EXPECT_EQ(memory.Writer().Backlog(), Packets(50, 64));
}

TEST(TransportJournal, RefusesACheckpointWhoseBacklogIsNotTheJournals) {
  Memory memory(kWithBacklog);
  JournalWriter writer = memory.Writer();
  ASSERT_TRUE(writer.AppendBacklog(Packets(0, 10)).ok());
  EXPECT_FALSE(writer.Commit(TickWithBacklog(writer, 0, 0, 9)).ok());
  EXPECT_FALSE(writer.Commit(TickWithBacklog(writer, 0, 0, 11)).ok());
  EXPECT_FALSE(writer.Commit(TickWithBacklog(writer, 0, 11, 10)).ok());
  ASSERT_TRUE(writer.Commit(TickWithBacklog(writer, 0, 4, 10)).ok());
  EXPECT_FALSE(writer.Commit(TickWithBacklog(writer, 1, 3, 10)).ok()) << "what has gone out is gone";
  TickCommit beyond = TickWithBacklog(writer, 1, 4, 10);
  beyond.idr = true;
  beyond.idr_packet = 1;
  EXPECT_FALSE(writer.Commit(beyond).ok()) << "an IDR picture that begins behind the tick";
  EXPECT_TRUE(writer.Commit(TickWithBacklog(writer, 1, 10, 10)).ok());
  EXPECT_EQ(Memory().Writer().AppendBacklog(Packets(0, 1)).code(), absl::StatusCode::kResourceExhausted)
      << "a journal of variable rate has none";
}

TEST(TransportJournal, KeepsTheCodecConfigurationOfTheFirstEncoderForAllOthers) {
  Memory memory;
  const JournalReader reader = memory.Reader();
  const std::vector<std::byte> config = Packets(1, 1), other = Packets(2, 1);
  EXPECT_TRUE(reader.CodecConfig().empty());
  EXPECT_TRUE(memory.Writer().SetCodecConfig(config).ok());
  EXPECT_EQ(reader.CodecConfig(), config);
  EXPECT_TRUE(memory.Writer().SetCodecConfig(config).ok());
  EXPECT_EQ(memory.Writer().SetCodecConfig(other).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(memory.Writer().SetCodecConfig({}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(memory.Writer().SetCodecConfig(std::vector<std::byte>(1025)).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(reader.CodecConfig(), config);
}

TEST(TransportJournal, RingsItsBellAtEveryCommitAndOnlyThen) {
  Memory memory;
  JournalWriter writer = memory.Writer();
  const JournalReader reader = memory.Reader();
  const uint32_t before = reader.Bell();
  ASSERT_TRUE(writer.Append(Packets(0, 1)).ok());
  EXPECT_EQ(reader.Bell(), before);
  ASSERT_TRUE(writer.Commit(TickOf(0, 1)).ok());
  EXPECT_NE(reader.Bell(), before);
  reader.WaitForCommit(before, kNanosPerSecond * 3600);  // returns at once: it has rung since
}

// Every packet a reader accepts while a writer laps it again and again is whole and the one asked for. The
// two go on until each has met the other at work, however the machine shares out its time.
TEST(TransportJournal, IsNeverReadTornByAReaderThatIsBeingLapped) {
  Memory memory;
  constexpr int kTicksAtMost = 1'000'000;
  std::atomic<bool> enough{false}, over{false};
  std::thread encoder([&] {
    JournalWriter writer = memory.Writer();
    for (int tick = 0; tick < kTicksAtMost && !enough; ++tick) {
      const size_t packets = 1 + static_cast<size_t>(tick * 37LL % 400);
      ASSERT_TRUE(writer.Append(Packets(writer.next_packet(), packets)).ok());
      ASSERT_TRUE(writer.Commit(TickOf(tick, writer.next_packet())).ok());
    }
    over = true;
  });
  const JournalReader reader = memory.Reader();
  uint64_t accepted = 0, refused = 0;
  std::vector<std::byte> bytes(60 * kJournalPacketBytes);
  while (!over) {
    const auto newest = reader.Newest();
    if (!newest || newest->record.end_packet < 1000) continue;
    const uint64_t oldest = newest->record.end_packet - 1000;  // where the writer is about to be
    if (reader.CopyPackets(oldest, bytes) != JournalRead::kOk) {
      ++refused;
    } else if (bytes == Packets(oldest, 60)) {
      ++accepted;
    } else {
      ADD_FAILURE() << "torn at packet " << oldest;
      break;
    }
    if (accepted > 500 && refused > 5) enough = true;
  }
  enough = true;
  encoder.join();
  EXPECT_GT(accepted, 0u);
  EXPECT_GT(refused, 0u) << "the writer never lapped the reader, so this run proves nothing";
}

}  // namespace
}  // namespace air

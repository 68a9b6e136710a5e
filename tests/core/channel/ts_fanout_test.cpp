#include "core/channel/ts_fanout.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <vector>

namespace retrovue {
namespace {

constexpr int kPatPid = 0;
constexpr int kPmtPid = 0x1000;
constexpr int kVideoPid = 0x100;
constexpr int kAudioPid = 0x101;

using Bytes = std::vector<std::uint8_t>;

// A source as AIR is one: numbered packets, tables, pictures. `mark` lets a test find a packet again.
class Source {
 public:
  Bytes Pat() {
    return Table(kPatPid, {0x00, 0xb0, 13, 0, 1, 0xc1, 0, 0, /* programme 1: */ 0, 1, 0xe0 | kPmtPid >> 8,
                           kPmtPid & 0xff,
                           /* CRC: */ 1, 2, 3, 4});
  }
  Bytes Pmt() {
    return Table(kPmtPid, {0x02,
                           0xb0,
                           23,
                           0,
                           1,
                           0xc1,
                           0,
                           0,
                           0xe1,
                           0x00,
                           0xf0,
                           0,
                           /* AAC: */ 0x0f,
                           0xe0 | kAudioPid >> 8,
                           kAudioPid & 0xff,
                           0xf0,
                           0,
                           /* H.264: */ 0x1b,
                           0xe0 | kVideoPid >> 8,
                           kVideoPid & 0xff,
                           0xf0,
                           0,
                           /* CRC: */ 1,
                           2,
                           3,
                           4});
  }
  Bytes RandomAccessPicture(std::uint8_t mark) { return Packet(kVideoPid, true, {1, 0x40}, {mark}); }
  Bytes Picture(std::uint8_t mark) { return Packet(kVideoPid, true, {}, {mark}); }
  // Audio frames may carry the random access indicator too; they are no place for a viewer to start.
  Bytes Sound(std::uint8_t mark) { return Packet(kAudioPid, true, {1, 0x40}, {mark}); }
  Bytes Group(std::uint8_t mark, int pictures = 3) {
    Bytes group = Pat();
    Append(group, Pmt());
    Append(group, RandomAccessPicture(mark));
    for (int i = 0; i < pictures; ++i) Append(group, Picture(mark));
    return group;
  }
  static void Append(Bytes& to, const Bytes& more) { to.insert(to.end(), more.begin(), more.end()); }

 private:
  Bytes Table(int pid, Bytes section) {
    section.insert(section.begin(), 0);  // pointer_field
    return Packet(pid, true, {}, section);
  }
  Bytes Packet(int pid, bool start, const Bytes& adaptation, const Bytes& payload) {
    const int counter = counters_[pid]++ & 0x0f;
    Bytes packet = {0x47, static_cast<std::uint8_t>((start ? 0x40 : 0) | pid >> 8),
                    static_cast<std::uint8_t>(pid & 0xff),
                    static_cast<std::uint8_t>((adaptation.empty() ? 0x10 : 0x30) | counter)};
    Append(packet, adaptation);
    Append(packet, payload);
    packet.resize(kTsPacketBytes, 0xff);
    return packet;
  }
  std::map<int, int> counters_;
};

std::vector<Bytes> TakeAll(TsFanout::Viewer& viewer) {
  std::vector<Bytes> packets;
  for (const auto& chunk : viewer.Take(SIZE_MAX)) {
    EXPECT_EQ(chunk->size() % kTsPacketBytes, 0u);
    for (std::size_t at = 0; at + kTsPacketBytes <= chunk->size(); at += kTsPacketBytes) {
      packets.emplace_back(chunk->begin() + at, chunk->begin() + at + kTsPacketBytes);
    }
  }
  return packets;
}

int PidOf(const Bytes& packet) { return (packet[1] & 0x1f) << 8 | packet[2]; }
bool HasAdaptation(const Bytes& packet) { return (packet[3] & 0x20) != 0; }
bool IsRandomAccess(const Bytes& packet) { return HasAdaptation(packet) && (packet[5] & 0x40) != 0; }
bool IsMarkedDiscontinuous(const Bytes& packet) { return HasAdaptation(packet) && (packet[5] & 0x80) != 0; }
std::uint8_t MarkOf(const Bytes& packet) { return packet[HasAdaptation(packet) ? 6 : 4]; }

int ContinuityErrors(const std::vector<Bytes>& packets) {
  std::map<int, int> last;
  int errors = 0;
  for (const Bytes& packet : packets) {
    const int counter = packet[3] & 0x0f;
    const auto [entry, first] = last.try_emplace(PidOf(packet), counter);
    if (!first && counter != ((entry->second + 1) & 0x0f)) ++errors;
    entry->second = counter;
  }
  return errors;
}

void ExpectStartsDecodable(const std::vector<Bytes>& packets, std::uint8_t mark) {
  ASSERT_GE(packets.size(), 3u);
  EXPECT_EQ(PidOf(packets[0]), kPatPid);
  EXPECT_EQ(PidOf(packets[1]), kPmtPid);
  EXPECT_EQ(PidOf(packets[2]), kVideoPid);
  EXPECT_TRUE(IsRandomAccess(packets[2]));
  EXPECT_EQ(MarkOf(packets[2]), mark);
}

TEST(TsFanout, StartsANewViewerAtTheLastRandomAccessPointAlreadySeen) {
  Source source;
  TsFanout fanout;
  fanout.Consume(source.Group(1));
  fanout.Consume(source.Group(2));
  const auto viewer = fanout.Join();
  const auto packets = TakeAll(*viewer);
  ExpectStartsDecodable(packets, 2);
  EXPECT_EQ(packets.size(), 6u);
}

TEST(TsFanout, LetsAViewerWaitForTheFirstRandomAccessPointWhenThereIsNoneYet) {
  Source source;
  TsFanout fanout;
  fanout.Consume(source.Picture(1));
  fanout.Consume(source.Sound(1));
  const auto viewer = fanout.Join();
  EXPECT_EQ(viewer->queued_bytes(), 0u);
  fanout.Consume(source.Group(2));
  ExpectStartsDecodable(TakeAll(*viewer), 2);
}

TEST(TsFanout, DoesNotTakeASoundFrameForARandomAccessPoint) {
  Source source;
  TsFanout fanout;
  fanout.Consume(source.Pat());
  fanout.Consume(source.Pmt());
  fanout.Consume(source.Sound(1));
  const auto viewer = fanout.Join();
  EXPECT_EQ(viewer->queued_bytes(), 0u);
}

TEST(TsFanout, BreaksNoContinuityCounterForAViewerThatJoinsInTheMiddle) {
  Source source;
  TsFanout fanout;
  std::vector<std::shared_ptr<TsFanout::Viewer>> viewers;
  for (std::uint8_t group = 1; group < 40; ++group) {
    // Tables also come between pictures, and a random access point may come a while after the tables.
    fanout.Consume(source.Pat());
    fanout.Consume(source.Pmt());
    fanout.Consume(source.Picture(group));
    fanout.Consume(source.Sound(group));
    fanout.Consume(source.RandomAccessPicture(group));
    fanout.Consume(source.Picture(group));
    viewers.push_back(fanout.Join());
  }
  for (const auto& viewer : viewers) {
    const auto packets = TakeAll(*viewer);
    EXPECT_EQ(ContinuityErrors(packets), 0);
    EXPECT_TRUE(IsRandomAccess(packets[2]));
  }
}

TEST(TsFanout, KeepsPacketsWholeWhateverPortionsTheyComeIn) {
  Source source;
  Bytes stream;
  for (std::uint8_t group = 1; group < 10; ++group) Source::Append(stream, source.Group(group, 5));
  TsFanout fanout;
  const auto viewer = fanout.Join();
  std::size_t portion = 1;
  for (std::size_t at = 0; at < stream.size(); at += portion, portion = portion * 7 % 601 + 1) {
    fanout.Consume(std::span(stream).subspan(at, std::min(portion, stream.size() - at)));
  }
  Bytes received;
  for (const Bytes& packet : TakeAll(*viewer)) Source::Append(received, packet);
  EXPECT_EQ(received, stream);
}

TEST(TsFanout, FindsItsWayBackAfterBytesThatAreNoPackets) {
  Source source;
  TsFanout fanout;
  const auto viewer = fanout.Join();
  fanout.Consume(Bytes(77, 0));
  fanout.Consume(source.Group(1));
  ExpectStartsDecodable(TakeAll(*viewer), 1);
}

TEST(TsFanout, DropsASlowViewerToTheNextRandomAccessPointAndMarksTheSeamForItAlone) {
  Source source;
  TsFanout fanout(20 * kTsPacketBytes);
  const auto slow = fanout.Join();
  const auto quick = fanout.Join();
  std::vector<Bytes> quick_packets;
  for (std::uint8_t group = 1; group <= 5; ++group) {
    fanout.Consume(source.Group(group, 5));
    for (Bytes& packet : TakeAll(*quick)) quick_packets.push_back(std::move(packet));
  }
  EXPECT_GE(slow->overflows(), 1);
  EXPECT_LE(slow->queued_bytes(), 20 * kTsPacketBytes);

  TakeAll(*slow);
  fanout.Consume(Bytes(source.Picture(5)));
  fanout.Consume(source.Group(6, 5));
  for (Bytes& packet : TakeAll(*quick)) quick_packets.push_back(std::move(packet));

  EXPECT_EQ(quick->overflows(), 0);
  EXPECT_EQ(ContinuityErrors(quick_packets), 0);
  for (const Bytes& packet : quick_packets) EXPECT_FALSE(IsMarkedDiscontinuous(packet));
}

TEST(TsFanout, ResumesADroppedViewerWithTablesAndAMarkedRandomAccessPoint) {
  Source source;
  TsFanout fanout(10 * kTsPacketBytes);
  const auto slow = fanout.Join();
  fanout.Consume(source.Group(1, 5));
  for (int i = 0; i < 5; ++i) fanout.Consume(source.Picture(1));
  ASSERT_EQ(slow->overflows(), 1);
  EXPECT_EQ(slow->queued_bytes(), 0u);
  fanout.Consume(source.Group(2));
  const auto packets = TakeAll(*slow);
  ExpectStartsDecodable(packets, 2);
  EXPECT_TRUE(IsMarkedDiscontinuous(packets[2]));
}

TEST(TsFanout, TakesEveryViewerOverToANewSource) {
  Source first;
  Source second;
  TsFanout fanout;
  const auto viewer = fanout.Join();
  fanout.Consume(first.Group(1));
  const Bytes torn = first.Picture(1);
  fanout.Consume(std::span(torn).first(100));
  fanout.Interrupt();
  TakeAll(*viewer);

  fanout.Consume(second.Picture(2));
  EXPECT_EQ(viewer->queued_bytes(), 0u);
  EXPECT_EQ(fanout.Join()->queued_bytes(), 0u) << "nothing of the old source is left to start from";
  fanout.Consume(second.Group(3));
  const auto packets = TakeAll(*viewer);
  ExpectStartsDecodable(packets, 3);
  EXPECT_TRUE(IsMarkedDiscontinuous(packets[2]));
}

TEST(TsFanout, BoundsItsMemoryWhenNoRandomAccessPointComesAgain) {
  Source source;
  TsFanout fanout(10 * kTsPacketBytes);
  fanout.Consume(source.Group(1));
  for (int i = 0; i < 1000; ++i) fanout.Consume(source.Picture(1));
  EXPECT_EQ(fanout.Join()->queued_bytes(), 0u);
}

TEST(TsFanout, WakesAViewerThatHasSomethingToTake) {
  Source source;
  TsFanout fanout;
  const auto viewer = fanout.Join();
  int woken = 0;
  viewer->on_data = [&] { ++woken; };
  fanout.Consume(source.Picture(1));
  EXPECT_EQ(woken, 0);
  fanout.Consume(source.Group(1));
  EXPECT_EQ(woken, 1);
}

TEST(TsFanout, CountsTheViewersPresent) {
  TsFanout fanout;
  auto one = fanout.Join();
  auto two = fanout.Join();
  EXPECT_EQ(fanout.viewer_count(), 2);
  one.reset();
  EXPECT_EQ(fanout.viewer_count(), 1);
}

TEST(TsFanout, SurvivesPacketsThatLie) {
  TsFanout fanout;
  const auto viewer = fanout.Join();
  std::uint32_t random = 1;
  for (int i = 0; i < 20000; ++i) {
    Bytes packet(kTsPacketBytes);
    for (std::uint8_t& byte : packet)
      byte = static_cast<std::uint8_t>((random = random * 1664525 + 1013904223) >> 24);
    packet[0] = 0x47;
    packet[1] &= 0x40;  // PAT, or what a random PAT calls the map
    packet[2] = i % 2 == 0 ? 0 : packet[2];
    fanout.Consume(packet);
    TakeAll(*viewer);
  }
}

}  // namespace
}  // namespace retrovue

// Packets, counters and the checkpoint; ts_clock_test.cpp has the stamps, ts_tables_test.cpp the tables.
#include "stages/encoder/ts/ts_multiplexer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "stages/encoder/ts/adts.h"
#include "tests/unit/mux_material.h"
#include "tests/unit/ts_receiver.h"

namespace air {
namespace {

void ExpectBegins(const TsPacket& packet, const Bytes& head) {
  EXPECT_EQ(Bytes(packet.begin(), packet.begin() + static_cast<ptrdiff_t>(head.size())), head);
}

// ---- packets

TEST(TsMultiplexer, WritesTheFirstPacketOfAPictureByteByByte) {
  const TsMultiplexer mux({.house = House({30000, 1001}), .pts_origin_90k = 0x123456789});
  TransportCheckpoint state;
  state.packets = 1;           // not the first tick, so that
  state.continuity[3] = 0x0B;  // nothing but the picture is sent
  Packets out;
  Material material{.tick = Tick(1001), .picture = Noise(162, 1), .sound = {}, .idr = false};
  material.Send(mux, state, out);
  ASSERT_EQ(out.size(), 1u);
  Bytes expected = {0x47, 0x41, 0x00, 0x3B,  // PID 0x100, adaptation field and payload
                    0x07, 0x10, 0x91, 0xB9, 0x6E, 0x22, 0x7E, 0x00,  // PCR base 4889697348, extension 0
                    0x00, 0x00, 0x01, 0xE0, 0x00, 0xAA, 0x84, 0x80,
                    0x05, 0x29, 0x8D, 0xCD, 0x8B, 0x79};  // PTS 4889724348, 27000 later
  expected.insert(expected.end(), material.picture.begin(), material.picture.end());
  EXPECT_EQ(Bytes(out[0].begin(), out[0].end()), expected);
  EXPECT_EQ(state.continuity[3], 0x0C);
}

TEST(TsMultiplexer, WritesAPcrPacketOfItsOwnByteByByte) {
  const TsMultiplexer mux({.house = House({24000, 1001}), .pts_origin_90k = 0x123456789});
  TransportCheckpoint state;
  state.packets = 1;
  state.continuity[3] = 0x0F;
  Packets out;
  Material{.tick = Tick(7), .picture = Noise(162 + 3 * 184, 1), .sound = {}}.Send(mux, state, out);
  ASSERT_EQ(out.size(), 5u);
  ExpectBegins(out[0], {0x47, 0x41, 0x00, 0x3F, 0x07, 0x10, 0x91, 0xA2, 0xB2, 0x5A, 0xFE, 0x4B});
  Bytes expected = {0x47, 0x01, 0x00, 0x20,  // the counter of the packet before, wrapped: 0
                    0xB7, 0x10, 0x91, 0xA2, 0xB6, 0x05, 0x7E, 0x25};
  expected.resize(188, 0xFF);
  EXPECT_EQ(Bytes(out[2].begin(), out[2].end()), expected);
}

TEST(TsMultiplexer, MarksAnIdrAsARandomAccessPoint) {
  const TsMultiplexer mux({.house = House({25, 1})});
  TransportCheckpoint state;
  TsReceiver receiver;
  receiver.Take(Mux(mux, Programme({25, 1}, 10), 0, 100, state));
  const std::vector<PesUnit> pictures = receiver.Of(kVideoPid);
  ASSERT_EQ(pictures.size(), 100u);
  for (size_t n = 0; n < pictures.size(); ++n) EXPECT_EQ(pictures[n].random_access, n % 10 == 0);
}

// Room for 162 bytes beside PCR and PES header, for 170 beside a PES header alone, then 184 a packet.
size_t PacketsFor(size_t bytes, size_t first_room) {
  return bytes <= first_room ? 1 : 1 + (bytes - first_room + 183) / 184;
}

TEST(TsMultiplexer, CutsUnitsOfEverySizeSoThatEveryByteArrives) {
  const TsMultiplexer mux({.house = House({50, 1})});
  TransportCheckpoint state;
  TsReceiver receiver;
  for (size_t size = 0; size <= 600; ++size) {
    const auto n = static_cast<int64_t>(size);
    Packets out;
    const Material material{.tick = Tick(n),
                            .picture = Noise(size, 1),
                            .sound = {{.pts_90k = n * 1920, .frame = Noise(size, 2)}},
                            .idr = size == 0};
    material.Send(mux, state, out);
    receiver.Take(out);
    const PesUnit& picture = receiver.units[receiver.units.size() - 2];
    const PesUnit& sound = receiver.units[receiver.units.size() - 1];
    EXPECT_EQ(picture.payload, material.picture);
    EXPECT_EQ(picture.packets, PacketsFor(size, 162)) << size;
    EXPECT_EQ(picture.packet_length, size + 8);
    EXPECT_EQ(sound.payload, material.sound[0].frame);
    EXPECT_EQ(sound.packets, PacketsFor(size, 170)) << size;
    EXPECT_EQ(sound.packet_length, size + 8);
  }
  EXPECT_EQ(receiver.errors, std::vector<std::string>());
}

TEST(TsMultiplexer, StuffsTheLastPacketByteByByte) {
  const TsMultiplexer mux({.house = House({50, 1})});
  struct Case {
    size_t bytes;  // of one audio PES
    size_t packets;
    Bytes last_begin;  // of its last packet, from the fourth byte (control and counter) on
  };
  const std::vector<Case> cases = {
      {170, 1, {0x10, 0x00, 0x00, 0x01, 0xC0}},              // full: no adaptation field
      {169, 1, {0x30, 0x00, 0x00, 0x00, 0x01, 0xC0}},        // one byte to stuff: length 0
      {168, 1, {0x30, 0x01, 0x00, 0x00, 0x00, 0x01, 0xC0}},  // two: length 1, no flags
      {167, 1, {0x30, 0x02, 0x00, 0xFF, 0x00, 0x00, 0x01}},
      {170 + 184, 2, {0x11}},
      {170 + 183, 2, {0x31, 0x00}},
      {170 + 182, 2, {0x31, 0x01, 0x00}},
      {170 + 181, 2, {0x31, 0x02, 0x00, 0xFF}},
      {170 + 1, 2, {0x31, 0xB6, 0x00, 0xFF, 0xFF}},
  };
  for (const Case& c : cases) {
    TransportCheckpoint state;
    state.packets = 1;
    Packets out;
    Material{.tick = Tick(1), .picture = Noise(162, 1), .sound = {{.pts_90k = 0, .frame = Noise(c.bytes, 1)}}}
        .Send(mux, state, out);
    ASSERT_EQ(out.size(), 1 + c.packets) << c.bytes;
    const TsPacket& last = out.back();
    EXPECT_EQ(Bytes(last.begin() + 3, last.begin() + 3 + static_cast<ptrdiff_t>(c.last_begin.size())),
              c.last_begin)
        << c.bytes;
    EXPECT_EQ(last[187], Noise(c.bytes, 1).back());
  }
}

TEST(TsMultiplexer, LeavesTheLengthOfAPictureOpenOnlyWhenItDoesNotFitTheField) {
  const TsMultiplexer mux({.house = House({25, 1})});
  TransportCheckpoint state;
  Packets out;
  Material{.tick = Tick(0), .picture = Noise(65527, 1), .sound = {}, .idr = true}.Send(mux, state, out);
  Material{.tick = Tick(1), .picture = Noise(65528, 1), .sound = {}}.Send(mux, state, out);
  TsReceiver receiver;
  receiver.Take(out);
  ASSERT_EQ(receiver.units.size(), 2u);
  EXPECT_EQ(receiver.units[0].packet_length, 65535u);
  EXPECT_EQ(receiver.units[1].packet_length, 0u);
  EXPECT_EQ(receiver.units[1].payload.size(), 65528u);
  EXPECT_EQ(receiver.errors, std::vector<std::string>());
}

TEST(TsMultiplexer, BeginsASinkWithTablesThenTheIdrThenSound) {
  for (const int64_t start : {int64_t{0}, int64_t{25}, int64_t{-25}}) {
    const TsMultiplexer mux({.house = House({50, 1})});
    TransportCheckpoint state;
    Packets out;
    Material material = Programme({50, 1}).At(start);
    if (material.sound.empty()) material.sound = {{.pts_90k = 0, .frame = Noise(300, 1)}};
    material.Send(mux, state, out);
    TsReceiver receiver;
    receiver.Take(out);
    std::vector<uint16_t> order;  // in which each PID appears first: sound is mixed with the picture
    for (uint16_t pid : receiver.pids) {
      if (std::ranges::find(order, pid) == order.end()) order.push_back(pid);
    }
    EXPECT_EQ(order, (std::vector<uint16_t>{kPatPid, kPmtPid, kSdtPid, kVideoPid, kAudioPid}));
    EXPECT_TRUE(receiver.units.front().random_access);
    EXPECT_EQ(state.packets, out.size());
  }
}

TEST(Adts, WritesTheHeaderByteByByte) {
  using Header = std::array<uint8_t, 7>;
  EXPECT_EQ(AdtsHeader(371), (Header{0xFF, 0xF1, 0x4C, 0x80, 0x2F, 0x5F, 0xFC}));
  EXPECT_EQ(AdtsHeader(0), (Header{0xFF, 0xF1, 0x4C, 0x80, 0x00, 0xFF, 0xFC}));
  EXPECT_EQ(AdtsHeader(8184), (Header{0xFF, 0xF1, 0x4C, 0x83, 0xFF, 0xFF, 0xFC}));
}

// ---- checkpoint and purity

TEST(TsMultiplexer, MovesTheCheckpointBehindTheTick) {
  const TsMultiplexer mux({.house = House({24, 1})});
  TransportCheckpoint state;
  state.next_audio_frame = 1000;
  state.idr_pic_id = 77;
  state.vbv_fullness = 4242;
  Packets out(3);  // what is there already is neither counted nor touched
  Material material = Programme({24, 1}, 24).At(48);
  material.Send(mux, state, out);
  EXPECT_EQ(out[2], TsPacket{});
  EXPECT_EQ(state.next_tick, 49);
  EXPECT_EQ(state.last_idr_tick, 48);
  EXPECT_EQ(state.next_audio_frame, 1000 + static_cast<int64_t>(material.sound.size()));
  EXPECT_EQ(state.packets, out.size() - 3);
  EXPECT_EQ(state.has_pcr, 1);
  EXPECT_EQ(state.last_pcr, 54'000'000 - 8'100'000 + 562'500) << "the second PCR of the tick";
  EXPECT_EQ(state.idr_pic_id, 77u);
  EXPECT_EQ(state.vbv_fullness, 4242u);
  Programme({24, 1}, 24).At(49).Send(mux, state, out);
  EXPECT_EQ(state.last_idr_tick, 48);
}

TEST(TsMultiplexer, CountsEveryPidWithoutAGapOverThousandsOfTicks) {
  for (const FrameRate rate : kHouseRates) {
    const TsMultiplexer mux({.house = House(rate)});
    TransportCheckpoint state;
    TsReceiver receiver;
    receiver.Take(Mux(mux, Programme(rate), 0, 3000, state));
    EXPECT_EQ(receiver.errors, std::vector<std::string>()) << ToString(rate);
    EXPECT_EQ(receiver.Of(kVideoPid).size(), 3000u);
    EXPECT_EQ(receiver.position, state.packets);
  }
}

TEST(TsMultiplexer, GivesTheSameBytesFromACopiedCheckpointInAnotherInstance) {
  const FrameRate rate{24000, 1001};
  const MuxConfig config{.house = House(rate), .pts_origin_90k = kWrap - 90'000, .service_name = "One"};
  const Programme programme(rate);
  const TsMultiplexer first(config);
  TransportCheckpoint state;
  Packets whole;
  std::vector<std::pair<TransportCheckpoint, size_t>> cuts;
  for (int64_t n = 0; n < 2000; ++n) {
    if (n % 13 == 0) cuts.emplace_back(state, whole.size());
    programme.At(n).Send(first, state, whole);
  }
  for (const auto& [checkpoint, position] : cuts) {
    const TsMultiplexer successor(config);
    TransportCheckpoint copy = checkpoint;
    const int64_t end = std::min<int64_t>(2000, copy.next_tick + 60);
    const Packets again = Mux(successor, programme, copy.next_tick, end, copy);
    ASSERT_LE(position + again.size(), whole.size());
    EXPECT_TRUE(std::equal(again.begin(), again.end(), whole.begin() + static_cast<ptrdiff_t>(position)));
    if (end == 2000) {
      EXPECT_EQ(copy, state);
    }
  }
}

// ---- discontinuities

TEST(TsMultiplexer, DeclaresATimeJumpOnPictureAndSound) {
  const FrameRate rate{50, 1};
  const Programme programme(rate);
  for (const bool with_sound : {true, false}) {
    const TsMultiplexer mux({.house = House(rate)});
    TransportCheckpoint state;
    TsReceiver receiver;
    receiver.Take(Mux(mux, programme, 0, 30, state));
    EXPECT_TRUE(receiver.discontinuities.empty());

    Material jump = programme.At(900);
    jump.discontinuity = true;
    jump.sound.clear();
    if (with_sound) jump.sound = {{.pts_90k = 1'620'000, .frame = Noise(400, 1)}, {1'621'920, Noise(400, 2)}};
    Packets out;
    jump.Send(mux, state, out);
    receiver.Take(out);
    receiver.Take(Mux(mux, programme, 901, 950, state));
    EXPECT_EQ(receiver.discontinuities, (std::map<uint16_t, size_t>{{kVideoPid, 1}, {kAudioPid, 1}}));
    EXPECT_EQ(receiver.errors, std::vector<std::string>());
    const std::vector<PesUnit> pictures = receiver.Of(kVideoPid);
    EXPECT_TRUE(pictures[30].discontinuity);
    if (with_sound) {
      const std::vector<PesUnit> sound = receiver.Of(kAudioPid);
      const auto first = std::ranges::find(sound, 1'620'000, &PesUnit::pts);
      ASSERT_NE(first, sound.end());
      EXPECT_TRUE(first->discontinuity);
      EXPECT_FALSE(std::next(first)->discontinuity);
    }
  }
}

TEST(TsMultiplexer, LetsAReceiverFollowARejoinAfterSkippedTicks) {
  for (const FrameRate rate : {FrameRate{25, 1}, {60000, 1001}}) {
    const int64_t origin = kWrap - 100'000;
    const MuxConfig config{.house = House(rate), .pts_origin_90k = origin};
    const TsMultiplexer mux(config);
    const Programme programme(rate, 25);
    TransportCheckpoint state;
    const Packets seen = Mux(mux, programme, 0, 60, state);
    Mux(mux, programme, 60, 200, state);  // dropped
    const TransportCheckpoint before = state;
    const Packets rest = Mux(mux, programme, 200, 260, state);

    TsReceiver unwarned;
    unwarned.Take(seen);
    unwarned.Take(rest);
    EXPECT_FALSE(unwarned.errors.empty()) << "the model must be able to object";

    TsReceiver warned;
    warned.Take(seen);
    const Packets rejoin = RejoinPackets(before, config);
    warned.Take(rejoin);
    warned.Take(rest);
    EXPECT_EQ(warned.errors, std::vector<std::string>());
    EXPECT_EQ(warned.discontinuities,
              (std::map<uint16_t, size_t>{
                  {kPatPid, 1}, {kSdtPid, 1}, {kPmtPid, 1}, {kVideoPid, 1}, {kAudioPid, 1}}));
    EXPECT_EQ(warned.Of(kVideoPid).size(), 120u);
  }
}

TEST(TsMultiplexer, WritesRejoinPacketsByteByByte) {
  TransportCheckpoint before{.last_pcr = -8'100'000 + 75, .continuity = {1, 2, 3, 0, 15}, .has_pcr = 1};
  const Packets packets = RejoinPackets(before, {.house = House({25, 1})});
  ASSERT_EQ(packets.size(), 5u);
  ExpectBegins(packets[0], {0x47, 0x00, 0x00, 0x20, 0xB7, 0x80, 0xFF});
  ExpectBegins(packets[1], {0x47, 0x00, 0x11, 0x21, 0xB7, 0x80, 0xFF});
  ExpectBegins(packets[2], {0x47, 0x10, 0x00, 0x22, 0xB7, 0x80, 0xFF});
  ExpectBegins(packets[3], {0x47, 0x01, 0x00, 0x2F, 0xB7, 0x90, 0xFF, 0xFF, 0xCB, 0x44, 0x7E, 0x4B, 0xFF});
  ExpectBegins(packets[4], {0x47, 0x01, 0x01, 0x2E, 0xB7, 0x80, 0xFF});
  for (const TsPacket& packet : packets) EXPECT_EQ(packet[187], 0xFF);
}

}  // namespace
}  // namespace air

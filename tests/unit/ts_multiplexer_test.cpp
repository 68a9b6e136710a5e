#include "stages/encoder/ts_multiplexer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "stages/encoder/adts.h"
#include "stages/encoder/ts_packet.h"
#include "stages/encoder/ts_tables.h"
#include "tests/unit/ts_receiver.h"

namespace air {
namespace {

using Bytes = std::vector<uint8_t>;
using Packets = std::vector<TsPacket>;

constexpr int64_t kWrap = int64_t{1} << 33;
constexpr std::array<FrameRate, 8> kHouseRates = {
    FrameRate{24000, 1001}, {24, 1}, {25, 1}, {30000, 1001}, {30, 1}, {50, 1}, {60000, 1001}, {60, 1}};

// ---- material to send

HouseFormat House(FrameRate rate) { return {.width = 1280, .height = 720, .rate = rate}; }

Bytes Noise(size_t size, uint32_t seed) {
  std::minstd_rand random(seed + 1);
  Bytes bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() >> 7);
  return bytes;
}

struct Sound {
  int64_t pts_90k = 0;
  Bytes frame;
};

// One tick with what it points to.
struct Material {
  Tick tick;
  Bytes picture;
  std::vector<Sound> sound;
  bool idr = false;
  bool discontinuity = false;

  void Send(const TsMultiplexer& mux, TransportCheckpoint& state, Packets& out) const {
    std::vector<AudioUnit> audio;
    for (const Sound& s : sound) audio.push_back({.pts_90k = s.pts_90k, .adts_frame = s.frame});
    mux.Append({.tick = tick, .picture = picture, .idr = idr, .discontinuity = discontinuity, .audio = audio},
               state, out);
  }
};

// A channel as the coders would deliver it: an IDR every `gop` ticks from the first, 1024-sample frames whose
// last sample has come by the end of the tick, the first of them 1024 samples before tick 0.
class Programme {
 public:
  explicit Programme(FrameRate rate, int64_t gop = 25, size_t picture_bytes = 900)
      : time_(House(rate)), gop_(gop), picture_bytes_(picture_bytes) {}

  Material At(int64_t n) const {
    Material material{
        .tick = Tick(n),
        .picture = Noise(n % gop_ == 0 ? 4 * picture_bytes_ : picture_bytes_ + static_cast<size_t>(n % 37),
                         static_cast<uint32_t>(n)),
        .sound = {},
        .idr = n % gop_ == 0,
        .discontinuity = false};
    const int64_t end = FramesBy(n + 1);
    for (int64_t f = FramesBy(n); f < end; ++f) {
      material.sound.push_back({.pts_90k = f * 1920 - 1920,
                                .frame = Noise(300 + static_cast<size_t>(f % 91), static_cast<uint32_t>(f))});
    }
    return material;
  }

 private:
  int64_t FramesBy(int64_t n) const { return n <= 0 ? 0 : time_.FirstSample(Tick(n)).value() / 1024 + 1; }

  HouseTime time_;
  int64_t gop_;
  size_t picture_bytes_;
};

Packets Mux(const TsMultiplexer& mux, const Programme& programme, int64_t from, int64_t to,
            TransportCheckpoint& state) {
  Packets out;
  for (int64_t n = from; n < to; ++n) programme.At(n).Send(mux, state, out);
  return out;
}

void ExpectBegins(const TsPacket& packet, const Bytes& head) {
  EXPECT_EQ(Bytes(packet.begin(), packet.begin() + static_cast<ptrdiff_t>(head.size())), head);
}

// Header, pointer_field, section, 0xFF up to the end.
Bytes SectionPacket(const Bytes& header, const Bytes& section) {
  Bytes packet = header;
  packet.push_back(0);
  packet.insert(packet.end(), section.begin(), section.end());
  packet.resize(188, 0xFF);
  return packet;
}

// floor(n * den * hz / num), for n >= 0 and without the product's own arithmetic.
int64_t Clock(int64_t n, FrameRate rate, int64_t hz) {
  const int64_t whole = n / rate.num;
  const int64_t rest = n % rate.num;
  return whole * rate.den * hz + rest * rate.den * hz / rate.num;
}

// ---- the tables

TEST(TsPacket, ComputesTheCrcOfTheStandard) {
  const std::string check = "123456789";
  EXPECT_EQ(Crc32Mpeg2({reinterpret_cast<const uint8_t*>(check.data()), check.size()}), 0x0376E6E7u);
}

TEST(TsMultiplexer, SendsTheTablesOfTheFirstTickByteByByte) {
  const TsMultiplexer mux({.house = House({25, 1})});
  TransportCheckpoint state;
  const Packets out = Mux(mux, Programme({25, 1}), 0, 1, state);
  ASSERT_GT(out.size(), 3u);

  const Bytes pat = {0x00, 0xB0, 0x0D, 0x00, 0x01, 0xC1, 0x00, 0x00,  // table 0, transport_stream_id 1
                     0x00, 0x01, 0xF0, 0x00,                          // program 1 on PID 0x1000
                     0x2A, 0xB1, 0x04, 0xB2};
  EXPECT_EQ(Bytes(out[0].begin(), out[0].end()), SectionPacket({0x47, 0x40, 0x00, 0x10}, pat));

  const Bytes pmt = {0x02, 0xB0, 0x17, 0x00, 0x01, 0xC1, 0x00, 0x00,  // table 2, program 1
                     0xE1, 0x00, 0xF0, 0x00,                          // PCR on 0x100
                     0x1B, 0xE1, 0x00, 0xF0, 0x00,                    // H.264 on 0x100
                     0x0F, 0xE1, 0x01, 0xF0, 0x00,                    // AAC in ADTS on 0x101
                     0x2F, 0x44, 0xB9, 0x9B};
  EXPECT_EQ(Bytes(out[1].begin(), out[1].end()), SectionPacket({0x47, 0x50, 0x00, 0x10}, pmt));

  const Bytes sdt = {0x42, 0xF0, 0x1C, 0x00, 0x01, 0xC1, 0x00, 0x00,  // table 0x42, transport_stream_id 1
                     0xFF, 0x01, 0xFF,                                // original_network_id
                     0x00, 0x01, 0xFC, 0x80, 0x0B,                    // service 1, running
                     0x48, 0x09, 0x19,                                // advanced codec HD television
                     0x03, 'A',  'I',  'R',  0x03, 'A',  'I',  'R',  0xD4, 0x75, 0xA5, 0xD5};
  EXPECT_EQ(Bytes(out[2].begin(), out[2].end()), SectionPacket({0x47, 0x40, 0x11, 0x10}, sdt));
}

TEST(TsTables, AnnouncesAServiceNameBeyondAsciiAsUtf8) {
  const Bytes expected = {
      0x42, 0xF0, 0x21, 0x12, 0x34, 0xC1, 0x00, 0x00, 0xFF, 0x01, 0xFF, 0x00, 0x01, 0xFC, 0x80, 0x10, 0x48,
      0x0E, 0x16,  // advanced codec SD television
      0x03, 'A',  'I',  'R',  0x08, 0x15, 'C',  'a',  'f',  0xC3, 0xA9, ' ',  '5',  0x0F, 0x0E, 0xB3, 0xE5};
  EXPECT_EQ(SdtSection({.transport_stream_id = 0x1234, .name = "Caf\u00E9 5", .provider = "AIR"}), expected);
}

TEST(TsTables, CutsAServiceNameThatIsTooLongBetweenTwoCharacters) {
  std::string name(kMaxServiceNameBytes - 1, 'x');
  name += "\u00E9 and more";  // the 64th byte would be the first half of the letter
  const Bytes section = SdtSection({.name = name, .provider = std::string(500, 'p')});
  ASSERT_LE(section.size(), 183u);
  const size_t provider_at = 19;
  EXPECT_EQ(section[provider_at], kMaxServiceNameBytes);
  const size_t name_at = provider_at + 1 + kMaxServiceNameBytes;
  EXPECT_EQ(section[name_at], kMaxServiceNameBytes - 1);
  EXPECT_EQ(section.size(), name_at + 1 + (kMaxServiceNameBytes - 1) + 4);
  EXPECT_EQ(Crc32Mpeg2(section), 0u) << "over a section with its CRC the remainder is zero";
}

TEST(TsMultiplexer, RepeatsTablesWithinAHundredMillisecondsFromAnyStartingTick) {
  for (const FrameRate rate : kHouseRates) {
    const TsMultiplexer mux({.house = House(rate)});
    for (int64_t start = -7; start < 70; ++start) {
      TransportCheckpoint state;
      std::map<uint16_t, int64_t> last;  // PID -> tick
      std::map<uint16_t, int64_t> longest;
      for (int64_t n = start; n < start + 260; ++n) {
        Packets out;
        Material{.tick = Tick(n), .picture = Bytes(10), .sound = {}}.Send(mux, state, out);
        TsReceiver receiver;
        receiver.Take(out);
        if (n == start) {
          EXPECT_EQ(receiver.tables.size(), 3u) << "everything on the first tick";
        }
        for (const auto& [pid, positions] : receiver.tables) {
          EXPECT_EQ(positions.size(), 1u);
          longest[pid] = std::max(longest[pid], n - last.try_emplace(pid, n).first->second);
          last[pid] = n;
        }
      }
      const auto ms = [rate](int64_t ticks) {
        return static_cast<double>(ticks) * 1000.0 * rate.den / rate.num;
      };
      EXPECT_GT(longest[kPatPid], 0);
      EXPECT_LT(ms(longest[kPatPid]), 100) << ToString(rate) << " from " << start;
      EXPECT_LT(ms(longest[kPmtPid]), 100) << ToString(rate) << " from " << start;
      EXPECT_GT(longest[kSdtPid], 0);
      EXPECT_LT(ms(longest[kSdtPid]), 2000) << ToString(rate) << " from " << start;
    }
  }
}

TEST(TsMultiplexer, SendsTablesBeforeEveryIdrButNeverTwoSdtWithin25Milliseconds) {
  for (const FrameRate rate : kHouseRates) {
    const TsMultiplexer mux({.house = House(rate)});
    TransportCheckpoint state;
    std::minstd_rand random(7);
    int64_t last_sdt = -1000;
    for (int64_t n = 0; n < 3000; ++n) {
      const bool idr = n == 0 || random() % 4 == 0;
      Packets out;
      Material{.tick = Tick(n), .picture = Bytes(10), .sound = {}, .idr = idr}.Send(mux, state, out);
      TsReceiver receiver;
      receiver.Take(out);
      if (idr) {
        EXPECT_EQ(receiver.pids[0], kPatPid);
        EXPECT_EQ(receiver.pids[1], kPmtPid);
      }
      const int64_t distance_us = (n - last_sdt) * 1'000'000 * rate.den / rate.num;
      if (receiver.tables.contains(kSdtPid)) {
        EXPECT_GE(distance_us, 25'000) << ToString(rate) << " tick " << n;
        last_sdt = n;
      } else if (idr) {
        EXPECT_LT(distance_us, 25'000) << ToString(rate) << " tick " << n;
      }
    }
  }
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

// ---- the clocks

TEST(TsMultiplexer, CarriesPcrAtLeastEveryFortyMillisecondsAtAllHouseRates) {
  for (const FrameRate rate : kHouseRates) {
    const TsMultiplexer mux({.house = House(rate), .pts_origin_90k = 1'000'000});
    TransportCheckpoint state;
    std::vector<PcrSample> pcrs;
    std::vector<size_t> pictures;
    TsReceiver receiver;
    for (int64_t n = 0; n < 10'000; ++n) {
      Packets out;
      Material{.tick = Tick(n), .picture = Bytes(400), .sound = {}, .idr = n == 0}.Send(mux, state, out);
      receiver.Take(out);
    }
    EXPECT_EQ(receiver.errors, std::vector<std::string>());
    int64_t n = 0;
    for (size_t i = 0; i < receiver.pcrs.size(); ++i) {
      const PcrSample& pcr = receiver.pcrs[i];
      if (i > 0) {
        const int64_t step = pcr.value - receiver.pcrs[i - 1].value;
        ASSERT_GT(step, 0) << ToString(rate);
        ASSERT_LE(step, 36 * 27'000) << ToString(rate);
      }
      if (pcr.own_packet) continue;
      const int64_t exact = Clock(n++, rate, 27'000'000) + (1'000'000 - 27'000) * 300;
      ASSERT_EQ(pcr.value, exact) << ToString(rate) << " tick " << n - 1;
    }
    EXPECT_EQ(n, 10'000) << "a PCR with every picture";
  }
}

TEST(TsMultiplexer, SpreadsThePcrPacketsOfATickEvenly) {
  for (const FrameRate rate : {FrameRate{24000, 1001}, {24, 1}, {25, 1}}) {
    for (const size_t bytes : {10u, 400u, 5'000u, 60'000u}) {
      const TsMultiplexer mux({.house = House(rate)});
      TransportCheckpoint state;
      state.packets = 1;
      Packets out;
      Material{
          .tick = Tick(1), .picture = Noise(bytes, 1), .sound = {{0, Noise(700, 1)}, {1920, Noise(300, 1)}}}
          .Send(mux, state, out);
      TsReceiver receiver;
      receiver.Take(out);
      EXPECT_EQ(receiver.errors, std::vector<std::string>());
      ASSERT_EQ(receiver.pcrs.size(), 2u);
      EXPECT_EQ(receiver.pcrs[0].packet, 0u);
      EXPECT_TRUE(receiver.pcrs[1].own_packet);
      EXPECT_NEAR(static_cast<double>(receiver.pcrs[1].packet), static_cast<double>(out.size()) / 2, 1.0);
    }
  }
}

TEST(TsMultiplexer, SendsThePcrOfThePictureFirstEvenWhenTheTickIsOnePacket) {
  const TsMultiplexer mux({.house = House({25, 1})});
  TransportCheckpoint state;
  state.packets = 1;
  Packets out;
  Material{.tick = Tick(1), .picture = Noise(10, 1), .sound = {}}.Send(mux, state, out);
  ASSERT_EQ(out.size(), 2u);
  TsReceiver receiver;
  receiver.Take(out);
  EXPECT_EQ(receiver.errors, std::vector<std::string>());
  EXPECT_FALSE(receiver.pcrs.at(0).own_packet);
  EXPECT_TRUE(receiver.pcrs.at(1).own_packet);
}

TEST(TsMultiplexer, SendsAPcrPacketWithoutAdvancingTheCounter) {
  const TsMultiplexer mux({.house = House({24, 1})});
  TransportCheckpoint state;
  const Packets out = Mux(mux, Programme({24, 1}), 0, 1000, state);
  size_t own = 0;
  size_t with_payload = 0;
  for (const TsPacket& packet : out) {
    if ((packet[1] & 0x1F) != 0x01 || packet[2] != 0x00) continue;
    (packet[3] & 0x10 ? with_payload : own) += 1;
  }
  EXPECT_EQ(own, 1000u);
  EXPECT_EQ(state.continuity[3], with_payload % 16);
}

TEST(TsMultiplexer, PutsSoundWhereItsInstantFallsInTheTick) {
  const TsMultiplexer mux({.house = House({25, 1})});  // a tick is 3600
  for (const int64_t offset : {0, 900, 1800, 3000}) {
    TransportCheckpoint state;
    state.packets = 1;
    Packets out;
    const Bytes picture = Noise(60'000, 1), frame = Noise(430, 1);
    const AudioUnit unit{.pts_90k = 0, .adts_frame = frame, .offset_90k = offset};
    mux.Append({.tick = Tick(1), .picture = picture, .audio = {&unit, 1}}, state, out);
    std::vector<int64_t> places;
    for (size_t i = 0; i < out.size(); ++i) {
      if (PidOf(out[i]) == kAudioPid) places.push_back(static_cast<int64_t>(i));
    }
    ASSERT_EQ(places.size(), 3u);
    for (int64_t k = 0; k < 3; ++k) {  // a millisecond apart
      const int64_t instant = (offset + 90 * k) * std::ssize(out) / 3600;
      EXPECT_GE(places[static_cast<size_t>(k)], instant - 1) << offset;
      EXPECT_LE(places[static_cast<size_t>(k)], instant + 3) << offset;
    }
    TsReceiver receiver;
    receiver.Take(out);
    EXPECT_EQ(receiver.errors, std::vector<std::string>());
  }
}

TEST(TsMultiplexer, PinsSoundThatMustNotComeEarlierWithAPcrWhereATickHasFewPackets) {
  const TsMultiplexer mux({.house = House({25, 1}), .pts_origin_90k = 900'000});
  for (const bool exact : {false, true}) {
    TransportCheckpoint state;
    state.packets = 1;
    Packets out;
    const Bytes picture = Noise(20, 1), frame = Noise(430, 1);
    const AudioUnit unit{.pts_90k = 0, .adts_frame = frame, .offset_90k = 2700, .exact = exact};
    mux.Append({.tick = Tick(1), .picture = picture, .audio = {&unit, 1}}, state, out);
    TsReceiver receiver;
    receiver.Take(out);
    EXPECT_EQ(receiver.errors, std::vector<std::string>());
    const auto first_sound = static_cast<size_t>(
        std::ranges::find(out, kAudioPid, [](const TsPacket& p) { return PidOf(p); }) - out.begin());
    ASSERT_EQ(receiver.pcrs.size(), exact ? 3u : 2u);
    if (!exact) continue;
    EXPECT_EQ(receiver.pcrs[2].value - receiver.pcrs[0].value, 2700 * 300);
    EXPECT_EQ(receiver.pcrs[2].packet, first_sound - 1);
    EXPECT_EQ(state.last_pcr, receiver.pcrs[2].value - 900'000 * 300);
  }
}

TEST(TsMultiplexer, StepsThePtsByExactlyOneFrame) {
  for (const FrameRate rate : kHouseRates) {
    const TsMultiplexer mux({.house = House(rate)});
    TransportCheckpoint state;
    TsReceiver receiver;
    receiver.Take(Mux(mux, Programme(rate, 50, 100), 0, 5000, state));
    const std::vector<PesUnit> pictures = receiver.Of(kVideoPid);
    ASSERT_EQ(pictures.size(), 5000u);
    for (int64_t n = 0; n < 5000; ++n) {
      ASSERT_EQ(pictures[static_cast<size_t>(n)].pts, Clock(n, rate, 90'000)) << ToString(rate);
    }
  }
}

TEST(TsMultiplexer, KeepsThePtsExactAfterManyDays) {
  const FrameRate rate{30000, 1001};
  const TsMultiplexer mux({.house = House(rate)});
  TransportCheckpoint state;
  TsReceiver receiver;
  const int64_t far = 1'000'000'000;  // more than a year
  receiver.Take(Mux(mux, Programme(rate, 50, 100), far, far + 100, state));
  const std::vector<PesUnit> pictures = receiver.Of(kVideoPid);
  ASSERT_EQ(pictures.size(), 100u);
  for (int64_t n = 0; n < 100; ++n) {
    EXPECT_EQ(pictures[static_cast<size_t>(n)].pts, (far + n) * 3003 % kWrap);
  }
  EXPECT_EQ(receiver.errors, std::vector<std::string>());
}

TEST(TsMultiplexer, WrapsPtsAndPcrEachAtItsOwnInstant) {
  const FrameRate rate{25, 1};
  const TsMultiplexer mux({.house = House(rate), .pts_origin_90k = kWrap - 20 * 90'000});
  TransportCheckpoint state;
  TsReceiver receiver;
  receiver.Take(Mux(mux, Programme(rate), 0, 1000, state));
  EXPECT_EQ(receiver.errors, std::vector<std::string>());  // among them: every PCR step, modulo the wrap

  const std::vector<PesUnit> pictures = receiver.Of(kVideoPid);
  ASSERT_EQ(pictures.size(), 1000u);
  EXPECT_EQ(pictures[499].pts, kWrap - 3600);
  EXPECT_EQ(pictures[500].pts, 0);  // 20 s
  EXPECT_EQ(pictures[501].pts, 3600);

  const auto smallest = std::ranges::min_element(receiver.pcrs, {}, &PcrSample::value);
  EXPECT_EQ(smallest->value, 0);  // 20.3 s: the second PCR of tick 507
  EXPECT_EQ(std::prev(smallest)->value, (kWrap - 1800) * 300);
  EXPECT_EQ(std::next(smallest)->value, 1800 * 300);
  EXPECT_GT(smallest->packet, pictures[507].first_packet);
  EXPECT_LT(smallest->packet, pictures[508].first_packet);

  for (const PesUnit& picture : pictures) {  // the buffering is the same on both sides of both wraps
    const auto beside = std::ranges::find(receiver.pcrs, picture.first_packet, &PcrSample::packet);
    ASSERT_NE(beside, receiver.pcrs.end());
    EXPECT_EQ((picture.pts - beside->value / 300 + kWrap) % kWrap, 27'000);
  }
}

TEST(TsMultiplexer, StampsAHundredThousandAudioFramesWithoutDrift) {
  const FrameRate rate{30000, 1001};
  const TsMultiplexer mux({.house = House(rate), .pts_origin_90k = 12'345});
  const Programme programme(rate, 50, 20);
  TransportCheckpoint state;
  int64_t frames = 0;
  for (int64_t n = 0; frames < 100'000; ++n) {
    Packets out;
    programme.At(n).Send(mux, state, out);
    TsReceiver receiver;
    receiver.Take(out);
    for (const PesUnit& unit : receiver.Of(kAudioPid)) {
      ASSERT_EQ(unit.pts, 12'345 - 1920 + frames * 1920);
      ++frames;
    }
    ASSERT_EQ(state.next_audio_frame, frames);
  }
}

TEST(TsMultiplexer, StampsThePrimingBeforeTickZero) {
  const TsMultiplexer mux({.house = House({25, 1})});
  TransportCheckpoint state;
  TsReceiver receiver;
  receiver.Take(Mux(mux, Programme({25, 1}), 0, 1, state));
  const std::vector<PesUnit> sound = receiver.Of(kAudioPid);
  ASSERT_GE(sound.size(), 2u);
  EXPECT_EQ(sound[0].pts, kWrap - 1920);
  EXPECT_EQ(sound[1].pts, 0);
  EXPECT_EQ(receiver.pcrs[0].value, (kWrap - 27'000) * 300);
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

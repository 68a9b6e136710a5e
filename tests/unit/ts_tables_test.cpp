#include "stages/encoder/ts/ts_tables.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <string>

#include "tests/unit/mux_material.h"
#include "tests/unit/ts_receiver.h"

namespace air {
namespace {

// Header, pointer_field, section, 0xFF up to the end.
Bytes SectionPacket(const Bytes& header, const Bytes& section) {
  Bytes packet = header;
  packet.push_back(0);
  packet.insert(packet.end(), section.begin(), section.end());
  packet.resize(188, 0xFF);
  return packet;
}

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

}  // namespace
}  // namespace air

// The constant-rate multiplexer, packet by packet. What a receiver sees is judged by TsReceiver, which shares
// no line with it; the arithmetic of rate and PCR is checked by the inequality that defines it.
#include "stages/encoder/ts/constant_rate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "stages/encoder/send/rejoin_mask.h"
#include "stages/encoder/ts/ts_multiplexer.h"
#include "stages/encoder/ts/ts_tables.h"
#include "tests/support/effort.h"
#include "tests/unit/constant_rate_channel.h"
#include "tests/unit/ts_receiver.h"

namespace air {
namespace {

using Channel = ConstantRateChannel;
__extension__ using Wide = __int128;

constexpr int64_t kWrap = int64_t{1} << 33;

// Mostly small, a large one at each IDR, so that the backlog comes and goes.
size_t Uneven(int64_t n) { return n % 25 == 0 ? 40'000 : 3'000 + static_cast<size_t>(n * 37 % 5'000); }

TEST(ConstantRate, SendsExactlyItsRateInEveryTickAndEverySecond) {
  for (FrameRate rate : kHouseRates) {
    for (uint32_t kbps : {2'000u, 3'333u, 8'000u, 19'393u}) {
      Channel channel(rate, kbps, [](int64_t) { return 500; });
      int64_t sent = 0;
      for (int64_t n = 100; n < 700; ++n) {
        sent += static_cast<int64_t>(channel.Make(n).size());
        // floor(n * den * R / (num * 1504)) said as an inequality, relative to tick 100
        const auto bits = [&](int64_t t) { return Wide{t} * rate.den * kbps * 1000; };
        const Wide unit = Wide{rate.num} * 1504;
        const Wide first = bits(100) / unit;
        EXPECT_LE((first + sent) * unit, bits(n + 1));
        EXPECT_GT((first + sent + 1) * unit, bits(n + 1));
      }
      EXPECT_EQ(channel.state.packets, static_cast<uint64_t>(sent));
    }
  }
}

TEST(ConstantRate, EveryPcrIsThatOfItsPlaceInTheStream) {
  int number = 0;
  for (FrameRate rate : kHouseRates) {
    for (uint32_t kbps : {2'000u, 4'321u, 19'393u}) {
      for (int64_t from : {0, 12'345, 1'000'000'000}) {
        if (number++ % EveryNthIfSanitized(4) != 0) continue;
        Channel channel(rate, kbps, Uneven);
        channel.set_origin(0);
        TsReceiver receiver;
        receiver.Take(channel.MakeAll(from, from + 300));
        const Wide first = Wide{from} * rate.den * kbps * 1000 / (Wide{rate.num} * 1504);
        for (const PcrSample& pcr : receiver.pcrs) {
          EXPECT_TRUE(pcr.own_packet);
          const Wide exact = (first + static_cast<int64_t>(pcr.packet)) * 1504 * 27'000;  // times kbps
          const Wide expected = exact / kbps - Wide{36'000} * 300;
          const Wide period = Wide{kWrap} * 300;
          EXPECT_EQ(static_cast<int64_t>((expected % period + period) % period), pcr.value) << ToString(rate);
        }
        EXPECT_EQ(receiver.errors, std::vector<std::string>())
            << "among them a PCR more than 40 ms after another";
      }
    }
  }
}

TEST(ConstantRate, BeginsASinkWithTablesThenThePcrThenTheIdrByteByByte) {
  Channel channel({25, 1}, 4'000, [](int64_t) { return 500; });
  const std::vector<TsPacket> out = channel.Make(50);
  EXPECT_EQ(PidOf(out[0]), kPatPid);
  EXPECT_EQ(PidOf(out[1]), kPmtPid);
  EXPECT_EQ(PidOf(out[2]), kSdtPid);
  // Tick 50 is 2 s: packet floor(2 * 4e6 / 1504) = 5319, and the PCR is the fourth from there: 5322 * 10152 =
  // 54028944 periods, 36000 * 300 of delay less, 900000 * 300 of origin more: base 1044096, extension 144.
  const Bytes pcr = {0x47, 0x01, 0x00, 0x2F, 0xB7, 0x10, 0x00, 0x07, 0xF7, 0x40, 0x7E, 0x90, 0xFF};
  EXPECT_EQ(Bytes(out[3].begin(), out[3].begin() + 13), pcr);
  const Bytes idr = {0x47, 0x41, 0x00, 0x30, 0x01, 0x40, 0x00, 0x00, 0x01, 0xE0};
  EXPECT_EQ(Bytes(out[4].begin(), out[4].begin() + 10), idr);
  EXPECT_EQ(channel.tick().idr_packet, 4u);
  const Bytes null = {0x47, 0x1F, 0xFF, 0x10, 0xFF, 0xFF};
  EXPECT_EQ(Bytes(out.back().begin(), out.back().begin() + 6), null);
  EXPECT_EQ(out.back()[187], 0xFF);
  EXPECT_GT(channel.tick().null_packets, 90u);
}

TEST(ConstantRate, CarriesEveryByteOfPicturesThatAreLargerThanTheirTick) {
  for (FrameRate rate : kHouseRates) {
    Channel channel(rate, 6'000, Uneven);
    TsReceiver receiver;
    size_t deepest = 0;
    for (int64_t n = 0; n < 500; ++n) {
      receiver.Take(channel.Make(n));
      deepest = std::max(deepest, channel.backlog.size());
    }
    EXPECT_EQ(receiver.errors, std::vector<std::string>()) << ToString(rate);
    EXPECT_GT(deepest, 50u) << "a run without a backlog proves nothing";
    const std::vector<PesUnit> pictures = receiver.Of(kVideoPid);
    ASSERT_GT(pictures.size(), 480u);
    for (size_t i = 0; i + 1 < pictures.size(); ++i) {  // the last may still be under way
      ASSERT_EQ(pictures[i].payload, Noise(Uneven(static_cast<int64_t>(i)), static_cast<uint32_t>(i))) << i;
      EXPECT_EQ(pictures[i].random_access, i % 25 == 0);
    }
    const std::vector<PesUnit> sound = receiver.Of(kAudioPid);
    ASSERT_GT(sound.size(), 300u);
    for (size_t i = 1; i < sound.size(); ++i) EXPECT_EQ(sound[i].pts - sound[i - 1].pts, 1920);
  }
}

TEST(ConstantRate, NeverLetsThePictureHoldUpSoundOrTables) {
  Channel channel({25, 1}, 3'000, [](int64_t n) -> size_t { return n % 50 == 0 ? 150'000 : 1'000; });
  for (int64_t n = 0; n < 200; ++n) {
    const std::vector<TsPacket> out = channel.Make(n);
    std::map<uint16_t, size_t> packets;
    for (const TsPacket& packet : out) ++packets[PidOf(packet)];
    EXPECT_GE(packets[kAudioPid], 2u) << n;
    if (n % 2 == 0) {
      EXPECT_EQ(packets[kPatPid], 1u) << n;
    }
  }
}

TEST(ConstantRate, PutsSoundWhereItsInstantFalls) {
  const MuxConfig config{.house = House({25, 1}), .delay_90k = 36'000, .rate_kbps = 4'000};
  const ConstantRateMultiplexer mux(config);
  for (const int64_t offset : {0, 1000, 2222, 3200}) {
    TransportCheckpoint state;
    state.packets = 1;
    Backlog backlog;
    const Bytes picture = Noise(3'000, 1), frame = Noise(430, 1);
    const AudioUnit unit{.pts_90k = 0, .adts_frame = frame, .offset_90k = offset};
    const ConstantRateTick tick =
        mux.Append({.tick = Tick(1), .picture = picture, .audio = {&unit, 1}}, state, backlog);
    ASSERT_EQ(tick.packets.size(), 106u);  // tick 1 begins in the middle of packet 106
    int64_t k = 0;
    for (size_t i = 0; i < tick.packets.size(); ++i) {
      if (PidOf(tick.packets[i]) != kAudioPid) continue;
      const double instant = static_cast<double>(offset + 90 * k++) * 4'000 / 90 / 1504;
      EXPECT_NEAR(static_cast<double>(i), instant, 2.5) << offset;  // behind a PCR at the most
    }
    EXPECT_EQ(k, 3);
  }
}

TEST(ConstantRate, PutsTablesBeforeAnIdrWhereItBeginsHoweverLate) {
  Channel channel({50, 1}, 3'000,
                  [](int64_t n) -> size_t { return n % 25 == 0 ? 25'000 : 100 + n % 25 * 100; });
  size_t late = 0;
  for (int64_t n = 0; n < 2000; ++n) {
    const std::vector<TsPacket> out = channel.Make(n);
    if (!channel.tick().idr_packet) continue;
    late += n % 25 != 0 ? 1 : 0;
    const auto idr = out.begin() + static_cast<ptrdiff_t>(*channel.tick().idr_packet);
    EXPECT_EQ(PidOf(*idr), kVideoPid);
    EXPECT_TRUE(IsRandomAccess(*idr));
    for (uint16_t pid : {kPatPid, kPmtPid}) {
      EXPECT_TRUE(std::any_of(out.begin(), idr, [&](const TsPacket& p) { return PidOf(p) == pid; })) << n;
    }
  }
  Channel behind({50, 1}, 3'000, [](int64_t n) -> size_t { return n % 25 == 24 ? 25'000 : 200; });
  for (int64_t n = 0; n < 500; ++n) {
    behind.Make(n);
    late += behind.tick().idr_packet && n % 25 != 0 ? 1 : 0;
  }
  EXPECT_GT(late, 10u) << "no IDR picture ever began behind its own tick";
}

TEST(ConstantRate, CountsAPictureWhoseLastByteComesBehindItsStamp) {
  // 400 ms of delay at 3 Mbit/s is 150,000 bytes. One picture of 120,000 is in time, one of 180,000 is not.
  for (const auto& [bytes, late] : {std::pair<size_t, uint64_t>{120'000, 0}, {180'000, 1}}) {
    Channel channel({25, 1}, 3'000, [bytes = bytes](int64_t n) -> size_t { return n == 10 ? bytes : 100; });
    uint64_t counted = 0;
    for (int64_t n = 0; n < 60; ++n) {
      channel.Make(n);
      counted += channel.tick().late_pictures;
    }
    EXPECT_EQ(counted > 0 ? 1u : 0u, late) << bytes;
    EXPECT_TRUE(channel.backlog.empty());
  }
}

TEST(ConstantRate, GivesTheSameBytesFromACopiedCheckpointAndBacklogInAnotherInstance) {
  Channel one({30000, 1001}, 5'000, Uneven);
  one.MakeAll(0, 77);
  for (int64_t n = 77; n < 180; ++n) {
    Channel other({30000, 1001}, 5'000, Uneven);
    other.state = one.state;
    other.backlog = one.backlog;
    EXPECT_EQ(other.Make(n), one.Make(n)) << n;
    EXPECT_EQ(other.state, one.state);
    EXPECT_EQ(other.backlog, one.backlog);
  }
}

TEST(ConstantRate, NumbersTheBacklogWithoutAGap) {
  Channel channel({25, 1}, 5'000, Uneven);
  TransportCheckpoint before;
  for (int64_t n = 0; n < 500; ++n, before = channel.state) {
    channel.Make(n);
    EXPECT_EQ(channel.state.backlog_end - channel.state.backlog_begin, channel.backlog.size());
    EXPECT_EQ(channel.state.backlog_end, before.backlog_end + channel.tick().carried);
    EXPECT_GE(channel.state.backlog_begin, before.backlog_begin);
    EXPECT_LE(channel.state.backlog_begin, before.backlog_end)
        << "a packet that goes out in its own tick is never in the backlog";
  }
  EXPECT_GT(channel.state.backlog_end, 1000u);
}

TEST(ConstantRate, WrapsPtsAndPcrEachAtItsOwnInstant) {
  Channel channel({25, 1}, 4'000, [](int64_t) { return 2'000; });
  channel.set_origin(kWrap - 20 * 90'000);
  TsReceiver receiver;
  receiver.Take(channel.MakeAll(0, 1000));
  EXPECT_EQ(receiver.errors, std::vector<std::string>());
  const std::vector<PesUnit> pictures = receiver.Of(kVideoPid);
  EXPECT_EQ(pictures[499].pts, kWrap - 3600);
  EXPECT_EQ(pictures[500].pts, 0);
  const auto smallest = std::ranges::min_element(receiver.pcrs, {}, &PcrSample::value);
  EXPECT_LT(smallest->value, 40 * 27'000);
  EXPECT_GT(std::prev(smallest)->value, (kWrap - 3600) * 300);
  EXPECT_GT(smallest->packet, pictures[509].first_packet);  // 20.4 s
  EXPECT_LT(smallest->packet, pictures[511].first_packet);
}

TEST(ConstantRate, DeclaresATimeJumpOnItsFirstPcrAndDropsWhatWasWaiting) {
  Channel channel({25, 1}, 3'000, [](int64_t n) -> size_t { return n == 29 ? 60'000 : 2'000; });
  TsReceiver receiver;
  receiver.Take(channel.MakeAll(0, 30));
  ASSERT_GT(channel.backlog.size(), 100u);
  receiver.Take(channel.Make(900, true));
  EXPECT_TRUE(channel.backlog.empty());
  EXPECT_EQ(channel.state.backlog_begin, channel.state.backlog_end);
  receiver.Take(channel.MakeAll(901, 950));
  EXPECT_EQ(receiver.errors, std::vector<std::string>());
  EXPECT_EQ(receiver.discontinuities, (std::map<uint16_t, size_t>{{kVideoPid, 1}, {kAudioPid, 1}}));
}

// A viewer that missed some of the stream goes on at the tick in which an IDR begins, behind the prologue;
// what that tick has of earlier pictures is masked.
TEST(ConstantRate, LetsAReceiverFollowARejoinInTheMiddleOfABacklog) {
  for (FrameRate rate : {FrameRate{24, 1}, {50, 1}, {60000, 1001}}) {
    Channel channel(rate, 3'000, [](int64_t n) -> size_t { return n % 25 == 23 ? 30'000 : 1'500; });
    TsReceiver receiver;
    receiver.Take(channel.MakeAll(0, 40));
    channel.MakeAll(40, 120);  // dropped
    TransportCheckpoint before;
    std::vector<TsPacket> tick;
    int64_t n = 120;
    do {
      before = channel.state;
      tick = channel.Make(n++);
    } while (!channel.tick().idr_packet);
    const size_t idr = *channel.tick().idr_packet;
    ASSERT_GT(idr, 10u) << "no backlog before the IDR: this run proves nothing";

    std::vector<TsPacket> masked = tick;
    MaskBeforeIdr(std::as_writable_bytes(std::span(masked)), before.packets, before.packets,
                  before.packets + idr, tick[idr]);
    before.continuity[static_cast<size_t>(PidSlot::kVideo)] = ContinuityOf(tick[idr]);
    receiver.Take(RejoinPackets(before, channel.config()));
    receiver.Take(masked);
    receiver.Take(channel.MakeAll(n, n + 60));
    EXPECT_EQ(receiver.errors, std::vector<std::string>()) << ToString(rate);

    EXPECT_EQ(masked.size(), tick.size());
    for (size_t i = 0; i < tick.size(); ++i) {
      if (i >= idr || PidOf(tick[i]) != kVideoPid) {
        EXPECT_EQ(masked[i], tick[i]) << i;
      }
    }
    // The first picture behind the prologue is the IDR, whole.
    const std::vector<PesUnit> pictures = receiver.Of(kVideoPid);
    const auto joined = std::ranges::find_if(pictures, [&](const PesUnit& p) {
      return p.first_packet > receiver.pcrs.size() && p.pts > 900'000 + 100 * 1500;
    });
    ASSERT_NE(joined, pictures.end());
    const size_t number = static_cast<size_t>(joined - pictures.begin());
    EXPECT_TRUE(joined->random_access) << number;
    EXPECT_EQ(joined->payload.size(), 1'500u);
  }
}

TEST(ConstantRate, ARejoinsPcrIsThatOfItsPlaceBeforeTheTick) {
  Channel channel({25, 1}, 4'000, [](int64_t) { return 2'000; });
  channel.MakeAll(0, 50);
  const TransportCheckpoint before = channel.state;
  TsReceiver receiver;
  receiver.Take(RejoinPackets(before, channel.config()));
  receiver.Take(channel.MakeAll(50, 60));
  ASSERT_GT(receiver.pcrs.size(), 2u);
  for (size_t i = 1; i < receiver.pcrs.size(); ++i) {
    const auto packets = static_cast<int64_t>(receiver.pcrs[i].packet - receiver.pcrs[i - 1].packet);
    EXPECT_EQ(receiver.pcrs[i].value - receiver.pcrs[i - 1].value,
              packets * 10'152);  // 1504 bits at 4 Mbit/s
  }
}

TEST(RejoinMask, TouchesNothingOutsideItsRange) {
  std::vector<TsPacket> packets(20);
  for (size_t i = 0; i < packets.size(); ++i)
    packets[i] = {0x47, 0x01, 0x00, static_cast<uint8_t>(0x10 | i % 16)};
  const std::vector<TsPacket> original = packets;
  const TsPacket idr = packets[12];
  MaskBeforeIdr(std::as_writable_bytes(std::span(packets)), 100, 105, 112, idr);
  for (size_t i = 0; i < packets.size(); ++i) {
    EXPECT_EQ(PidOf(packets[i]), i >= 5 && i < 12 ? 0x1FFF : 0x100) << i;
  }
  packets = original;
  MaskBeforeIdr(std::as_writable_bytes(std::span(packets)), 100, 80, 99, idr);
  MaskBeforeIdr(std::as_writable_bytes(std::span(packets)), 100, 120, 130, idr);
  EXPECT_EQ(packets, original);
}

}  // namespace
}  // namespace air

// PCR, PTS and where in its tick a packet of sound leaves.
#include "stages/encoder/ts/ts_multiplexer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tests/unit/mux_material.h"
#include "tests/unit/ts_receiver.h"

namespace air {
namespace {

// floor(n * den * hz / num), for n >= 0 and without the product's own arithmetic.
int64_t Clock(int64_t n, FrameRate rate, int64_t hz) {
  const int64_t whole = n / rate.num;
  const int64_t rest = n % rate.num;
  return whole * rate.den * hz + rest * rate.den * hz / rate.num;
}

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

}  // namespace
}  // namespace air

// When sound leaves: held against a receiver's buffer, written here from ISO/IEC 13818-1 alone, in which what
// a tick brings is there at the tick's very beginning and a unit leaves at its PTS.
#include "stages/encoder/sound_schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "shm/stream_budget.h"

namespace air {
namespace {

constexpr int64_t kDelay = 27'000;
constexpr FrameRate kHouseRates[] = {{24000, 1001}, {24, 1}, {25, 1},       {30000, 1001},
                                     {30, 1},       {50, 1}, {60000, 1001}, {60, 1}};

HouseTime TimeOf(FrameRate rate) { return HouseTime({.width = 16, .height = 16, .rate = rate}); }

struct Sent {
  int64_t index;
  size_t bytes;
  int64_t tick;
};

int64_t Stamp(int64_t index) { return (index - 1) * 1920; }

// Runs a sink from `first_tick` on, as MpegTSOutputSink does: a unit exists when the samples of the two units
// behind it have been fed.
template <class Size>
std::vector<Sent> SendSound(const HouseTime& time, int64_t lead, int64_t first_tick, int64_t ticks,
                            Size size) {
  const SoundSchedule schedule(time, kDelay, lead);
  TransportCheckpoint state{.first_tick = first_tick};
  int64_t next = CeilMulDiv(time.FirstSample(Tick(first_tick)).value(), 1, 1024);
  std::vector<Sent> sent;
  for (int64_t t = first_tick; t < first_tick + ticks; ++t) {
    while ((next + 2) * 1024 <= time.FirstSample(Tick(t + 1)).value()) {
      const size_t bytes = size(next);
      if (!schedule.Leaves(next, bytes, Tick(t), state)) break;
      SoundSchedule::Note(next, bytes, state);
      sent.push_back({next++, bytes, t});
    }
  }
  return sent;
}

// The most the buffer ever holds, in bytes.
size_t FullestBuffer(const HouseTime& time, const std::vector<Sent>& sent) {
  size_t fullest = 0;
  for (size_t last = 0; last < sent.size(); ++last) {
    const int64_t now = time.Pts90k(Tick(sent[last].tick)) - kDelay;
    size_t held = 0;
    for (size_t i = 0; i <= last; ++i) held += Stamp(sent[i].index) > now ? sent[i].bytes : 0;
    fullest = std::max(fullest, held);
  }
  return fullest;
}

TEST(SoundSchedule, NeverOverflowsTheBufferOfTheReceiverNorComesTooLate) {
  for (FrameRate rate : kHouseRates) {
    for (uint32_t kbps : {64u, 128u, 160u, 192u}) {
      const HouseTime time = TimeOf(rate);
      const int64_t lead = SoundLead90k(time, kbps, kDelay);
      const size_t mean = kbps * 1000 * 1024 / 48'000 / 8 + 21;
      std::minstd_rand random(kbps);
      for (int64_t first : {0, 1, 7, 12'345, 1'000'000'007}) {
        const auto sent =
            SendSound(time, lead, first, 400, [&](int64_t) { return mean * (70 + random() % 60) / 100; });
        ASSERT_GT(sent.size(), 200u);
        EXPECT_LE(FullestBuffer(time, sent), 3584u) << ToString(rate) << " " << kbps;
        EXPECT_GT(FullestBuffer(time, sent), 3 * mean) << "a buffer that is hardly used proves nothing";
        for (const Sent& unit : sent) {
          if (unit.tick < first + 8) continue;  // the first units may belong to an instant before the sink's
          ASSERT_LE(time.Pts90k(Tick(unit.tick + 1)) - kDelay, Stamp(unit.index))
              << ToString(rate) << " " << kbps;
        }
      }
    }
  }
}

TEST(SoundSchedule, HoldsAUnitBackThatWouldOverflowTheBufferAndSendsItInTimeAllTheSame) {
  // Silence, then the coder's largest unit several times over: what a cut from pad to loud content does.
  for (FrameRate rate : kHouseRates) {
    const HouseTime time = TimeOf(rate);
    const int64_t lead = SoundLead90k(time, 160, kDelay);
    const auto sent = SendSound(time, lead, 0, 400,
                                [](int64_t i) -> size_t { return i % 50 > 40 && i % 50 < 45 ? 800 : 448; });
    EXPECT_LE(FullestBuffer(time, sent), 3584u) << ToString(rate);
    for (const Sent& unit : sent) {
      if (unit.tick >= 8) {
        ASSERT_LE(time.Pts90k(Tick(unit.tick + 1)) - kDelay, Stamp(unit.index));
      }
    }
  }
}

TEST(SoundSchedule, SendsTheFirstUnitsOfASinkAsSoonAsTheyExist) {
  for (FrameRate rate : kHouseRates) {
    const HouseTime time = TimeOf(rate);
    const int64_t lead = SoundLead90k(time, 160, kDelay), first = 1000;
    const auto sent = SendSound(time, lead, first, 100, [](int64_t) { return 448; });
    EXPECT_LE(sent.front().tick, first + time.num() * 70 / time.den() / 1000 + 1) << ToString(rate);
    for (const Sent& unit : sent) {
      if (Stamp(unit.index) >= time.Pts90k(Tick(first)) + lead) break;
      EXPECT_LT(time.FirstSample(Tick(unit.tick)).value(), (unit.index + 2) * 1024)
          << "it existed a tick before";
    }
  }
}

TEST(SoundSchedule, IsAFunctionOfTheIndexWhereverTheSinkBegan) {
  for (FrameRate rate : kHouseRates) {
    const HouseTime time = TimeOf(rate);
    const int64_t lead = SoundLead90k(time, 160, kDelay);
    const auto one = SendSound(time, lead, 0, 300, [](int64_t) { return 448; });
    const auto other = SendSound(time, lead, 77, 223, [](int64_t) { return 448; });
    for (const Sent& unit : other) {
      if (unit.tick < 77 + 20) continue;
      const auto same = std::ranges::find(one, unit.index, &Sent::index);
      ASSERT_NE(same, one.end());
      EXPECT_EQ(same->tick, unit.tick);
    }
  }
}

TEST(SoundLead, IsWhatTheBufferHoldsOfTheMeanRateAndNeverMoreThanTheDelay) {
  EXPECT_EQ(SoundLead90k(TimeOf({25, 1}), 160, kDelay), 7 * 1920 - 3600 - 300);
  EXPECT_EQ(SoundLead90k(TimeOf({60, 1}), 160, kDelay), 7 * 1920 - 1920 - 300);
  EXPECT_EQ(SoundLead90k(TimeOf({25, 1}), 64, 20'000), 20'000);
  for (FrameRate rate : kHouseRates) {  // a unit's whole tick lies before its PTS
    EXPECT_GT(SoundLead90k(TimeOf(rate), kMostSoundKbps, kDelay), TimeOf(rate).Pts90k(Tick(1)) + 1)
        << ToString(rate);
  }
}

}  // namespace
}  // namespace air

// When sound leaves: held against a receiver's buffer, written here from ISO/IEC 13818-1 alone, in which a
// unit is there whole from the instant it begins to leave, and is gone at its PTS.
#include "stages/encoder/ts/sound_schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <vector>

#include "stream/stream_budget.h"

namespace air {
namespace {

constexpr int64_t kDelay = 27'000;

HouseTime TimeOf(FrameRate rate) { return HouseTime({.width = 16, .height = 16, .rate = rate}); }

struct Sent {
  int64_t index;
  size_t bytes;
  int64_t tick;
  int64_t begin, end;  // PCR time, 90 kHz
};

int64_t Stamp(int64_t index) { return (index - 1) * 1920; }

// Runs a sink from `first_tick` on, as MpegTSOutputSink does: a unit exists when the samples of the two units
// behind it have been fed.
template <class Size>
std::vector<Sent> SendSound(const HouseTime& time, int64_t lead, int64_t first_tick, int64_t ticks,
                            Size size) {
  const SoundSchedule schedule(time, kDelay, lead);
  TransportCheckpoint state;
  schedule.Begin(Tick(first_tick), state);
  int64_t next = CeilMulDiv(time.FirstSample(Tick(first_tick)).value(), 1, 1024);
  std::vector<Sent> sent;
  for (int64_t t = first_tick; t < first_tick + ticks; ++t) {
    const int64_t pcr = time.Pts90k(Tick(t)) - kDelay, next_pcr = time.Pts90k(Tick(t + 1)) - kDelay;
    while ((next + 2) * 1024 <= time.FirstSample(Tick(t + 1)).value()) {
      const size_t bytes = size(next);
      const std::optional<SoundPlace> place = schedule.Leaves(next, bytes, Tick(t), state);
      if (!place) break;
      const int64_t offset = place->offset_90k;
      schedule.Note(next, bytes, Tick(t), offset, state);
      const int64_t duration = static_cast<int64_t>(bytes + 183) / 184 * 90;
      sent.push_back({next++, bytes, t, pcr + offset, pcr + offset + duration});
      EXPECT_GE(offset, 0);
      EXPECT_LE(sent.back().end, next_pcr) << "wholly in its tick";
    }
  }
  return sent;
}

// The most the buffer ever holds, in bytes, and that everything arrives in order and in time. `from`: the
// first units of a sink may be for an instant that has passed.
size_t FullestBuffer(const std::vector<Sent>& sent, size_t from = 0) {
  size_t fullest = 0;
  for (size_t last = 0; last < sent.size(); ++last) {
    size_t held = 0;
    for (size_t i = last < 40 ? 0 : last - 40; i <= last; ++i) {
      held += Stamp(sent[i].index) > sent[last].begin ? sent[i].bytes : 0;
    }
    fullest = std::max(fullest, held);
    if (last > 0) {
      EXPECT_GE(sent[last].begin, sent[last - 1].end);
    }
    if (last >= from) {
      EXPECT_LE(sent[last].end, Stamp(sent[last].index)) << "too late";
    }
  }
  return fullest;
}

TEST(SoundSchedule, NeverOverflowsTheBufferOfTheReceiverNorComesTooLate) {
  for (FrameRate rate : kHouseRates) {
    for (uint32_t kbps : {64u, 128u, 160u, 192u, 320u}) {
      const HouseTime time = TimeOf(rate);
      const int64_t lead = SoundLead90k(kbps, kDelay);
      const size_t mean = kbps * 1000 * 1024 / 48'000 / 8 + 21;
      std::minstd_rand random(kbps);
      for (int64_t first : {0, 1, 7, 12'345, 1'000'000'007}) {
        const auto sent =
            SendSound(time, lead, first, 400, [&](int64_t) { return mean * (70 + random() % 60) / 100; });
        ASSERT_GT(sent.size(), 200u);
        const size_t fullest = FullestBuffer(sent);
        EXPECT_LE(fullest, 3584u) << ToString(rate) << " " << kbps;
        EXPECT_GT(fullest, 2 * mean) << "a buffer that is hardly used proves nothing";
      }
    }
  }
}

TEST(SoundSchedule, KeepsToTheBufferAndComesInTimeWhateverTheSizes) {
  constexpr size_t kLargest = 1536 + 21;  // 6144 bits a channel
  for (FrameRate rate : kHouseRates) {
    const HouseTime time = TimeOf(rate);
    const int64_t lead = SoundLead90k(160, kDelay);
    std::minstd_rand random(rate.num);
    const auto one = SendSound(time, lead, 0, 2000, [&](int64_t) { return 30 + random() % (kLargest - 30); });
    EXPECT_LE(FullestBuffer(one), 3584u) << ToString(rate);
    // What a cut from silence to loud content does, and the worst there is.
    const auto burst =
        SendSound(time, lead, 0, 2000, [&](int64_t i) -> size_t { return i % 50 > 40 ? kLargest : 34; });
    EXPECT_LE(FullestBuffer(burst), 3584u) << ToString(rate);
    const auto all = SendSound(time, lead, 0, 2000, [&](int64_t) { return kLargest; });
    EXPECT_LE(FullestBuffer(all), 3584u) << ToString(rate);
    EXPECT_GT(all.back().index, one.back().index - 15) << "none stays behind";
  }
}

TEST(SoundSchedule, SendsTheFirstUnitsOfASinkAsSoonAsTheyExist) {
  for (FrameRate rate : kHouseRates) {
    const HouseTime time = TimeOf(rate);
    const int64_t lead = SoundLead90k(160, kDelay), first = 1000;
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
    const int64_t lead = SoundLead90k(160, kDelay);
    const auto one = SendSound(time, lead, 0, 300, [](int64_t) { return 448; });
    const auto other = SendSound(time, lead, 77, 223, [](int64_t) { return 448; });
    size_t compared = 0;
    for (const Sent& unit : other) {
      if (unit.tick < 77 + 20) continue;
      const auto same = std::ranges::find(one, unit.index, &Sent::index);
      ASSERT_NE(same, one.end());
      EXPECT_EQ(same->tick, unit.tick);
      EXPECT_EQ(same->begin, unit.begin);
      ++compared;
    }
    EXPECT_GT(compared, 100u);
  }
}

TEST(SoundLead, IsWhatTheBufferHoldsOfTheMeanRateAndNeverMoreThanTheDelay) {
  EXPECT_EQ(SoundLead90k(160, kDelay), 6 * 1920);
  EXPECT_EQ(SoundLead90k(128, kDelay), 7 * 1920);
  EXPECT_EQ(SoundLead90k(64, 20'000), 20'000);
  EXPECT_GE(SoundLead90k(kMostSoundKbps, kDelay), 2 * 1920) << "room for one comes that long before its PTS";
}

}  // namespace
}  // namespace air

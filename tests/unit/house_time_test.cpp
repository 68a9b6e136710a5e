// Exact time, at all eight house rates. The reference is another derivation: instead of dividing, it checks
// the inequality that defines each floor or ceiling, in 128-bit integers, and for the sound also a running
// sum.
#include "media/house_time.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace air {
namespace {

__extension__ using Wide = __int128;

constexpr int64_t kFarTick = 10'000'000'000;  // five years at 60 Hz

std::vector<HouseFormat> AllRates() {
  std::vector<HouseFormat> formats;
  for (FrameRate rate : kHouseRates) {
    formats.push_back({.width = 16, .height = 16, .rate = rate});
  }
  return formats;
}

// q == floor(p / d), said without a division.
bool IsFloor(Wide q, Wide p, Wide d) { return q * d <= p && p < (q + 1) * d; }
bool IsCeil(Wide q, Wide p, Wide d) { return (q - 1) * d < p && p <= q * d; }

// The ticks around everything that could go wrong, and many others on both sides of the epoch.
std::vector<int64_t> Ticks() {
  std::vector<int64_t> ticks;
  for (int64_t around : {int64_t{0}, int64_t{1001}, int64_t{30000}, int64_t{60000}, kFarTick}) {
    for (int64_t d = -5; d <= 5; ++d) {
      ticks.push_back(around + d);
      ticks.push_back(-around + d);
    }
  }
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    ticks.push_back(std::uniform_int_distribution<int64_t>(-kFarTick, kFarTick)(random));
    ticks.push_back(std::uniform_int_distribution<int64_t>(-2000, 200'000)(random));
  }
  return ticks;
}

TEST(HouseTime, FloorAndCeilingAreNotTruncation) {
  EXPECT_EQ(FloorMulDiv(7, 1, 2), 3);
  EXPECT_EQ(FloorMulDiv(-7, 1, 2), -4);
  EXPECT_EQ(FloorMulDiv(-8, 1, 2), -4);
  EXPECT_EQ(CeilMulDiv(7, 1, 2), 4);
  EXPECT_EQ(CeilMulDiv(-7, 1, 2), -3);
  EXPECT_EQ(CeilMulDiv(-8, 1, 2), -4);
  EXPECT_EQ(FloorMulDiv(0, 5, 3), 0);
  EXPECT_EQ(CeilMulDiv(0, 5, 3), 0);
  EXPECT_EQ(FloorMulDiv(int64_t{1} << 62, 12, 24), int64_t{1} << 61);  // the product does not fit 64 bits
}

TEST(HouseTime, DeadlinesAndPtsAreTheFloorOfTheExactRational) {
  for (const HouseFormat& format : AllRates()) {
    const HouseTime time(format);
    const Wide num = format.rate.num, den = format.rate.den;
    for (int64_t n : Ticks()) {
      ASSERT_TRUE(IsFloor(time.NanosOf(Tick(n)), n * den * 1'000'000'000, num))
          << format.rate.num << " " << n;
      ASSERT_EQ(time.Deadline(Nanos(123'456'789), Tick(n)).value(), 123'456'789 + time.NanosOf(Tick(n)));
      ASSERT_TRUE(IsFloor(time.Pts90k(Tick(n)), n * den * 90'000, num)) << format.rate.num << " " << n;
      ASSERT_TRUE(IsFloor(time.Pts90k(SampleIndex(n)), Wide{n} * 90'000, format.sample_rate)) << n;
      ASSERT_TRUE(IsFloor((time.UtcOf(UtcMs(0), Tick(n)) - UtcMs(0)), n * den * 1000, num))
          << format.rate.num << " " << n;
      ASSERT_TRUE(IsFloor(time.FirstSample(Tick(n)).value(), n * den * format.sample_rate, num))
          << format.rate.num << " " << n;
    }
  }
}

TEST(HouseTime, KnownValues) {
  const HouseTime ntsc({.width = 16, .height = 16, .rate = {30000, 1001}});
  EXPECT_EQ(ntsc.NanosOf(Tick(1)), 33'366'666);
  EXPECT_EQ(ntsc.NanosOf(Tick(3)), 100'100'000);
  EXPECT_EQ(ntsc.NanosOf(Tick(-1)), -33'366'667);
  EXPECT_EQ(ntsc.NanosOf(Tick(30'000)), 1001 * kNanosPerSecond);
  EXPECT_EQ(ntsc.NanosOf(Tick(kFarTick)), 333'666'666'666'666'666);
  EXPECT_EQ(ntsc.Pts90k(Tick(kFarTick)), 30'030'000'000'000);
  EXPECT_EQ(ntsc.SamplesOf(Tick(0)), 1601u);
  EXPECT_EQ(ntsc.SamplesOf(Tick(1)), 1602u);
  EXPECT_EQ(ntsc.FirstSample(Tick(5)).value(), 8008);

  const HouseTime film({.width = 16, .height = 16, .rate = {24000, 1001}});
  EXPECT_EQ(film.Pts90k(Tick(1)), 3753);
  EXPECT_EQ(film.Pts90k(Tick(4)), 15'015);
  EXPECT_EQ(film.Pts90k(Tick(86'314)), 324'001'177);  // an hour; adding 3754 each time would be 0.24 s late
  EXPECT_EQ(film.SamplesOf(Tick(17)), 2002u);
}

TEST(HouseTime, SoundAddsUpAtEveryRate) {
  // A running sum with its remainder, as a counter with no division would do it.
  for (const HouseFormat& format : AllRates()) {
    const HouseTime time(format);
    int64_t sample = 0, remainder = 0;
    for (int64_t n = 0; n < 20'000; ++n) {
      ASSERT_EQ(time.FirstSample(Tick(n)).value(), sample) << format.rate.num << " " << n;
      const int64_t before = sample;
      remainder += int64_t{format.sample_rate} * format.rate.den;
      while (remainder >= format.rate.num) {
        remainder -= format.rate.num;
        ++sample;
      }
      ASSERT_EQ(time.SamplesOf(Tick(n)), sample - before);
      ASSERT_EQ(time.SamplesOf(UnitIndex(n)), sample - before + 1) << "one of look-ahead";
      ASSERT_LE(time.SamplesOf(UnitIndex(n)), format.MaxUnitSamples());
    }
  }
}

TEST(HouseTime, TheTickOfADeadlineIsItsOwn) {
  const Nanos epoch(987'654'321'987);
  for (const HouseFormat& format : AllRates()) {
    const HouseTime time(format);
    for (int64_t n : Ticks()) {
      const Nanos due = time.Deadline(epoch, Tick(n));
      ASSERT_EQ(time.TickAt(epoch, due), Tick(n)) << format.rate.num << " " << n;
      ASSERT_EQ(time.TickAt(epoch, due - 1), Tick(n - 1)) << format.rate.num << " " << n;
      ASSERT_EQ(time.TickAt(epoch, time.Deadline(epoch, Tick(n + 1)) - 1), Tick(n));
    }
  }
}

TEST(HouseTime, AFenceIsTheFirstTickNotBeforeIt) {
  const UtcMs epoch(1'700'000'000'123);
  for (const HouseFormat& format : AllRates()) {
    const HouseTime time(format);
    const Wide num = format.rate.num, den = format.rate.den;
    std::mt19937_64 random(2);
    std::uniform_int_distribution<int64_t> ms(-100'000'000'000, 100'000'000'000);
    for (int i = 0; i < 50'000; ++i) {
      const int64_t from_epoch = i < 100 ? i - 50 : ms(random);
      const int64_t tick = time.FirstTickAt(epoch, epoch + from_epoch).value();
      ASSERT_TRUE(IsCeil(tick, from_epoch * num, 1000 * den)) << format.rate.num << " " << from_epoch;
    }
  }
}

TEST(HouseTime, ASeamIsRoundedOnce) {
  // Block start and offset of the segment, each rounded by itself: in half of all cases a tick too many.
  const UtcMs epoch(1'700'000'000'000);
  const HouseTime time({.width = 16, .height = 16, .rate = {30000, 1001}});
  std::mt19937_64 random(3);
  int differ = 0, past_the_fence = 0;
  constexpr int kBlocks = 20'000;
  for (int i = 0; i < kBlocks; ++i) {
    const int64_t start = std::uniform_int_distribution<int64_t>(0, 100'000'000)(random);
    const int64_t length = std::uniform_int_distribution<int64_t>(1, 3'600'000)(random);
    const int64_t offset = std::uniform_int_distribution<int64_t>(0, length)(random);
    const Tick first = time.FirstTickAt(epoch, epoch + start);
    const Tick fence = time.FirstTickAt(epoch, epoch + start + length);
    const Tick seam = time.FirstTickAt(epoch, epoch + start, offset);
    ASSERT_EQ(seam, time.FirstTickAt(epoch, epoch + start + offset));
    ASSERT_GE(seam, first);
    ASSERT_LE(seam, fence) << "a seam never passes its block's fence";
    ASSERT_EQ(time.FirstTickAt(epoch, epoch + start, length), fence)
        << "the end of the last segment is the fence";

    const auto twice = [&](int64_t t) { return first + (time.FirstTickAt(UtcMs(0), UtcMs(t)) - Tick(0)); };
    differ += twice(offset) != seam;
    past_the_fence += twice(length) > fence;
  }
  EXPECT_GT(differ, kBlocks / 3);
  EXPECT_GT(past_the_fence, kBlocks / 3);
}

TEST(HouseTime, TheSoundOfATickAlwaysLiesInsideItsUnit) {
  // Whatever the tick a segment was locked at: sound is a function of indices, there is no cursor to lose.
  std::mt19937_64 random(4);
  std::uniform_int_distribution<int64_t> locks(-kFarTick, kFarTick), near(0, 100'000), far(0, kFarTick);
  const std::vector<HouseFormat> formats = AllRates();
  int with_look_ahead = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    const HouseFormat& format = formats[static_cast<size_t>(i) % formats.size()];
    const HouseTime time(format);
    const Tick lock(i % 3 == 0 ? near(random) : locks(random));
    const UnitIndex unit(i % 2 == 0 ? near(random) : far(random));
    const Tick n = lock + unit.value();

    const int64_t begins = time.FirstSample(n) - time.FirstSample(lock);
    const int64_t ends = time.FirstSample(n + 1) - time.FirstSample(lock);
    const int64_t unit_begins = time.FirstSample(unit).value();
    const int64_t unit_ends = unit_begins + time.SamplesOf(unit);
    ASSERT_GE(begins, unit_begins);
    ASSERT_LE(ends, unit_ends);
    const uint32_t look_ahead = time.LookAhead(lock, n);
    ASSERT_LE(look_ahead, 1u);
    ASSERT_EQ(unit_begins + look_ahead, begins);
    ASSERT_EQ(ends - begins, time.SamplesOf(n));
    ASSERT_LE(look_ahead + time.SamplesOf(n), format.MaxUnitSamples());
    with_look_ahead += static_cast<int>(look_ahead);
  }
  EXPECT_GT(with_look_ahead, 50'000) << "the extra sample is not there for nothing";
}

TEST(HouseTime, TheSoundOfConsecutiveTicksHasNoSeam) {
  const HouseTime time({.width = 16, .height = 16, .rate = {60000, 1001}});
  for (int64_t lock : {int64_t{0}, int64_t{1}, int64_t{7}, int64_t{-3}, kFarTick + 2}) {
    int64_t expected = 0;  // of the segment's own samples
    for (int64_t i = 0; i < 5000; ++i) {
      const Tick n = Tick(lock) + i;
      ASSERT_EQ(time.FirstSample(UnitIndex(i)).value() + time.LookAhead(Tick(lock), n), expected);
      expected += time.SamplesOf(n);
    }
  }
}

}  // namespace
}  // namespace air

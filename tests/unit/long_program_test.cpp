// What a channel does in days, in seconds: a thousand joins through the real selector on real rings, 27 hours
// of its decisions, and ticks as high as a year would take them. A virtual clock; decoders that are as far
// ahead as their rings are deep.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "supervisor/plan/block_plan.h"
#include "tests/unit/selector_rig.h"

namespace air {
namespace {

__extension__ using Wide = __int128;

std::vector<FrameRate> HouseRates() {
  return {{24000, 1001}, {24, 1}, {25, 1}, {30000, 1001}, {30, 1}, {50, 1}, {60000, 1001}, {60, 1}};
}

// The first tick at or after an instant, said as TIME says it and not as the code does it.
int64_t TickAtMs(FrameRate rate, int64_t ms) {
  const Wide p = Wide{ms} * rate.num, d = Wide{1000} * rate.den;
  return static_cast<int64_t>(p >= 0 ? (p + d - 1) / d : -(-p / d));
}

// ---- a thousand joins
// ---------------------------------------------------------------------------------------------------

// What is on the air where, by the arithmetic alone.
struct Stay {
  int64_t from = 0, to = 0;
  int clip = 0;
};

// Blocks of clips of 0.5 to 3 s. No seam or fence is looked for on a frame border.
class JoinedProgram {
 public:
  JoinedProgram(FrameRate rate, uint32_t seed, int64_t first_ms)
      : rate_(rate), random_(seed), ms_(first_ms) {}

  wire::BlockPlan NextBlock() {
    wire::BlockPlan block;
    block.set_block_id(absl::StrCat("block-", clips_));
    block.set_start_utc_ms(ms_);
    const int segments = std::uniform_int_distribution<int>(1, 12)(random_);
    for (int i = 0; i < segments; ++i) {
      const int64_t length = std::uniform_int_distribution<int64_t>(500, 3000)(random_);
      wire::BlockSegment& segment = *block.add_segments();
      segment.set_segment_index(i);
      segment.set_asset_uri(absl::StrCat("clip:", ++clips_));
      segment.set_segment_duration_ms(length);
      stays_.push_back({.from = TickAtMs(rate_, ms_), .to = TickAtMs(rate_, ms_ + length), .clip = clips_});
      ms_ += length;
    }
    block.set_end_utc_ms(ms_);
    return block;
  }
  const std::vector<Stay>& stays() const { return stays_; }
  int clips() const { return clips_; }

 private:
  FrameRate rate_;
  std::mt19937 random_;
  int64_t ms_;
  int clips_ = 0;
  std::vector<Stay> stays_;
};

// Gives the segments of the plan rings and decoders in the order they air, as the supervisor does, and lets
// the decoders work.
class Preparation {
 public:
  Preparation(SelectorRig& rig, size_t rings) : rig_(rig), works_(rings) {}

  void Add(const PlannedBlock& block) {
    for (const PlannedSegment& segment : block.segments) segments_.push_back({.planned = segment});
  }
  // Ticks that are planned and still to come.
  int64_t planned_to() const { return segments_.empty() ? 0 : segments_.back().planned.end.value(); }

  void Work(std::mt19937& random) {
    const bool changed = Retire() | Assign();
    if (changed) Commit();
    for (std::optional<Working>& work : works_) {
      // Not every decoder gets to work in every tick, but the one on the air does.
      if (work.has_value() && (random() % 4 != 0 || IsNear(*work))) work->decoder.FillTo(UINT64_MAX);
    }
  }

 private:
  struct Segment {
    PlannedSegment planned;
    SourceRef source;
  };
  struct Working {
    uint64_t segment;
    int64_t from, to;
    TestDecoder decoder;
  };

  bool IsNear(const Working& work) const { return work.from <= rig_.next_tick() + 1; }

  bool Retire() {
    bool changed = false;
    for (std::optional<Working>& work : works_) {
      if (!work.has_value() || work->to >= rig_.next_tick()) continue;
      work.reset();
      changed = true;
    }
    while (!segments_.empty() && segments_.front().planned.end.value() + 10 < rig_.next_tick())
      segments_.erase(segments_.begin());
    return changed;
  }

  bool Assign() {
    bool changed = false;
    for (Segment& segment : segments_) {
      if (segment.source.generation != 0) continue;
      const auto free = std::find(works_.begin(), works_.end(), std::nullopt);
      if (free == works_.end()) break;
      const auto ring = static_cast<uint32_t>(free - works_.begin());
      const PlannedSegment& planned = segment.planned;
      segment.source = rig_.ResetRing(ring, ++generation_);
      free->emplace(planned.serial, planned.start.value(), planned.end.value(),
                    rig_.Decoder(ring, static_cast<int>(planned.serial)));
      changed = true;
    }
    return changed;
  }

  void Commit() {
    std::vector<TimelineEntry> entries;
    for (const Segment& segment : segments_) {
      if (segment.planned.IsEmpty()) continue;
      entries.push_back(ContentEntry(segment.planned.start.value(), segment.planned.end.value(),
                                     segment.planned.serial, segment.source));
    }
    rig_.Commit(entries);
  }

  SelectorRig& rig_;
  std::vector<Segment> segments_;
  std::vector<std::optional<Working>> works_;
  uint64_t generation_ = 1;
};

class LongProgram : public testing::TestWithParam<FrameRate> {};

INSTANTIATE_TEST_SUITE_P(AtEveryRate, LongProgram, testing::ValuesIn(HouseRates()),
                         [](const auto& rate) { return absl::StrCat(rate.param.num, "_", rate.param.den); });

// That sample and the ones behind it are the clip's own, counted from its first frame on; on its last tick they
// are brought down over 5 ms.
void ExpectSoundOf(const ProgramFrame& frame, int clip, int64_t first_sample, bool last) {
  const TestClip sound(clip);
  const size_t samples = frame.audio.size() / 2;
  for (size_t i = 0; i < samples; ++i) {
    const double level = last ? std::min(1.0, static_cast<double>(samples - i) / 240) : 1;
    ASSERT_EQ(frame.audio[2 * i], std::lround(sound.Left(first_sample + static_cast<int64_t>(i)) * level));
    ASSERT_EQ(frame.audio[2 * i + 1], std::lround(sound.Right() * level));
  }
}

void PlayJoins(FrameRate rate, int joins, int64_t first_tick) {
  constexpr size_t kRings = 4;
  SelectorRig rig({.rate = rate, .decoder_slots = 16, .rings = kRings, .first_tick = first_tick});
  Preparation preparation(rig, kRings);
  std::mt19937 random(rate.num);
  // From somewhere inside the first tick on.
  const int64_t first_ms = rig.time.NanosOf(Tick(first_tick)) / kNanosPerMs + 1;
  JoinedProgram program(rate, rate.num + rate.den, first_ms);
  uint64_t blocks = 0, segments = 1;
  std::vector<PlannedBlock> planned;

  size_t at = 0;
  int64_t samples = rig.time.FirstSample(Tick(first_tick)).value();
  while (program.clips() <= joins || at < static_cast<size_t>(joins)) {
    if (preparation.planned_to() < rig.next_tick() + 20 * int64_t{rate.num} / rate.den) {
      preparation.Add(PlanBlock(program.NextBlock(), rig.time, UtcMs(0), ++blocks, segments));
    }
    preparation.Work(random);
    const int64_t n = rig.next_tick();
    const ProgramFrame frame = rig.RunTick();
    samples += frame.meta.samples;
    ASSERT_EQ(samples, rig.time.FirstSample(Tick(n + 1)).value()) << "tick " << n;
    while (program.stays()[at].to <= n) ++at;
    const Stay& stay = program.stays()[at];
    if (n < stay.from) {  // the part of the first tick before the program begins
      ASSERT_EQ(n, first_tick);
      continue;
    }
    ASSERT_TRUE(frame.Shows(stay.clip, static_cast<uint64_t>(n - stay.from)))
        << "tick " << n << " must show frame " << n - stay.from << " of clip " << stay.clip << ", and is "
        << frame.Text();
    const int64_t sound = rig.time.FirstSample(Tick(n)) - rig.time.FirstSample(Tick(stay.from));
    ASSERT_NO_FATAL_FAILURE(ExpectSoundOf(frame, stay.clip, sound, n + 1 == stay.to)) << "tick " << n;
  }
  EXPECT_GE(at, static_cast<size_t>(joins));
  EXPECT_EQ(rig.Count(SelectorCounter::kContentFrames) + 1, rig.Count(SelectorCounter::kFrames));
  EXPECT_EQ(rig.Count(SelectorCounter::kLateTicks), 0u);
}

TEST_P(LongProgram, JoinsAThousandClipsOnTheFrameTheArithmeticNamesWithUnbrokenSound) {
  PlayJoins(GetParam(), 1000, 0);
}

TEST_P(LongProgram, IsNoDifferentAtTheThousandMillionthTick) { PlayJoins(GetParam(), 40, 1'000'000'000); }

// ---- 27 hours
// ---------------------------------------------------------------------------------------------------

// A decoder that always has everything.
class EverythingThere final : public ISources {
 public:
  ReadResult Peek(const SourceRef&, uint64_t, SlotMeta&) override { return ReadResult::kOk; }
  bool IsPastEnd(const SourceRef&, uint64_t) override { return false; }
};

// Sound behind the picture of the same tick, in samples of 1/num: what is heard at tick n is sample S(n) -
// S(lock) of the segment, what is seen is the picture of the instant unit / rate.
int64_t SoundBehindPicture(const HouseTime& time, const Decision& d, uint32_t sample_rate) {
  const int64_t sample =
      time.FirstSample(UnitIndex(static_cast<int64_t>(d.unit))).value() + time.LookAhead(d.lock.tick, d.tick);
  return static_cast<int64_t>(Wide{sample} * time.num() -
                              Wide{static_cast<int64_t>(d.unit)} * sample_rate * time.den());
}

TEST_P(LongProgram, DecidesTwentySevenHoursOfTicksAndSoundIsWhereItWasAtTheStart) {
  const HouseFormat format{.width = 16, .height = 16, .rate = GetParam()};
  const HouseTime time(format);
  constexpr int64_t kHours = 27;
  const int64_t end = TickAtMs(format.rate, kHours * 3600 * 1000);
  // Half-hour programmes, and one that lasts the whole time: what would drift in it would show.
  std::vector<TimelineEntry> entries = {ContentEntry(0, end, 1, SelectorRig::Source(0))};
  TimelineSnapshot whole, halves;
  ASSERT_TRUE(whole.Assign(1, entries).ok());
  entries.clear();
  for (int64_t half = 0; half < 2 * kHours; ++half) {
    entries.push_back(
        ContentEntry(TickAtMs(format.rate, half * 1'800'000), TickAtMs(format.rate, (half + 1) * 1'800'000),
                     static_cast<uint64_t>(half) + 1, SelectorRig::Source(static_cast<uint32_t>(half % 4))));
  }
  ASSERT_TRUE(halves.Assign(1, entries).ok());

  EverythingThere sources;
  MappingLock whole_lock, halves_lock;
  int64_t sample = 0, at_start = 0, at_end = 0, joins = 0;
  // The phase of the sound repeats with the tick's place in its second's numerator.
  const int64_t period = format.rate.num;
  const int64_t last_like_first = (end - 1) / period * period;
  for (int64_t n = 0; n < end; ++n) {
    const Decision d = SelectFrame(whole, whole_lock, Tick(n), sources);
    const Decision half = SelectFrame(halves, halves_lock, Tick(n), sources);
    joins += half.lock.segment_serial != halves_lock.segment_serial;
    whole_lock = d.lock;
    halves_lock = half.lock;
    ASSERT_EQ(d.unit, static_cast<uint64_t>(n));
    ASSERT_EQ(d.show, EntryKind::kContent);
    ASSERT_EQ(half.show, EntryKind::kContent);
    ASSERT_EQ(half.unit, static_cast<uint64_t>(n - half.lock.tick.value()));
    // Sound is consumed without a gap, and less than one sample from its picture.
    ASSERT_EQ(time.FirstSample(UnitIndex(static_cast<int64_t>(d.unit))).value() +
                  time.LookAhead(d.lock.tick, d.tick),
              sample);
    sample += time.SamplesOf(Tick(n));
    const int64_t behind = SoundBehindPicture(time, half, format.sample_rate);
    ASSERT_LT(std::abs(behind), time.num()) << "a sample or more, at tick " << n;
    if (n == 0) at_start = SoundBehindPicture(time, d, format.sample_rate);
    if (n == last_like_first) at_end = SoundBehindPicture(time, d, format.sample_rate);
  }
  EXPECT_EQ(joins, 2 * kHours);
  EXPECT_GT(time.Pts90k(Tick(end)), kPtsWrap) << "and the time stamps have wrapped";
  EXPECT_EQ(at_end, at_start);
}

TEST_P(LongProgram, HasNoDriftBetweenTickClockAndTimeStampsAtTheThousandMillionthTick) {
  constexpr int64_t kFirst = 1'000'000'000;
  SelectorRig rig({.rate = GetParam(), .first_tick = kFirst});
  const FrameRate rate = GetParam();
  for (int64_t n = kFirst; n < kFirst + 2000; ++n) {
    const ProgramFrame frame = rig.RunTick();
    const Wide exact_ns = Wide{n} * rate.den * kNanosPerSecond;  // in 1/num
    const Wide late = Wide{frame.meta.deadline_ns - SelectorRig::kEpoch.value()} * rate.num - exact_ns;
    ASSERT_TRUE(late <= 0 && late > -Wide{rate.num}) << "less than a nanosecond early, never late";
    ASSERT_EQ(rig.clock.Now().value(), frame.meta.deadline_ns);
    const Wide stamp = Wide{rig.time.Pts90k(Tick(n))} * rate.num - Wide{n} * rate.den * kPtsHz;
    ASSERT_TRUE(stamp <= 0 && stamp > -Wide{rate.num}) << "less than one 90 kHz step early, never late";
    const Wide sound = Wide{rig.time.FirstSample(Tick(n)).value()} * rate.num - Wide{n} * rate.den * 48'000;
    ASSERT_TRUE(sound <= 0 && sound > -Wide{rate.num});
  }
}

}  // namespace
}  // namespace air

// Segments that go on where the one before them ended: which do, by the thousand; whose units they then show,
// whatever comes between, is forgotten or is taken over by a successor; and that a selector plays through the
// seam to the sample, one that is killed at it too.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <map>
#include <random>

#include "supervisor/plan/rundown.h"
#include "tests/unit/selector_rig.h"

namespace air {
namespace {

constexpr int32_t kChannel = 1;
constexpr UtcMs kEpoch(1'000'000'000);
constexpr FrameRate kRates[] = {{24000, 1001}, {25, 1}, {30000, 1001}, {60000, 1001}};

HouseTime TimeAt(FrameRate rate) { return HouseTime(HouseFormat{640, 360, rate, 48000, 2}); }

// A plan of one film, as a control plane cuts it: each further block and segment goes on where the last ended.
class FilmPlan {
 public:
  wire::BlockPlan Block(const std::vector<int64_t>& durations) {
    wire::BlockPlan plan;
    plan.set_block_id("block-" + std::to_string(++blocks_));
    plan.set_channel_id(kChannel);
    plan.set_start_utc_ms(at_ms_);
    for (int64_t duration : durations) {
      wire::BlockSegment& segment = *plan.add_segments();
      segment.set_segment_index(plan.segments_size() - 1);
      segment.set_asset_uri("/film");
      segment.set_asset_start_offset_ms(media_ms_);
      segment.set_segment_duration_ms(duration);
      media_ms_ += duration;
      at_ms_ += duration;
    }
    plan.set_end_utc_ms(at_ms_);
    return plan;
  }
  void LeaveHole(int64_t ms) { at_ms_ += ms; }

 private:
  int blocks_ = 0;
  int64_t at_ms_ = kEpoch.value(), media_ms_ = 7000;
};

std::vector<uint64_t> LinesOf(const Rundown& rundown) {
  std::vector<uint64_t> lines;
  for (const PlannedSegment& segment : rundown.segments()) lines.push_back(segment.line.serial);
  return lines;
}

void ExpectASuccessorKnowsTheLines(const Rundown& rundown, const HouseTime& time) {
  record::Session session;
  rundown.Describe(session);
  Rundown other(time, kEpoch);
  other.Restore(session, nullptr);
  ASSERT_EQ(other.segments().size(), rundown.segments().size());
  for (size_t i = 0; i < rundown.segments().size(); ++i)
    ASSERT_EQ(other.segments()[i].line, rundown.segments()[i].line) << i;
}

// Of segment `before` and one behind it: what the rule says, in its own words.
enum class Twist {
  kNone,
  kOneMs,
  kTwoMs,
  kAsset,
  kGain,
  kLanguage,
  kBug,
  kFadeOut,
  kFadeIn,
  kPad,
  kFadeInFirst,
  kCount
};

bool BreaksAt(Twist here, Twist before) {
  if (before == Twist::kFadeOut) return true;
  const auto differs = [](Twist t) {
    return t == Twist::kAsset || t == Twist::kGain || t == Twist::kLanguage || t == Twist::kBug ||
           t == Twist::kPad;
  };
  if ((differs(here) || differs(before)) && (here != before || here == Twist::kPad)) return true;
  return here == Twist::kTwoMs || here == Twist::kFadeIn || here == Twist::kFadeOut ||
         here == Twist::kFadeInFirst;
}

void Apply(Twist twist, wire::BlockSegment& s) {
  const auto fade = [&](bool in) {
    if (in) s.set_transition_in(wire::TRANSITION_FADE), s.set_transition_in_duration_ms(200);
    if (!in) s.set_transition_out(wire::TRANSITION_FADE), s.set_transition_out_duration_ms(200);
  };
  switch (twist) {
    case Twist::kOneMs:
      return s.set_asset_start_offset_ms(s.asset_start_offset_ms() + 1);
    case Twist::kTwoMs:
      return s.set_asset_start_offset_ms(s.asset_start_offset_ms() + 2);
    case Twist::kAsset:
      return s.set_asset_uri("/other");
    case Twist::kGain:
      return s.set_gain_db(-3);
    case Twist::kLanguage:
      return s.set_audio_language("fra");
    case Twist::kBug:
      s.add_enrichers()->mutable_channel_bug()->set_image_uri("/bug.png");
      return;
    case Twist::kFadeOut:
      return fade(false);
    case Twist::kFadeIn:
    case Twist::kFadeInFirst:
      return fade(true);
    case Twist::kPad:
      s.set_segment_type(wire::SEGMENT_TYPE_PAD);
      s.clear_asset_uri();
      return;
    default:
      return;
  }
}

TEST(GoesOn, ExactlyWhereNothingButTheCutIsNewInRandomPlansAtEveryRate) {
  std::mt19937 random(11);
  const auto pick = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  int joined = 0, gone_on = 0;
  for (int round = 0; round < 1000; ++round) {
    const HouseTime time = TimeAt(kRates[round % 4]);
    Rundown rundown(time, kEpoch);
    FilmPlan film;
    std::map<uint64_t, Twist> twists;  // by serial; each differs from the untwisted film
    uint64_t serial = 0;
    for (int b = 0; b < 3; ++b) {
      std::vector<int64_t> durations;
      for (int64_t s = pick(1, 4); s > 0; --s) durations.push_back(pick(100, 5000));
      wire::BlockPlan block = film.Block(durations);
      for (wire::BlockSegment& segment : *block.mutable_segments()) {
        const bool twisted = pick(0, 1) == 0;
        const auto twist = twisted ? static_cast<Twist>(pick(0, int64_t(Twist::kCount) - 1)) : Twist::kNone;
        Apply(twist, segment);
        twists[++serial] = twist;
      }
      ASSERT_TRUE(rundown.Append(block, kChannel).ok());
    }
    int64_t off = 0;  // of the last in-point from the film's, ms
    const PlannedSegment* before = nullptr;
    for (const PlannedSegment& segment : rundown.segments()) {
      const Twist twist = twists[segment.serial];
      const int64_t now_off = twist == Twist::kOneMs ? 1 : twist == Twist::kTwoMs ? 2 : 0;
      // Back from 2 ms off is 2 ms off as well.
      const bool jumps = std::abs(now_off - off) > 1;
      const bool breaks = before == nullptr || jumps ||
                          (twist != Twist::kTwoMs && BreaksAt(twist, twists[before->serial])) ||
                          (twist == Twist::kTwoMs && BreaksAt(Twist::kNone, twists[before->serial]));
      ASSERT_EQ(segment.line.serial, breaks ? segment.serial : before->line.serial)
          << "round " << round << ", segment " << segment.serial;
      (breaks ? joined : gone_on) += 1;
      // Its unit shows what is planned for it, but for the rounding of seams to ticks and in-points to a millisecond.
      const int64_t unit = segment.line.skip_units + (segment.start - segment.line.start);
      const double shown_ms = double(segment.line.in_point_ms) + double(time.NanosOf(Tick(unit))) / 1e6;
      ASSERT_NEAR(shown_ms, double(segment.in_point_ms), double(time.NanosOf(Tick(1))) / 1e6 + 3);
      off = now_off;
      before = &segment;
    }
    ExpectASuccessorKnowsTheLines(rundown, time);
  }
  EXPECT_GT(joined, 1000);
  EXPECT_GT(gone_on, 1000);
}

TEST(GoesOn, NeverAddsUpToMoreThanHalfAFrame) {
  Rundown rundown(TimeAt({25, 1}), kEpoch);
  FilmPlan film;
  wire::BlockPlan block = film.Block(std::vector<int64_t>(60, 400));
  for (int i = 0; i < 60; ++i)
    block.mutable_segments(i)->set_asset_start_offset_ms(block.segments(i).asset_start_offset_ms() + i);
  ASSERT_TRUE(rundown.Append(block, kChannel).ok());
  const std::vector<uint64_t> lines = LinesOf(rundown);
  EXPECT_EQ(lines[20], 1u);
  EXPECT_EQ(lines[21], 22u);
  EXPECT_EQ(lines[41], 22u);
  EXPECT_EQ(lines[42], 43u);
}

TEST(GoesOn, AlsoThroughASegmentThatOwnsNoTick) {
  Rundown rundown(TimeAt({25, 1}), kEpoch);
  FilmPlan film;
  ASSERT_TRUE(rundown.Append(film.Block({990, 5, 1005}), kChannel).ok());
  EXPECT_EQ(LinesOf(rundown), (std::vector<uint64_t>{1, 1}));
}

TEST(GoesOn, NotBehindAHoleNorWhereTheBlockIsLate) {
  const HouseTime time = TimeAt({25, 1});
  Rundown rundown(time, kEpoch);
  FilmPlan film;
  ASSERT_TRUE(rundown.Append(film.Block({1000}), kChannel).ok());
  ASSERT_TRUE(rundown.Append(film.Block({1000}), kChannel, Tick(24)).ok());  // the last moment: in time
  ASSERT_TRUE(
      rundown.Append(film.Block({1000}), kChannel, Tick(51)).ok());  // a tick late: joined in progress
  film.LeaveHole(400);
  ASSERT_TRUE(rundown.Append(film.Block({1000}), kChannel).ok());
  EXPECT_EQ(LinesOf(rundown), (std::vector<uint64_t>{1, 1, 3, 4}));
  ExpectASuccessorKnowsTheLines(rundown, time);
}

class Film : public ::testing::Test {
 protected:
  Film() {
    for (int block = 0; block < 5; ++block)
      EXPECT_TRUE(rundown_.Append(film_.Block({600, 400}), kChannel).ok());
  }
  void Live(int64_t from, int64_t to) {
    rundown_.Insert({.segment = {.serial = rundown_.ReserveSegments(1),
                                 .asset_uri = "/live",
                                 .start = Tick(from),
                                 .end = Tick(to)}});
  }
  // Whose units each tick shows, and which of them.
  std::map<int64_t, std::pair<uint64_t, int64_t>> Units() const {
    std::map<int64_t, std::pair<uint64_t, int64_t>> units;
    for (const PlannedSegment& s : rundown_.segments()) {
      for (Tick n = s.start; n < s.end; n = n + 1)
        units[n.value()] = {s.line.serial, n - s.line.start + s.line.skip_units};
    }
    return units;
  }

  const HouseTime time_ = TimeAt({25, 1});
  FilmPlan film_;
  Rundown rundown_{time_, kEpoch};
};

TEST_F(Film, IsOneLineHoweverOftenItIsCut) {
  EXPECT_EQ(LinesOf(rundown_), std::vector<uint64_t>(10, 1));
  EXPECT_EQ(rundown_.EndOfLine(1), Tick(125));
  EXPECT_EQ(rundown_.segments()[9].serial, 10u) << "each keeps its own account";
}

TEST_F(Film, GoesOnWithAnotherLineBehindWhatWasLive) {
  Live(20, 30);       // over a fence
  Live(65, 65 + 10);  // up to a fence
  const auto units = Units();
  const uint64_t back = units.at(30).first;
  EXPECT_EQ(units.at(19), (std::pair<uint64_t, int64_t>(1, 19)));
  EXPECT_GT(back, 10u) << "entered in its middle: a segment of its own";
  EXPECT_EQ(units.at(30).second, 5);
  EXPECT_EQ(units.at(64), (std::pair<uint64_t, int64_t>(back, 39))) << "through two seams and a fence";
  EXPECT_EQ(units.at(75), (std::pair<uint64_t, int64_t>(7, 0)));
  EXPECT_EQ(units.at(124), (std::pair<uint64_t, int64_t>(7, 49)));
  ExpectASuccessorKnowsTheLines(rundown_, time_);
}

TEST_F(Film, KeepsItsLineWhenItsBeginningIsForgotten) {
  Live(20, 30);
  const auto before = Units();
  for (int64_t n = 0; n < 125; ++n) {
    rundown_.Forget(Tick(n));
    const auto now = Units();
    for (int64_t later = n; later < 125; ++later)
      ASSERT_EQ(now.at(later), before.at(later)) << n << " " << later;
    ExpectASuccessorKnowsTheLines(rundown_, time_);
  }
  EXPECT_EQ(rundown_.blocks().size(), 1u);
  ASSERT_TRUE(rundown_.Append(film_.Block({1000}), kChannel).ok());
  EXPECT_EQ(rundown_.segments().back().line, std::prev(rundown_.segments().end(), 2)->line)
      << "and what is fed then, too";
}

TEST_F(Film, BeginsALineOfItsOwnWhereItIsTold) {
  rundown_.BeginLine(4);
  EXPECT_EQ(LinesOf(rundown_), (std::vector<uint64_t>{1, 1, 1, 4, 4, 4, 4, 4, 4, 4}));
  ExpectASuccessorKnowsTheLines(rundown_, time_);
}

TEST_F(Film, IsCutByAnotherPlanWithTheSameFilm) {
  FilmPlan again;
  const uint64_t first = rundown_.ReserveSegments(1);
  rundown_.ReplaceFrom(Tick(40), {.blocks = StoredBlocks::Of({again.Block({5000})})}, first, std::nullopt);
  EXPECT_EQ(LinesOf(rundown_), (std::vector<uint64_t>{1, 1, 1, first}));
}

// ---- on the air

class Seam : public ::testing::TestWithParam<int> {
 protected:
  static constexpr int64_t kSeam = 7, kEnd = 15;

  std::vector<TimelineEntry> Plan(uint64_t line) const {
    TimelineEntry first{.start_tick = 0,
                        .end_tick = kSeam,
                        .kind = EntryKind::kContent,
                        .source = SelectorRig::Source(0),
                        .segment_serial = 1,
                        .block_serial = 1};
    TimelineEntry second = first;
    second.start_tick = kSeam;
    second.end_tick = kEnd;
    second.segment_serial = second.block_serial = 2;
    second.line_serial = line;
    if (line != 0) second.lock_tick = 0;
    return {first, second};
  }
  void ExpectUnit(const ProgramFrame& frame, int64_t n, int64_t unit, int64_t lock, bool whole) {
    EXPECT_TRUE(frame.Shows(1, static_cast<uint64_t>(unit))) << n;
    EXPECT_EQ(frame.meta.journal.segment_serial, n < kSeam ? 1u : 2u) << n;
    const int64_t first = (rig_.time.FirstSample(Tick(n)) - rig_.time.FirstSample(Tick(lock)));
    for (int64_t s = 0; s < static_cast<int64_t>(frame.meta.samples) - (whole ? 0 : 240); ++s)
      ASSERT_EQ(frame.audio[size_t(2 * s)], TestClip(1).Left(first + s)) << "tick " << n << ", sample " << s;
    if (whole) return;
    EXPECT_LE(std::abs(frame.audio[frame.audio.size() - 2]), 30'000 / 240 + 1) << n;
  }

  SelectorRig rig_{{.rate = kRates[GetParam()], .program_slots = 32, .decoder_slots = 32}};
};

TEST_P(Seam, IsPassedToTheSampleAlsoByASelectorThatDiesOnEachSide) {
  rig_.Decoder(0, 1).FillTo(30);
  rig_.Commit(Plan(1));
  for (int64_t n = 0; n < kEnd; ++n) {
    if (n >= kSeam - 1 && n <= kSeam + 2) rig_.Start();
    ExpectUnit(rig_.RunTick(), n, n, 0, n != kEnd - 1);
  }
}

TEST_P(Seam, CarriesAMappingThatBeganLate) {
  rig_.Commit(Plan(1));
  rig_.RunUntil(2);
  rig_.Decoder(0, 1).FillTo(30);
  for (int64_t n = 2; n < kEnd; ++n) {
    if (n == kSeam + 1) rig_.Start();
    ExpectUnit(rig_.RunTick(), n, n - 2, 2, n != kEnd - 1);
  }
}

TEST_P(Seam, OfWhatIsNoContinuationIsAJoin) {
  rig_.Decoder(0, 1).FillTo(30);
  rig_.Commit(Plan(0));
  for (int64_t n = 0; n < kSeam; ++n) ExpectUnit(rig_.RunTick(), n, n, 0, n != kSeam - 1);
}

TEST_P(Seam, IsPassedThoughWhatFollowsIsKnownThreeTicksBeforeOnly) {
  rig_.Decoder(0, 1).FillTo(30);
  const std::vector<TimelineEntry> plan = Plan(1);
  rig_.Commit({plan[0]});
  for (int64_t n = 0; n < kEnd; ++n) {
    if (n == kSeam - 2) rig_.Commit(plan);
    ExpectUnit(rig_.RunTick(), n, n, 0, n != kEnd - 1);
  }
}

TEST_P(Seam, IsOnTheClockWhenNothingCameBeforeIt) {
  rig_.Commit(Plan(1));
  rig_.RunUntil(kSeam + 1);
  rig_.Decoder(0, 1).FillTo(30);
  for (int64_t n = kSeam + 1; n < kEnd; ++n) ExpectUnit(rig_.RunTick(), n, n, 0, n != kEnd - 1);
}

INSTANTIATE_TEST_SUITE_P(AtEveryRate, Seam, ::testing::Values(0, 1, 2, 3));

}  // namespace
}  // namespace air

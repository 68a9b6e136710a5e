// What airs at tick n: FrameSelection on scripted rings, without a clock, a ring or a process.
//
// Expectations are written as a program reads: "LATE a0 a1 | b0 EOF" is a tick of pad (cause LATE), two units
// of ring 0, then unit 0 of ring 1 and pad behind its end.
#include "stages/selector/frame_selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/timeline_entries.h"

namespace air {
namespace {

constexpr uint64_t kPlenty = 1000;  // units

// The decoder rings, as a script.
class ScriptedSources final : public ISources {
 public:
  struct Asset {
    uint64_t there = 0;          // units 0..there-1 have come
    uint64_t end = kEndUnknown;  // first unit that will never exist, once the producer has said so
    std::set<uint64_t> refused;  // come, but not to be used
    std::set<uint64_t> skipped;  // passed over
    uint64_t released = 0;       // given back: gone
  };

  Asset& operator[](const SourceRef& source) { return assets_[{source.ring, source.generation}]; }

  ReadResult Peek(const SourceRef& source, uint64_t unit, SlotMeta& meta) override {
    const Asset& asset = (*this)[source];
    if (unit < asset.released) return ReadResult::kTooLate;
    if (unit >= asset.there) return ReadResult::kTooEarly;
    if (asset.refused.contains(unit)) return ReadResult::kGap;
    if (asset.skipped.contains(unit)) return ReadResult::kHole;
    meta.index = unit;
    return ReadResult::kOk;
  }
  bool IsPastEnd(const SourceRef& source, uint64_t unit) override { return unit >= (*this)[source].end; }

 private:
  std::map<std::pair<uint32_t, uint64_t>, Asset> assets_;
};

std::string Describe(const Decision& d) {
  if (d.show == EntryKind::kSlate) return "SLATE";
  if (d.show == EntryKind::kPad) return ToString(d.cause);
  return static_cast<char>('a' + d.source.ring) + std::to_string(d.unit);
}

SourceRef Source(uint32_t ring, uint64_t generation = 1) {
  return {.ring = ring, .reserved = 0, .generation = generation};
}

// A selector reduced to its decisions: it carries the lock from tick to tick and gives units back.
class FrameSelection : public testing::Test {
 protected:
  void Plan(const std::vector<TimelineEntry>& entries) {
    ASSERT_TRUE(timeline_.Assign(timeline_.version() + 1, entries).ok());
  }

  Decision Decide(int64_t n) {
    Decision d = SelectFrame(timeline_, lock_, Tick(n), sources_);
    lock_ = d.lock;
    if (d.wanted) {
      uint64_t& released = sources_[d.source].released;
      released = std::max(released, d.unit + 1);
    }
    return d;
  }

  // The program of ticks [from, to).
  std::string Program(int64_t from, int64_t to) {
    std::string program;
    for (int64_t n = from; n < to; ++n) program += (n == from ? "" : " ") + Describe(Decide(n));
    return program;
  }

  ScriptedSources sources_;
  TimelineSnapshot timeline_;
  MappingLock lock_;
};

TEST_F(FrameSelection, PadsWhereNothingIsPlanned) {
  EXPECT_EQ(Program(0, 2), "NO_PLAN NO_PLAN");
  sources_[Source(0)].there = kPlenty;
  sources_[Source(1)].there = kPlenty;
  Plan({ContentEntry(2, 4, 1, Source(0)), ContentEntry(6, 7, 2, Source(1))});
  EXPECT_EQ(Program(0, 9), "NO_PLAN NO_PLAN a0 a1 NO_PLAN NO_PLAN b0 NO_PLAN NO_PLAN");
}

TEST_F(FrameSelection, PlannedPadHasNoCauseUnlessItsEntryNamesOne) {
  Plan({StillEntry(0, 2, 1, EntryKind::kPad), StillEntry(2, 3, 2, EntryKind::kPad, PadCause::kSkipped)});
  EXPECT_EQ(Decide(0).cause, PadCause::kNone);
  EXPECT_EQ(Decide(1).show, EntryKind::kPad);
  EXPECT_EQ(Decide(2).cause, PadCause::kSkipped);
  EXPECT_FALSE(Decide(2).wanted);
}

TEST_F(FrameSelection, LateContentStartsAtItsFirstUnitAndIsCutAtTheFence) {
  Plan({ContentEntry(0, 6, 1, Source(0))});
  EXPECT_EQ(Program(0, 2), "LATE LATE");
  sources_[Source(0)].there = kPlenty;
  EXPECT_EQ(Program(2, 8), "a0 a1 a2 a3 NO_PLAN NO_PLAN");
}

// Two units, a second of nothing, then all of them: a start on a busy machine.
TEST_F(FrameSelection, LateContentBeginsWithSomeOfItInHand) {
  Plan({ContentEntry(0, 20, 1, Source(0))});
  EXPECT_EQ(Program(0, 1), "LATE");
  sources_[Source(0)].there = kLateLead - 1;
  EXPECT_EQ(Program(1, 3), "LATE LATE");
  EXPECT_EQ(sources_[Source(0)].released, 0u) << "nothing is given back";
  sources_[Source(0)].there = kLateLead;
  EXPECT_EQ(Program(3, 6), "a0 a1 a2");
}

TEST_F(FrameSelection, LateContentThatIsShortBeginsAsSoonAsItsEndIsKnown) {
  Plan({ContentEntry(0, 20, 1, Source(0))});
  EXPECT_EQ(Program(0, 1), "LATE");
  sources_[Source(0)].there = 2;
  EXPECT_EQ(Program(1, 2), "LATE");
  sources_[Source(0)].end = 2;
  EXPECT_EQ(Program(2, 5), "a0 a1 EOF");
}

TEST_F(FrameSelection, LateContentForWhichFewTicksAreLeftBeginsWithItsFirstUnit) {
  Plan({ContentEntry(0, 2 + static_cast<int64_t>(kLateLead), 1, Source(0))});
  EXPECT_EQ(Program(0, 1), "LATE");
  sources_[Source(0)].there = 2;
  EXPECT_EQ(Program(1, 4), "LATE a0 a1");
}

TEST_F(FrameSelection, WhatIsThereOnItsTickBeginsOnItsTickHoweverLittleItIs) {
  Plan({ContentEntry(0, 20, 1, Source(0))});
  sources_[Source(0)].there = 1;
  EXPECT_EQ(Program(0, 2), "a0 LATE");
}

TEST_F(FrameSelection, EntersWhatIsLockedAlreadyBehindItsUnitZeroHoweverLateItsUnitsCome) {
  TimelineEntry entered = ContentEntry(3, 9, 1, Source(0));
  entered.lock_tick = 1;
  Plan({entered});
  sources_[Source(0)].there = 4;
  EXPECT_EQ(Program(3, 6), "a2 a3 LATE");
  sources_[Source(0)].there = kPlenty;
  EXPECT_EQ(Program(6, 10), "a5 a6 a7 NO_PLAN");
}

TEST_F(FrameSelection, TakesNoLockThatLiesInTheFuture) {
  TimelineEntry entered = ContentEntry(3, 9, 1, Source(0));
  entered.lock_tick = 5;
  Plan({entered});
  const Decision d = Decide(3);
  EXPECT_EQ(d.unit, 0u);
  EXPECT_FALSE(d.wanted) << "nothing is given back";
  EXPECT_EQ(d.lock.segment_serial, 0u);
}

TEST_F(FrameSelection, WaitsForUnitZeroWithoutGivingAnythingBack) {
  Plan({ContentEntry(0, 6, 1, Source(0))});
  const Decision d = Decide(0);
  EXPECT_FALSE(d.wanted);
  EXPECT_EQ(d.unit, 0u);
  EXPECT_EQ(d.lock.segment_serial, 0u);
}

TEST_F(FrameSelection, CallsAMissingUnitWhatItsEntrySays) {
  for (PadCause cause : {PadCause::kCrash, PadCause::kHang, PadCause::kOpenFailed}) {
    Plan({ContentEntry(0, 4, 1, Source(0), cause)});
    EXPECT_EQ(Decide(0).cause, cause) << "before the first unit";
  }
  sources_[Source(0)].there = 2;
  Plan({ContentEntry(0, 4, 1, Source(0), PadCause::kCrash)});
  EXPECT_EQ(Program(0, 4), "a0 a1 CRASH CRASH") << "a cause is for what is missing, not for what is there";
}

TEST_F(FrameSelection, ASegmentWithoutADecoderIsLate) {
  Plan({ContentEntry(0, 2, 1, SourceRef{})});
  EXPECT_EQ(Program(0, 2), "LATE LATE");
}

TEST_F(FrameSelection, ARecoveredDecoderIsOnTimeAgain) {
  Plan({ContentEntry(0, 10, 1, Source(0))});
  sources_[Source(0)].there = 3;
  EXPECT_EQ(Program(0, 6), "a0 a1 a2 LATE LATE LATE");
  EXPECT_EQ(sources_[Source(0)].released, 6u)
      << "units 3, 4 and 5 missed their ticks: discarded before they come";
  sources_[Source(0)].there = kPlenty;
  EXPECT_EQ(Program(6, 10), "a6 a7 a8 a9");
}

TEST_F(FrameSelection, AShortFileIsPadUntilTheFence) {
  Plan({ContentEntry(0, 4, 1, Source(0)), ContentEntry(4, 6, 2, Source(1))});
  sources_[Source(0)] = {.there = 2, .end = 2, .refused = {}, .released = 0};
  sources_[Source(1)].there = kPlenty;
  EXPECT_EQ(Program(0, 6), "a0 a1 EOF EOF b0 b1");
}

TEST_F(FrameSelection, AnEmptyFileIsPadUntilTheFence) {
  Plan({ContentEntry(0, 2, 1, Source(0))});
  sources_[Source(0)].end = 0;
  EXPECT_EQ(Program(0, 2), "EOF EOF");
}

TEST_F(FrameSelection, WhatIsMissingBehindTheEndIsTheEndEvenAfterACrash) {
  Plan({ContentEntry(0, 4, 1, Source(0), PadCause::kCrash)});
  sources_[Source(0)] = {.there = 2, .end = 3, .refused = {}, .released = 0};
  EXPECT_EQ(Program(0, 4), "a0 a1 CRASH EOF");
}

TEST_F(FrameSelection, SwitchesOnTheSeamAndOnNothingElse) {
  sources_[Source(0)].there = kPlenty;  // has more than its segment needs
  sources_[Source(1)].there = kPlenty;  // has been ready all the time
  Plan({ContentEntry(0, 3, 1, Source(0)), ContentEntry(3, 5, 2, Source(1))});
  EXPECT_EQ(Program(0, 5), "a0 a1 a2 b0 b1");
}

TEST_F(FrameSelection, TheNextSegmentIsLateOnItsOwnAccount) {
  sources_[Source(0)].there = kPlenty;
  Plan({ContentEntry(0, 2, 1, Source(0)), ContentEntry(2, 5, 2, Source(1))});
  EXPECT_EQ(Program(0, 3), "a0 a1 LATE") << "nobody stretches the segment before";
  sources_[Source(1)].there = kPlenty;
  EXPECT_EQ(Program(3, 5), "b0 b1");
}

TEST_F(FrameSelection, ARefusedUnitCostsItsOwnTickOnly) {
  Plan({ContentEntry(0, 4, 1, Source(0))});
  sources_[Source(0)] = {.there = kPlenty, .end = kEndUnknown, .refused = {1}, .released = 0};
  EXPECT_EQ(Program(0, 4), "a0 REFUSED a2 a3");
}

TEST_F(FrameSelection, ARefusedFirstUnitDoesNotCostItsSegment) {
  Plan({ContentEntry(0, 4, 1, Source(0))});
  sources_[Source(0)] = {.there = kPlenty, .end = kEndUnknown, .refused = {0}, .released = 0};
  EXPECT_EQ(Program(0, 4), "REFUSED a1 a2 a3");
}

TEST_F(FrameSelection, UnitsThatWereSkippedCostTheirOwnTicksOnly) {
  Plan({ContentEntry(0, 6, 1, Source(0))});
  sources_[Source(0)] = {.there = kPlenty, .end = kEndUnknown, .refused = {}, .skipped = {1, 2, 3}};
  EXPECT_EQ(Program(0, 6), "a0 SKIPPED SKIPPED SKIPPED a4 a5");
}

TEST_F(FrameSelection, ASegmentWhoseFirstUnitsWereSkippedStaysInItsPlace) {
  Plan({ContentEntry(0, 4, 1, Source(0))});
  sources_[Source(0)] = {.there = kPlenty, .end = kEndUnknown, .refused = {}, .skipped = {0, 1}};
  EXPECT_EQ(Program(0, 4), "SKIPPED SKIPPED a2 a3");
}

TEST_F(FrameSelection, EverySegmentCountsFromItsOwnFirstUnit) {
  for (uint32_t ring : {0u, 1u, 2u}) sources_[Source(ring)].there = kPlenty;
  Plan(
      {ContentEntry(0, 3, 1, Source(0)), ContentEntry(3, 4, 2, Source(1)), ContentEntry(4, 6, 3, Source(2))});
  EXPECT_EQ(Program(0, 6), "a0 a1 a2 b0 c0 c1");
}

TEST_F(FrameSelection, AHalfReadRingIsNotReadForTheNextSegment) {
  sources_[Source(0)].there = kPlenty;
  Plan({ContentEntry(0, 2, 1, Source(0)), ContentEntry(2, 4, 2, Source(0))});
  EXPECT_EQ(Program(0, 4), "a0 a1 LATE LATE") << "unit 0 of the next segment is not in it";
}

TEST_F(FrameSelection, TheSameRingWithItsNextAssetIsAnotherSource) {
  sources_[Source(0, 1)].there = kPlenty;
  sources_[Source(0, 2)].there = kPlenty;
  Plan({ContentEntry(0, 2, 1, Source(0, 1)), ContentEntry(2, 4, 2, Source(0, 2))});
  EXPECT_EQ(Program(0, 4), "a0 a1 a0 a1");
}

TEST_F(FrameSelection, AnotherRingForTheRestOfASegmentGoesOnWithTheSameUnitNumbers) {
  sources_[Source(0)].there = 2;
  sources_[Source(1)].there = kPlenty;
  Plan({ContentEntry(0, 4, 1, Source(0)), ContentEntry(4, 6, 1, Source(1))});
  EXPECT_EQ(Program(0, 6), "a0 a1 LATE LATE b4 b5");
}

TEST_F(FrameSelection, AGivenUpSegmentIsSlateAndTheNextStartsNormally) {
  sources_[Source(0)].there = 1;
  sources_[Source(1)].there = kPlenty;
  Plan({ContentEntry(0, 2, 1, Source(0), PadCause::kCrash),
        StillEntry(2, 4, 1, EntryKind::kSlate, PadCause::kCrash), ContentEntry(4, 6, 2, Source(1))});
  EXPECT_EQ(Program(0, 6), "a0 CRASH SLATE SLATE b0 b1");
}

TEST_F(FrameSelection, ASegmentKeepsItsMappingBehindASlate) {
  sources_[Source(0)].there = kPlenty;
  Plan({ContentEntry(0, 2, 1, Source(0)), StillEntry(2, 4, 1, EntryKind::kSlate),
        ContentEntry(4, 6, 1, Source(0))});
  EXPECT_EQ(Program(0, 6), "a0 a1 SLATE SLATE a4 a5");
}

TEST_F(FrameSelection, WorksOnTicksBeforeTheEpoch) {
  sources_[Source(0)].there = kPlenty;
  Plan({ContentEntry(-5, 2, 1, Source(0))});
  EXPECT_EQ(Program(-6, 3), "NO_PLAN a0 a1 a2 a3 a4 a5 a6 NO_PLAN");
}

TEST_F(FrameSelection, RecordsWhyItDecided) {
  sources_[Source(0, 7)].there = kPlenty;
  TimelineEntry entry = ContentEntry(10, 20, 5, Source(0, 7));
  entry.block_serial = 3;
  Plan({});
  Plan({entry});
  Decide(10);
  const Decision d = Decide(11);
  EXPECT_EQ(d.tick, Tick(11));
  EXPECT_EQ(d.timeline_version, 2u);
  EXPECT_EQ(d.segment_serial, 5u);
  EXPECT_EQ(d.block_serial, 3u);
  EXPECT_EQ(d.source, Source(0, 7));
  EXPECT_EQ(d.unit, 1u);
  EXPECT_EQ(d.unit_meta.index, 1u);
  EXPECT_EQ(d.lock.segment_serial, 5u);
  EXPECT_EQ(d.lock.tick, Tick(10));
}

// ---- against an independent reference
// ------------------------------------------------------------------------

// A scenario in full: every version of the timeline with the tick it comes into force, and for every unit of
// every asset the tick it is there from.
struct Scenario {
  struct Version {
    int64_t from;
    std::vector<TimelineEntry> entries;
  };
  struct Asset {
    std::vector<int64_t> there_from;  // by unit, in order; what is not listed never comes
    std::set<uint64_t> refused;
    int64_t end_known_from = INT64_MAX;  // from then on: there_from.size() is the end
  };
  std::vector<Version> versions;
  std::map<std::pair<uint32_t, uint64_t>, Asset> assets;
  int64_t ticks = 0;
};

// The rules of the mapping lock, told without carrying a state: everything is looked up in the scenario's
// past.
class Reference {
 public:
  explicit Reference(const Scenario& scenario) : s_(scenario) {}

  std::optional<TimelineEntry> EntryAt(int64_t n) const {
    std::optional<TimelineEntry> owner;
    for (const TimelineEntry& e : VersionAt(n).second) {
      if (e.start_tick <= n && n < e.end_tick) owner = e;
    }
    return owner;
  }

  // The tick that fixed the mapping of the segment on air at n: the first one of its stretch at which unit 0
  // had come, and, if that was not the first tick of its entry, enough units with it.
  std::optional<int64_t> LockTickAt(int64_t n) const {
    const std::optional<TimelineEntry> owner = EntryAt(n);
    std::optional<int64_t> lock;
    for (int64_t t = n; t >= 0; --t) {
      const std::optional<TimelineEntry> e = EntryAt(t);
      if (!e.has_value() || e->segment_serial != owner->segment_serial) break;
      if (e->kind == EntryKind::kContent && IsThere(e->source, 0, t) && MayBeginAt(*e, t)) lock = t;
    }
    return lock;
  }

  std::string ShownAt(int64_t n) const {
    const auto e = EntryAt(n);
    if (!e.has_value()) return "NO_PLAN";
    if (e->kind == EntryKind::kSlate) return "SLATE";
    if (e->kind == EntryKind::kPad) return ToString(e->pad_cause);
    const auto lock = LockTickAt(n);
    const uint64_t unit = lock.has_value() ? static_cast<uint64_t>(n - *lock) : 0;
    const auto asset = s_.assets.find({e->source.ring, e->source.generation});
    if (lock.has_value() && IsThere(e->source, unit, n)) {
      return asset->second.refused.contains(unit)
                 ? "REFUSED"
                 : static_cast<char>('a' + e->source.ring) + std::to_string(unit);
    }
    if (asset != s_.assets.end() && asset->second.end_known_from <= n &&
        unit >= asset->second.there_from.size()) {
      return "EOF";
    }
    return e->pad_cause == PadCause::kNone ? "LATE" : ToString(e->pad_cause);
  }

  std::pair<uint64_t, std::vector<TimelineEntry>> VersionAt(int64_t n) const {
    uint64_t number = 0;
    while (number < s_.versions.size() && s_.versions[number].from <= n) ++number;
    return {number, number == 0 ? std::vector<TimelineEntry>{} : s_.versions[number - 1].entries};
  }

 private:
  bool MayBeginAt(const TimelineEntry& e, int64_t n) const {
    const auto lead = static_cast<int64_t>(kLateLead);
    const Scenario::Asset& asset = s_.assets.at({e.source.ring, e.source.generation});
    const bool all_known = asset.end_known_from <= n && asset.there_from.size() < kLateLead;
    return n == e.start_tick || n + lead >= e.end_tick || IsThere(e.source, kLateLead - 1, n) || all_known;
  }

  bool IsThere(const SourceRef& source, uint64_t unit, int64_t n) const {
    const auto asset = s_.assets.find({source.ring, source.generation});
    return asset != s_.assets.end() && unit < asset->second.there_from.size() &&
           asset->second.there_from[unit] <= n;
  }

  const Scenario& s_;
};

class ScenarioMaker {
 public:
  explicit ScenarioMaker(uint64_t seed) : random_(seed) {}

  Scenario Make() {
    Scenario s;
    s.ticks = 60;
    for (uint32_t ring = 0; ring < 4; ++ring) {
      for (uint64_t generation = 1; generation <= 2; ++generation) s.assets[{ring, generation}] = MakeAsset();
    }
    for (int64_t from = Pick(0, 2); from < s.ticks; from += Pick(5, 40)) {
      s.versions.push_back({from, MakeEntries(s.ticks)});
    }
    return s;
  }

 private:
  int64_t Pick(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }
  bool Chance(int percent) { return Pick(1, 100) <= percent; }

  // Comes at some tick, in bursts with stalls between them, and ends somewhere or not at all.
  Scenario::Asset MakeAsset() {
    Scenario::Asset asset;
    int64_t at = Pick(0, 30);
    for (int64_t units = Pick(0, 40); units > 0; --units) {
      if (Chance(15)) at += Pick(1, 12);
      if (Chance(5)) asset.refused.insert(asset.there_from.size());
      asset.there_from.push_back(at);
    }
    if (Chance(50)) asset.end_known_from = at + Pick(0, 3);
    return asset;
  }

  std::vector<TimelineEntry> MakeEntries(int64_t ticks) {
    std::vector<TimelineEntry> entries;
    uint64_t serial = 1;
    for (int64_t at = Pick(0, 3); at < ticks; ++serial) {
      const int64_t pieces = Chance(30) ? Pick(2, 3) : 1;
      for (int64_t i = 0; i < pieces; ++i) {
        const auto kind = Chance(75) ? EntryKind::kContent : Chance(50) ? EntryKind::kPad : EntryKind::kSlate;
        const auto cause = Chance(70) ? PadCause::kNone : static_cast<PadCause>(Pick(1, 5));
        const SourceRef source =
            Chance(10) ? SourceRef{} : Source(uint32_t(Pick(0, 3)), uint64_t(Pick(1, 2)));
        const int64_t end = at + Pick(1, 14);
        entries.push_back(kind == EntryKind::kContent ? ContentEntry(at, end, serial, source, cause)
                                                      : StillEntry(at, end, serial, kind, cause));
        at = end + (Chance(15) ? Pick(1, 3) : 0);
      }
    }
    return entries;
  }

  std::mt19937_64 random_;
};

// The rings of a scenario as they are at tick n.
ScriptedSources SourcesAt(const Scenario& scenario, int64_t n) {
  ScriptedSources sources;
  for (const auto& [name, asset] : scenario.assets) {
    const auto there = std::ranges::count_if(asset.there_from, [&](int64_t from) { return from <= n; });
    sources[Source(name.first, name.second)] = {
        .there = static_cast<uint64_t>(there),
        .end = asset.end_known_from <= n ? asset.there_from.size() : kEndUnknown,
        .refused = asset.refused,
        .released = 0};
  }
  return sources;
}

void ExpectAsReference(const Decision& d, const Reference& reference, int64_t n) {
  const std::optional<TimelineEntry> entry = reference.EntryAt(n);
  const std::optional<int64_t> lock = reference.LockTickAt(n);
  EXPECT_EQ(Describe(d), reference.ShownAt(n));
  EXPECT_EQ(d.segment_serial, entry.has_value() ? entry->segment_serial : 0);
  EXPECT_EQ(d.lock.segment_serial, lock.has_value() ? entry->segment_serial : 0);
  EXPECT_EQ(d.lock.tick.value(), lock.value_or(0));
  EXPECT_EQ(d.wanted, lock.has_value() && entry->kind == EntryKind::kContent);
  EXPECT_EQ(d.timeline_version, reference.VersionAt(n).first);
}

TEST(FrameSelectionModel, DecidesAsTheReferenceDoesOnAThousandRandomPrograms) {
  size_t content = 0, locked_late = 0;
  std::set<std::string> causes;
  for (uint64_t seed = 1; seed <= 1000; ++seed) {
    const Scenario scenario = ScenarioMaker(seed).Make();
    const Reference reference(scenario);
    TimelineSnapshot timeline;
    MappingLock lock;
    for (int64_t n = 0; n < scenario.ticks; ++n) {
      const auto [version, entries] = reference.VersionAt(n);
      if (version != timeline.version()) {
        ASSERT_TRUE(timeline.Assign(version, entries).ok());
      }
      ScriptedSources sources = SourcesAt(scenario, n);
      const Decision d = SelectFrame(timeline, lock, Tick(n), sources);
      ExpectAsReference(d, reference, n);
      ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed << ", tick " << n;
      lock = d.lock;

      const TimelineEntry* entry = timeline.At(Tick(n));
      if (d.lock.segment_serial != 0 && d.lock.tick.value() > entry->start_tick) ++locked_late;
      if (d.show == EntryKind::kContent)
        ++content;
      else
        causes.insert(Describe(d));
    }
  }
  // The programs must have shown what they are about.
  EXPECT_GT(content, 5000u);
  EXPECT_GT(locked_late, 1000u);
  EXPECT_THAT(causes,
              testing::IsSupersetOf({"LATE", "EOF", "CRASH", "NO_PLAN", "REFUSED", "SLATE", "PLANNED"}));
}

}  // namespace
}  // namespace air

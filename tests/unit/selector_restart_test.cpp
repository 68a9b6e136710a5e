// The selector killed at every tick, at every point of a tick, and its successor: the program must be, frame
// by frame and sample by sample, what it would have been. Nothing survives but the memory; the successor
// knows what stands in the program ring.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>

#include "tests/unit/selector_rig.h"

namespace air {
namespace {

// Where in a tick the selector dies.
enum class Death {
  kNone,
  kBetweenTicks,
  kWhileFilling,      // the slot is marked and half written
  kBeforePublishing,  // committed, `next` does not count it yet
  kBeforeLogging,     // published, not yet in the aired log, the unit not yet given back to its decoder
  kBeforeReleasing,   // in the log, too
};
constexpr Death kDeaths[] = {Death::kBetweenTicks, Death::kWhileFilling, Death::kBeforePublishing,
                             Death::kBeforeLogging, Death::kBeforeReleasing};

// The aired log as it was before a frame was added.
class LogBefore {
 public:
  explicit LogBefore(AiredLogMemory& log)
      : log_(log), next_(log.next), end_tick_(Last().end_tick), last_media_us_(Last().last_media_us) {}
  void Restore() {
    log_.next = next_;
    Last().end_tick = end_tick_;
    Last().last_media_us = last_media_us_;
  }

 private:
  AiredLogMemory::Slot& Last() { return log_.slots[(next_ + kAiredRuns - 1) % kAiredRuns]; }

  AiredLogMemory& log_;
  uint64_t next_;
  int64_t end_tick_, last_media_us_;
};

using DeathAt = std::function<Death(int64_t tick)>;

// A channel in full: what supervisor and decoders do, as a function of the tick and of the room in the rings.
struct Channel {
  struct Asset {
    uint32_t ring;
    uint64_t generation;
    int clip;
    int64_t reset_at;                      // tick the ring is given to it; before 0: it has it from the start
    std::map<int64_t, uint64_t> limit_at;  // from that tick on it may produce up to that unit
    uint64_t end;                          // units it has
    uint64_t spoilt = kEndUnknown;         // a unit that fails its checks
  };
  int64_t ticks;
  std::map<int64_t, std::vector<TimelineEntry>> commits;  // at the beginning of a tick; < 0: before the first
  std::vector<Asset> assets;
};

class ChannelRun {
 public:
  ChannelRun(const Channel& channel, FrameRate rate) : channel_(channel), rig_({.rate = rate}) {
    Supervise(-1);
  }

  // The program, one line of text per tick, and one per run of the aired log.
  std::vector<std::string> Program(const DeathAt& death_at) {
    std::vector<std::string> program;
    for (int64_t n = 0; n < channel_.ticks; ++n) {
      if (n > 0) Supervise(n);
      for (const Channel::Asset& asset : channel_.assets) Decode(asset, n);
      RunTick(death_at(n));
      EXPECT_EQ(rig_.next_tick(), n + 1);
      program.push_back(rig_.Read(n).Text());
    }
    for (const AiredRun& run : rig_.AiredRuns()) {
      program.push_back(absl::StrCat("run ", run.from.value(), "..", run.end.value(), " segment ",
                                     run.segment_serial, " block ", run.block_serial, " kind ",
                                     static_cast<int>(run.kind), " ", ToString(run.cause), " from ",
                                     run.first_media_us, " to ", run.last_media_us));
    }
    return program;
  }

 private:
  void Supervise(int64_t n) {
    for (const Channel::Asset& asset : channel_.assets) {
      if (asset.reset_at == n) rig_.ResetRing(asset.ring, asset.generation);
    }
    if (const auto commit = channel_.commits.find(n); commit != channel_.commits.end())
      rig_.Commit(commit->second);
  }

  // A decoder that has died is followed by another one at the same place: so a new one each tick does no
  // harm.
  void Decode(const Channel::Asset& asset, int64_t n) {
    const RingView ring = RingView::Attach(rig_.RingMemoryOf(asset.ring), RingPolicy::kBackpressure).value();
    const auto limit = asset.limit_at.upper_bound(n);
    if (ring.generation() != asset.generation || limit == asset.limit_at.begin()) return;
    TestDecoder decoder = rig_.Decoder(asset.ring, asset.clip);
    const uint64_t before = decoder.next();
    decoder.FillTo(std::min(std::prev(limit)->second, asset.end));
    if (before <= asset.spoilt && asset.spoilt < decoder.next()) decoder.Spoil(asset.spoilt);
    if (decoder.next() == asset.end) decoder.End();
  }

  void RunTick(Death death) {
    const RingView program = rig_.program();
    const uint64_t next = program.writer().next.load();
    LogBefore log(rig_.aired());
    std::vector<uint64_t> wanted;
    for (uint32_t ring = 0; ring < 3; ++ring) wanted.push_back(rig_.ReaderPageOf(ring).next_wanted.load());

    if (death == Death::kWhileFilling) {
      rig_.Kill();
      program.slot(next).commit.store(kWriting | next);
      std::memset(program.video(next), 0xee, rig_.format.VideoBytes());
      SlotMeta half_written;
      half_written.index = next;
      half_written.journal.locked = 1;
      half_written.journal.lock_tick = 1;
      program.slot(next).meta = half_written;
      rig_.Start();
    }
    rig_.RunTick();
    if (death == Death::kBeforePublishing) program.writer().next.store(next);
    if (death == Death::kBeforePublishing || death == Death::kBeforeLogging) log.Restore();
    if (death == Death::kBeforePublishing || death == Death::kBeforeLogging ||
        death == Death::kBeforeReleasing) {
      for (uint32_t ring = 0; ring < 3; ++ring) rig_.ReaderPageOf(ring).next_wanted.store(wanted[ring]);
    }
    if (death != Death::kNone && death != Death::kWhileFilling) rig_.Start();
  }

  const Channel& channel_;
  SelectorRig rig_;
};

std::vector<std::string> ProgramOf(const Channel& channel, const DeathAt& death_at,
                                   FrameRate rate = {60000, 1001}) {
  return ChannelRun(channel, rate).Program(death_at);
}

// The first tick at which two programs differ, in both words; empty when they are the same.
std::string Difference(const std::vector<std::string>& program, const std::vector<std::string>& unbroken) {
  for (size_t n = 0; n < std::min(program.size(), unbroken.size()); ++n) {
    if (program[n] != unbroken[n]) return absl::StrCat(program[n], "\ninstead of\n", unbroken[n]);
  }
  return program.size() == unbroken.size() ? "" : "another number of ticks";
}

// Everything the selector knows to do, in 80 ticks.
Channel EverythingChannel() {
  auto source = [](uint32_t ring, uint64_t generation) { return SelectorRig::Source(ring, generation); };
  const std::vector<TimelineEntry> first = {
      ContentEntry(4, 24, 1, source(0, 1)), ContentEntry(24, 40, 2, source(1, 1)),
      StillEntry(40, 43, 3, EntryKind::kPad), ContentEntry(43, 60, 4, source(0, 2))};
  std::vector<TimelineEntry> second = first;
  second[3] = ContentEntry(43, 50, 4, source(0, 2));
  second.push_back(StillEntry(50, 53, 4, EntryKind::kSlate, PadCause::kCrash));
  second.push_back(ContentEntry(53, 60, 4, source(0, 2)));
  second.push_back(ContentEntry(60, 75, 5, source(2, 1), PadCause::kHang));
  return {.ticks = 80,
          .commits = {{-1, first}, {30, second}},
          .assets = {
              // Late to begin with, stalls in the middle, has more than its segment needs.
              {.ring = 0,
               .generation = 1,
               .clip = 3,
               .reset_at = -2,
               .limit_at = {{9, 7}, {19, 1000}},
               .end = 1000},
              // Ends early, one bad unit.
              {.ring = 1,
               .generation = 1,
               .clip = 4,
               .reset_at = -2,
               .limit_at = {{0, 1000}},
               .end = 11,
               .spoilt = 3},
              // The next asset of the first ring.
              {.ring = 0, .generation = 2, .clip = 5, .reset_at = 28, .limit_at = {{28, 1000}}, .end = 1000},
              // Its first unit is bad, and it comes when its segment has begun.
              {.ring = 2,
               .generation = 1,
               .clip = 6,
               .reset_at = -2,
               .limit_at = {{62, 1000}},
               .end = 1000,
               .spoilt = 0}}};
}

TEST(SelectorRestart, TheChannelItIsTestedOnShowsEveryKindOfTick) {
  const std::vector<std::string> program =
      ProgramOf(EverythingChannel(), [](int64_t) { return Death::kNone; });
  const std::string text = absl::StrCat(program[0], program[4], program[11], program[17], program[27],
                                        program[38], program[41], program[51], program[60], program[62]);
  for (const char* cause : {"NO_PLAN", "LATE", "REFUSED", "EOF", "PLANNED", "CRASH", "HANG"}) {
    EXPECT_THAT(text, testing::HasSubstr(absl::StrCat("cause ", cause))) << text;
  }
  EXPECT_THAT(program[11], testing::HasSubstr("source 0/1#2 segment 1 block 1 lock 9"));
  EXPECT_THAT(program[55], testing::HasSubstr("source 0/2#12 segment 4 block 1 lock 43"));
  EXPECT_THAT(program[70], testing::HasSubstr("source 2/1#8 segment 5 block 1 lock 62"));
}

TEST(SelectorRestart, IsInvisibleAtEveryTickAndEveryPointOfATick) {
  const Channel channel = EverythingChannel();
  const std::vector<std::string> unbroken = ProgramOf(channel, [](int64_t) { return Death::kNone; });
  for (Death death : kDeaths) {
    for (int64_t at = 0; at < channel.ticks; ++at) {
      const auto program = ProgramOf(channel, [&](int64_t n) { return n == at ? death : Death::kNone; });
      ASSERT_EQ(Difference(program, unbroken), "")
          << "death " << static_cast<int>(death) << " at tick " << at;
    }
  }
}

TEST(SelectorRestart, IsInvisibleWhenEveryTickIsMadeByAnotherSelector) {
  const Channel channel = EverythingChannel();
  const std::vector<std::string> unbroken = ProgramOf(channel, [](int64_t) { return Death::kNone; });
  for (Death death : kDeaths) {
    EXPECT_EQ(Difference(ProgramOf(channel, [&](int64_t) { return death; }), unbroken), "")
        << "death " << static_cast<int>(death);
  }
}

// A channel of random segments on random decoders.
Channel RandomChannel(std::mt19937_64& random) {
  auto pick = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  Channel channel{.ticks = 60, .commits = {}, .assets = {}};
  std::vector<TimelineEntry> entries;
  std::array<uint64_t, 3> generation{};
  std::array<int64_t, 3> free_from{-2, -2, -2};
  uint64_t serial = 1;
  for (int64_t at = pick(0, 3); at < channel.ticks; ++serial) {
    const int64_t end = at + pick(1, 20);
    const auto ring = static_cast<uint32_t>(serial % 3);
    if (pick(1, 5) == 1) {
      entries.push_back(StillEntry(at, end, serial, EntryKind::kPad));
    } else {
      Channel::Asset asset{.ring = ring,
                           .generation = ++generation[ring],
                           .clip = static_cast<int>(serial),
                           .reset_at = free_from[ring],
                           .limit_at = {},
                           .end = static_cast<uint64_t>(pick(1, 30))};
      int64_t tick = asset.reset_at + pick(0, 25);
      for (uint64_t limit = 0; limit < asset.end; tick += pick(1, 8)) {
        limit += static_cast<uint64_t>(pick(1, 15));
        asset.limit_at[tick] = limit;
      }
      if (pick(1, 4) == 1) asset.spoilt = static_cast<uint64_t>(pick(0, 10));
      entries.push_back(ContentEntry(at, end, serial, SelectorRig::Source(ring, asset.generation)));
      free_from[ring] = end + 1;
      channel.assets.push_back(asset);
    }
    at = end + (pick(1, 6) == 1 ? pick(1, 3) : 0);
  }
  channel.commits[-1] = entries;
  return channel;
}

TEST(SelectorRestart, IsInvisibleOnRandomChannelsKilledAtRandom) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    std::mt19937_64 random(seed);
    const Channel channel = RandomChannel(random);
    const FrameRate rate = seed % 2 == 0 ? FrameRate{60000, 1001} : FrameRate{50, 1};
    const auto unbroken = ProgramOf(
        channel, [](int64_t) { return Death::kNone; }, rate);
    const auto killed = ProgramOf(
        channel,
        [&](int64_t) { return random() % 3 == 0 ? kDeaths[random() % std::size(kDeaths)] : Death::kNone; },
        rate);
    ASSERT_EQ(Difference(killed, unbroken), "") << "seed " << seed;
  }
}

TEST(SelectorRestart, ASuccessorMakesEveryTickThatWasMissedMeanwhile) {
  auto program_of = [](int64_t death_at, int64_t away_ns) {
    SelectorRig rig({.rate = {30000, 1001}});
    TestDecoder decoder = rig.Decoder(0, 3), next = rig.Decoder(1, 4);
    rig.Commit(
        {ContentEntry(0, 20, 1, SelectorRig::Source(0)), ContentEntry(20, 60, 2, SelectorRig::Source(1))});
    std::vector<std::string> program;
    for (int64_t n = 0; n < 50; ++n) {
      decoder.FillTo(1000);
      next.FillTo(1000);
      if (n == death_at) {
        rig.Kill();
        rig.clock.Advance(away_ns);
        rig.Start();
      }
      program.push_back(rig.RunTick().Text());
    }
    EXPECT_EQ(rig.clock.Now(), rig.Deadline(49)) << "and is on time again";
    return program;
  };
  const std::vector<std::string> unbroken = program_of(-1, 0);
  for (int64_t death_at = 0; death_at < 30; ++death_at) {
    ASSERT_EQ(Difference(program_of(death_at, 300 * kNanosPerMs), unbroken), "")
        << "away from tick " << death_at;
  }
}

TEST(SelectorRestart, ASuccessorThatComesTooLateDeclaresTheDiscontinuityAndKeepsTheMapping) {
  SelectorRig rig({});
  TestDecoder decoder = rig.Decoder(0, 3);
  rig.Commit({ContentEntry(0, 10'000, 1, SelectorRig::Source(0))});
  decoder.FillTo(1000);
  rig.RunUntil(5);
  rig.Kill();
  rig.clock.Advance(11 * kNanosPerSecond);
  rig.Start();
  const SlotMeta meta = rig.RunTick().meta;
  EXPECT_EQ(meta.flags, kFlagPad | kFlagDiscontinuity);
  EXPECT_EQ(meta.journal.lock_tick, 0);
  EXPECT_EQ(meta.journal.source_index, meta.index);
  rig.Start();
  EXPECT_EQ(rig.RunTick().meta.flags, uint32_t{kFlagPad}) << "declared once";
  EXPECT_EQ(rig.Count(SelectorCounter::kDiscontinuities), 1u);
}

}  // namespace
}  // namespace air

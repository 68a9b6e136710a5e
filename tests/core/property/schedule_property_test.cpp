// What holds of every day, over 10,000 days of random channels, plans, zones, catalogues and dates.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "tests/core/network.h"

namespace retrovue {
namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr int kNetworks = 250;  // the sanitizers take their time
#else
constexpr int kNetworks = 2500;
#endif
constexpr int kDaysOfEach = 4;

class RandomNetwork : public Network {
 public:
  explicit RandomNetwork(std::uint64_t seed_in) : random_(seed_in) {
    seed = random_();
    static constexpr const char* kTimeZones[] = {"America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
                                                 "Europe/London",    "America/St_Johns",    "Pacific/Chatham",
                                                 "Pacific/Apia",     "America/Santiago",    "UTC"};
    channel.time_zone = kTimeZones[Below(9)];
    const int block = 15 << Below(3);
    const int first = Chance(60) ? 0 : Below(block);
    channel.grid = {block, {}, first + block * Below(24 * 60 / block)};
    for (int minute = first; minute < 60; minute += block) channel.grid.offsets.push_back(minute);
    MakeCatalogue();
    plans.clear();
    for (int i = 0, count = 1 + Below(3); i < count; ++i) MakePlan(i);
    first_day_ = MakeDate();
    if (Chance(30)) carry_in = MakeGrid().Anchor(first_day_) + Millis(Below(8 * 3'600'000));
  }

  absl::CivilDay first_day() const { return first_day_; }
  int Below(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }
  bool Chance(int percent) { return Below(100) < percent; }
  std::mt19937_64& random() { return random_; }

 private:
  Millis Length() {
    switch (Below(5)) {
      case 0:
        return Millis(1 + Below(60'000));
      case 1:
        return Min(30 * (1 + Below(4)));  // whole blocks
      case 2:
        return Min(22 + Below(2) * 22);
      case 3:
        return Millis(1 + Below(4 * 3'600'000));
      default:
        return Millis(1'260'000 + Below(300'000));
    }
  }

  BreakRules MakeBreaks() {
    BreakRules rules;
    rules.policy = static_cast<BreakPolicy>(Below(3));
    rules.most = Chance(50) ? 0 : Below(12);
    rules.least_break = Millis(1000 + Below(120'000));
    rules.least_act = Millis(1000 + Below(600'000));
    rules.head = Millis(Below(300'000));
    rules.tail = Millis(Below(300'000));
    return rules;
  }

  void MakeMarkers(Asset& asset) {
    static constexpr const char* kKinds[] = {kChapterMarker, kBlackMarker, kSilenceMarker, "sponsor"};
    const bool cues = Chance(20);
    for (int i = Chance(50) ? 0 : Below(20); i > 0; --i) {
      const Millis start(Below(static_cast<int>(asset.duration.count())));
      const Millis end = start + (asset.duration - start) / (1 + Below(50));
      asset.markers.push_back({cues && Chance(50) ? kCueMarker : kKinds[Below(4)], start, end});
    }
  }

  void MakeCatalogue() {
    for (const char* series : {"alpha", "beta", "gamma"}) {
      for (int i = 1, count = Below(12); i <= count; ++i) {
        AddEpisode(series, i, Length()).approved_for_broadcast = !Chance(10);
      }
      Program& program = AddSeries(series, static_cast<PlayMode>(Below(4)));
      program.on_end = static_cast<OnEnd>(Below(4));
      if (program.play_mode == PlayMode::kManual) {
        for (int i = 9; i >= 1; --i) program.manual_order.push_back({absl::StrCat(series, "-", i)});
      }
      if (Chance(20)) program.slot_units = 1 + Below(4);
      if (program.slot_units > 0 && Chance(50)) program.kind = ProgramKind::kBlock;
    }
    for (int i = 0; i < 6; ++i)
      AddAsset(absl::StrCat("film", i), Length()).approved_for_broadcast = !Chance(20);
    for (Asset& asset : assets) MakeMarkers(asset);
    for (Program& program : programs)
      if (Chance(20)) program.breaks = MakeBreaks();
    channel.breaks = MakeBreaks();
    virtuals.push_back({{"double"}, "Double feature", {{"film0"}, {"film1"}}});
    synthetics.push_back({{"bars"}, "Bars", "{}", "/media/bars.mkv", Min(10)});
    if (Chance(70)) channel.filler_pool = {{"film4"}, {"film5"}};
  }

  SchedulableRef MakeEntry() {
    switch (Below(6)) {
      case 0:
        return Thing("double", SchedulableKind::kVirtualAsset);
      case 1:
        return Thing("bars", SchedulableKind::kSyntheticAsset);
      case 2:
        return Thing(absl::StrCat("film", Below(7)));  // of which the last one does not exist
      default:
        break;
    }
    static constexpr const char* kSeries[] = {"alpha", "beta", "gamma"};
    return OfProgram(kSeries[Below(3)]);
  }

  void MakePlan(int priority) {
    SchedulePlan plan{
        {absl::StrCat("plan", priority)}, channel.id, absl::StrCat("Plan ", priority), priority};
    const int block = channel.grid.block_minutes;
    for (int start = block * Below(8); start < 1440;) {
      Zone zone;
      zone.id = {absl::StrCat("zone", priority, "-", start)};
      zone.plan_id = plan.id;
      zone.name = absl::StrCat("Zone ", start);
      zone.start = start;
      zone.end = std::min(1440, start + block * (1 + Below(priority == 0 ? 24 : 6)));
      for (int i = 0, count = 1 + Below(3); i < count; ++i) zone.entries.push_back(MakeEntry());
      zone.overrun = static_cast<Overrun>(Below(3));
      zone.fit = static_cast<Fit>(Below(2));
      if (Chance(30)) zone.breaks = MakeBreaks();
      if (Chance(20)) zone.when.weekdays.bits = static_cast<std::uint8_t>(1 + Below(127));
      start = zone.end + (Chance(50) ? 0 : block * Below(12));
      plan.zones.push_back(std::move(zone));
    }
    EXPECT_TRUE(ValidatePlan(channel.grid, plan).ok()) << ValidatePlan(channel.grid, plan);
    plans.push_back(std::move(plan));
  }

  // Often two days before a change of the clocks of that year.
  absl::CivilDay MakeDate() {
    const absl::CivilDay date = absl::CivilDay(2011 + Below(20), 1, 1) + Below(365);
    absl::TimeZone::CivilTransition change;
    const absl::TimeZone zone = *FindTimeZone(channel.time_zone);
    if (Chance(60) && zone.NextTransition(absl::FromCivil(date, zone), &change))
      return absl::CivilDay(change.from) - 2;
    return date;
  }

  std::mt19937_64 random_;
  absl::CivilDay first_day_;
};

// Every block is full to the millisecond, they touch, and the programmes in them are whole.
void CheckPlaylog(const Network& n, const ScheduleDay& day, const std::vector<PlannedBlock>& blocks) {
  Instant t = day.start;
  std::map<ScheduleItemId, Millis> aired;
  for (const PlannedBlock& block : blocks) {
    ASSERT_EQ(block.start, t);
    for (std::size_t i = 0; i < block.events.size(); ++i) {
      const PlaylogEvent& event = block.events[i];
      ASSERT_EQ(event.start, t);
      ASSERT_GT(event.end, event.start);
      ASSERT_EQ(event.segment_index, static_cast<int>(i));
      ASSERT_EQ(event.block_id, block.block_id);
      if (event.kind == PlaylogKind::kProgramme) aired[event.schedule_item_id] += event.end - event.start;
      t = event.end;
    }
    ASSERT_EQ(block.end, t);
  }
  ASSERT_EQ(t, day.items.empty() ? day.start : day.items.back().end);
  for (const ScheduleItem& item : day.items) {
    if (item.kind == ItemKind::kContent) {
      ASSERT_EQ(aired[item.id], item.content) << n.channel.time_zone;
    }
  }
}

// Zones end when declared, but for the programmes that may run over.
void CheckZones(const Network& n, const Grid& grid, const ScheduleDay& day) {
  std::map<ZoneId, int> contents;
  for (const ScheduleItem& item : day.items) {
    ASSERT_FALSE(item.why.empty());
    if (item.zone_id.empty()) continue;
    const auto plan = std::find_if(n.plans.begin(), n.plans.end(),
                                   [&](const SchedulePlan& p) { return p.id == item.plan_id; });
    ASSERT_NE(plan, n.plans.end());
    const auto zone = std::find_if(plan->zones.begin(), plan->zones.end(),
                                   [&](const Zone& z) { return z.id == item.zone_id; });
    ASSERT_NE(zone, plan->zones.end());
    const Instant start = InstantOf(grid.rules(), grid.zone(), day.date, zone->start);
    const Instant end = grid.Up(InstantOf(grid.rules(), grid.zone(), day.date, zone->end));
    ASSERT_GE(item.start, start);
    ASSERT_LT(item.start, end);
    const bool content = item.kind == ItemKind::kContent;
    // A zone that a higher plan cuts into pieces begins anew in each of them; only its last piece ends where it does.
    const bool may_run_over =
        content && (zone->overrun == Overrun::kLast ||
                    (zone->overrun == Overrun::kFirst && (contents[zone->id] == 0 || n.plans.size() > 1)));
    if (item.end > end) {
      ASSERT_TRUE(may_run_over) << item.why;
    }
    for (const SchedulePlan& higher : n.plans) {
      if (higher.priority <= plan->priority || !Holds(higher.when, day.date)) continue;
      for (const Zone& other : higher.zones) {
        const Instant begins = grid.Up(InstantOf(grid.rules(), grid.zone(), day.date, other.start));
        const Instant ends = grid.Up(InstantOf(grid.rules(), grid.zone(), day.date, other.end));
        if (!other.enabled || !Holds(other.when, day.date) || begins >= ends) continue;
        ASSERT_FALSE(item.start < begins && begins < item.end)
            << item.why << ": it runs into a zone of a higher plan";
      }
    }
    if (content) ++contents[zone->id];
  }
}

const BreakRules& RulesOf(const Network& n, const ScheduleItem& item) {
  if (item.thing.kind == SchedulableKind::kProgram) {
    for (const Program& program : n.programs)
      if (program.id.text == item.thing.id && program.breaks) return *program.breaks;
  }
  for (const SchedulePlan& plan : n.plans) {
    for (const Zone& zone : plan.zones)
      if (zone.id == item.zone_id && zone.breaks) return *zone.breaks;
  }
  return n.channel.breaks;
}

// What a programme leaves is divided evenly over breaks that its rules allow, or follows it.
void CheckBreaks(const Network& n, const ScheduleItem& item) {
  if (item.breaks.empty()) return;
  const BreakRules& rules = RulesOf(n, item);
  const Millis slot = item.end - item.start;
  ASSERT_NE(rules.policy, BreakPolicy::kPost);
  ASSERT_LE(static_cast<std::int64_t>(item.breaks.size()),
            rules.most > 0 ? rules.most : std::max<std::int64_t>(1, slot / Min(10) - 1));
  Millis sum{0};
  for (std::size_t i = 0; i < item.breaks.size(); ++i) {
    const Break& one = item.breaks[i];
    sum += one.length;
    ASSERT_GE(one.length, rules.least_break);
    ASSERT_LE(one.length, item.breaks.front().length);
    ASSERT_LE(item.breaks.front().length - one.length, Millis(1));
    ASSERT_EQ(one.fades, item.breaks.front().fades);
    ASSERT_FALSE(one.fades && rules.policy == BreakPolicy::kBetween);
    // An operator's cue stands for itself.
    bool is_cue = false;
    Millis start{0};
    for (const ResolvedPart& part : item.parts) {
      for (const Asset& asset : n.assets) {
        if (asset.id != part.asset_id) continue;
        for (const AssetMarker& marker : asset.markers)
          is_cue = is_cue || (marker.kind == kCueMarker && start + marker.start == one.at);
      }
      start += part.airs;
    }
    if (is_cue) continue;
    const bool is_first = i == 0;
    ASSERT_GE(one.at, is_first ? rules.head : item.breaks[i - 1].at + rules.least_act) << item.why;
    ASSERT_GE(item.content - one.at, rules.tail);
  }
  ASSERT_EQ(sum, slot - item.content);
}

void CheckDay(const Network& n, const Grid& grid, const ScheduleDay& day, std::optional<Instant> carried_in) {
  ASSERT_TRUE(ValidateScheduleDay(day).ok()) << ValidateScheduleDay(day);
  ASSERT_EQ(day.start, carried_in.value_or(grid.Anchor(day.date)));
  ASSERT_TRUE(!day.items.empty() || day.start >= day.end);
  std::map<std::string, Millis> durations;
  for (const Asset& asset : n.assets) durations[asset.id.text] = asset.duration;
  for (const ScheduleItem& item : day.items) {
    const absl::CivilSecond local = grid.zone().At(ToAbsl(item.start)).cs;
    const bool on_grid = local.second() == 0 && std::count(n.channel.grid.offsets.begin(),
                                                           n.channel.grid.offsets.end(), local.minute()) == 1;
    const bool fills_up =
        item.start == day.start && item.kind == ItemKind::kAvail;  // behind what was carried in
    ASSERT_TRUE(on_grid || fills_up || item.start == grid.Anchor(grid.DayOf(item.start)))
        << absl::FormatCivilTime(local);
    for (const ResolvedPart& part : item.parts) {
      ASSERT_EQ(part.airs, part.asset_id.empty() ? Min(10) : durations[part.asset_id.text])
          << "cut: " << item.why;
    }
    ASSERT_NO_FATAL_FAILURE(CheckBreaks(n, item));
  }
  CheckZones(n, grid, day);
}

TEST(ScheduleProperty, HoldsForTenThousandRandomDays) {
  const std::function<std::uint64_t()> bits = [random = std::mt19937_64(1)]() mutable { return random(); };
  IdSource ids([] { return FromUtcMs(1'700'000'000'000); }, bits);
  std::size_t items = 0;
  for (int i = 0; i < kNetworks; ++i) {
    SCOPED_TRACE(absl::StrCat("network ", i));
    RandomNetwork n(static_cast<std::uint64_t>(i));
    ASSERT_TRUE(ValidateChannel(n.channel).ok()) << ValidateChannel(n.channel);
    const CatalogueView catalogue(n.assets, n.programs, n.virtuals, n.synthetics);
    std::vector<Asset> in_another_order = n.assets;
    std::shuffle(in_another_order.begin(), in_another_order.end(), n.random());
    const CatalogueView same_catalogue(in_another_order, n.programs, n.virtuals, n.synthetics);
    const Grid grid = n.MakeGrid();
    std::vector<ScheduleDay> days;
    for (int d = 0; d < kDaysOfEach; ++d) {
      SCOPED_TRACE(absl::StrCat(n.channel.time_zone, " ", ToText(n.first_day() + d)));
      const Cursors before = n.cursors;
      const std::optional<Instant> carried_in = n.carry_in;
      const absl::CivilDay date = n.first_day() + d;
      const DayRequest request{n.channel, grid, n.plans, catalogue, before, carried_in, date, n.seed};
      ScheduleDay day = ResolveDay(request);
      ASSERT_NO_FATAL_FAILURE(CheckDay(n, grid, day, carried_in));
      if (d > 0) {
        ASSERT_EQ(day.start, days.back().carry_out_until);
      }

      const Grid same_grid = n.MakeGrid();
      ASSERT_EQ(ResolveDay({n.channel, same_grid, n.plans, same_catalogue, before, carried_in, date, n.seed}),
                day);

      AssignIds(day, nullptr, ids);
      const Instant lock = day.anchor + Millis(n.Below(25 * 3'600'000));
      ScheduleDay again = RegenerateDay(day, lock, request);
      AssignIds(again, &day, ids);
      ASSERT_EQ(again.items, day.items) << "from " << ToRfc3339(lock);
      ASSERT_EQ(again.cursors_after, day.cursors_after);
      ASSERT_EQ(again.carry_out_until, day.carry_out_until);

      const AvailRules rules = AvailRulesOf(n.channel, catalogue, n.seed);
      const std::vector<PlannedBlock> blocks = PlanBlocks(n.channel, grid, day, rules);
      ASSERT_NO_FATAL_FAILURE(CheckPlaylog(n, day, blocks));
      ASSERT_EQ(PlanBlocks(n.channel, grid, again, rules), blocks);

      items += day.items.size();
      n.cursors = day.cursors_after;
      n.carry_in = day.carry_out_until;
      days.push_back(std::move(day));
    }
    const EpgGeneration guide = GuideOf(n.channel, days);
    Instant t = days.front().start;
    for (const GuideEntry& entry : guide.entries) {
      ASSERT_EQ(entry.start, t);
      ASSERT_GT(entry.stop, entry.start);
      t = entry.stop;
    }
    ASSERT_EQ(t, days.back().carry_out_until);
  }
  EXPECT_GT(items, 10u * kNetworks * kDaysOfEach) << "the days are not empty";
}

}  // namespace
}  // namespace retrovue

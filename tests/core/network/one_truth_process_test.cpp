// One truth, on the days on which the clocks change: a network whose clock stands shortly before a boundary, on the air across it, on either
// database. The guide as viewers get it, the stored days, the playlog, what the manager holds, and the as-run rows are compared row by row.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "core/channel/channel_record.h"
#include "core/planning/planning.h"
#include "core/schedule/grid.h"
#include "tests/core/network/live_network.h"
#include "tests/core/network/one_truth.h"
#include "tests/core/network/programme_home.h"
#include "tests/core/store/store_fixture.h"

namespace retrovue {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct Change {
  const char* name;
  Kind database;
  const char* slug;      // of the channel whose clocks change
  const char* boundary;  // of its grid, at the change or the first one behind it
  const char* day;       // the programming day that is longer or shorter
  double hours;          // it has
  std::size_t blocks;
};

void PrintTo(const Change& change, std::ostream* out) { *out << change.name; }

class OneTruth : public testing::TestWithParam<Change> {
 protected:
  void SetUp() override {
    clips_ = std::make_unique<air::e2e::TestFolder>();
    if (GetParam().database == Kind::kPostgres) database_ = std::make_unique<TestDatabase>(Kind::kPostgres);
    shift_ = At(GetParam().boundary) - 25s - MachineNow();
    home_ = std::make_unique<ProgrammeHome>(
        HomeOptions{.episodes = MakeClips(clips_->path(), {{1, 4}, {2, 5}, {3, 6}}),
                    .fillers = MakeClips(clips_->path(), {{4, 3}, {5, 60}}),
                    .film_minutes = {88, 101, 29},
                    .now = [this] { return MachineNow() + shift_; },
                    .database_url = database_ ? database_->url() : ""});
    Channel york;
    york.slug = "york";
    york.time_zone = "America/New_York";
    home_->AddChannel(york, {{0, 960, true}, {960, 1440, false}});  // the series from 22:00 to 06:00
    Channel howe;
    howe.slug = "howe";
    howe.time_zone = "Australia/Lord_Howe";
    howe.grid = {60, {0}, 0};
    home_->AddChannel(howe, {{0, 360, false}, {360, 1440, true}});
    shift_ = At(GetParam().boundary) - 25s - MachineNow();  // all that took its time
  }

  // The span of the comparison: the day before the change to the day behind it.
  std::pair<Instant, Instant> Span(const Channel& channel) const {
    const Grid grid(channel.grid, *FindTimeZone(channel.time_zone));
    const absl::CivilDay day = Date(GetParam().day);
    return {grid.Anchor(day - 1), grid.Anchor(day + 2)};
  }

  // Everything but the air, over whole days.
  void CompareDays(LiveNetwork& network, const std::string& slug) {
    SCOPED_TRACE(slug);
    const Channel channel = home_->channel(slug);
    const auto [begin, to] = Span(channel);
    Planning planning(home_->store(), [this] { return home_->Now(); });
    StoredTruth truth = ReadTruth(*home_, slug, begin, to);
    ASSERT_FALSE(truth.days.empty());
    const Instant from = std::max(begin, truth.days.front().start);
    ASSERT_OK(planning.Blocks(channel.id, from, to).status());  // the rest of the playlog
    truth = ReadTruth(*home_, slug, from, to);
    EXPECT_EQ(PlaylogFaults(truth), Faults());
    const std::string span = absl::StrCat("?from=", UtcMs(from), "&to=", UtcMs(to));
    const auto guide = network.GetJson("/api/v1/guide" + span);
    EXPECT_EQ(GuideFaults(guide, truth, from, to), Faults());
    // XMLTV begins now; both are asked for what lies behind the next boundary but one.
    const std::string xmltv = network.Get("/guide.xml?days=2");
    const auto now = std::chrono::floor<std::chrono::duration<std::int64_t, std::ratio<1800>>>(network.Now());
    const auto same =
        network.GetJson(absl::StrCat("/api/v1/guide?from=", UtcMs(now), "&to=", UtcMs(now + 48h)));
    const std::size_t body = xmltv.find("\r\n\r\n");
    ASSERT_NE(body, std::string::npos);
    EXPECT_EQ(XmltvFaults(xmltv.substr(body + 4), same, slug, now, now + 48h), Faults());
  }

  std::unique_ptr<air::e2e::TestFolder> clips_;
  std::unique_ptr<TestDatabase> database_;
  Millis shift_{0};
  std::unique_ptr<ProgrammeHome> home_;
};

TEST_P(OneTruth, GuideDayPlaylogBlocksAndAsRunAreTheSameRows) {
  const Change& change = GetParam();
  const Instant boundary = At(change.boundary);
  LiveNetwork network({home_->folder(), home_->url(), shift_});
  const auto viewer = network.Tune(change.slug);
  ASSERT_TRUE(viewer->WaitForMore(50'000, 30s)) << viewer->beginning(400) << network.Logs();
  ASSERT_TRUE(Within(60s, [&] { return network.Now() > boundary + 9s; }));
  // What was on at the boundary has ended by then, and is stored soon after.
  ASSERT_TRUE(Within(20s, [&] {
    const StoredTruth truth = ReadTruth(*home_, change.slug, boundary - 1min, boundary + 1s);
    return !truth.rows.empty() && std::all_of(truth.rows.begin(), truth.rows.end(),
                                              [](const AsRunRow& row) { return row.actual_end.has_value(); });
  }));

  // The day is as long as the clocks make it, and made of whole blocks.
  const Channel channel = home_->channel(change.slug);
  const Grid grid(channel.grid, *FindTimeZone(channel.time_zone));
  const absl::CivilDay day = Date(change.day);
  EXPECT_EQ(grid.Anchor(day + 1) - grid.Anchor(day), Min(change.hours * 60));
  EXPECT_EQ(grid.Blocks(day).size(), change.blocks);
  EXPECT_EQ(grid.Down(boundary), boundary);

  for (const char* slug : {"york", "howe"}) CompareDays(network, slug);

  const StoredTruth truth = ReadTruth(*home_, change.slug, boundary - 1min, boundary + 4h);
  const auto record = ChannelRecord(home_->channel_folder(change.slug)).Load();
  ASSERT_OK(record.status());
  int held = 0;
  EXPECT_EQ(RecordFaults(*record, truth, held), Faults());
  EXPECT_GE(held, 2);

  // On the air: from the first start behind the tuning in to the last end. All events are of the last filler, the episode at the
  // boundary, and what follows.
  ASSERT_FALSE(truth.rows.empty());
  std::vector<AsRunRow> whole;
  for (const AsRunRow& row : truth.rows)
    if (row.actual_end.has_value()) whole.push_back(row);
  ASSERT_GE(whole.size(), 2u);
  EXPECT_LT(truth.rows.front().actual_start + kSettledAfter, boundary)
      << "it came on the air too late to be of use";
  int aired = 0;
  EXPECT_EQ(
      AsRunFaults(truth, truth.rows.front().actual_start + kSettledAfter, *whole.back().actual_end, aired),
      Faults());
  EXPECT_GE(aired, 2);
  const auto at_boundary = std::find_if(whole.begin(), whole.end(),
                                        [&](const AsRunRow& row) { return row.planned_start == boundary; });
  ASSERT_NE(at_boundary, whole.end());
  const auto guide =
      network.GetJson(absl::StrCat("/api/v1/guide?from=", UtcMs(boundary), "&to=", UtcMs(boundary + 1h)));
  for (const auto& of : guide["channels"]) {
    if (of["slug"] != change.slug) continue;
    EXPECT_EQ(of["entries"][0]["start_utc_ms"], UtcMs(boundary));
    EXPECT_EQ(of["entries"][0]["title"], at_boundary->title);
    EXPECT_THAT(at_boundary->asset_uri, HasSubstr("clip-" + at_boundary->title.substr(8) + ".mp4"));
  }
  viewer->HangUp();
  if (HasFailure()) std::cerr << network.Logs();
}

INSTANTIATE_TEST_SUITE_P(
    , OneTruth,
    testing::Values(
        Change{"NewYorkInSpring", Kind::kPostgres, "york", "2026-03-08T07:00:00Z", "2026-03-07", 23, 46},
        Change{"NewYorkInAutumn", Kind::kSqlite, "york", "2026-11-01T06:00:00Z", "2026-10-31", 25, 50},
        Change{"LordHoweInAutumn", Kind::kPostgres, "howe", "2026-04-04T15:30:00Z", "2026-04-05", 24.5, 24},
        Change{"LordHoweInSpring", Kind::kSqlite, "howe", "2026-10-03T16:00:00Z", "2026-10-04", 23.5, 23}),
    [](const auto& change) { return std::string(change.param.name); });

}  // namespace
}  // namespace retrovue

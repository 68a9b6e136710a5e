// As-run: what was planned beside what was on the air.
#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "core/cli/frame/arguments.h"
#include "core/cli/nouns/finding.h"
#include "core/cli/nouns/verbs.h"
#include "core/store/as_run.h"
#include "core/store/playlog.h"
#include "core/store/schedule_days.h"

namespace retrovue::cli {
namespace {

struct Options {
  std::string channel;
  std::optional<absl::CivilDay> date;
  bool planned = false;
};

struct Span {
  Instant from;
  Instant to;
};

// The time of a day's items; of one that was not made, from anchor to anchor.
absl::StatusOr<Span> SpanOf(const Snapshot& snapshot, const Channel& channel, const Grid& grid,
                            absl::CivilDay date) {
  const absl::StatusOr<ScheduleDay> day = snapshot.schedule_days().Get(channel.id, date);
  if (day.ok() && !day->items.empty()) return Span{day->items.front().start, day->items.back().end};
  if (!day.ok() && !absl::IsNotFound(day.status())) return day.status();
  return Span{grid.Anchor(date), grid.Anchor(date + 1)};
}

// A row for a planned event without evidence: it was not fed to AIR, or not yet.
AsRunRow NotAired(const PlaylogEvent& event) {
  AsRunRow row;
  row.block_id = event.block_id;
  row.playlog_event_id = event.id.text;
  row.segment_index = event.segment_index;
  row.segment_type = Name(event.kind);
  row.asset_uri = event.path;
  row.planned_start = event.start;
  row.planned_end = event.end;
  row.status = "NOT_AIRED";
  return row;
}

absl::StatusOr<Answer> Show(Context& context, const Options& options) {
  return context.Read(
      {.name = "as_run", .value = Json::array(), .columns = AsRunColumns()},
      [&](const Snapshot& snapshot, Answer& answer) -> absl::Status {
        const absl::StatusOr<Channel> channel = FindChannel(snapshot, options.channel);
        if (!channel.ok()) return channel.status();
        const absl::StatusOr<Grid> grid = GridOf(*channel);
        if (!grid.ok()) return grid.status();
        const absl::CivilDay date = options.date.value_or(grid->DayOf(context.Now()));
        const absl::StatusOr<Span> span = SpanOf(snapshot, *channel, *grid, date);
        if (!span.ok()) return span.status();
        const auto rows = snapshot.as_run().Rows(channel->id, span->from, span->to);
        if (!rows.ok()) return rows.status();

        std::vector<std::pair<Instant, Json>> lines;
        std::set<std::string> aired;
        for (const AsRunRow& row : *rows) {
          lines.emplace_back(row.actual_start, ShapeOf(row, grid->zone()));
          aired.insert(row.playlog_event_id);
        }
        if (options.planned) {
          const auto blocks = snapshot.playlog().Blocks(channel->id, span->from, span->to);
          if (!blocks.ok()) return blocks.status();
          for (const PlannedBlock& block : *blocks) {
            for (const PlaylogEvent& event : block.events) {
              if (aired.contains(event.id.text)) continue;
              Json line = ShapeOf(NotAired(event), grid->zone());
              SetTime(line, "actual_start", std::nullopt);
              lines.emplace_back(event.start, line);
            }
          }
        }
        std::stable_sort(lines.begin(), lines.end(),
                         [](const auto& a, const auto& b) { return a.first < b.first; });
        for (auto& [at, line] : lines) answer.value.push_back(std::move(line));
        if (rows->empty()) {
          answer.notices.push_back(
              "nothing has been on the air then: a channel runs while it has viewers, or with "
              "retrovue channel update --always-on");
        }
        return absl::OkStatus();
      });
}

}  // namespace

std::vector<Verb> AsRunVerbs() {
  return {MakeVerb<Options>(
      "as-run", "show", "Show what was on the air, beside what was planned",
      [](CLI::App& app, Options& options) {
        app.add_option("--channel", options.channel, "slug or number of the channel")
            ->type_name("CHANNEL")
            ->required();
        AddDate(app, "--date", options.date, "programming day; default: the one it is");
        app.add_flag("--planned", options.planned, "also what was planned and not aired");
      },
      Show)};
}

}  // namespace retrovue::cli

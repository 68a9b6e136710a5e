// The playlog: what plays, file by file.
#include "absl/strings/str_cat.h"
#include "core/cli/frame/arguments.h"
#include "core/cli/nouns/finding.h"
#include "core/cli/nouns/verbs.h"
#include "core/store/playlog.h"

namespace retrovue::cli {
namespace {

constexpr auto kLongestSpan = std::chrono::hours(31 * 24);

struct Options {
  std::string channel;
  std::optional<Instant> from;
  std::optional<Instant> to;
  std::string event;
};

absl::StatusOr<Answer> List(Context& context, const Options& options) {
  std::optional<Channel> channel;
  std::optional<Grid> grid;
  const absl::Status read = context.Read([&](const Snapshot& snapshot) -> absl::Status {
    absl::StatusOr<Channel> found = FindChannel(snapshot, options.channel);
    if (!found.ok()) return found.status();
    absl::StatusOr<Grid> its_grid = GridOf(*found);
    if (!its_grid.ok()) return its_grid.status();
    channel = *std::move(found);
    grid.emplace(*std::move(its_grid));
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  const Instant from = options.from.value_or(context.Now());
  const Instant to = options.to.value_or(from + std::chrono::minutes(channel->playlog_horizon_min));
  if (from >= to) return Refuse("SPAN_WRONG", "--to must be behind --from");
  if (to - from > kLongestSpan) return Refuse("SPAN_TOO_LONG", "ask for at most 31 days at a time");

  std::vector<PlannedBlock> blocks;
  if (context.globals().dry_run) {
    const absl::Status stored = context.Read([&](const Snapshot& snapshot) -> absl::Status {
      auto found = snapshot.playlog().Blocks(channel->id, from, to);
      if (!found.ok()) return found.status();
      blocks = *std::move(found);
      return absl::OkStatus();
    });
    if (!stored.ok()) return stored;
  } else {
    const absl::StatusOr<Planning*> planning = context.planning();
    if (!planning.ok()) return planning.status();
    auto made = (*planning)->Blocks(channel->id, from, to);
    if (!made.ok()) return made.status();
    blocks = *std::move(made);
  }
  Answer answer{.name = "playlog_events", .value = Json::array(), .columns = PlaylogColumns()};
  for (const PlannedBlock& block : blocks) {
    for (const PlaylogEvent& event : block.events) {
      if (event.end > from && event.start < to) answer.value.push_back(ShapeOf(event, grid->zone()));
    }
  }
  if (blocks.empty() || blocks.back().end < to) {
    answer.notices.push_back(
        absl::StrCat("no day has been made for all of that time: retrovue schedule-day generate --channel ",
                     channel->slug));
  }
  return answer;
}

absl::StatusOr<Answer> Show(Context& context, const Options& options) {
  return context.Read(
      {.name = "playlog_event"}, [&](const Snapshot& snapshot, Answer& answer) -> absl::Status {
        const absl::StatusOr<PlaylogEvent> event = snapshot.playlog().GetEvent({options.event});
        if (absl::IsNotFound(event.status())) {
          return NotFound("PLAYLOG_EVENT_NOT_FOUND",
                          absl::StrCat("there is no playlog event \"", options.event,
                                       "\": retrovue playlog-event list shows them"));
        }
        if (!event.ok()) return event.status();
        answer.value = ShapeOf(*event, absl::UTCTimeZone());
        return absl::OkStatus();
      });
}

}  // namespace

std::vector<Verb> PlaylogEventVerbs() {
  return {
      MakeVerb<Options>(
          "playlog-event", "list", "List what plays, file by file; makes it of days that are there",
          [](CLI::App& app, Options& options) {
            app.add_option("--channel", options.channel, "slug or number of the channel")
                ->type_name("CHANNEL")
                ->required();
            AddTime(app, "--from", options.from, "default: now");
            AddTime(app, "--to", options.to, "default: as far as the playlog reaches");
          },
          List),
      MakeVerb<Options>(
          "playlog-event", "show", "Show one of them",
          [](CLI::App& app, Options& options) {
            app.add_option("EVENT", options.event, "its id")->required();
          },
          Show),
  };
}

}  // namespace retrovue::cli

// What is on a channel, and what comes.
#include "absl/strings/str_cat.h"
#include "core/cli/frame/arguments.h"
#include "core/cli/nouns/channel.h"
#include "core/cli/nouns/finding.h"
#include "core/cli/nouns/verbs.h"
#include "core/store/schedule_days.h"

namespace retrovue::cli {
namespace {

struct Options {
  std::string handle;
  std::optional<int> hours;
};

// The items of stored days that are on in [from, to).
absl::StatusOr<std::vector<ScheduleItem>> ItemsOn(const Snapshot& snapshot, const Channel& channel,
                                                  Instant from, Instant to) {
  const auto days = snapshot.schedule_days().Airing(channel.id, from, to);
  if (!days.ok()) return days.status();
  std::vector<ScheduleItem> items;
  for (const ScheduleDay& day : *days) {
    for (const ScheduleItem& item : day.items) {
      if (item.end > from && item.start < to) items.push_back(item);
    }
  }
  return items;
}

absl::StatusOr<Answer> Now(Context& context, const Options& options) {
  const Instant now = context.Now();
  return context.Read({.name = "now"}, [&](const Snapshot& snapshot, Answer& answer) -> absl::Status {
    const absl::StatusOr<Channel> channel = FindChannel(snapshot, options.handle);
    if (!channel.ok()) return channel.status();
    const absl::StatusOr<Grid> grid = GridOf(*channel);
    if (!grid.ok()) return grid.status();
    const auto items = ItemsOn(snapshot, *channel, now, now + std::chrono::hours(24));
    if (!items.ok()) return items.status();
    if (items->empty() || items->front().start > now) {
      return NotFound(
          "SCHEDULE_GAP",
          absl::StrCat("nothing is scheduled on channel ", channel->slug,
                       " now: make its days with retrovue schedule-day generate --channel ", channel->slug));
    }
    Json& json = answer.value;
    json["channel"] = channel->slug;
    SetTime(json, "time", now, grid->zone());
    json["now"] = ShapeOf(items->front(), grid->zone());
    json["next"] = items->size() > 1 ? ShapeOf((*items)[1], grid->zone()) : Json(nullptr);
    const auto line = [&](const char* word, const ScheduleItem& item) {
      answer.says.push_back(absl::StrCat(word, " ", grid->LocalClock(item.start), "-",
                                         grid->LocalClock(item.end), "  ",
                                         item.kind == ItemKind::kAvail ? "fillers" : item.title));
    };
    line("Now ", items->front());
    if (items->size() > 1) line("Next", (*items)[1]);
    return absl::OkStatus();
  });
}

absl::StatusOr<Answer> Preview(Context& context, const Options& options) {
  const Instant from = context.Now();
  const Instant to = from + std::chrono::hours(options.hours.value_or(6));
  Answer answer{.name = "preview", .value = Json::array(), .columns = ItemColumns()};
  std::optional<Channel> channel;
  std::optional<Grid> grid;
  std::vector<ScheduleItem> items;
  const absl::Status read = context.Read([&](const Snapshot& snapshot) -> absl::Status {
    absl::StatusOr<Channel> found = FindChannel(snapshot, options.handle);
    if (!found.ok()) return found.status();
    absl::StatusOr<Grid> its_grid = GridOf(*found);
    if (!its_grid.ok()) return its_grid.status();
    channel = *std::move(found);
    grid.emplace(*std::move(its_grid));
    absl::StatusOr<std::vector<ScheduleItem>> stored = ItemsOn(snapshot, *channel, from, to);
    if (!stored.ok()) return stored.status();
    items = *std::move(stored);
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  if (items.empty() || items.back().end < to) {
    const absl::StatusOr<Planning*> planning = context.planning();
    if (!planning.ok()) return planning.status();
    const auto days = (*planning)->PreviewDaysUntil(channel->id, grid->DayOf(to));
    if (!days.ok()) return days.status();
    for (const ScheduleDay& day : *days) {
      for (const ScheduleItem& item : day.items) {
        if (item.end > from && item.start < to && (items.empty() || item.start >= items.back().end))
          items.push_back(item);
      }
    }
    answer.notices.push_back("not all of it is stored yet: it is made with retrovue schedule-day generate");
  }
  for (const ScheduleItem& item : items) answer.value.push_back(ShapeOf(item, grid->zone()));
  return answer;
}

}  // namespace

std::vector<Verb> ChannelNowVerbs() {
  const auto add_handle = [](CLI::App& app, Options& options) {
    app.add_option("CHANNEL", options.handle, "its slug, number or id")->required();
  };
  return {
      MakeVerb<Options>("channel", "now", "Say what is on, and what comes next", add_handle, Now),
      MakeVerb<Options>(
          "channel", "preview", "Show what airs in the next hours, whether it is stored or not",
          [add_handle](CLI::App& app, Options& options) {
            add_handle(app, options);
            AddNumber(app, "--hours", options.hours, 1, 72, "how far; 6 unless said");
          },
          Preview),
  };
}

}  // namespace retrovue::cli

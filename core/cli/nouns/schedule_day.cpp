// Schedule days: what airs. Made by planning (core/planning), shown here, and explained.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/cli/frame/arguments.h"
#include "core/cli/nouns/finding.h"
#include "core/cli/nouns/findings.h"
#include "core/cli/nouns/verbs.h"
#include "core/store/plans.h"
#include "core/store/schedule_days.h"

namespace retrovue::cli {
namespace {

constexpr int kMostDays = 366;

struct Options {
  std::string channel;
  std::optional<absl::CivilDay> date;
  std::optional<absl::CivilDay> from;
  std::optional<absl::CivilDay> to;
  std::optional<int> days;
  std::optional<Instant> at;
  std::string item;
};

void AddChannel(CLI::App& app, Options& options) {
  app.add_option("--channel", options.channel, "slug or number of the channel")
      ->type_name("CHANNEL")
      ->required();
}

// A channel, its grid, and the programming day it is there now.
struct Place {
  Channel channel;
  Grid grid;
  absl::CivilDay today;
};

absl::StatusOr<Place> PlaceOf(const Context& context, const Snapshot& snapshot, const Options& options) {
  absl::StatusOr<Channel> channel = FindChannel(snapshot, options.channel);
  if (!channel.ok()) return channel.status();
  absl::StatusOr<Grid> grid = GridOf(*channel);
  if (!grid.ok()) return grid.status();
  const absl::CivilDay today = grid->DayOf(context.Now());
  return Place{*std::move(channel), *std::move(grid), today};
}

absl::StatusOr<Place> PlaceOf(Context& context, const Options& options) {
  std::optional<Place> place;
  const absl::Status read = context.Read([&](const Snapshot& snapshot) -> absl::Status {
    absl::StatusOr<Place> found = PlaceOf(context, snapshot, options);
    if (!found.ok()) return found.status();
    place.emplace(*std::move(found));
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  return *std::move(place);
}

absl::StatusOr<ScheduleDay> DayOf(const Snapshot& snapshot, const Place& place, absl::CivilDay date) {
  absl::StatusOr<ScheduleDay> day = snapshot.schedule_days().Get(place.channel.id, date);
  if (!absl::IsNotFound(day.status())) return day;
  return NotFound("DAY_NOT_FOUND",
                  absl::StrCat(ToText(date), " of channel ", place.channel.slug,
                               " has not been made: make it with retrovue schedule-day generate --channel ",
                               place.channel.slug, " --date ", ToText(date)));
}

// That something stands in the channel's plans: days without it would hold nothing but fillers.
absl::Status CheckPlans(Context& context, const Channel& channel) {
  return context.Read([&](const Snapshot& snapshot) -> absl::Status {
    const auto plans = snapshot.plans().OfChannel(channel.id);
    if (!plans.ok()) return plans.status();
    const SchedulePlan* empty = nullptr;
    for (const SchedulePlan& plan : *plans) {
      if (!plan.is_active || plan.is_archived) continue;
      if (!plan.zones.empty()) return absl::OkStatus();
      empty = &plan;
    }
    if (empty != nullptr) {
      return Refusal(absl::StatusCode::kFailedPrecondition, "PLAN_WITHOUT_ZONES",
                     absl::StrCat("the plan \"", empty->name, "\" of channel ", channel.slug,
                                  " has no zones: add one with retrovue zone add --channel ", channel.slug,
                                  " --plan \"", empty->name, "\" --zone 00:00-24:00 --collection NAME"));
    }
    return Refusal(
        absl::StatusCode::kFailedPrecondition, "NO_PLAN",
        absl::StrCat("channel ", channel.slug, " has no plan: make one with retrovue plan add --channel ",
                     channel.slug, " --name Everyday --zone 00:00-24:00 --collection NAME"));
  });
}

absl::StatusOr<Answer> Generate(Context& context, const Options& options) {
  const absl::StatusOr<Place> place = PlaceOf(context, options);
  if (!place.ok()) return place.status();
  const Channel& channel = place->channel;
  if (absl::Status plans = CheckPlans(context, channel); !plans.ok()) return plans;
  absl::CivilDay last = place->today + channel.epg_horizon_days;
  if (options.date) last = *options.date;
  if (options.days) last = options.date.value_or(place->today) + (*options.days - 1);
  if (last < place->today) {
    return Refuse("DATE_PAST",
                  absl::StrCat(ToText(last), " is over: today's programming day is ", ToText(place->today)));
  }
  if (last - place->today > kMostDays) {
    return Refuse("DATE_TOO_FAR",
                  absl::StrCat(ToText(last), " is more than ", kMostDays, " days ahead: make fewer days"));
  }
  const absl::StatusOr<Planning*> planning = context.planning();
  if (!planning.ok()) return planning.status();
  const auto days = context.globals().dry_run ? (*planning)->PreviewDaysUntil(channel.id, last)
                                              : (*planning)->MakeDaysUntil(channel.id, last);
  if (!days.ok()) return Coded("SCHEDULE_REFUSED", days.status());
  Answer answer{.name = "schedule_days", .value = Json::array(), .columns = DayColumns()};
  std::vector<std::string> notices;
  for (const ScheduleDay& day : *days) {
    answer.value.push_back(SummaryOf(day, channel.slug, place->grid.zone()));
    for (const ScheduleNotice& notice : day.notices) {
      if (std::find(notices.begin(), notices.end(), notice.text) == notices.end())
        notices.push_back(notice.text);
    }
  }
  answer.notices = notices;
  answer.says = {days->empty()
                     ? absl::StrCat("All days up to ", ToText(last), " are there already.")
                     : absl::StrCat(days->size(), days->size() == 1 ? " day was made." : " days were made.")};
  answer.next = absl::StrCat("retrovue schedule-day show --channel ", channel.slug);
  return answer;
}

absl::StatusOr<Answer> List(Context& context, const Options& options) {
  return context.Read(
      {.name = "schedule_days", .value = Json::array(), .columns = DayColumns()},
      [&](const Snapshot& snapshot, Answer& answer) -> absl::Status {
        const absl::StatusOr<Place> place = PlaceOf(context, snapshot, options);
        if (!place.ok()) return place.status();
        const auto made = snapshot.schedule_days().Made(place->channel.id);
        if (!made.ok()) return made.status();
        if (!*made) {
          answer.next = absl::StrCat("retrovue schedule-day generate --channel ", place->channel.slug);
          return absl::OkStatus();
        }
        const auto days = snapshot.schedule_days().Span(
            place->channel.id, options.from.value_or((*made)->first), options.to.value_or((*made)->last));
        if (!days.ok()) return days.status();
        for (const ScheduleDay& day : *days)
          answer.value.push_back(SummaryOf(day, place->channel.slug, place->grid.zone()));
        return absl::OkStatus();
      });
}

absl::StatusOr<Answer> Show(Context& context, const Options& options) {
  return context.Read(
      {.name = "schedule_day"}, [&](const Snapshot& snapshot, Answer& answer) -> absl::Status {
        const absl::StatusOr<Place> place = PlaceOf(context, snapshot, options);
        if (!place.ok()) return place.status();
        const absl::StatusOr<ScheduleDay> day = DayOf(snapshot, *place, options.date.value_or(place->today));
        if (!day.ok()) return day.status();
        answer.value = ShapeOf(*day, place->channel.slug, place->grid.zone());
        answer.rows = "items";
        answer.columns = ItemColumns();
        answer.says = {absl::StrCat(place->channel.slug, ", ", ToText(day->date), ", generation ",
                                    day->generation, ", times of ", place->channel.time_zone)};
        answer.next = "retrovue start";
        return absl::OkStatus();
      });
}

absl::StatusOr<Answer> Regenerate(Context& context, const Options& options) {
  const absl::StatusOr<Place> place = PlaceOf(context, options);
  if (!place.ok()) return place.status();
  if (absl::Status plans = CheckPlans(context, place->channel); !plans.ok()) return plans;
  const absl::StatusOr<Planning*> planning = context.planning();
  if (!planning.ok()) return planning.status();
  const absl::CivilDay date = options.date.value_or(place->today);
  const auto changes = context.globals().dry_run ? (*planning)->PreviewRegenerate(place->channel.id, date)
                                                 : (*planning)->Regenerate(place->channel.id, date);
  if (!changes.ok()) {
    return Coded(absl::IsNotFound(changes.status()) ? "DAY_NOT_FOUND" : "DAY_LOCKED", changes.status());
  }
  Answer answer{.name = "schedule_days", .value = Json::array(), .columns = DayColumns()};
  for (const DayChange& change : *changes) {
    Json row = SummaryOf(change.after, place->channel.slug, place->grid.zone());
    const auto kept =
        std::count_if(change.after.items.begin(), change.after.items.end(), [&](const ScheduleItem& item) {
          return std::any_of(change.before.items.begin(), change.before.items.end(),
                             [&](const ScheduleItem& other) { return other.id == item.id; });
        });
    row["items_kept"] = kept;
    answer.value.push_back(row);
  }
  answer.says = {changes->empty()
                     ? "Nothing comes out different: nothing was replaced."
                     : absl::StrCat(changes->size(), changes->size() == 1 ? " day was" : " days were",
                                    " made again; what the playlog has already stays.")};
  answer.next =
      absl::StrCat("retrovue schedule-day show --channel ", place->channel.slug, " --date ", ToText(date));
  return answer;
}

absl::StatusOr<Answer> Validate(Context& context, const Options& options) {
  return context.Read({.name = "validation"}, [&](const Snapshot& snapshot, Answer& answer) -> absl::Status {
    const absl::StatusOr<Place> place = PlaceOf(context, snapshot, options);
    if (!place.ok()) return place.status();
    const auto made = snapshot.schedule_days().Made(place->channel.id);
    if (!made.ok()) return made.status();
    Findings findings;
    if (!*made) {
      findings.Error("DAY_NOT_FOUND",
                     absl::StrCat("no day has been made: retrovue schedule-day generate --channel ",
                                  place->channel.slug));
    } else {
      const absl::CivilDay first = options.date.value_or((*made)->first);
      const absl::CivilDay last = options.date.value_or((*made)->last);
      const auto days = snapshot.schedule_days().Span(place->channel.id, first, last);
      if (!days.ok()) return days.status();
      std::optional<Instant> ends;
      for (const ScheduleDay& day : *days) {
        if (absl::Status status = ValidateScheduleDay(day); !status.ok())
          findings.Error("DAY_WRONG", absl::StrCat(ToText(day.date), ": ", status.message()));
        if (ends && !day.items.empty() && day.items.front().start != *ends) {
          findings.Error("DAY_GAP", absl::StrCat(ToText(day.date),
                                                 " does not begin where the day before it ends: make it "
                                                 "again with retrovue schedule-day regenerate"));
        }
        if (!day.items.empty()) ends = day.items.back().end;
        for (const ScheduleNotice& notice : day.notices)
          findings.Warn("NOTICE", absl::StrCat(ToText(day.date), ": ", notice.text));
      }
      if (days->empty()) findings.Error("DAY_NOT_FOUND", absl::StrCat(ToText(first), " has not been made"));
      if (!options.date && (*made)->last < place->today + 1)
        findings.Warn("HORIZON_SHORT", absl::StrCat("days are made up to ", ToText((*made)->last),
                                                    " only: retrovue start keeps them ahead"));
    }
    findings.Into(answer, "channel", place->channel.slug, /*strict=*/false);
    return absl::OkStatus();
  });
}

absl::StatusOr<Answer> Why(Context& context, const Options& options) {
  return context.Read(
      {.name = "schedule_item"}, [&](const Snapshot& snapshot, Answer& answer) -> absl::Status {
        absl::TimeZone zone = absl::UTCTimeZone();
        std::optional<ScheduleItem> item;
        if (!options.item.empty()) {
          absl::StatusOr<ScheduleItem> found = snapshot.schedule_days().FindItem({options.item});
          if (!found.ok()) return Coded("ITEM_NOT_FOUND", found.status());
          item = *std::move(found);
        }
        if (!options.channel.empty()) {
          const absl::StatusOr<Place> place = PlaceOf(context, snapshot, options);
          if (!place.ok()) return place.status();
          zone = place->grid.zone();
          const Instant at = options.at.value_or(context.Now());
          const auto days = snapshot.schedule_days().Airing(place->channel.id, at, at + Millis(1));
          if (!days.ok()) return days.status();
          for (const ScheduleDay& day : *days) {
            for (const ScheduleItem& one : day.items) {
              if (!item && one.start <= at && at < one.end) item = one;
            }
          }
        }
        if (options.item.empty() && options.channel.empty())
          return Refuse("MISSING_ARGUMENT", "say which item: give its id, or --channel and --at");
        if (!item)
          return NotFound("SCHEDULE_GAP",
                          "nothing is scheduled then: make the day with retrovue schedule-day generate");
        answer.value = ShapeOf(*item, zone);
        answer.says = {absl::StrCat(item->title.empty() ? "Fillers" : item->title, ": ", item->why)};
        return absl::OkStatus();
      });
}

void AddDateOf(CLI::App& app, Options& options) {
  AddChannel(app, options);
  AddDate(app, "--date", options.date, "programming day; default: the one it is");
}

}  // namespace

std::vector<Verb> ScheduleDayVerbs() {
  return {
      MakeVerb<Options>(
          "schedule-day", "generate", "Make the days that are missing",
          [](CLI::App& app, Options& options) {
            AddChannel(app, options);
            AddDate(app, "--date", options.date, "up to this day; default: as far as the guide reaches");
            AddNumber(app, "--days", options.days, 1, kMostDays, "so many days, from --date or today on");
          },
          Generate),
      MakeVerb<Options>(
          "schedule-day", "list", "List the days that are made",
          [](CLI::App& app, Options& options) {
            AddChannel(app, options);
            AddDate(app, "--from", options.from, "first day");
            AddDate(app, "--to", options.to, "last day");
          },
          List),
      MakeVerb<Options>("schedule-day", "show", "Show a day, item by item", AddDateOf, Show),
      MakeVerb<Options>("schedule-day", "regenerate",
                        "Make a day and those behind it again, from where the playlog ends", AddDateOf,
                        Regenerate),
      MakeVerb<Options>("schedule-day", "validate", "Check that days touch and keep the grid", AddDateOf,
                        Validate),
      MakeVerb<Options>(
          "schedule-day", "why", "Say why an item is where it is",
          [](CLI::App& app, Options& options) {
            app.add_option("ITEM", options.item, "its id");
            app.add_option("--channel", options.channel, "instead: what is on there")->type_name("CHANNEL");
            AddTime(app, "--at", options.at, "at that time; default: now");
          },
          Why),
  };
}

}  // namespace retrovue::cli

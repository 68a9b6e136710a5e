// Zones: a window of the programming day, and what stands in it.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/cli/frame/arguments.h"
#include "core/cli/frame/confirm.h"
#include "core/cli/nouns/selection.h"
#include "core/cli/nouns/verbs.h"
#include "core/cli/nouns/zone_making.h"
#include "core/store/plans.h"

namespace retrovue::cli {
namespace {

struct Options {
  std::string channel;
  std::string plan;
  std::string handle;  // of a zone
  ZoneOptions zone;
};

void AddPlace(CLI::App& app, Options& options) {
  app.add_option("--channel", options.channel, "slug or number of the channel")
      ->type_name("CHANNEL")
      ->required();
  app.add_option("--plan", options.plan, "its plan, by name; may be left out where there is one alone")
      ->type_name("PLAN");
}

void AddHandle(CLI::App& app, Options& options) {
  AddPlace(app, options);
  app.add_option("ZONE", options.handle, "its name or id")->required();
}

// The plan a zone is of.
struct Place {
  Channel channel;
  SchedulePlan plan;
};

absl::StatusOr<Place> PlaceOf(const Snapshot& snapshot, const Options& options) {
  absl::StatusOr<Channel> channel = FindChannel(snapshot, options.channel);
  if (!channel.ok()) return channel.status();
  if (!options.plan.empty()) {
    absl::StatusOr<SchedulePlan> plan = FindPlan(snapshot, *channel, options.plan);
    if (!plan.ok()) return plan.status();
    return Place{*std::move(channel), *std::move(plan)};
  }
  absl::StatusOr<std::vector<SchedulePlan>> plans = snapshot.plans().OfChannel(channel->id);
  if (!plans.ok()) return plans.status();
  if (plans->size() != 1) {
    return Refuse("PLAN_MISSING", absl::StrCat("channel ", channel->slug, " has ", plans->size(), " plans: ",
                                               plans->empty() ? "make one with retrovue plan add"
                                                              : "say which one with --plan"));
  }
  return Place{*std::move(channel), std::move(plans->front())};
}

absl::StatusOr<Zone*> ZoneIn(SchedulePlan& plan, const std::string& handle) {
  std::vector<std::string> names;
  for (Zone& zone : plan.zones) {
    if (zone.id.text == handle || absl::EqualsIgnoreCase(zone.name, handle)) return &zone;
    names.push_back(absl::StrCat("\"", zone.name, "\""));
  }
  return NotFound(
      "ZONE_NOT_FOUND",
      absl::StrCat("the plan \"", plan.name, "\" has no zone \"", handle, "\": ",
                   names.empty() ? "it has none" : absl::StrCat("there is ", absl::StrJoin(names, ", "))));
}

std::string NextOf(const Channel& channel) {
  return absl::StrCat("retrovue schedule-day generate --channel ", channel.slug);
}

absl::Status Store(Transaction& transaction, Place& place) {
  return Coded("PLAN_WRONG", transaction.plans().Put(place.plan));
}

absl::StatusOr<Answer> Add(Context& context, const Options& options) {
  return context.Write({.name = "zone"}, [&](Transaction& transaction, Answer& answer) -> absl::Status {
    absl::StatusOr<Place> place = PlaceOf(transaction, options);
    if (!place.ok()) return place.status();
    const absl::StatusOr<Zone> zone =
        MakeZone(transaction, place->channel, place->plan, options.zone, answer.notices);
    if (!zone.ok()) return zone.status();
    place->plan.zones.push_back(*zone);
    if (absl::Status s = Store(transaction, *place); !s.ok()) return s;
    const absl::StatusOr<Zone*> stored = ZoneIn(place->plan, zone->name);
    if (!stored.ok()) return stored.status();
    answer.value = ShapeOf(place->channel.grid, **stored, NamesIn(transaction, place->channel));
    answer.says = {absl::StrCat("Zone \"", zone->name, "\" (", answer.value["window"].get<std::string>(),
                                ") is in plan \"", place->plan.name, "\".")};
    answer.next = NextOf(place->channel);
    return absl::OkStatus();
  });
}

absl::StatusOr<Answer> List(Context& context, const Options& options) {
  return context.Read({.name = "zones", .value = Json::array(), .columns = ZoneColumns()},
                      [&](const Snapshot& snapshot, Answer& answer) -> absl::Status {
                        const absl::StatusOr<Place> place = PlaceOf(snapshot, options);
                        if (!place.ok()) return place.status();
                        const Names names = NamesIn(snapshot, place->channel);
                        for (const Zone& zone : place->plan.zones)
                          answer.value.push_back(ZoneRow(place->channel.grid, zone, names));
                        return absl::OkStatus();
                      });
}

absl::StatusOr<Answer> Show(Context& context, const Options& options) {
  return context.Read({.name = "zone"}, [&](const Snapshot& snapshot, Answer& answer) -> absl::Status {
    absl::StatusOr<Place> place = PlaceOf(snapshot, options);
    if (!place.ok()) return place.status();
    const absl::StatusOr<Zone*> zone = ZoneIn(place->plan, options.handle);
    if (!zone.ok()) return zone.status();
    answer.value = ShapeOf(place->channel.grid, **zone, NamesIn(snapshot, place->channel));
    return absl::OkStatus();
  });
}

absl::StatusOr<Answer> Update(Context& context, const Options& options) {
  return context.Write({.name = "zone"}, [&](Transaction& transaction, Answer& answer) -> absl::Status {
    absl::StatusOr<Place> place = PlaceOf(transaction, options);
    if (!place.ok()) return place.status();
    const absl::StatusOr<Zone*> zone = ZoneIn(place->plan, options.handle);
    if (!zone.ok()) return zone.status();
    if (absl::Status s = ApplyTo(transaction, place->channel, options.zone, **zone, answer.notices); !s.ok())
      return s;
    answer.value = ShapeOf(place->channel.grid, **zone, NamesIn(transaction, place->channel));
    answer.says = {
        absl::StrCat("Zone \"", (*zone)->name, "\" is changed. Days that were made keep what they have.")};
    answer.next = absl::StrCat("retrovue schedule-day regenerate --channel ", place->channel.slug);
    return Store(transaction, *place);
  });
}

absl::StatusOr<Answer> Delete(Context& context, const Options& options) {
  const absl::StatusOr<bool> wanted = Confirm(context, absl::StrCat("the zone \"", options.handle, "\""));
  if (!wanted.ok()) return wanted.status();
  if (!*wanted) return Cancelled();
  return context.Write({.name = "zone"}, [&](Transaction& transaction, Answer& answer) -> absl::Status {
    absl::StatusOr<Place> place = PlaceOf(transaction, options);
    if (!place.ok()) return place.status();
    const absl::StatusOr<Zone*> zone = ZoneIn(place->plan, options.handle);
    if (!zone.ok()) return zone.status();
    answer.value = {{"id", (*zone)->id.text}, {"name", (*zone)->name}};
    answer.says = {absl::StrCat("Zone \"", (*zone)->name, "\" is deleted.")};
    place->plan.zones.erase(place->plan.zones.begin() + (*zone - place->plan.zones.data()));
    return Store(transaction, *place);
  });
}

}  // namespace

std::vector<Verb> ZoneVerbs() {
  return {
      MakeVerb<Options>(
          "zone", "add", "Add a window of the day to a plan, and say what plays in it",
          [](CLI::App& app, Options& options) {
            AddPlace(app, options);
            AddZoneFields(app, options.zone, /*for_update=*/false);
          },
          Add),
      MakeVerb<Options>("zone", "list", "List the zones of a plan", AddPlace, List),
      MakeVerb<Options>("zone", "show", "Show a zone", AddHandle, Show),
      MakeVerb<Options>(
          "zone", "update", "Change a zone",
          [](CLI::App& app, Options& options) {
            AddHandle(app, options);
            AddZoneFields(app, options.zone, /*for_update=*/true);
          },
          Update),
      MakeVerb<Options>("zone", "delete", "Take a zone out of its plan", AddHandle, Delete),
  };
}

}  // namespace retrovue::cli

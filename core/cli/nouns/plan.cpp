// Plans: what is wanted on a channel, and on which days.
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
  std::string handle;
  std::string name;
  std::optional<int> priority;
  std::optional<bool> active;
  std::optional<bool> archived;
  WhenOptions when;
  std::vector<std::string> zones;  // of add: "22:00-02:00", or "22:00-02:00=PROGRAM"
  ProgramOptions playing;          // of add: in the zones that name no program
};

constexpr int kHighestPriority = 1'000'000;

void AddChannel(CLI::App& app, Options& options) {
  app.add_option("--channel", options.channel, "slug or number of the channel")
      ->type_name("CHANNEL")
      ->required();
}

void AddHandle(CLI::App& app, Options& options) {
  AddChannel(app, options);
  app.add_option("PLAN", options.handle, "its name or id")->required();
}

void AddFields(CLI::App& app, Options& options, bool for_update) {
  AddNumber(app, "--priority", options.priority, 0, kHighestPriority,
            "the higher plan wins, where its zones lie");
  AddWhen(app, options.when, for_update);
}

absl::Status ApplyTo(const Options& options, SchedulePlan& plan) {
  if (!options.name.empty()) {
    if (absl::Status s = CheckName(options.name, "the plan's name"); !s.ok()) return s;
    plan.name = options.name;
  }
  if (options.priority) plan.priority = *options.priority;
  if (options.active) plan.is_active = *options.active;
  if (options.archived) plan.is_archived = *options.archived;
  return ApplyTo(options.when, plan.when);
}

absl::Status AddZones(Transaction& transaction, const Channel& channel, const Options& options,
                      SchedulePlan& plan, std::vector<std::string>& notices) {
  // One program for all zones that play the selection: it goes on from one to the next.
  std::string shared;
  for (const std::string& text : options.zones) {
    ZoneOptions zone_options;
    zone_options.window = text;
    const bool names_program = text.find('=') != std::string::npos;
    if (!names_program && !shared.empty()) {
      zone_options.programs = {shared};
    } else if (!names_program) {
      zone_options.playing = options.playing;
    }
    const absl::StatusOr<Zone> zone = MakeZone(transaction, channel, plan, zone_options, notices);
    if (!zone.ok()) return zone.status();
    if (!names_program) shared = zone->entries.front().id;
    plan.zones.push_back(*zone);
  }
  return absl::OkStatus();
}

std::string NextOf(const Channel& channel, const SchedulePlan& plan) {
  if (plan.zones.empty()) {
    return absl::StrCat("retrovue zone add --channel ", channel.slug, " --plan \"", plan.name,
                        "\" --zone 20:00-23:00 --series NAME");
  }
  return absl::StrCat("retrovue schedule-day generate --channel ", channel.slug);
}

absl::StatusOr<Answer> Add(Context& context, const Options& options) {
  if (absl::Status name = CheckName(options.name, "the plan's name"); !name.ok()) return name;
  return context.Write({.name = "plan"}, [&](Transaction& transaction, Answer& answer) -> absl::Status {
    const absl::StatusOr<Channel> channel = FindChannel(transaction, options.channel);
    if (!channel.ok()) return channel.status();
    if (transaction.plans().Find(channel->id, options.name).ok()) {
      return Refusal(absl::StatusCode::kAlreadyExists, "PLAN_EXISTS",
                     absl::StrCat("channel ", channel->slug, " has a plan \"", options.name,
                                  "\" already: give another name, or add to it with retrovue zone add"));
    }
    SchedulePlan plan;
    plan.channel_id = channel->id;
    if (absl::Status s = ApplyTo(options, plan); !s.ok()) return s;
    if (absl::Status s = AddZones(transaction, *channel, options, plan, answer.notices); !s.ok()) return s;
    if (absl::Status s = transaction.plans().Put(plan); !s.ok()) return Coded("PLAN_WRONG", s);
    answer.value = ShapeOf(channel->grid, plan, NamesIn(transaction, *channel));
    answer.says = {absl::StrCat("Plan \"", plan.name, "\" is there, with ", plan.zones.size(),
                                plan.zones.size() == 1 ? " zone." : " zones.")};
    if (plan.zones.empty()) answer.notices.push_back("a plan without zones plays nothing: add some");
    answer.next = NextOf(*channel, plan);
    return absl::OkStatus();
  });
}

absl::StatusOr<Answer> List(Context& context, const Options& options) {
  return context.Read({.name = "plans", .value = Json::array(), .columns = PlanColumns()},
                      [&](const Snapshot& snapshot, Answer& answer) -> absl::Status {
                        const absl::StatusOr<Channel> channel = FindChannel(snapshot, options.channel);
                        if (!channel.ok()) return channel.status();
                        const auto plans = snapshot.plans().OfChannel(channel->id);
                        if (!plans.ok()) return plans.status();
                        const Names names = NamesIn(snapshot, *channel);
                        for (const SchedulePlan& plan : *plans) {
                          Json row = ShapeOf(channel->grid, plan, names);
                          row["windows"] = Json::array();
                          for (const Json& zone : row["zones"]) row["windows"].push_back(zone["window"]);
                          answer.value.push_back(row);
                        }
                        if (plans->empty()) {
                          answer.next = absl::StrCat("retrovue plan add --channel ", channel->slug,
                                                     " --name Everyday --zone 00:00-24:00 --collection NAME");
                        }
                        return absl::OkStatus();
                      });
}

absl::StatusOr<Answer> Show(Context& context, const Options& options) {
  return context.Read({.name = "plan"}, [&](const Snapshot& snapshot, Answer& answer) -> absl::Status {
    const absl::StatusOr<Channel> channel = FindChannel(snapshot, options.channel);
    if (!channel.ok()) return channel.status();
    const absl::StatusOr<SchedulePlan> plan = FindPlan(snapshot, *channel, options.handle);
    if (!plan.ok()) return plan.status();
    const Names names = NamesIn(snapshot, *channel);
    answer.value = ShapeOf(channel->grid, *plan, names);
    answer.value["zones"] = Json::array();
    for (const Zone& zone : plan->zones) answer.value["zones"].push_back(ZoneRow(channel->grid, zone, names));
    answer.rows = "zones";
    answer.columns = ZoneColumns();
    return absl::OkStatus();
  });
}

absl::StatusOr<Answer> Update(Context& context, const Options& options) {
  return context.Write({.name = "plan"}, [&](Transaction& transaction, Answer& answer) -> absl::Status {
    const absl::StatusOr<Channel> channel = FindChannel(transaction, options.channel);
    if (!channel.ok()) return channel.status();
    absl::StatusOr<SchedulePlan> plan = FindPlan(transaction, *channel, options.handle);
    if (!plan.ok()) return plan.status();
    if (absl::Status s = ApplyTo(options, *plan); !s.ok()) return s;
    if (absl::Status s = transaction.plans().Put(*plan); !s.ok()) return Coded("PLAN_WRONG", s);
    answer.value = ShapeOf(channel->grid, *plan, NamesIn(transaction, *channel));
    answer.says = {
        absl::StrCat("Plan \"", plan->name, "\" is changed. Days that were made keep what they have.")};
    answer.next = absl::StrCat("retrovue schedule-day regenerate --channel ", channel->slug);
    return absl::OkStatus();
  });
}

absl::StatusOr<Answer> Delete(Context& context, const Options& options) {
  const absl::StatusOr<bool> wanted =
      Confirm(context, absl::StrCat("the plan \"", options.handle, "\" with its zones"));
  if (!wanted.ok()) return wanted.status();
  if (!*wanted) return Cancelled();
  return context.Write({.name = "plan"}, [&](Transaction& transaction, Answer& answer) -> absl::Status {
    const absl::StatusOr<Channel> channel = FindChannel(transaction, options.channel);
    if (!channel.ok()) return channel.status();
    const absl::StatusOr<SchedulePlan> plan = FindPlan(transaction, *channel, options.handle);
    if (!plan.ok()) return plan.status();
    answer.value = {{"id", plan->id.text}, {"name", plan->name}};
    answer.says = {absl::StrCat("Plan \"", plan->name, "\" is deleted.")};
    return Coded("PLAN_IN_USE", transaction.plans().Delete(plan->id));
  });
}

}  // namespace

std::vector<Verb> PlanVerbs() {
  return {
      MakeVerb<Options>(
          "plan", "add", "Make a plan, with its zones if you like",
          [](CLI::App& app, Options& options) {
            AddChannel(app, options);
            app.add_option("--name", options.name, "unique in its channel")->type_name("NAME")->required();
            AddFields(app, options, /*for_update=*/false);
            AddEach(app, "--zone", options.zones,
                    "a window, 22:00-02:00, or with what plays in it, 22:00-02:00=PROGRAM; repeat it")
                ->type_name("ZONE");
            AddPlaying(app, options.playing);
          },
          Add),
      MakeVerb<Options>("plan", "list", "List the plans of a channel", AddChannel, List),
      MakeVerb<Options>("plan", "show", "Show a plan and its zones", AddHandle, Show),
      MakeVerb<Options>(
          "plan", "update", "Change a plan",
          [](CLI::App& app, Options& options) {
            AddHandle(app, options);
            app.add_option("--name", options.name, "a new name")->type_name("NAME");
            AddFields(app, options, /*for_update=*/true);
            AddSwitch(app, "active", options.active, "counts");
            AddSwitch(app, "archived", options.archived, "is kept for what was made of it");
          },
          Update),
      MakeVerb<Options>("plan", "delete", "Delete a plan no day was made of", AddHandle, Delete),
  };
}

}  // namespace retrovue::cli

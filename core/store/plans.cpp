#include "core/store/plans.h"

#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "core/store/channels.h"
#include "core/store/enum_names.h"
#include "core/store/handles.h"
#include "core/store/json.h"
#include "core/store/sql.h"

namespace retrovue {
namespace {

constexpr char kNext[] = "see them with `retrovue plan list`, or add it with `retrovue plan add`";

const Table kTable{
    "plans",
    "a plan",
    {"id", "channel_id", "name", "name_folded", "priority", "date_rule_json", "is_active", "is_archived"},
    1,
    Part::kChannels};
const Table kZones{"zones",
                   "a zone",
                   {"id", "plan_id", "seq", "name", "start_minute", "end_minute", "date_rule_json", "enabled",
                    "overrun", "fit", "max_tail_trim_ms", "breaks_json"},
                   1,
                   Part::kChannels};
const Table kEntries{
    "zone_entries", "a zone's entry", {"zone_id", "seq", "kind", "ref_id", "link"}, 2, Part::kChannels};

SchedulePlan PlanOf(Row& row) {
  SchedulePlan plan;
  plan.id.text = row.Text();
  plan.channel_id.text = row.Text();
  plan.name = row.Text();
  row.Text();  // in lower case
  plan.priority = row.Int();
  json::Read(row.Text(), plan.when);
  plan.is_active = row.Bool();
  plan.is_archived = row.Bool();
  return plan;
}

Zone ZoneOf(Row& row) {
  Zone zone;
  zone.id.text = row.Text();
  zone.plan_id.text = row.Text();
  row.Number();
  zone.name = row.Text();
  zone.start = row.Int();
  zone.end = row.Int();
  json::Read(row.Text(), zone.when);
  zone.enabled = row.Bool();
  zone.overrun = WordAt<Overrun>(row);
  zone.fit = WordAt<Fit>(row);
  if (const std::optional<std::int64_t> trim = row.OptionalNumber()) zone.max_tail_trim = Millis(*trim);
  json::Read(row.Text(), zone.breaks);
  return zone;
}

std::vector<SchedulePlan> PlansWhere(Sql& sql, const std::string& where, const std::vector<Bind>& binds) {
  std::vector<SchedulePlan> plans;
  for (Row& row : sql.Select(kTable, where, binds)) plans.push_back(PlanOf(row));
  for (SchedulePlan& plan : plans) {
    const std::vector<Bind> of_plan = {{"plan", plan.id}};
    std::map<std::string, std::size_t> at;
    for (Row& row : sql.Select(kZones, "WHERE plan_id = :plan ORDER BY seq", of_plan)) {
      plan.zones.push_back(ZoneOf(row));
      at[plan.zones.back().id.text] = plan.zones.size() - 1;
    }
    for (Row& row : sql.Select(
             kEntries,
             "WHERE zone_id IN (SELECT z.id FROM zones z WHERE z.plan_id = :plan) ORDER BY zone_id, seq",
             of_plan)) {
      Zone& zone = plan.zones[at.at(row.Text())];
      row.Number();
      SchedulableRef& entry = zone.entries.emplace_back();
      entry.kind = WordAt<SchedulableKind>(row);
      entry.id = row.Text();
      entry.link = row.Text();
    }
  }
  return plans;
}

const char* TableOf(SchedulableKind kind) {
  switch (kind) {
    case SchedulableKind::kProgram:
      return "programs";
    case SchedulableKind::kAsset:
      return "assets";
    case SchedulableKind::kVirtualAsset:
      return "virtual_assets";
    case SchedulableKind::kSyntheticAsset:
      return "synthetic_assets";
  }
  return "assets";
}

absl::Status CheckEntries(Sql& sql, const SchedulePlan& plan) {
  for (const Zone& zone : plan.zones) {
    for (const SchedulableRef& entry : zone.entries) {
      const std::int64_t found =
          sql.Query(absl::StrCat("SELECT COUNT(*) FROM ", TableOf(entry.kind), " WHERE id = :id"), 1,
                    {{"id", entry.id}})
              .at(0)
              .Number();
      if (found == 0) {
        return absl::NotFoundError(absl::StrCat("zone \"", zone.name, "\": there is no ", Name(entry.kind),
                                                " ", entry.id, ": add it first, or take it out of the zone"));
      }
    }
  }
  return absl::OkStatus();
}

void PutZones(Sql& sql, SchedulePlan& plan) {
  std::set<std::string> kept;
  for (Zone& zone : plan.zones) {
    if (zone.id.empty()) zone.id = sql.ids().Make<Zone>();
    zone.plan_id = plan.id;
    kept.insert(zone.id.text);
  }
  for (Row& row : sql.Select(kZones, "WHERE plan_id = :plan", {{"plan", plan.id}})) {
    const Zone stored = ZoneOf(row);
    if (kept.count(stored.id.text) == 0) sql.Delete(kZones, "id = :id", {{"id", stored.id}});
  }
  std::int64_t seq = 0;
  for (const Zone& zone : plan.zones) {
    sql.Put(kZones, {zone.id, zone.plan_id, seq++, zone.name, zone.start, zone.end, json::Write(zone.when),
                     zone.enabled, NameOfEnum(zone.overrun), NameOfEnum(zone.fit), zone.max_tail_trim,
                     json::Write(zone.breaks)});
    std::vector<std::vector<Value>> entries;
    for (const SchedulableRef& entry : zone.entries) {
      entries.push_back(
          {zone.id, static_cast<std::int64_t>(entries.size()), NameOfEnum(entry.kind), entry.id, entry.link});
    }
    sql.PutAll(kEntries, zone.id, entries);
  }
}

}  // namespace

absl::StatusOr<std::vector<SchedulePlan>> Plans::OfChannel(const ChannelId& id) const {
  return sql_.Guarded([&]() -> absl::StatusOr<std::vector<SchedulePlan>> {
    return PlansWhere(sql_, "WHERE channel_id = :id ORDER BY priority DESC, name, id", {{"id", id}});
  });
}

absl::StatusOr<SchedulePlan> Plans::Get(const PlanId& id) const {
  return sql_.Guarded([&]() -> absl::StatusOr<SchedulePlan> {
    return TheOne(PlansWhere(sql_, "WHERE id = :id", {{"id", id}}), "plan", id.text, kNext);
  });
}

absl::StatusOr<SchedulePlan> Plans::Find(const ChannelId& channel_id, const std::string& handle) const {
  return sql_.Guarded([&]() -> absl::StatusOr<SchedulePlan> {
    return TheOne(
        PlansWhere(sql_, "WHERE channel_id = :channel AND (id = :id OR name_folded = :name) ORDER BY id",
                   {{"channel", channel_id}, {"id", handle}, {"name", absl::AsciiStrToLower(handle)}}),
        "plan", handle, kNext);
  });
}

absl::Status Plans::Put(SchedulePlan& plan) {
  const absl::StatusOr<Channel> channel = Channels(sql_).Get(plan.channel_id);
  if (!channel.ok()) return channel.status();
  if (absl::Status valid = ValidatePlan(channel->grid, plan); !valid.ok()) return valid;
  return sql_.Guarded([&]() -> absl::Status {
    if (absl::Status entries = CheckEntries(sql_, plan); !entries.ok()) return entries;
    if (plan.id.empty()) plan.id = sql_.ids().Make<SchedulePlan>();
    sql_.Put(kTable, {plan.id, plan.channel_id, plan.name, absl::AsciiStrToLower(plan.name), plan.priority,
                      json::Write(plan.when), plan.is_active, plan.is_archived});
    PutZones(sql_, plan);
    return absl::OkStatus();
  });
}

absl::Status Plans::Delete(const PlanId& id) {
  return sql_.Guarded([&]() -> absl::Status {
    const std::int64_t items =
        sql_.Query("SELECT COUNT(*) FROM schedule_items WHERE plan_id = :id", 1, {{"id", id}}).at(0).Number();
    if (items > 0) {
      return absl::FailedPreconditionError(
          "days were made of the plan: archive it instead (retrovue plan update --archived)");
    }
    if (sql_.Delete(kTable, "id = :id", {{"id", id}}) == 0) return NoSuch("plan", id.text, kNext);
    return absl::OkStatus();
  });
}

}  // namespace retrovue

#include "core/store/programs.h"

#include <map>

#include "core/store/enum_names.h"
#include "core/store/handles.h"
#include "core/store/json.h"
#include "core/store/sql.h"
#include "core/store/uses.h"

namespace retrovue {
namespace {

constexpr char kNext[] = "see them with `retrovue program list`, or add it with `retrovue program add`";

const Table kTable{"programs",
                   "a program",
                   {"id", "channel_id", "name", "kind", "play_mode", "on_end", "chain_json", "slot_units",
                    "manual_order_json", "tags_json", "rating", "breaks_json"},
                   1,
                   Part::kCatalogue};
const Table kMarks{"cursor_marks",
                   "a cursor",
                   {"channel_id", "from_date", "program_id", "node", "link", "cursor_json"},
                   5,
                   Part::kChannels};

std::vector<Program> ProgramsWhere(Sql& sql, const std::string& where, const std::vector<Bind>& binds) {
  std::vector<Program> programs;
  for (Row& row : sql.Select(kTable, where, binds)) {
    Program& program = programs.emplace_back();
    program.id.text = row.Text();
    program.channel_id.text = row.Text();
    program.name = row.Text();
    program.kind = WordAt<ProgramKind>(row);
    program.play_mode = WordAt<PlayMode>(row);
    program.on_end = WordAt<OnEnd>(row);
    json::Read(row.Text(), program.chain);
    program.slot_units = row.Int();
    json::Read(row.Text(), program.manual_order);
    json::Read(row.Text(), program.tags);
    program.rating = row.Text();
    json::Read(row.Text(), program.breaks);
  }
  return programs;
}

}  // namespace

absl::Status CheckUnused(Sql& sql, SchedulableKind kind, const std::string& id) {
  const std::vector<Row> zones = sql.Query(
      "SELECT p.name, z.name FROM zone_entries e JOIN zones z ON z.id = e.zone_id JOIN plans p ON p.id = "
      "z.plan_id "
      "WHERE e.kind = :kind AND e.ref_id = :id ORDER BY z.id",
      2, {{"kind", NameOfEnum(kind)}, {"id", id}});
  if (!zones.empty()) {
    Row row = zones.front();
    const std::string plan = row.Text();
    return absl::FailedPreconditionError(absl::StrCat("zone \"", row.Text(), "\" of plan \"", plan,
                                                      "\" has this ", Name(kind),
                                                      ": take it out of the zone first"));
  }
  for (const Program& program : ProgramsWhere(sql, "ORDER BY id", {})) {
    for (const ChainNode& node : program.chain) {
      if (node.thing && node.thing->kind == kind && node.thing->id == id) {
        return absl::FailedPreconditionError(absl::StrCat("program \"", program.name, "\" has this ",
                                                          Name(kind), ": take it out of its chain first"));
      }
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Program>> Programs::List() const {
  return sql_.Guarded(
      [&]() -> absl::StatusOr<std::vector<Program>> { return ProgramsWhere(sql_, "ORDER BY name, id", {}); });
}

absl::StatusOr<std::vector<Program>> Programs::OfChannel(const ChannelId& id) const {
  return sql_.Guarded([&]() -> absl::StatusOr<std::vector<Program>> {
    return ProgramsWhere(sql_, "WHERE channel_id = :id ORDER BY name, id", {{"id", id}});
  });
}

absl::StatusOr<Program> Programs::Get(const ProgramId& id) const {
  return sql_.Guarded([&]() -> absl::StatusOr<Program> {
    return TheOne(ProgramsWhere(sql_, "WHERE id = :id", {{"id", id}}), "program", id.text, kNext);
  });
}

absl::StatusOr<Program> Programs::Find(const ChannelId& channel_id, const std::string& handle) const {
  return sql_.Guarded([&]() -> absl::StatusOr<Program> {
    return TheOne(
        ProgramsWhere(sql_, "WHERE channel_id = :channel AND (id = :id OR name = :name) ORDER BY id",
                      {{"channel", channel_id}, {"id", handle}, {"name", handle}}),
        "program", handle, kNext);
  });
}

absl::Status Programs::Put(Program& program) {
  if (absl::Status valid = ValidateProgram(program); !valid.ok()) return valid;
  return sql_.Guarded([&]() -> absl::Status {
    if (program.id.empty()) program.id = sql_.ids().Make<Program>();
    std::map<std::string, Program> others;
    for (Program& other : ProgramsWhere(sql_, "", {})) {
      if (other.id != program.id) others.emplace(other.id.text, std::move(other));
    }
    const auto find = [&](const std::string& id) -> const Program* {
      if (id == program.id.text) return &program;
      const auto found = others.find(id);
      return found == others.end() ? nullptr : &found->second;
    };
    if (absl::Status cycle = ValidateNoCycle(program, find); !cycle.ok()) return cycle;
    const Program& p = program;
    sql_.Put(kTable, {p.id, p.channel_id, p.name, NameOfEnum(p.kind), NameOfEnum(p.play_mode),
                      NameOfEnum(p.on_end), json::Write(p.chain), p.slot_units, json::Write(p.manual_order),
                      json::Write(p.tags), p.rating, json::Write(p.breaks)});
    return absl::OkStatus();
  });
}

absl::Status Programs::Delete(const ProgramId& id) {
  return sql_.Guarded([&]() -> absl::Status {
    if (absl::Status unused = CheckUnused(sql_, SchedulableKind::kProgram, id.text); !unused.ok())
      return unused;
    if (sql_.Delete(kTable, "id = :id", {{"id", id}}) == 0) return NoSuch("program", id.text, kNext);
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<CursorMark>> CursorMarks::OfChannel(const ChannelId& id) const {
  return sql_.Guarded([&]() -> absl::StatusOr<std::vector<CursorMark>> {
    std::vector<CursorMark> marks;
    for (Row& row : sql_.Select(kMarks, "WHERE channel_id = :id ORDER BY from_date, program_id, node, link",
                                {{"id", id}})) {
      CursorMark& mark = marks.emplace_back();
      mark.channel_id.text = row.Text();
      mark.from = row.Date();
      mark.name.program_id = row.Text();
      mark.name.node = row.Int();
      mark.name.link = row.Text();
      json::Read(row.Text(), mark.cursor);
    }
    return marks;
  });
}

absl::Status CursorMarks::Put(const CursorMark& mark) {
  return sql_.Guarded([&] {
    sql_.Put(kMarks, {mark.channel_id, ToText(mark.from), mark.name.program_id, mark.name.node,
                      mark.name.link, json::Write(mark.cursor)});
    return absl::OkStatus();
  });
}

absl::Status CursorMarks::Delete(const CursorMark& mark) {
  return sql_.Guarded([&]() -> absl::Status {
    const std::int64_t rows = sql_.Delete(kMarks,
                                          "channel_id = :channel AND from_date = :date AND program_id = "
                                          ":program AND node = :node AND link = :link",
                                          {{"channel", mark.channel_id},
                                           {"date", ToText(mark.from)},
                                           {"program", mark.name.program_id},
                                           {"node", mark.name.node},
                                           {"link", mark.name.link}});
    if (rows == 0) return NoSuch("cursor mark", mark.name.program_id, "it may have been deleted already");
    return absl::OkStatus();
  });
}

}  // namespace retrovue

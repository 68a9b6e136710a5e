#include "core/cli/frame/output.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/one_line.h"
#include "core/model/time.h"

namespace retrovue::cli {
namespace {

constexpr std::size_t kWidestCell = 60;  // characters; the last one of a line may be wider

std::string Dump(const Json& json) {
  return absl::StrCat(json.dump(-1, ' ', false, Json::error_handler_t::replace), "\n");
}

std::string Plain(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_string()) return air::OneLine(value.get<std::string>());
  if (value.is_array()) {
    std::vector<std::string> parts;
    for (const Json& part : value) parts.push_back(Plain(part));
    return absl::StrJoin(parts, ", ");
  }
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// "2026-03-08T20:30:00.250-05:00"
constexpr std::size_t kDate = 10;
constexpr std::size_t kSeconds = 19;

std::string Cell(const Json& row, const Column& column) {
  const auto found = row.find(column.key);
  if (found == row.end() || found->is_null()) return "";
  if (column.as == Column::As::kDuration && found->is_number_integer())
    return ToText(Millis(found->get<std::int64_t>()));
  if (column.as == Column::As::kCounts && found->is_object()) {
    std::vector<std::string> counts;
    for (const auto& [name, count] : found->items())
      counts.push_back(absl::StrCat(Plain(count), " ", air::OneLine(name)));
    return absl::StrJoin(counts, " + ");
  }
  std::string text = Plain(*found);
  if (column.as == Column::As::kClock && text.size() > kSeconds)
    return text.substr(kDate + 1, kSeconds - kDate - 1);
  if (column.as == Column::As::kDateTime && text.size() > kSeconds)
    return absl::StrCat(text.substr(0, kDate), " ", text.substr(kDate + 1, kSeconds - kDate - 1));
  return text;
}

// Characters, not bytes: of a UTF-8 sequence only the first byte counts.
std::size_t Width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// At most `width` characters, with "…" where it is cut.
std::string Cut(const std::string& text, std::size_t width) {
  if (Width(text) <= width) return text;
  std::size_t characters = 0;
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    if ((static_cast<unsigned char>(text[end]) & 0xc0) != 0x80 && ++characters == width) break;
  }
  return absl::StrCat(text.substr(0, end), "…");
}

std::string Line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    absl::StrAppend(&line, cells[i]);
    if (i + 1 < cells.size()) line.append(widths[i] - Width(cells[i]) + 2, ' ');
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return absl::StrCat(line, "\n");
}

std::string Table(const Json& rows, const std::vector<Column>& columns) {
  std::vector<std::vector<std::string>> lines(1);
  for (const Column& column : columns) lines[0].push_back(column.title);
  for (const Json& row : rows) {
    std::vector<std::string>& line = lines.emplace_back();
    for (const Column& column : columns) {
      const bool is_last = &column == &columns.back();
      line.push_back(is_last ? Cell(row, column) : Cut(Cell(row, column), kWidestCell));
    }
  }
  std::vector<std::size_t> widths(columns.size(), 0);
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], Width(line[i]));
  }
  std::string table;
  for (const auto& line : lines) absl::StrAppend(&table, Line(line, widths));
  return table;
}

// "title       The Late Show"; what is a list of objects stands below it, a line each.
std::string Record(const Json& record) {
  std::size_t width = 0;
  for (const auto& [key, value] : record.items()) width = std::max(width, Width(key));
  std::string text;
  for (const auto& [key, value] : record.items()) {
    const bool is_list = value.is_array() && !value.empty() && value.front().is_object();
    absl::StrAppend(&text, Line({key, is_list ? absl::StrCat(value.size()) : Plain(value)}, {width, 0}));
    if (!is_list) continue;
    for (const Json& row : value) absl::StrAppend(&text, "  ", Plain(row), "\n");
  }
  return text;
}

const char* StatusOf(Exit exit) {
  switch (exit) {
    case Exit::kDone:
      return "ok";
    case Exit::kPartly:
      return "partial";
    case Exit::kRefused:
    case Exit::kUnreachable:
      return "error";
  }
  return "error";
}

void AddList(const Json& rows, const std::vector<Column>& columns, Printed& printed) {
  if (rows.empty()) {
    absl::StrAppend(&printed.err, "There are none.\n");
  } else {
    absl::StrAppend(&printed.out, Table(rows, columns));
  }
}

}  // namespace

Printed Print(const Answer& answer, const Manner& manner) {
  Printed printed;
  if (answer.silent) return printed;
  if (!answer.raw.empty()) {
    printed.out = answer.raw;
    for (const std::string& notice : answer.notices) absl::StrAppend(&printed.err, notice, "\n");
    return printed;
  }
  if (manner.json || answer.as_json) {
    Json json;
    json["status"] = StatusOf(answer.exit);
    if (!answer.code.empty()) json["code"] = answer.code;
    if (!answer.code.empty()) json["message"] = absl::StrJoin(answer.says, " ");
    if (!answer.name.empty()) json[answer.name] = answer.value;
    if (answer.value.is_array()) json["total"] = answer.value.size();
    if (manner.dry_run) json["dry_run"] = true;
    if (!answer.notices.empty()) json["notices"] = answer.notices;
    if (!answer.next.empty()) json["next"] = answer.next;
    printed.out = Dump(json);
    return printed;
  }
  for (const std::string& sentence : answer.says) absl::StrAppend(&printed.out, air::OneLine(sentence), "\n");
  if (answer.value.is_array()) {
    AddList(answer.value, answer.columns, printed);
  } else if (answer.value.is_object() && answer.says.empty()) {
    // Where something has been said of it, that is enough.
    Json record = answer.value;
    if (!answer.rows.empty()) record.erase(answer.rows);
    absl::StrAppend(&printed.out, Record(record));
  }
  if (!answer.rows.empty() && answer.value.is_object())
    AddList(answer.value.at(answer.rows), answer.columns, printed);
  for (const std::string& notice : answer.notices)
    absl::StrAppend(&printed.err, "Note: ", air::OneLine(notice), "\n");
  if (manner.dry_run) absl::StrAppend(&printed.err, "Nothing was written (--dry-run).\n");
  if (!answer.next.empty()) absl::StrAppend(&printed.err, "Next: ", answer.next, "\n");
  return printed;
}

Printed Print(const absl::Status& error, const Manner& manner) {
  const std::string message = air::OneLine(std::string(error.message()), 4 * air::kLongestText);
  if (!manner.json) return {"", absl::StrCat("retrovue: ", message, " [", CodeOf(error), "]\n")};
  Json json;
  json["status"] = "error";
  json["code"] = CodeOf(error);
  json["message"] = message;
  return {Dump(json), ""};
}

void Write(const Printed& printed) {
  std::fwrite(printed.out.data(), 1, printed.out.size(), stdout);
  std::fflush(stdout);
  std::fwrite(printed.err.data(), 1, printed.err.size(), stderr);
}

}  // namespace retrovue::cli

#include "core/store/sql.h"

#include <deque>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/store/text_codec.h"

namespace retrovue {
namespace {

[[noreturn]] void ThrowUnreadable(absl::string_view what) {
  throw StoreError{
      absl::DataLossError(absl::StrCat("the database holds what this program has not written (", what,
                                       "): restore it from a backup, or correct it by hand"))};
}

// "id = :id AND seq = :seq"
std::string KeyClause(const Table& table) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < table.keys; ++i) {
    parts.push_back(absl::StrCat(table.columns[i], " = :", table.columns[i]));
  }
  return absl::StrJoin(parts, " AND ");
}

std::vector<Bind> BindsOf(const Table& table, const std::vector<Value>& values, std::size_t count) {
  std::vector<Bind> binds;
  for (std::size_t i = 0; i < count; ++i) binds.push_back({table.columns[i], values[i]});
  return binds;
}

bool Same(const std::vector<std::optional<std::string>>& cells, const std::vector<Value>& values) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells[i].has_value() == values[i].is_null) return false;
    if (!cells[i]) continue;
    if (values[i].is_text ? *cells[i] != values[i].text : *cells[i] != absl::StrCat(values[i].number))
      return false;
  }
  return true;
}

}  // namespace

Value::Value(const std::string& t) : is_text(true), text(EncodeText(t)) {}

Value Value::OrNull(const std::string& t) {
  Value value(t);
  value.is_null = t.empty();
  return value;
}

const std::optional<std::string>& Row::Next() {
  if (next_ >= cells_.size()) ThrowUnreadable("a column is missing");
  return cells_[next_++];
}

std::optional<std::string> Row::OptionalText() {
  const std::optional<std::string>& cell = Next();
  if (!cell) return std::nullopt;
  std::optional<std::string> text = DecodeText(*cell);
  if (!text) ThrowUnreadable(absl::StrCat("the text \"", *cell, "\""));
  return text;
}

std::string Row::Text() { return OptionalText().value_or(""); }

std::optional<std::int64_t> Row::OptionalNumber() {
  const std::optional<std::string>& cell = Next();
  if (!cell) return std::nullopt;
  std::int64_t number = 0;
  if (!absl::SimpleAtoi(*cell, &number))
    ThrowUnreadable(absl::StrCat("\"", *cell, "\" where a number should be"));
  return number;
}

std::int64_t Row::Number() {
  const std::optional<std::int64_t> number = OptionalNumber();
  if (!number) ThrowUnreadable("nothing where a number should be");
  return *number;
}

int Row::Int() { return static_cast<int>(Number()); }

std::optional<int> Row::OptionalInt() {
  const std::optional<std::int64_t> number = OptionalNumber();
  if (!number) return std::nullopt;
  return static_cast<int>(*number);
}

std::optional<Instant> Row::OptionalAt() {
  const std::optional<std::int64_t> number = OptionalNumber();
  if (!number) return std::nullopt;
  return FromUtcMs(*number);
}

std::optional<absl::CivilDay> Row::OptionalDate() {
  const std::optional<std::string> text = OptionalText();
  if (!text) return std::nullopt;
  const absl::StatusOr<absl::CivilDay> date = ParseDate(*text);
  if (!date.ok()) ThrowUnreadable(date.status().message());
  return *date;
}

absl::CivilDay Row::Date() {
  const std::optional<absl::CivilDay> date = OptionalDate();
  if (!date) ThrowUnreadable("nothing where a date should be");
  return *date;
}

// A statement and the places its values are bound from and read into; they stay where they are.
struct Sql::Prepared {
  struct Cell {
    long long number = 0;
    std::string text;
    soci::indicator indicator = soci::i_ok;
  };

  explicit Prepared(soci::session& session) : statement(session) {}

  std::deque<Cell> in;
  std::deque<Cell> out;
  soci::statement statement;
};

Sql::Sql(soci::session& session, const Database& database) : session_(session), database_(database) {}

Sql::~Sql() = default;

Sql::Prepared& Sql::Prepare(const std::string& text, std::size_t columns, const std::vector<Bind>& binds) {
  std::unique_ptr<Prepared>& known = prepared_[text];
  if (known == nullptr) {
    auto prepared = std::make_unique<Prepared>(session_);
    for (const Bind& bind : binds) {
      Prepared::Cell& cell = prepared->in.emplace_back();
      if (bind.value.is_text) {
        prepared->statement.exchange(soci::use(cell.text, cell.indicator, bind.name));
      } else {
        prepared->statement.exchange(soci::use(cell.number, cell.indicator, bind.name));
      }
    }
    for (std::size_t i = 0; i < columns; ++i) {
      Prepared::Cell& cell = prepared->out.emplace_back();
      prepared->statement.exchange(soci::into(cell.text, cell.indicator));
    }
    prepared->statement.alloc();
    prepared->statement.prepare(text);
    prepared->statement.define_and_bind();
    known = std::move(prepared);
  }
  for (std::size_t i = 0; i < binds.size(); ++i) {
    known->in[i].number = binds[i].value.number;
    known->in[i].text = binds[i].value.text;
    known->in[i].indicator = binds[i].value.is_null ? soci::i_null : soci::i_ok;
  }
  return *known;
}

std::vector<Row> Sql::Query(const std::string& text, std::size_t columns, const std::vector<Bind>& binds) {
  try {
    Prepared& prepared = Prepare(text, columns, binds);
    prepared.statement.execute(false);
    std::vector<Row> rows;
    while (prepared.statement.fetch()) {
      std::vector<std::optional<std::string>> cells;
      cells.reserve(columns);
      for (const Prepared::Cell& cell : prepared.out) {
        if (cell.indicator == soci::i_null) {
          cells.emplace_back();
        } else {
          cells.emplace_back(cell.text);
        }
      }
      rows.emplace_back(std::move(cells));
    }
    return rows;
  } catch (const soci::soci_error&) {
    prepared_.erase(text);  // it may stand in the middle
    throw;
  }
}

std::int64_t Sql::Run(const std::string& text, const std::vector<Bind>& binds) {
  try {
    Prepared& prepared = Prepare(text, 0, binds);
    prepared.statement.execute(true);
    return prepared.statement.get_affected_rows();
  } catch (const soci::soci_error&) {
    prepared_.erase(text);
    throw;
  }
}

std::vector<Row> Sql::Select(const Table& table, const std::string& rest, const std::vector<Bind>& binds) {
  return Query(absl::StrCat("SELECT ", absl::StrJoin(table.columns, ", "), " FROM ", table.name, " ", rest),
               table.columns.size(), binds);
}

std::optional<Row> Sql::SelectOne(const Table& table, const std::string& rest,
                                  const std::vector<Bind>& binds) {
  std::vector<Row> rows = Select(table, rest, binds);
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

std::int64_t Sql::Count(const Table& table, const std::string& rest, const std::vector<Bind>& binds) {
  return Query(absl::StrCat("SELECT COUNT(*) FROM ", table.name, " ", rest), 1, binds).front().Number();
}

void Sql::Wrote(const Table& table, std::int64_t rows) {
  if (rows == 0) return;
  rows_written_ += rows;
  if (table.part) touched_.insert(*table.part);
}

void Sql::Insert(const Table& table, const std::vector<Value>& values) {
  noun_ = table.noun;
  Wrote(table, Run(absl::StrCat("INSERT INTO ", table.name, " (", absl::StrJoin(table.columns, ", "),
                                ") VALUES (:", absl::StrJoin(table.columns, ", :"), ")"),
                   BindsOf(table, values, values.size())));
}

bool Sql::Put(const Table& table, const std::vector<Value>& values) {
  const std::optional<Row> stored =
      SelectOne(table, absl::StrCat("WHERE ", KeyClause(table)), BindsOf(table, values, table.keys));
  if (!stored) {
    Insert(table, values);
    return true;
  }
  if (Same(stored->cells(), values)) return false;
  std::vector<std::string> changes;
  std::vector<Bind> binds;
  for (std::size_t i = table.keys; i < table.columns.size(); ++i) {
    changes.push_back(absl::StrCat(table.columns[i], " = :", table.columns[i]));
    binds.push_back({table.columns[i], values[i]});
  }
  for (Bind& bind : BindsOf(table, values, table.keys)) binds.push_back(std::move(bind));
  noun_ = table.noun;
  Wrote(table, Run(absl::StrCat("UPDATE ", table.name, " SET ", absl::StrJoin(changes, ", "), " WHERE ",
                                KeyClause(table)),
                   binds));
  return true;
}

std::int64_t Sql::Update(const Table& table, const std::string& rest, const std::vector<Bind>& binds) {
  noun_ = table.noun;
  const std::int64_t rows = Run(absl::StrCat("UPDATE ", table.name, " ", rest), binds);
  Wrote(table, rows);
  return rows;
}

std::int64_t Sql::Delete(const Table& table, const std::string& where, const std::vector<Bind>& binds) {
  noun_ = table.noun;
  const std::int64_t rows = Run(absl::StrCat("DELETE FROM ", table.name, " WHERE ", where), binds);
  Wrote(table, rows);
  return rows;
}

bool Sql::PutAll(const Table& table, const Value& parent, const std::vector<std::vector<Value>>& rows) {
  const std::string of_parent = absl::StrCat(table.columns[0], " = :", table.columns[0]);
  std::vector<const char*> key(table.columns.begin(),
                               table.columns.begin() + static_cast<std::ptrdiff_t>(table.keys));
  const std::vector<Row> stored =
      Select(table, absl::StrCat("WHERE ", of_parent, " ORDER BY ", absl::StrJoin(key, ", ")),
             {{table.columns[0], parent}});
  bool same = stored.size() == rows.size();
  for (std::size_t i = 0; same && i < rows.size(); ++i) same = Same(stored[i].cells(), rows[i]);
  if (same) return false;
  if (!stored.empty()) Delete(table, of_parent, {{table.columns[0], parent}});
  for (const std::vector<Value>& row : rows) Insert(table, row);
  return true;
}

void Sql::Begin(Instant now, IdSource* ids) {
  now_ = now;
  ids_ = ids;
  rows_written_ = 0;
  touched_.clear();
  failure_ = absl::OkStatus();
}

absl::Status Sql::Failed(const soci::soci_error& error) {
  absl::Status status = database_.Explain(session_, error, noun_);
  failure_ = status;
  return status;
}

}  // namespace retrovue

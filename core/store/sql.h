// SQL over one connection: prepared once, bound by name, the same text for both databases.
//
// Inside the store errors are exceptions, as they are in SOCI; Guarded makes a Status of them where a repository ends.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include <soci/soci.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/model/time.h"
#include "core/store/database.h"
#include "core/store/store.h"

namespace retrovue {

// Thrown inside the store alone.
struct StoreError {
  absl::Status status;
};

// A value on its way into the database: a number or a text, or its absence. Which of the two follows from the static type, so
// that a statement is always bound alike.
struct Value {
  bool is_text = false;
  bool is_null = false;
  long long number = 0;
  std::string text;  // encoded (text_codec.h)

  Value(std::int64_t n) : number(n) {}
  Value(int n) : number(n) {}
  Value(bool b) : number(b ? 1 : 0) {}
  Value(Instant t) : number(UtcMs(t)) {}
  Value(Millis d) : number(d.count()) {}
  Value(const std::string& t);
  Value(const char* t) : Value(std::string(t)) {}
  template <typename Noun>
  Value(const Id<Noun>& id) : Value(id.text) {}
  template <typename T>
  Value(const std::optional<T>& v) : Value(v ? Value(*v) : Value(T{})) {
    is_null = !v;
  }

  // An empty text as no text.
  static Value OrNull(const std::string& t);

  friend bool operator==(const Value&, const Value&) = default;
};

// The bits of a number without a sign, as one with it: databases have no other.
constexpr std::int64_t Signed(std::uint64_t n) { return static_cast<std::int64_t>(n); }
constexpr std::uint64_t Unsigned(std::int64_t n) { return static_cast<std::uint64_t>(n); }

struct Bind {
  const char* name;
  Value value;
};

// A row that was read. Cells are taken from left to right; one that cannot be understood is DATA_LOSS, thrown.
class Row {
 public:
  explicit Row(std::vector<std::optional<std::string>> cells) : cells_(std::move(cells)) {}

  std::string Text();  // an absent one is empty
  std::optional<std::string> OptionalText();
  std::int64_t Number();
  int Int();
  bool Bool() { return Number() != 0; }
  Instant At() { return FromUtcMs(Number()); }
  Millis Duration() { return Millis(Number()); }
  std::optional<std::int64_t> OptionalNumber();
  std::optional<int> OptionalInt();
  std::optional<Instant> OptionalAt();
  absl::CivilDay Date();
  std::optional<absl::CivilDay> OptionalDate();

  const std::vector<std::optional<std::string>>& cells() const { return cells_; }

 private:
  friend class Sql;
  const std::optional<std::string>& Next();

  std::vector<std::optional<std::string>> cells_;
  std::size_t next_ = 0;
};

// A table as the repositories use it. The first `keys` columns are its key.
struct Table {
  const char* name;
  const char* noun;  // "a source", for errors
  std::vector<const char*> columns;
  std::size_t keys = 1;
  std::optional<Part> part;  // whose revision its changes count for
};

// For one thread at a time.
class Sql {
 public:
  Sql(soci::session& session, const Database& database);
  ~Sql();
  Sql(const Sql&) = delete;
  Sql& operator=(const Sql&) = delete;

  // All rows that `text`, a query of so many columns, gives.
  std::vector<Row> Query(const std::string& text, std::size_t columns, const std::vector<Bind>& binds = {});
  // Answers how many rows it touched.
  std::int64_t Run(const std::string& text, const std::vector<Bind>& binds = {});

  // "SELECT <the table's columns> FROM <table> <rest>"
  std::vector<Row> Select(const Table& table, const std::string& rest, const std::vector<Bind>& binds = {});
  std::optional<Row> SelectOne(const Table& table, const std::string& rest,
                               const std::vector<Bind>& binds = {});
  std::int64_t Count(const Table& table, const std::string& rest, const std::vector<Bind>& binds = {});

  // Adds the row, or changes the one with its key, or does nothing if that is the same. True if it wrote.
  bool Put(const Table& table, const std::vector<Value>& values);
  void Insert(const Table& table, const std::vector<Value>& values);
  // "UPDATE <table> <rest>"; answers how many rows it changed.
  std::int64_t Update(const Table& table, const std::string& rest, const std::vector<Bind>& binds);
  std::int64_t Delete(const Table& table, const std::string& where, const std::vector<Bind>& binds);
  // Makes the rows of a table whose first column is `parent` exactly these, in the order of the table's key. True if it wrote.
  bool PutAll(const Table& table, const Value& parent, const std::vector<std::vector<Value>>& rows);

  // Runs what a repository's function does, and makes a Status of what goes wrong.
  template <typename F>
  auto Guarded(const F& f) -> decltype(f()) {
    try {
      return f();
    } catch (const StoreError& e) {
      return e.status;
    } catch (const soci::soci_error& e) {
      return Failed(e);
    }
  }

  // A transaction begins: what it needs is set and its counts are zero.
  void Begin(Instant now, IdSource* ids);
  Instant now() const { return now_; }
  IdSource& ids() { return *ids_; }
  // Rows added, changed or deleted since.
  std::int64_t rows_written() const { return rows_written_; }
  const std::set<Part>& touched() const { return touched_; }
  // Not OK: the database has refused something, and nothing of the transaction can be kept.
  const absl::Status& failure() const { return failure_; }

 private:
  struct Prepared;

  Prepared& Prepare(const std::string& text, std::size_t columns, const std::vector<Bind>& binds);
  absl::Status Failed(const soci::soci_error& error);
  void Wrote(const Table& table, std::int64_t rows);

  soci::session& session_;
  const Database& database_;
  std::unordered_map<std::string, std::unique_ptr<Prepared>> prepared_;
  Instant now_;
  IdSource* ids_ = nullptr;
  std::int64_t rows_written_ = 0;
  std::set<Part> touched_;
  absl::Status failure_;
  std::string noun_;  // what the statement at work writes
};

}  // namespace retrovue

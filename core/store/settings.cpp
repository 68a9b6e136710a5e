#include "core/store/settings.h"

#include "core/store/sql.h"

namespace retrovue {
namespace {

const Table kTable{"settings", "a setting", {"name", "value"}};

}  // namespace

absl::StatusOr<std::map<std::string, std::string>> Settings::All() const {
  return sql_.Guarded([&]() -> absl::StatusOr<std::map<std::string, std::string>> {
    std::map<std::string, std::string> all;
    for (Row& row : sql_.Select(kTable, "")) {
      std::string name = row.Text();
      all[std::move(name)] = row.Text();
    }
    return all;
  });
}

absl::StatusOr<std::optional<std::string>> Settings::Get(const std::string& name) const {
  return sql_.Guarded([&]() -> absl::StatusOr<std::optional<std::string>> {
    std::optional<Row> row = sql_.SelectOne(kTable, "WHERE name = :name", {{"name", name}});
    if (!row) return std::nullopt;
    row->Text();
    return row->Text();
  });
}

absl::Status Settings::Set(const std::string& name, const std::string& value) {
  return sql_.Guarded([&] {
    sql_.Put(kTable, {name, value});
    return absl::OkStatus();
  });
}

absl::Status Settings::Clear(const std::string& name) {
  return sql_.Guarded([&] {
    sql_.Delete(kTable, "name = :name", {{"name", name}});
    return absl::OkStatus();
  });
}

}  // namespace retrovue

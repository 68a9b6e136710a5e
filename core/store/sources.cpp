#include "core/store/sources.h"

#include "core/store/handles.h"
#include "core/store/sql.h"

namespace retrovue {
namespace {

constexpr char kNext[] = "see them with `retrovue source list`, or add it with `retrovue source add`";

const Table kTable{"sources",
                   "a source",
                   {"id", "type", "name", "external_id", "config_json", "created_at_ms", "updated_at_ms"}};

Source SourceOf(Row& row) {
  Source source;
  source.id.text = row.Text();
  source.type = row.Text();
  source.name = row.Text();
  source.external_id = row.Text();
  source.config_json = row.Text();
  source.created_at = row.At();
  source.updated_at = row.At();
  return source;
}

std::vector<Value> ValuesOf(const Source& s) {
  return {s.id, s.type, s.name, s.external_id, s.config_json, s.created_at, s.updated_at};
}

std::vector<Source> SourcesOf(std::vector<Row> rows) {
  std::vector<Source> sources;
  for (Row& row : rows) sources.push_back(SourceOf(row));
  return sources;
}

}  // namespace

absl::StatusOr<std::vector<Source>> Sources::List() const {
  return sql_.Guarded([&]() -> absl::StatusOr<std::vector<Source>> {
    return SourcesOf(sql_.Select(kTable, "ORDER BY name, id"));
  });
}

absl::StatusOr<Source> Sources::Get(const SourceId& id) const {
  return sql_.Guarded([&]() -> absl::StatusOr<Source> {
    return TheOne(SourcesOf(sql_.Select(kTable, "WHERE id = :id", {{"id", id}})), "source", id.text, kNext);
  });
}

absl::StatusOr<Source> Sources::Find(const std::string& handle) const {
  return sql_.Guarded([&]() -> absl::StatusOr<Source> {
    // A key goes before a name that looks like one.
    for (const char* by : {"WHERE id = :handle", "WHERE external_id = :handle"}) {
      std::vector<Source> found = SourcesOf(sql_.Select(kTable, by, {{"handle", handle}}));
      if (!found.empty()) return std::move(found.front());
    }
    return TheOne(SourcesOf(sql_.Select(kTable, "WHERE name = :handle ORDER BY id", {{"handle", handle}})),
                  "source", handle, kNext);
  });
}

absl::Status Sources::Put(Source& source) {
  if (absl::Status valid = ValidateSource(source); !valid.ok()) return valid;
  return sql_.Guarded([&] {
    if (source.id.empty()) source.id = sql_.ids().Make<Source>();
    if (std::optional<Row> row = sql_.SelectOne(kTable, "WHERE id = :id", {{"id", source.id}})) {
      const Source stored = SourceOf(*row);
      source.created_at = stored.created_at;
      source.updated_at = stored.updated_at;
      if (ValuesOf(stored) != ValuesOf(source)) source.updated_at = sql_.now();
    } else {
      source.created_at = source.updated_at = sql_.now();
    }
    sql_.Put(kTable, ValuesOf(source));
    return absl::OkStatus();
  });
}

absl::Status Sources::Delete(const SourceId& id) {
  return sql_.Guarded([&]() -> absl::Status {
    const std::int64_t assets = sql_.Query(
                                        "SELECT COUNT(*) FROM assets a JOIN collections c ON c.id = "
                                        "a.collection_id WHERE c.source_id = :id",
                                        1, {{"id", id}})
                                    .at(0)
                                    .Number();
    if (assets > 0) {
      return absl::FailedPreconditionError(absl::StrCat("the source's collections have ", assets,
                                                        " assets: it cannot be deleted before they are"));
    }
    if (sql_.Delete(kTable, "id = :id", {{"id", id}}) == 0) return NoSuch("source", id.text, kNext);
    return absl::OkStatus();
  });
}

}  // namespace retrovue

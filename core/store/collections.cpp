#include "core/store/handles.h"
#include "core/store/json.h"
#include "core/store/sources.h"
#include "core/store/sql.h"

namespace retrovue {
namespace {

constexpr char kNext[] =
    "see them with `retrovue collection list`, or discover them with `retrovue source discover`";

const Table kTable{"collections",
                   "a collection",
                   {"id", "source_id", "external_id", "name", "sync_enabled", "ingestible", "enrichers_json",
                    "path_mappings_json"}};

Collection CollectionOf(Row& row) {
  Collection collection;
  collection.id.text = row.Text();
  collection.source_id.text = row.Text();
  collection.external_id = row.Text();
  collection.name = row.Text();
  collection.sync_enabled = row.Bool();
  collection.ingestible = row.Bool();
  json::Read(row.Text(), collection.enrichers);
  json::Read(row.Text(), collection.path_mappings);
  return collection;
}

std::vector<Collection> CollectionsOf(std::vector<Row> rows) {
  std::vector<Collection> collections;
  for (Row& row : rows) collections.push_back(CollectionOf(row));
  return collections;
}

}  // namespace

absl::StatusOr<std::vector<Collection>> Collections::List() const {
  return sql_.Guarded([&]() -> absl::StatusOr<std::vector<Collection>> {
    return CollectionsOf(sql_.Select(kTable, "ORDER BY name, id"));
  });
}

absl::StatusOr<std::vector<Collection>> Collections::OfSource(const SourceId& id) const {
  return sql_.Guarded([&]() -> absl::StatusOr<std::vector<Collection>> {
    return CollectionsOf(sql_.Select(kTable, "WHERE source_id = :id ORDER BY name, id", {{"id", id}}));
  });
}

absl::StatusOr<Collection> Collections::Get(const CollectionId& id) const {
  return sql_.Guarded([&]() -> absl::StatusOr<Collection> {
    return TheOne(CollectionsOf(sql_.Select(kTable, "WHERE id = :id", {{"id", id}})), "collection", id.text,
                  kNext);
  });
}

absl::StatusOr<Collection> Collections::Find(const std::string& handle) const {
  return sql_.Guarded([&]() -> absl::StatusOr<Collection> {
    std::vector<Collection> by_id = CollectionsOf(sql_.Select(kTable, "WHERE id = :id", {{"id", handle}}));
    if (!by_id.empty()) return std::move(by_id.front());
    // An external id is unique in its source alone.
    return TheOne(
        CollectionsOf(sql_.Select(kTable, "WHERE name = :name OR external_id = :external ORDER BY id",
                                  {{"name", handle}, {"external", handle}})),
        "collection", handle, kNext);
  });
}

absl::Status Collections::Put(Collection& collection) {
  if (absl::Status valid = ValidateCollection(collection); !valid.ok()) return valid;
  return sql_.Guarded([&] {
    if (collection.id.empty()) collection.id = sql_.ids().Make<Collection>();
    const Collection& c = collection;
    sql_.Put(kTable, {c.id, c.source_id, c.external_id, c.name, c.sync_enabled, c.ingestible,
                      json::Write(c.enrichers), json::Write(c.path_mappings)});
    return absl::OkStatus();
  });
}

absl::Status Collections::Delete(const CollectionId& id) {
  return sql_.Guarded([&]() -> absl::Status {
    const std::int64_t assets =
        sql_.Query("SELECT COUNT(*) FROM assets WHERE collection_id = :id", 1, {{"id", id}}).at(0).Number();
    if (assets > 0) {
      return absl::FailedPreconditionError(
          absl::StrCat("the collection has ", assets, " assets: it cannot be deleted before they are"));
    }
    if (sql_.Delete(kTable, "id = :id", {{"id", id}}) == 0) return NoSuch("collection", id.text, kNext);
    return absl::OkStatus();
  });
}

}  // namespace retrovue

// Virtual and synthetic assets.
#include "core/store/handles.h"
#include "core/store/json.h"
#include "core/store/programs.h"
#include "core/store/sql.h"
#include "core/store/uses.h"

namespace retrovue {
namespace {

constexpr char kNext[] = "it may have been deleted already";

const Table kVirtual{
    "virtual_assets", "a virtual asset", {"id", "name", "sequence_json"}, 1, Part::kCatalogue};
const Table kSynthetic{"synthetic_assets",
                       "a synthetic asset",
                       {"id", "name", "recipe_json", "rendering_path", "duration_ms"},
                       1,
                       Part::kCatalogue};

std::vector<VirtualAsset> VirtualWhere(Sql& sql, const std::string& where, const std::vector<Bind>& binds) {
  std::vector<VirtualAsset> assets;
  for (Row& row : sql.Select(kVirtual, where, binds)) {
    VirtualAsset& asset = assets.emplace_back();
    asset.id.text = row.Text();
    asset.name = row.Text();
    json::Read(row.Text(), asset.sequence);
  }
  return assets;
}

std::vector<SyntheticAsset> SyntheticWhere(Sql& sql, const std::string& where,
                                           const std::vector<Bind>& binds) {
  std::vector<SyntheticAsset> assets;
  for (Row& row : sql.Select(kSynthetic, where, binds)) {
    SyntheticAsset& asset = assets.emplace_back();
    asset.id.text = row.Text();
    asset.name = row.Text();
    asset.recipe_json = row.Text();
    asset.rendering_path = row.Text();
    asset.duration = row.Duration();
  }
  return assets;
}

constexpr char kByHandle[] = "WHERE id = :id OR name = :name ORDER BY id";

}  // namespace

absl::StatusOr<std::vector<VirtualAsset>> VirtualAssets::List() const {
  return sql_.Guarded([&]() -> absl::StatusOr<std::vector<VirtualAsset>> {
    return VirtualWhere(sql_, "ORDER BY name, id", {});
  });
}

absl::StatusOr<VirtualAsset> VirtualAssets::Get(const VirtualAssetId& id) const {
  return sql_.Guarded([&]() -> absl::StatusOr<VirtualAsset> {
    return TheOne(VirtualWhere(sql_, "WHERE id = :id", {{"id", id}}), "virtual asset", id.text, kNext);
  });
}

absl::StatusOr<VirtualAsset> VirtualAssets::Find(const std::string& handle) const {
  return sql_.Guarded([&]() -> absl::StatusOr<VirtualAsset> {
    return TheOne(VirtualWhere(sql_, kByHandle, {{"id", handle}, {"name", handle}}), "virtual asset", handle,
                  kNext);
  });
}

absl::Status VirtualAssets::Put(VirtualAsset& asset) {
  if (absl::Status valid = ValidateVirtualAsset(asset); !valid.ok()) return valid;
  return sql_.Guarded([&] {
    if (asset.id.empty()) asset.id = sql_.ids().Make<VirtualAsset>();
    sql_.Put(kVirtual, {asset.id, asset.name, json::Write(asset.sequence)});
    return absl::OkStatus();
  });
}

absl::Status VirtualAssets::Delete(const VirtualAssetId& id) {
  return sql_.Guarded([&]() -> absl::Status {
    if (absl::Status unused = CheckUnused(sql_, SchedulableKind::kVirtualAsset, id.text); !unused.ok())
      return unused;
    if (sql_.Delete(kVirtual, "id = :id", {{"id", id}}) == 0) return NoSuch("virtual asset", id.text, kNext);
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<SyntheticAsset>> SyntheticAssets::List() const {
  return sql_.Guarded([&]() -> absl::StatusOr<std::vector<SyntheticAsset>> {
    return SyntheticWhere(sql_, "ORDER BY name, id", {});
  });
}

absl::StatusOr<SyntheticAsset> SyntheticAssets::Get(const SyntheticAssetId& id) const {
  return sql_.Guarded([&]() -> absl::StatusOr<SyntheticAsset> {
    return TheOne(SyntheticWhere(sql_, "WHERE id = :id", {{"id", id}}), "synthetic asset", id.text, kNext);
  });
}

absl::StatusOr<SyntheticAsset> SyntheticAssets::Find(const std::string& handle) const {
  return sql_.Guarded([&]() -> absl::StatusOr<SyntheticAsset> {
    return TheOne(SyntheticWhere(sql_, kByHandle, {{"id", handle}, {"name", handle}}), "synthetic asset",
                  handle, kNext);
  });
}

absl::Status SyntheticAssets::Put(SyntheticAsset& asset) {
  if (absl::Status valid = ValidateSyntheticAsset(asset); !valid.ok()) return valid;
  return sql_.Guarded([&] {
    if (asset.id.empty()) asset.id = sql_.ids().Make<SyntheticAsset>();
    sql_.Put(kSynthetic, {asset.id, asset.name, asset.recipe_json, asset.rendering_path, asset.duration});
    return absl::OkStatus();
  });
}

absl::Status SyntheticAssets::Delete(const SyntheticAssetId& id) {
  return sql_.Guarded([&]() -> absl::Status {
    if (absl::Status unused = CheckUnused(sql_, SchedulableKind::kSyntheticAsset, id.text); !unused.ok())
      return unused;
    if (sql_.Delete(kSynthetic, "id = :id", {{"id", id}}) == 0) {
      return NoSuch("synthetic asset", id.text, kNext);
    }
    return absl::OkStatus();
  });
}

}  // namespace retrovue

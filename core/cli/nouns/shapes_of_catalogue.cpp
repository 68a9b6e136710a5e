// Sources, collections, assets.
#include "core/cli/nouns/json_values.h"
#include "core/cli/nouns/shapes.h"

namespace retrovue::cli {

Json ShapeOf(const Source& source) {
  Json json;
  json["id"] = source.id.text;
  json["type"] = source.type;
  json["name"] = source.name;
  json["external_id"] = source.external_id;
  // Of a configuration only what is known to be no secret.
  const Json config = Parsed(source.config_json);
  for (const char* key : {"roots", "base_url", "base_path"}) {
    if (config.is_object() && config.contains(key)) json["config"][key] = config[key];
  }
  SetTime(json, "created", source.created_at);
  SetTime(json, "updated", source.updated_at);
  return json;
}

std::vector<Column> SourceColumns() {
  return {{"NAME", "name"}, {"TYPE", "type"}, {"COLLECTIONS", "collections"}, {"EXTERNAL ID", "external_id"}};
}

Json ShapeOf(const Collection& collection, const std::string& source_name) {
  Json json;
  json["id"] = collection.id.text;
  json["source_id"] = collection.source_id.text;
  json["source"] = source_name;
  json["external_id"] = collection.external_id;
  json["name"] = collection.name;
  json["sync_enabled"] = collection.sync_enabled;
  json["ingestible"] = collection.ingestible;
  json["path_mappings"] = Json::array();
  for (const PathMapping& mapping : collection.path_mappings)
    json["path_mappings"].push_back({{"remote", mapping.remote}, {"local", mapping.local}});
  return json;
}

std::vector<Column> CollectionColumns() {
  return {{"NAME", "name"},           {"SOURCE", "source"}, {"SYNC", "sync_enabled"},
          {"READABLE", "ingestible"}, {"ASSETS", "assets"}, {"ID", "id"}};
}

Json ShapeOf(const Asset& asset) {
  Json json;
  json["id"] = asset.id.text;
  json["collection_id"] = asset.collection_id.text;
  json["state"] = Name(asset.state);
  json["approved_for_broadcast"] = asset.approved_for_broadcast;
  json["operator_verified"] = asset.operator_verified;
  json["schedulable"] = IsSchedulable(asset);
  const Editorial& editorial = asset.editorial;
  json["title"] = editorial.title;
  json["series"] = OrNull(editorial.series);
  json["season"] = OrNull(editorial.season);
  json["episode"] = OrNull(editorial.episode);
  json["part"] = OrNull(editorial.part);
  json["year"] = OrNull(editorial.year);
  json["air_date"] = editorial.air_date ? Json(ToText(*editorial.air_date)) : Json(nullptr);
  json["genre"] = OrNull(editorial.genre);
  json["rating"] = OrNull(editorial.rating);
  json["synopsis"] = OrNull(editorial.synopsis);
  json["duration_ms"] = asset.duration.count();
  json["container"] = OrNull(asset.container);
  json["video_codec"] = OrNull(asset.video_codec);
  json["audio_codec"] = OrNull(asset.audio_codec);
  json["path"] = asset.canonical_uri;
  json["size"] = asset.size;
  json["canonical_key"] = asset.canonical_key;
  json["tags"] = Json::array();
  for (const AssetTag& tag : asset.tags) json["tags"].push_back(tag.tag);
  json["markers"] = Json::array();
  for (const AssetMarker& marker : asset.markers) {
    json["markers"].push_back(
        {{"kind", marker.kind}, {"start_ms", marker.start.count()}, {"end_ms", marker.end.count()}});
  }
  SetTime(json, "discovered", asset.discovered_at);
  if (asset.missing_since) SetTime(json, "missing_since", asset.missing_since);
  if (asset.deleted_at) SetTime(json, "deleted", asset.deleted_at);
  return json;
}

std::vector<Column> AssetColumns() {
  return {{"TITLE", "title"},
          {"SERIES", "series"},
          {"S", "season"},
          {"E", "episode"},
          {"LENGTH", "duration_ms", Column::As::kDuration},
          {"STATE", "state"},
          {"APPROVED", "approved_for_broadcast"},
          {"ID", "id"}};
}

}  // namespace retrovue::cli

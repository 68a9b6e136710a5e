#include "core/store/assets.h"

#include <openssl/evp.h>

#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "core/store/enum_names.h"
#include "core/store/handles.h"
#include "core/store/sql.h"

namespace retrovue {
namespace {

constexpr char kNext[] = "see them with `retrovue asset list`, or ingest its collection";

const Table kTable{"assets",
                   "an asset",
                   {"id",
                    "collection_id",
                    "canonical_key",
                    "canonical_key_sha256",
                    "source_uri",
                    "canonical_uri",
                    "size_bytes",
                    "last_modified_ms",
                    "fingerprint",
                    "missing_since_ms",
                    "duration_ms",
                    "container",
                    "video_codec",
                    "audio_codec",
                    "state",
                    "approved_for_broadcast",
                    "operator_verified",
                    "deleted_at_ms",
                    "title",
                    "series",
                    "series_folded",
                    "season",
                    "episode",
                    "part",
                    "year",
                    "air_date",
                    "synopsis",
                    "rating",
                    "genre",
                    "discovered_at_ms"},
                   1,
                   Part::kCatalogue};
const Table kTags{"asset_tags", "a tag", {"asset_id", "seq", "tag", "origin"}, 2, Part::kCatalogue};
const Table kMarkers{
    "asset_markers", "a marker", {"asset_id", "seq", "kind", "start_ms", "end_ms"}, 2, Part::kCatalogue};
const Table kRefs{
    "provider_refs", "a provider's name", {"asset_id", "provider", "provider_key", "raw_payload_json"}, 3};
const Table kReviews{"reviews", "a review", {"asset_id", "reason", "confidence", "since_ms"}};

std::string Sha256(const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), size));
}

Asset AssetOf(Row& row) {
  Asset asset;
  asset.id.text = row.Text();
  asset.collection_id.text = row.Text();
  asset.canonical_key = row.Text();
  row.Text();  // its hash
  asset.source_uri = row.Text();
  asset.canonical_uri = row.Text();
  asset.size = row.Number();
  asset.last_modified = row.OptionalAt();
  asset.fingerprint = row.Text();
  asset.missing_since = row.OptionalAt();
  asset.duration = row.Duration();
  asset.container = row.Text();
  asset.video_codec = row.Text();
  asset.audio_codec = row.Text();
  asset.state = WordAt<AssetState>(row);
  asset.approved_for_broadcast = row.Bool();
  asset.operator_verified = row.Bool();
  asset.deleted_at = row.OptionalAt();
  Editorial& e = asset.editorial;
  e.title = row.Text();
  e.series = row.Text();
  row.Text();  // in lower case
  e.season = row.OptionalInt();
  e.episode = row.OptionalInt();
  e.part = row.OptionalInt();
  e.year = row.OptionalInt();
  e.air_date = row.OptionalDate();
  e.synopsis = row.Text();
  e.rating = row.Text();
  e.genre = row.Text();
  asset.discovered_at = row.At();
  return asset;
}

std::vector<Value> ValuesOf(const Asset& a) {
  const Editorial& e = a.editorial;
  std::optional<std::string> air_date;
  if (e.air_date) air_date = ToText(*e.air_date);
  return {a.id,
          a.collection_id,
          a.canonical_key,
          Sha256(a.canonical_key),
          a.source_uri,
          a.canonical_uri,
          a.size,
          a.last_modified,
          a.fingerprint,
          a.missing_since,
          a.duration,
          a.container,
          a.video_codec,
          a.audio_codec,
          NameOfEnum(a.state),
          a.approved_for_broadcast,
          a.operator_verified,
          a.deleted_at,
          e.title,
          e.series,
          absl::AsciiStrToLower(e.series),
          e.season,
          e.episode,
          e.part,
          e.year,
          air_date,
          e.synopsis,
          e.rating,
          e.genre,
          a.discovered_at};
}

struct Where {
  std::string text;
  std::vector<Bind> binds;
};

// The text is one of a few dozen, put together of constants.
Where WhereOf(const AssetFilter& filter) {
  Where where{"WHERE 1 = 1", {}};
  if (!filter.deleted) absl::StrAppend(&where.text, " AND deleted_at_ms IS NULL");
  if (filter.schedulable_only) {
    absl::StrAppend(&where.text, " AND id IN (SELECT s.id FROM schedulable_assets s)");
  }
  if (filter.collection_id) {
    absl::StrAppend(&where.text, " AND collection_id = :collection");
    where.binds.push_back({"collection", *filter.collection_id});
  }
  if (filter.state) {
    absl::StrAppend(&where.text, " AND state = :state");
    where.binds.push_back({"state", NameOfEnum(*filter.state)});
  }
  if (filter.approved) {
    absl::StrAppend(&where.text, " AND approved_for_broadcast = :approved");
    where.binds.push_back({"approved", *filter.approved});
  }
  if (!filter.series.empty()) {
    absl::StrAppend(&where.text, " AND series_folded = :series");
    where.binds.push_back({"series", absl::AsciiStrToLower(filter.series)});
  }
  if (!filter.tag.empty()) {
    absl::StrAppend(&where.text, " AND id IN (SELECT t.asset_id FROM asset_tags t WHERE t.tag = :tag)");
    where.binds.push_back({"tag", filter.tag});
  }
  return where;
}

// Tags and markers of the assets; of one alone, or of any number in one pass over their tables.
void AddChildren(Sql& sql, std::vector<Asset>& assets) {
  if (assets.empty()) return;
  std::map<std::string, Asset*> by_id;
  for (Asset& asset : assets) by_id[asset.id.text] = &asset;
  const bool one = assets.size() == 1;
  const std::vector<Bind> of_one = one ? std::vector<Bind>{{"id", assets.front().id}} : std::vector<Bind>{};
  const std::string where = one ? "WHERE asset_id = :id " : "";
  for (Row& row : sql.Select(kTags, absl::StrCat(where, "ORDER BY asset_id, seq"), of_one)) {
    const auto found = by_id.find(row.Text());
    if (found == by_id.end()) continue;
    row.Number();
    std::string tag = row.Text();
    found->second->tags.push_back({std::move(tag), WordAt<TagOrigin>(row)});
  }
  for (Row& row : sql.Select(kMarkers, absl::StrCat(where, "ORDER BY asset_id, seq"), of_one)) {
    const auto found = by_id.find(row.Text());
    if (found == by_id.end()) continue;
    row.Number();
    AssetMarker marker;
    marker.kind = row.Text();
    marker.start = row.Duration();
    marker.end = row.Duration();
    found->second->markers.push_back(std::move(marker));
  }
}

std::vector<Asset> AssetsWhere(Sql& sql, const std::string& rest, const std::vector<Bind>& binds) {
  std::vector<Asset> assets;
  for (Row& row : sql.Select(kTable, rest, binds)) assets.push_back(AssetOf(row));
  AddChildren(sql, assets);
  return assets;
}

}  // namespace

absl::StatusOr<std::vector<Asset>> Assets::List(const AssetFilter& filter) const {
  return sql_.Guarded([&]() -> absl::StatusOr<std::vector<Asset>> {
    Where where = WhereOf(filter);
    absl::StrAppend(&where.text, " ORDER BY id");
    if (filter.limit > 0) {
      absl::StrAppend(&where.text, " LIMIT :most OFFSET :from");
      where.binds.push_back({"most", filter.limit});
      where.binds.push_back({"from", filter.offset});
    }
    return AssetsWhere(sql_, where.text, where.binds);
  });
}

absl::StatusOr<std::int64_t> Assets::Count(const AssetFilter& filter) const {
  return sql_.Guarded([&]() -> absl::StatusOr<std::int64_t> {
    const Where where = WhereOf(filter);
    return sql_.Count(kTable, where.text, where.binds);
  });
}

absl::StatusOr<Asset> Assets::Get(const AssetId& id) const {
  return sql_.Guarded([&]() -> absl::StatusOr<Asset> {
    return TheOne(AssetsWhere(sql_, "WHERE id = :id", {{"id", id}}), "asset", id.text, kNext);
  });
}

absl::StatusOr<Asset> Assets::Find(const std::string& handle) const {
  return sql_.Guarded([&]() -> absl::StatusOr<Asset> {
    std::vector<Asset> by_id = AssetsWhere(sql_, "WHERE id = :id", {{"id", handle}});
    if (!by_id.empty()) return std::move(by_id.front());
    return TheOne(
        AssetsWhere(sql_, "WHERE (canonical_key_sha256 = :key OR canonical_uri = :path) ORDER BY id",
                    {{"key", Sha256(handle)}, {"path", handle}}),
        "asset", handle, kNext);
  });
}

absl::StatusOr<std::vector<AssetMark>> Assets::Marks(const CollectionId& collection_id) const {
  return sql_.Guarded([&]() -> absl::StatusOr<std::vector<AssetMark>> {
    std::vector<AssetMark> marks;
    for (Row& row : sql_.Query(
             "SELECT id, canonical_key, canonical_uri, fingerprint, size_bytes, last_modified_ms, "
             "missing_since_ms, state, deleted_at_ms FROM assets WHERE collection_id = :id ORDER BY id",
             9, {{"id", collection_id}})) {
      AssetMark& mark = marks.emplace_back();
      mark.id.text = row.Text();
      mark.canonical_key = row.Text();
      mark.canonical_uri = row.Text();
      mark.fingerprint = row.Text();
      mark.size = row.Number();
      mark.last_modified = row.OptionalAt();
      mark.missing_since = row.OptionalAt();
      mark.state = WordAt<AssetState>(row);
      mark.deleted = row.OptionalNumber().has_value();
    }
    return marks;
  });
}

absl::Status Assets::Put(Asset& asset) {
  if (absl::Status valid = ValidateAsset(asset); !valid.ok()) return valid;
  return sql_.Guarded([&]() -> absl::Status {
    if (asset.id.empty()) asset.id = sql_.ids().Make<Asset>();
    if (std::optional<Row> row = sql_.SelectOne(kTable, "WHERE id = :id", {{"id", asset.id}})) {
      const Asset stored = AssetOf(*row);
      const bool by_way_of_enriching =
          MayBecome(stored.state, AssetState::kEnriching) && MayBecome(AssetState::kEnriching, asset.state);
      if (stored.state != asset.state && !by_way_of_enriching) {
        if (absl::Status may = ValidateStateChange(stored, asset.state); !may.ok()) return may;
      }
    }
    sql_.Put(kTable, ValuesOf(asset));
    std::vector<std::vector<Value>> tags;
    std::set<std::string> seen;
    for (const AssetTag& tag : asset.tags) {
      if (!seen.insert(tag.tag).second) continue;  // a tag it has twice it has once
      tags.push_back({asset.id, static_cast<std::int64_t>(tags.size()), tag.tag, NameOfEnum(tag.origin)});
    }
    sql_.PutAll(kTags, asset.id, tags);
    std::vector<std::vector<Value>> markers;
    for (const AssetMarker& marker : asset.markers) {
      markers.push_back(
          {asset.id, static_cast<std::int64_t>(markers.size()), marker.kind, marker.start, marker.end});
    }
    sql_.PutAll(kMarkers, asset.id, markers);
    return absl::OkStatus();
  });
}

absl::Status Assets::Delete(const AssetId& id) {
  return sql_.Guarded([&]() -> absl::Status {
    const std::int64_t uses = sql_.Query(
                                      "SELECT (SELECT COUNT(*) FROM schedule_parts WHERE asset_id = :a) + "
                                      "(SELECT COUNT(*) FROM playlog_events WHERE asset_id = :b) + "
                                      "(SELECT COUNT(*) FROM zone_entries WHERE ref_id = :c)",
                                      1, {{"a", id}, {"b", id}, {"c", id}})
                                  .at(0)
                                  .Number();
    if (uses > 0) {
      return absl::FailedPreconditionError(
          absl::StrCat("asset ", id.text,
                       " stands in zones, days or playlogs: retire it instead (retrovue asset retire)"));
    }
    if (sql_.Delete(kTable, "id = :id", {{"id", id}}) == 0) return NoSuch("asset", id.text, kNext);
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<ProviderRef>> Assets::ProviderRefs(const AssetId& id) const {
  return sql_.Guarded([&]() -> absl::StatusOr<std::vector<ProviderRef>> {
    std::vector<ProviderRef> refs;
    for (Row& row :
         sql_.Select(kRefs, "WHERE asset_id = :id ORDER BY provider, provider_key", {{"id", id}})) {
      ProviderRef& ref = refs.emplace_back();
      ref.asset_id.text = row.Text();
      ref.provider = row.Text();
      ref.provider_key = row.Text();
      ref.raw_payload_json = row.Text();
    }
    return refs;
  });
}

absl::Status Assets::PutProviderRef(const ProviderRef& ref) {
  return sql_.Guarded([&] {
    sql_.Put(kRefs, {ref.asset_id, ref.provider, ref.provider_key, ref.raw_payload_json});
    return absl::OkStatus();
  });
}

absl::StatusOr<AssetId> Assets::FindByProvider(const CollectionId& collection_id, const std::string& provider,
                                               const std::string& provider_key) const {
  return sql_.Guarded([&]() -> absl::StatusOr<AssetId> {
    std::vector<Row> rows = sql_.Query(
        "SELECT a.id FROM provider_refs r JOIN assets a ON a.id = r.asset_id WHERE a.collection_id = "
        ":collection AND "
        "r.provider = :provider AND r.provider_key = :name ORDER BY a.id",
        1, {{"collection", collection_id}, {"provider", provider}, {"name", provider_key}});
    if (rows.empty()) return NoSuch("asset", absl::StrCat(provider, " ", provider_key), kNext);
    return AssetId{rows.front().Text()};
  });
}

absl::StatusOr<std::vector<Review>> Assets::Reviews() const {
  return sql_.Guarded([&]() -> absl::StatusOr<std::vector<Review>> {
    std::vector<Review> reviews;
    for (Row& row : sql_.Select(kReviews, "ORDER BY since_ms, asset_id")) {
      Review& review = reviews.emplace_back();
      review.asset_id.text = row.Text();
      review.reason = row.Text();
      review.confidence = row.Int();
      review.since = row.At();
    }
    return reviews;
  });
}

absl::Status Assets::PutReview(const Review& review) {
  return sql_.Guarded([&] {
    sql_.Put(kReviews, {review.asset_id, review.reason, review.confidence, review.since});
    return absl::OkStatus();
  });
}

absl::Status Assets::EndReview(const AssetId& id) {
  return sql_.Guarded([&] {
    sql_.Delete(kReviews, "asset_id = :id", {{"id", id}});
    return absl::OkStatus();
  });
}

}  // namespace retrovue

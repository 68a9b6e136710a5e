// The catalogue in the database, on both of them.
#include "tests/core/store/store_fixture.h"

namespace retrovue {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class CatalogueStore : public StoreTest {};
INSTANTIATE_TEST_SUITE_P(, CatalogueStore, testing::Values(Kind::kSqlite, Kind::kPostgres), KindName);

TEST_P(CatalogueStore, KeepsSourcesWhateverTheirTextsAre) {
  for (const std::string& text : HostileTexts()) {
    Source source{{}, "filesystem", text, absl::StrCat("filesystem-", text), text, {}, {}};
    ASSERT_OK(Write([&](Transaction& t) { return t.sources().Put(source); }));
    const auto read = Read([&](const Snapshot& s) { return s.sources().Get(source.id); });
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->name, text);
    EXPECT_EQ(read->external_id, absl::StrCat("filesystem-", text));
    EXPECT_EQ(read->config_json, text);
    EXPECT_EQ(read->created_at, now_);
    const auto found = Read([&](const Snapshot& s) { return s.sources().Find(text); });
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(found->id, source.id);
  }
  EXPECT_THAT(*Read([](const Snapshot& s) { return s.sources().List(); }), SizeIs(HostileTexts().size()));
}

TEST_P(CatalogueStore, KeepsCollectionsWhateverTheirTextsAre) {
  const Collection first = AddCollection();
  for (const std::string& text : HostileTexts()) {
    Collection collection;
    collection.source_id = first.source_id;
    collection.external_id = "x" + text;
    collection.name = text;
    collection.sync_enabled = true;
    collection.ingestible = true;
    collection.enrichers = {{text, 3}, {"b", -1}};
    collection.path_mappings = {{text, "/" + text}};
    ASSERT_OK(Write([&](Transaction& t) { return t.collections().Put(collection); }));
    const auto read = Read([&](const Snapshot& s) { return s.collections().Get(collection.id); });
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->name, text);
    EXPECT_TRUE(read->sync_enabled);
    EXPECT_TRUE(read->ingestible);
    ASSERT_THAT(read->enrichers, SizeIs(2));
    EXPECT_EQ(read->enrichers[0].enricher_id, text);
    EXPECT_EQ(read->enrichers[1].priority, -1);
    ASSERT_THAT(read->path_mappings, SizeIs(1));
    EXPECT_EQ(read->path_mappings[0].local, "/" + text);
  }
}

TEST_P(CatalogueStore, KeepsAssetsWhateverTheirTextsAre) {
  const Collection collection = AddCollection();
  for (const std::string& text : HostileTexts()) {
    Asset asset = AssetOf(collection, text, Millis(5'400'001));
    asset.source_uri = text;
    asset.canonical_uri = "/media/" + text;
    asset.size = std::int64_t{1} << 40;
    asset.last_modified = At("2001-02-03T04:05:06.789Z");
    asset.fingerprint = text;
    asset.missing_since = now_;
    asset.container = asset.video_codec = asset.audio_codec = text;
    asset.operator_verified = true;
    asset.editorial = {text, text, 0, 7, 2, 1987, Date("1987-06-05"), text, text, text};
    asset.tags = {{"zz", TagOrigin::kOperator}, {"ä b", TagOrigin::kIngest}, {"b", TagOrigin::kEnricher}};
    asset.markers = {{text, Millis(5), Millis(7)}, {"chapter", Millis(0), Millis(5'400'001)}};
    ASSERT_OK(Write([&](Transaction& t) { return t.assets().Put(asset); }));
    const auto read = Read([&](const Snapshot& s) { return s.assets().Get(asset.id); });
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->canonical_key, text);
    EXPECT_EQ(read->canonical_uri, "/media/" + text);
    EXPECT_EQ(read->source_uri, text);
    EXPECT_EQ(read->size, std::int64_t{1} << 40);
    EXPECT_EQ(read->last_modified, asset.last_modified);
    EXPECT_EQ(read->fingerprint, text);
    EXPECT_EQ(read->missing_since, now_);
    EXPECT_EQ(read->duration, Millis(5'400'001));
    EXPECT_EQ(read->video_codec, text);
    EXPECT_TRUE(read->approved_for_broadcast);
    EXPECT_TRUE(read->operator_verified);
    EXPECT_EQ(read->editorial.title, text);
    EXPECT_EQ(read->editorial.series, text);
    EXPECT_EQ(read->editorial.season, 0);
    EXPECT_EQ(read->editorial.episode, 7);
    EXPECT_EQ(read->editorial.part, 2);
    EXPECT_EQ(read->editorial.year, 1987);
    EXPECT_EQ(read->editorial.air_date, Date("1987-06-05"));
    EXPECT_EQ(read->editorial.genre, text);
    ASSERT_THAT(read->tags, SizeIs(3));
    EXPECT_EQ(read->tags[1].tag, "ä b");
    EXPECT_EQ(read->tags[0].origin, TagOrigin::kOperator);
    ASSERT_THAT(read->markers, SizeIs(2));
    EXPECT_EQ(read->markers[0].kind, text);
    EXPECT_EQ(read->markers[1].end, Millis(5'400'001));
    EXPECT_EQ(read->discovered_at, now_);
    EXPECT_EQ(Read([&](const Snapshot& s) { return s.assets().Find(text); })->id, asset.id);
  }
}

TEST_P(CatalogueStore, PutsWhatIsThereWithoutWriting) {
  const Collection collection = AddCollection();
  std::vector<Asset> assets;
  for (int i = 0; i < 50; ++i) {
    assets.push_back(AssetOf(collection, absl::StrCat("file ", i)));
    assets.back().tags = {{"z", TagOrigin::kIngest},
                          {"Z"
                           "a",
                           TagOrigin::kIngest},
                          {"_", TagOrigin::kIngest}};
    assets.back().tags[1].tag = "ä";
    assets.back().markers = {{"chapter", Millis(1), Millis(2)}};
  }
  const auto put_all = [&](Transaction& t) -> absl::Status {
    for (Asset& asset : assets) {
      if (absl::Status put = t.assets().Put(asset); !put.ok()) return put;
    }
    return absl::OkStatus();
  };
  EXPECT_EQ(RowsOf(put_all), 50 * 5);
  const std::int64_t revision = *Read([](const Snapshot& s) { return s.Revision(Part::kCatalogue); });
  EXPECT_EQ(RowsOf(put_all), 0);
  EXPECT_EQ(*Read([](const Snapshot& s) { return s.Revision(Part::kCatalogue); }), revision);
  assets[7].editorial.title = "another";
  EXPECT_EQ(RowsOf(put_all), 1);
  EXPECT_EQ(*Read([](const Snapshot& s) { return s.Revision(Part::kCatalogue); }), revision + 1);
}

TEST_P(CatalogueStore, NarrowsAListByItsFilter) {
  const Collection films = AddCollection("films");
  const Collection clips = AddCollection("clips");
  Asset one = AssetOf(films, "one");
  one.editorial.series = "The Show";
  one.tags = {{"cartoon", TagOrigin::kIngest}};
  Asset two = AssetOf(clips, "two");
  two.approved_for_broadcast = false;
  Asset three = AssetOf(clips, "three");
  three.deleted_at = now_;
  ASSERT_OK(Write([&](Transaction& t) -> absl::Status {
    for (Asset* asset : {&one, &two, &three}) {
      if (absl::Status put = t.assets().Put(*asset); !put.ok()) return put;
    }
    return absl::OkStatus();
  }));
  const auto keys = [&](const AssetFilter& filter) {
    std::vector<std::string> found;
    for (const Asset& asset : *Read([&](const Snapshot& s) { return s.assets().List(filter); })) {
      found.push_back(asset.canonical_key);
    }
    EXPECT_EQ(static_cast<std::size_t>(*Read([&](const Snapshot& s) {
                AssetFilter all = filter;
                all.limit = 0;
                return s.assets().Count(all);
              })) >= found.size(),
              true);
    return found;
  };
  EXPECT_THAT(keys({}), ElementsAre("one", "two"));
  EXPECT_THAT(keys({.deleted = true}), ElementsAre("one", "two", "three"));
  EXPECT_THAT(keys({.collection_id = clips.id}), ElementsAre("two"));
  EXPECT_THAT(keys({.approved = false}), ElementsAre("two"));
  EXPECT_THAT(keys({.state = AssetState::kNew}), IsEmpty());
  EXPECT_THAT(keys({.series = "the show"}), ElementsAre("one"));
  EXPECT_THAT(keys({.tag = "cartoon"}), ElementsAre("one"));
  EXPECT_THAT(keys({.schedulable_only = true}), ElementsAre("one"));
  EXPECT_THAT(keys({.limit = 1, .offset = 1}), ElementsAre("two"));
}

// The view and the function are one question.
TEST_P(CatalogueStore, ListsAsSchedulableWhatIsSchedulable) {
  const Collection collection = AddCollection();
  std::vector<std::string> expected;
  ASSERT_OK(Write([&](Transaction& t) -> absl::Status {
    for (const AssetState state :
         {AssetState::kNew, AssetState::kEnriching, AssetState::kReady, AssetState::kRetired}) {
      for (const bool approved : {false, true}) {
        for (const bool deleted : {false, true}) {
          for (const Millis duration : {Millis(0), Millis(1)}) {
            Asset asset =
                AssetOf(collection, absl::StrCat(Name(state), approved, deleted, duration.count()), duration);
            asset.state = state;
            asset.approved_for_broadcast = approved;
            if (deleted) asset.deleted_at = now_;
            if (!ValidateAsset(asset).ok()) continue;
            if (absl::Status put = t.assets().Put(asset); !put.ok()) return put;
            if (IsSchedulable(asset)) expected.push_back(asset.canonical_key);
          }
        }
      }
    }
    return absl::OkStatus();
  }));
  std::vector<std::string> found;
  const AssetFilter filter{.deleted = true, .schedulable_only = true};
  for (const Asset& asset : *Read([&](const Snapshot& s) { return s.assets().List(filter); })) {
    found.push_back(asset.canonical_key);
  }
  EXPECT_THAT(found, SizeIs(1));
  EXPECT_EQ(found, expected);
}

TEST_P(CatalogueStore, ChangesTheStateOfAnAssetAsTheModelAllows) {
  const Collection collection = AddCollection();
  Asset asset = AssetOf(collection, "file");
  asset.state = AssetState::kNew;
  asset.approved_for_broadcast = false;
  ASSERT_OK(Write([&](Transaction& t) { return t.assets().Put(asset); }));
  asset.state = AssetState::kReady;  // by way of enriching
  ASSERT_OK(Write([&](Transaction& t) { return t.assets().Put(asset); }));
  asset.state = AssetState::kRetired;
  ASSERT_OK(Write([&](Transaction& t) { return t.assets().Put(asset); }));
  asset.state = AssetState::kReady;
  const absl::Status refused = Write([&](Transaction& t) { return t.assets().Put(asset); });
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Read([&](const Snapshot& s) { return s.assets().Get(asset.id); })->state, AssetState::kRetired);
}

TEST_P(CatalogueStore, RefusesTwoAssetsOfOneKeyAndStoresNothingOfTheTransaction) {
  const Collection collection = AddCollection();
  Asset one = AssetOf(collection, "file");
  Asset two = AssetOf(collection, "file");
  const absl::Status refused = Write([&](Transaction& t) -> absl::Status {
    if (absl::Status put = t.assets().Put(one); !put.ok()) return put;
    return t.assets().Put(two);
  });
  EXPECT_EQ(refused.code(), absl::StatusCode::kAlreadyExists) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("an asset with that name or key"));
  EXPECT_THAT(*Read([](const Snapshot& s) { return s.assets().List(); }), IsEmpty());
  Asset upper = AssetOf(collection, "FILE");  // another file on Linux
  Asset lower = AssetOf(collection, "file");
  EXPECT_OK(Write([&](Transaction& t) -> absl::Status {
    if (absl::Status put = t.assets().Put(upper); !put.ok()) return put;
    return t.assets().Put(lower);
  }));
}

TEST_P(CatalogueStore, NamesTheCandidatesOfANameThatSeveralHave) {
  Source one{{}, "filesystem", "Movies", "filesystem-1", "{}", {}, {}};
  Source two{{}, "filesystem", "Movies", "filesystem-2", "{}", {}, {}};
  ASSERT_OK(Write([&](Transaction& t) -> absl::Status {
    if (absl::Status put = t.sources().Put(one); !put.ok()) return put;
    return t.sources().Put(two);
  }));
  const auto found = Read([](const Snapshot& s) { return s.sources().Find("Movies"); });
  EXPECT_EQ(found.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(found.status().message()), HasSubstr(one.id.text));
  EXPECT_THAT(std::string(found.status().message()), HasSubstr(two.id.text));
  EXPECT_EQ(Read([](const Snapshot& s) { return s.sources().Find("filesystem-2"); })->id, two.id);
  EXPECT_EQ(Read([](const Snapshot& s) { return s.sources().Find("Films"); }).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_P(CatalogueStore, DeletesASourceWithItsCollectionsUnlessTheyHaveAssets) {
  const Collection collection = AddCollection();
  Asset asset = AssetOf(collection, "file");
  ASSERT_OK(Write([&](Transaction& t) { return t.assets().Put(asset); }));
  for (const auto& refuse : {std::function<absl::Status(Transaction&)>(
                                 [&](Transaction& t) { return t.sources().Delete(collection.source_id); }),
                             std::function<absl::Status(Transaction&)>(
                                 [&](Transaction& t) { return t.collections().Delete(collection.id); })}) {
    const absl::Status refused = Write(refuse);
    EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(refused.message()), HasSubstr("1 assets"));
  }
  ASSERT_OK(Write([&](Transaction& t) { return t.assets().Delete(asset.id); }));
  ASSERT_OK(Write([&](Transaction& t) { return t.sources().Delete(collection.source_id); }));
  EXPECT_THAT(*Read([](const Snapshot& s) { return s.collections().List(); }), IsEmpty());
}

TEST_P(CatalogueStore, KeepsProvidersNamesAndReviews) {
  const Collection collection = AddCollection();
  Asset asset = AssetOf(collection, "file");
  ASSERT_OK(Write([&](Transaction& t) -> absl::Status {
    if (absl::Status put = t.assets().Put(asset); !put.ok()) return put;
    for (const std::string& text : HostileTexts()) {
      if (absl::Status put = t.assets().PutProviderRef({asset.id, "tvdb", text, text}); !put.ok()) return put;
    }
    return t.assets().PutReview({asset.id, HostileTexts()[4], 42, now_});
  }));
  EXPECT_THAT(*Read([&](const Snapshot& s) { return s.assets().ProviderRefs(asset.id); }),
              SizeIs(HostileTexts().size()));
  for (const std::string& text : HostileTexts()) {
    EXPECT_EQ(
        *Read([&](const Snapshot& s) { return s.assets().FindByProvider(collection.id, "tvdb", text); }),
        asset.id);
  }
  EXPECT_THAT(*Read([](const Snapshot& s) { return s.assets().Reviews(); }),
              ElementsAre(Review{asset.id, HostileTexts()[4], 42, now_}));
  EXPECT_EQ(RowsOf([&](Transaction& t) { return t.assets().EndReview(asset.id); }), 1);
  EXPECT_EQ(RowsOf([&](Transaction& t) { return t.assets().EndReview(asset.id); }), 0);
}

TEST_P(CatalogueStore, TellsAScanWhatItHas) {
  const Collection collection = AddCollection();
  Asset asset = AssetOf(collection, "file");
  asset.size = 12;
  asset.fingerprint = "12-ab";
  asset.last_modified = now_;
  ASSERT_OK(Write([&](Transaction& t) { return t.assets().Put(asset); }));
  const auto marks = Read([&](const Snapshot& s) { return s.assets().Marks(collection.id); });
  ASSERT_TRUE(marks.ok());
  ASSERT_THAT(*marks, SizeIs(1));
  EXPECT_EQ(marks->front().id, asset.id);
  EXPECT_EQ(marks->front().canonical_key, "file");
  EXPECT_EQ(marks->front().fingerprint, "12-ab");
  EXPECT_EQ(marks->front().size, 12);
  EXPECT_EQ(marks->front().last_modified, now_);
  EXPECT_FALSE(marks->front().deleted);
}

}  // namespace
}  // namespace retrovue

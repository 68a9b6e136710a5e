// Folders into a store, with the real probe.
#include "core/ingest/ingest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/ingest/catalogue_entry.h"
#include "core/store/assets.h"
#include "core/store/sources.h"
#include "tests/core/ingest/clips.h"
#include "tests/core/ingest/folder.h"

namespace retrovue {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

class IngestTest : public testing::Test {
 protected:
  IngestTest() {
    StoreOptions options;
    options.now = [this] { return now_; };
    auto opened = Store::Open("sqlite:" + home_.path() + "/retrovue.db", std::move(options));
    EXPECT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
    Source source = *FilesystemSource("Media", {folder_.path()});
    EXPECT_TRUE(store_
                    ->Write([&](Transaction& transaction) -> absl::Status {
                      if (absl::Status put = transaction.sources().Put(source); !put.ok()) return put;
                      collection_ = DiscoverCollections(source)->front();
                      collection_.sync_enabled = true;
                      return transaction.collections().Put(collection_);
                    })
                    .ok());
  }

  IngestReport Run(IngestOptions options = {}) {
    options.probe_program = ProgramBesideTest("asset-probe");
    const std::int64_t before = store_->rows_written();
    auto report = Ingest(*store_, collection_.id, options);
    EXPECT_TRUE(report.ok()) << report.status();
    written_ = store_->rows_written() - before;
    return report.ok() ? *std::move(report) : IngestReport();
  }

  std::map<std::string, Asset> Catalogue() {
    std::map<std::string, Asset> assets;
    EXPECT_TRUE(store_
                    ->Read([&](const Snapshot& snapshot) -> absl::Status {
                      AssetFilter filter;
                      filter.deleted = true;
                      auto all = snapshot.assets().List(filter);
                      if (!all.ok()) return all.status();
                      for (Asset& asset : *all) assets.emplace(asset.canonical_key, asset);
                      return absl::OkStatus();
                    })
                    .ok());
    return assets;
  }

  std::string ReviewOf(const AssetId& id) {
    std::string reason;
    EXPECT_TRUE(store_
                    ->Read([&](const Snapshot& snapshot) -> absl::Status {
                      auto reviews = snapshot.assets().Reviews();
                      if (!reviews.ok()) return reviews.status();
                      for (const Review& review : *reviews) {
                        if (review.asset_id == id) reason = review.reason;
                      }
                      return absl::OkStatus();
                    })
                    .ok());
    return reason;
  }

  void Change(const std::string& key, const std::function<void(Asset&)>& change) {
    Asset asset = Catalogue().at(key);
    change(asset);
    const absl::Status put =
        store_->Write([&](Transaction& transaction) { return transaction.assets().Put(asset); });
    EXPECT_TRUE(put.ok()) << put;
  }

  Folder home_, folder_;
  Instant now_ = FromUtcMs(1'772'964'000'000);
  std::unique_ptr<Store> store_;
  Collection collection_;
  std::int64_t written_ = 0;
};

TEST_F(IngestTest, WhatPlaysIsReadyAndApprovedAndASecondTimeNothingIsWritten) {
  folder_.Put("Show/Season 1/Show - S01E02 - Two.mp4", Pictures("25:1", 50));
  folder_.Put("Commercials/soap.mp4", Pictures("25:1", 25));
  folder_.Put("odd.xyz", Pictures("10:1", 20));
  folder_.Put("notes.xyz", "not media at all\n");
  folder_.Put("readme.txt", "nor this\n");
  const IngestReport report = Run();
  EXPECT_EQ(report.found, 3);
  EXPECT_EQ(report.added, 3);
  EXPECT_EQ(report.ready, 3);
  EXPECT_EQ(report.ignored, 2);
  EXPECT_EQ(report.outage, "");
  const auto assets = Catalogue();
  ASSERT_EQ(assets.size(), 3u);
  const Asset& two = assets.at("Show/Season 1/Show - S01E02 - Two.mp4");
  EXPECT_TRUE(IsSchedulable(two));
  EXPECT_EQ(two.duration, Millis(2000));
  EXPECT_EQ(two.editorial.series, "Show");
  EXPECT_EQ(two.editorial.episode, 2);
  EXPECT_EQ(two.editorial.title, "Two");
  EXPECT_EQ(two.canonical_uri, folder_.path() + "/Show/Season 1/Show - S01E02 - Two.mp4");
  EXPECT_TRUE(HasTag(two, kTagEpisode));
  EXPECT_TRUE(HasTag(assets.at("Commercials/soap.mp4"), kTagInterstitial));
  EXPECT_TRUE(HasTag(assets.at("odd.xyz"), kTagShort));

  now_ += minutes(5);
  const IngestReport again = Run();
  EXPECT_EQ(again.unchanged, 3);
  EXPECT_EQ(again.added + again.changed + again.moved + again.missing + again.failed, 0);
  EXPECT_EQ(written_, 0);
}

TEST_F(IngestTest, WhatDoesNotPlayIsKeptWithItsReasonAndNotLookedAtAgain) {
  folder_.Put("good.mp4", Pictures("25:1", 25));
  folder_.Put("letter.mp4", "Dear viewer,\n");
  const IngestReport report = Run();
  EXPECT_EQ(report.failed, 1);
  EXPECT_THAT(ToText(report), HasSubstr("failed  letter.mp4: "));
  const Asset letter = Catalogue().at("letter.mp4");
  EXPECT_EQ(letter.state, AssetState::kNew);
  EXPECT_FALSE(letter.approved_for_broadcast);
  EXPECT_THAT(ReviewOf(letter.id), HasSubstr("not a media file"));
  Run();
  EXPECT_EQ(written_, 0);

  folder_.Put("letter.mp4", Pictures("25:1", 30));  // it was still being copied
  EXPECT_EQ(Run().ready, 1);
  EXPECT_TRUE(IsSchedulable(Catalogue().at("letter.mp4")));
  EXPECT_EQ(ReviewOf(letter.id), "");
}

TEST_F(IngestTest, AMovedFileKeepsItsIdAndItsApproval) {
  folder_.Put("Old Name S01E01.mp4", Pictures("25:1", 25));
  Run();
  const Asset before = Catalogue().at("Old Name S01E01.mp4");
  folder_.Move("Old Name S01E01.mp4", "New Name/Season 1/New Name S01E01.mp4");
  const IngestReport report = Run();
  EXPECT_EQ(report.moved, 1);
  EXPECT_EQ(report.added + report.missing, 0);
  const auto assets = Catalogue();
  ASSERT_EQ(assets.size(), 1u);
  const Asset& after = assets.at("New Name/Season 1/New Name S01E01.mp4");
  EXPECT_EQ(after.id, before.id);
  EXPECT_EQ(after.editorial.series, "New Name");
  EXPECT_EQ(after.canonical_uri, folder_.path() + "/New Name/Season 1/New Name S01E01.mp4");
  EXPECT_TRUE(IsSchedulable(after));
  Run();
  EXPECT_EQ(written_, 0);
}

TEST_F(IngestTest, WhatAnOperatorHasSeenToStaysWhenTheFileMoves) {
  folder_.Put("a.mp4", Pictures("25:1", 25));
  Run();
  Change("a.mp4", [](Asset& asset) {
    asset.operator_verified = true;
    asset.editorial.title = "Better";
  });
  folder_.Move("a.mp4", "b.mp4");
  Run();
  EXPECT_EQ(Catalogue().at("b.mp4").editorial.title, "Better");
}

TEST_F(IngestTest, AReplacedFileKeepsItsApprovalOnlyIfItIsAsLong) {
  folder_.Put("same.mp4", Pictures("25:1", 50));
  folder_.Put("other.mp4", Pictures("25:1", 50));
  folder_.Put("broken.mp4", Pictures("25:1", 50));
  Run();
  folder_.Put("same.mp4", Pictures("25:1", 51, '\x10'));
  folder_.Put("other.mp4", Pictures("25:1", 75));
  folder_.Put("broken.mp4", "cut off");
  const IngestReport report = Run();
  EXPECT_EQ(report.changed, 3);
  const auto assets = Catalogue();
  EXPECT_TRUE(IsSchedulable(assets.at("same.mp4")));
  EXPECT_EQ(assets.at("same.mp4").duration, Millis(2040));
  EXPECT_FALSE(assets.at("other.mp4").approved_for_broadcast);
  EXPECT_EQ(assets.at("other.mp4").state, AssetState::kNew);
  EXPECT_EQ(assets.at("other.mp4").duration, Millis(3000));
  EXPECT_THAT(ReviewOf(assets.at("other.mp4").id), HasSubstr("its file was replaced"));
  EXPECT_EQ(assets.at("broken.mp4").state, AssetState::kNew);
  EXPECT_FALSE(IsSchedulable(assets.at("broken.mp4")));
  Run();
  EXPECT_EQ(written_, 0);
}

TEST_F(IngestTest, WhatIsGoneIsMissingAndComesBackAsItWas) {
  folder_.Put("a.mp4", Pictures("25:1", 25));
  folder_.Put("b.mp4", Pictures("25:1", 50));
  Run();
  const Asset before = Catalogue().at("b.mp4");
  Folder elsewhere;
  std::filesystem::copy(folder_.path() + "/b.mp4", elsewhere.path() + "/b.mp4");
  std::filesystem::last_write_time(elsewhere.path() + "/b.mp4",
                                   std::filesystem::last_write_time(folder_.path() + "/b.mp4"));
  folder_.Remove("b.mp4");
  EXPECT_EQ(Run().missing, 1);
  EXPECT_EQ(Catalogue().at("b.mp4").state, AssetState::kRetired);
  EXPECT_EQ(Catalogue().at("b.mp4").missing_since, now_);
  EXPECT_EQ(Run().missing, 0);
  EXPECT_EQ(written_, 0);

  std::filesystem::rename(elsewhere.path() + "/b.mp4", folder_.path() + "/b.mp4");
  EXPECT_EQ(Run().back, 1);
  EXPECT_EQ(Catalogue().at("b.mp4").id, before.id);
  EXPECT_TRUE(IsSchedulable(Catalogue().at("b.mp4")));
  EXPECT_FALSE(Catalogue().at("b.mp4").missing_since);
}

TEST_F(IngestTest, PruneDeletesWhatIsMissingAndItMayStillComeBack) {
  folder_.Put("a.mp4", Pictures("25:1", 25));
  folder_.Put("b.mp4", Pictures("25:1", 50));
  Run();
  folder_.Move("b.mp4", ".b.mp4");
  IngestOptions prune;
  prune.prune = true;
  EXPECT_EQ(Run(prune).missing, 1);
  EXPECT_TRUE(Catalogue().at("b.mp4").deleted_at);
  folder_.Move(".b.mp4", "b.mp4");
  EXPECT_EQ(Run().back, 1);
  EXPECT_TRUE(IsSchedulable(Catalogue().at("b.mp4")));
}

TEST_F(IngestTest, ARootThatYieldsNothingIsAnOutage) {
  folder_.Put("a.mp4", Pictures("25:1", 25));
  Run();
  folder_.Move("a.mp4", ".a.mp4");
  IngestReport report = Run();
  EXPECT_THAT(report.outage, HasSubstr("the catalogue has 1 assets of it. Nothing is taken for missing"));
  EXPECT_TRUE(IsSchedulable(Catalogue().at("a.mp4")));
  std::filesystem::rename(folder_.path(), folder_.path() + ".away");
  report = Run();
  EXPECT_THAT(report.outage, HasSubstr("it is not there: check the path"));
  EXPECT_TRUE(IsSchedulable(Catalogue().at("a.mp4")));
  std::filesystem::rename(folder_.path() + ".away", folder_.path());
  folder_.Move(".a.mp4", "a.mp4");
  EXPECT_EQ(Run().outage, "");
  EXPECT_EQ(Run().unchanged, 1);
}

TEST_F(IngestTest, SaysWhatIsWrongWithAFolder) {
  EXPECT_THAT(Run().outage, HasSubstr("it is empty: put media into it"));
  folder_.Put("a.txt", "text");
  folder_.Put("b.nfo", "text");
  EXPECT_THAT(Run().outage, HasSubstr("there is no media in it (2 files of other kinds"));
  EXPECT_THAT(Catalogue(), IsEmpty());
}

TEST_F(IngestTest, WhatAnOperatorHasRetiredStaysSo) {
  folder_.Put("a.mp4", Pictures("25:1", 25));
  folder_.Put("b.mp4", Pictures("25:1", 25, '\x20'));
  Run();
  Change("a.mp4", [](Asset& asset) {
    asset.approved_for_broadcast = false;
    asset.state = AssetState::kRetired;
  });
  folder_.Put("a.mp4", Pictures("25:1", 60));
  EXPECT_EQ(Run().changed, 0);
  EXPECT_EQ(Catalogue().at("a.mp4").state, AssetState::kRetired);
}

TEST_F(IngestTest, OneThatIsStoppedGoesOnNextTime) {
  for (int i = 0; i < 30; ++i) folder_.Put(absl::StrCat("clip ", i, ".mp4"), Pictures("25:1", 20 + i));
  IngestOptions options;
  int asked = 0;
  options.stopped = [&] { return ++asked > 12; };
  const IngestReport first = Run(options);
  EXPECT_TRUE(first.stopped);
  EXPECT_EQ(first.missing, 0);
  IngestOptions later;
  asked = 0;
  later.stopped = [&] { return ++asked > 25; };
  Run(later);
  Run();
  for (const auto& [key, asset] : Catalogue()) EXPECT_TRUE(IsSchedulable(asset)) << key;
  EXPECT_EQ(Catalogue().size(), 30u);
  Run();
  EXPECT_EQ(written_, 0);
}

TEST_F(IngestTest, ADryRunWritesNothing) {
  folder_.Put("a.mp4", Pictures("25:1", 25));
  IngestOptions options;
  options.dry_run = true;
  EXPECT_EQ(Run(options).added, 1);
  EXPECT_EQ(written_, 0);
  EXPECT_THAT(Catalogue(), IsEmpty());
}

TEST_F(IngestTest, NeedsAProbeAndACollectionThatIsWanted) {
  folder_.Put("a.mp4", Pictures("25:1", 25));
  IngestOptions options;
  options.probe_program = "/no/such/asset-probe";
  EXPECT_TRUE(absl::IsUnavailable(Ingest(*store_, collection_.id, options).status()));
  EXPECT_EQ(Run().ready, 1) << "what was indexed is not lost";

  collection_.sync_enabled = false;
  ASSERT_TRUE(store_->Write([&](Transaction& t) { return t.collections().Put(collection_); }).ok());
  EXPECT_THAT(Message(Ingest(*store_, collection_.id, {}).status()), HasSubstr("is not enabled"));
}

TEST_F(IngestTest, APathMappingThatChangesMovesTheAssets) {
  folder_.Put("sub/a.mp4", Pictures("25:1", 25));
  Run();
  const AssetId id = Catalogue().at("sub/a.mp4").id;
  Folder other;
  std::filesystem::rename(folder_.path() + "/sub", other.path() + "/sub");
  ASSERT_TRUE(store_
                  ->Write([&](Transaction& transaction) -> absl::Status {
                    auto stored = transaction.collections().Get(collection_.id);
                    stored->path_mappings = {{folder_.path(), other.path()}};
                    return transaction.collections().Put(*stored);
                  })
                  .ok());
  EXPECT_EQ(Run().moved, 1);
  EXPECT_EQ(Catalogue().at("sub/a.mp4").id, id);
  EXPECT_EQ(Catalogue().at("sub/a.mp4").canonical_uri, other.path() + "/sub/a.mp4");
  EXPECT_TRUE(IsSchedulable(Catalogue().at("sub/a.mp4")));
}

TEST_F(IngestTest, OddNamesDoNoHarm) {
  folder_.Put("quote ' and \" ; DROP TABLE assets;--.mp4", Pictures("25:1", 25));
  folder_.Put("line\nfeed \x1b[2J.mp4", Pictures("25:1", 26));
  folder_.Put("latin \xe9.mp4", Pictures("25:1", 27));
  const IngestReport report = Run();
  EXPECT_EQ(report.ready, 2);
  EXPECT_EQ(report.skipped, 1);
  EXPECT_THAT(ToText(report), testing::Not(HasSubstr("\x1b")));
  EXPECT_EQ(Catalogue().size(), 2u);
  Run();
  EXPECT_EQ(written_, 0);
}

}  // namespace
}  // namespace retrovue

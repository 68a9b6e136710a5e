// What the director asks of a real database: guides, and what the catalogue knows of their programmes.
#include "core/director/data/store_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "core/store/assets.h"
#include "core/store/channels.h"
#include "core/store/plans.h"
#include "core/store/programs.h"
#include "core/store/sources.h"

namespace retrovue {
namespace {

const Instant kNow = FromUtcMs(1'772'366'400'000);  // 2026-03-01T12:00:00Z

class StoreDataTest : public testing::Test {
 protected:
  StoreDataTest() : path_(absl::StrCat(testing::TempDir(), "/store-data-", getpid(), ".db")) {
    Remove();
    auto opened = Store::Open(Url(), {.now = [] { return kNow; }});
    EXPECT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
    auto data = StoreData::Open(Url(), [] { return kNow; });
    EXPECT_TRUE(data.ok()) << data.status();
    data_ = *std::move(data);
  }
  ~StoreDataTest() override {
    data_.reset();
    store_.reset();
    Remove();
  }

  std::string Url() const { return absl::StrCat("sqlite:", path_); }
  void Remove() const {
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + end);
  }
  void Write(const std::function<absl::Status(Transaction&)>& change) {
    const absl::Status written = store_->Write(change);
    ASSERT_TRUE(written.ok()) << written;
  }

  // A channel with one film of 25 minutes, again and again, but for what its zone leaves free (minutes of the
  // programming day, from 06:00 on).
  void MakeNetwork(int zone_start = 0, int zone_end = 1440) {
    Write([&](Transaction& t) -> absl::Status {
      Source source{{}, "filesystem", "Media", "filesystem-media", "{}", {}, {}};
      if (absl::Status put = t.sources().Put(source); !put.ok()) return put;
      Collection collection;
      collection.source_id = source.id;
      collection.external_id = collection.name = "media";
      if (absl::Status put = t.collections().Put(collection); !put.ok()) return put;
      film_.collection_id = collection.id;
      film_.canonical_key = film_.canonical_uri = "/media/film.mkv";
      film_.duration = std::chrono::minutes(25);
      film_.state = AssetState::kReady;
      film_.approved_for_broadcast = true;
      film_.editorial.title = "Film";
      film_.editorial.synopsis = "A letter that was never sent.";
      film_.discovered_at = kNow;
      if (absl::Status put = t.assets().Put(film_); !put.ok()) return put;
      Channel channel;
      channel.slug = "films";
      channel.title = "Films";
      channel.time_zone = "Etc/UTC";
      if (absl::Status put = t.channels().Put(channel); !put.ok()) return put;
      SchedulePlan plan;
      plan.channel_id = channel.id;
      plan.name = "Base";
      Zone zone;
      zone.name = "zone";
      zone.start = zone_start;
      zone.end = zone_end;
      zone.entries = {{SchedulableKind::kAsset, film_.id.text, ""}};
      plan.zones = {zone};
      return t.plans().Put(plan);
    });
    const auto list = data_->Channels();
    ASSERT_TRUE(list.ok()) << list.status();
    channels_ = list->channels;
    ASSERT_TRUE(data_->CarryOn(channels_.at(0).id).ok());
  }

  static Instant At(const char* text) { return *ParseRfc3339(text); }
  // What is on at `t`, of the guide of that span.
  GuideEntry EntryAt(const char* t, const char* from, const char* to) {
    const auto set = data_->Guides(channels_, At(from), At(to));
    EXPECT_TRUE(set.ok()) << set.status();
    for (const GuideEntry& entry : set->guides.at(0).entries)
      if (entry.start <= At(t) && At(t) < entry.stop) return entry;
    ADD_FAILURE() << "nothing is on at " << t;
    return {};
  }
  // The same entry, whatever span is asked for.
  void ExpectInEverySpan(const char* t, const char* title, const char* start, const char* stop) {
    const GuideEntry whole = EntryAt(t, "2026-03-01T12:00:00Z", "2026-03-03T12:00:00Z");
    EXPECT_EQ(whole.title, title) << t;
    EXPECT_EQ(whole.start, At(start)) << t << " " << ToRfc3339(whole.start);
    EXPECT_EQ(whole.stop, At(stop)) << t << " " << ToRfc3339(whole.stop);
    for (const auto& [from, to] : {std::pair{"2026-03-02T06:01:00Z", "2026-03-02T12:00:00Z"},
                                   std::pair{"2026-03-02T05:00:00Z", "2026-03-02T05:59:00Z"},
                                   std::pair{"2026-03-02T05:59:00Z", "2026-03-02T06:01:00Z"}}) {
      if (whole.stop <= At(from) || At(to) <= whole.start) continue;
      const auto set = data_->Guides(channels_, At(from), At(to));
      ASSERT_TRUE(set.ok());
      EXPECT_THAT(set->guides.at(0).entries, testing::Contains(whole)) << from;
    }
  }

  // What is known of the programme on the air; nothing: "-".
  std::string Synopsis() {
    const auto set = data_->Guides(channels_, kNow, kNow + std::chrono::hours(1));
    EXPECT_TRUE(set.ok()) << set.status();
    const Editorial* known = set->DetailsOf(set->guides.at(0).entries.at(0));
    return known == nullptr ? "-" : known->synopsis;
  }

  const std::string path_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<StoreData> data_;
  std::vector<Channel> channels_;
  Asset film_;
};

TEST_F(StoreDataTest, AnAvailAtTheStartOfADayBelongsToTheEntryBeforeItInEverySpan) {
  MakeNetwork(30, 1440);
  ExpectInEverySpan("2026-03-02T06:10:00Z", "Film", "2026-03-02T05:30:00Z", "2026-03-02T06:30:00Z");
}

TEST_F(StoreDataTest, AvailsOnBothSidesOfTheStartOfADayAreTheSameInEverySpan) {
  MakeNetwork(60, 1380);
  ExpectInEverySpan("2026-03-02T04:40:00Z", "Film", "2026-03-02T04:30:00Z", "2026-03-02T05:00:00Z");
  ExpectInEverySpan("2026-03-02T05:40:00Z", "Films continues", "2026-03-02T05:00:00Z",
                    "2026-03-02T06:00:00Z");
  ExpectInEverySpan("2026-03-02T06:10:00Z", "Films continues", "2026-03-02T06:00:00Z",
                    "2026-03-02T07:00:00Z");
}

TEST_F(StoreDataTest, ShortAvailsOnBothSidesBelongToTheEntryBeforeThem) {
  MakeNetwork(30, 1410);
  ExpectInEverySpan("2026-03-02T06:10:00Z", "Film", "2026-03-02T05:00:00Z", "2026-03-02T06:30:00Z");
}

TEST_F(StoreDataTest, GuidesSayWhatTheCatalogueKnowsNow) {
  MakeNetwork();
  EXPECT_EQ(Synopsis(), "A letter that was never sent.");
  Write([&](Transaction& t) {
    film_.editorial.synopsis = "A door that was never locked.";
    return t.assets().Put(film_);
  });
  EXPECT_EQ(Synopsis(), "A door that was never locked.");
}

}  // namespace
}  // namespace retrovue

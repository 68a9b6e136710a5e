// The guide of a stored network: an entry is the same whatever span it is asked in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "core/director/data/store_data.h"
#include "core/store/assets.h"
#include "core/store/channels.h"
#include "core/store/plans.h"
#include "core/store/sources.h"
#include "core/store/store.h"

namespace retrovue {
namespace {

Instant At(const char* text) { return *ParseRfc3339(text); }

class GuideSpan : public testing::Test {
 protected:
  GuideSpan() {
    char folder[] = "/tmp/retrovue-guide-XXXXXX";
    folder_ = mkdtemp(folder);
    const std::string url = absl::StrCat("sqlite:", folder_, "/retrovue.db");
    store_ = *Store::Open(url, {.now = [this] { return now_; }});
    data_ = *StoreData::Open(url, [this] { return now_; });
  }
  ~GuideSpan() override {
    data_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  // A channel of one film of half an hour all day, but for what its zone leaves free (minutes of the programming day, from 06:00).
  void MakeDays(int start, int end) {
    const absl::Status made = store_->Write([&](Transaction& t) -> absl::Status {
      Source source{{}, "filesystem", "media", "filesystem-media", "{}", {}, {}};
      if (absl::Status put = t.sources().Put(source); !put.ok()) return put;
      Collection collection;
      collection.source_id = source.id;
      collection.external_id = collection.name = "media";
      if (absl::Status put = t.collections().Put(collection); !put.ok()) return put;
      Asset film;
      film.collection_id = collection.id;
      film.canonical_key = film.canonical_uri = film.source_uri = "/media/film.mkv";
      film.duration = minutes(30);
      film.state = AssetState::kReady;
      film.approved_for_broadcast = true;
      film.editorial.title = "Film";
      film.discovered_at = now_;
      if (absl::Status put = t.assets().Put(film); !put.ok()) return put;
      channel_.slug = "one";
      channel_.title = "One";
      channel_.time_zone = "UTC";
      if (absl::Status put = t.channels().Put(channel_); !put.ok()) return put;
      SchedulePlan plan;
      plan.channel_id = channel_.id;
      plan.name = "Base";
      Zone zone;
      zone.name = "zone";
      zone.start = start;
      zone.end = end;
      zone.entries = {{SchedulableKind::kAsset, film.id.text, ""}};
      plan.zones = {zone};
      return t.plans().Put(plan);
    });
    ASSERT_TRUE(made.ok()) << made;
    const absl::Status carried = data_->CarryOn(channel_.id);
    ASSERT_TRUE(carried.ok()) << carried;
  }
  // What is on at `t`, of the guide of that span.
  GuideEntry EntryAt(const char* t, const char* from, const char* to) {
    const auto set = data_->Guides({channel_}, At(from), At(to), false);
    EXPECT_TRUE(set.ok()) << set.status();
    for (const GuideEntry& entry : set->guides.at(0).entries)
      if (entry.start <= At(t) && At(t) < entry.stop) return entry;
    ADD_FAILURE() << "nothing is on at " << t;
    return {};
  }

  Instant now_ = At("2026-06-10T12:07:00Z");
  std::string folder_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<StoreData> data_;
  Channel channel_;
};

TEST_F(GuideSpan, AnAvailAtTheStartOfADayBelongsToTheEntryOfTheDayBefore) {
  MakeDays(30, 1440);
  const GuideEntry whole = EntryAt("2026-06-11T06:10:00Z", "2026-06-10T12:00:00Z", "2026-06-12T12:00:00Z");
  EXPECT_EQ(whole.title, "Film");
  EXPECT_EQ(whole.start, At("2026-06-11T05:30:00Z"));
  EXPECT_EQ(whole.stop, At("2026-06-11T06:30:00Z"));
  EXPECT_EQ(EntryAt("2026-06-11T06:10:00Z", "2026-06-11T06:05:00Z", "2026-06-11T12:00:00Z"), whole);
  EXPECT_EQ(EntryAt("2026-06-11T05:40:00Z", "2026-06-11T05:00:00Z", "2026-06-11T05:50:00Z"), whole);
}

TEST_F(GuideSpan, AvailsOnBothSidesOfTheStartOfADayAreOneEntry) {
  MakeDays(60, 1410);
  const GuideEntry whole = EntryAt("2026-06-11T06:10:00Z", "2026-06-10T12:00:00Z", "2026-06-12T12:00:00Z");
  EXPECT_EQ(whole.title, "One continues");
  EXPECT_EQ(whole.start, At("2026-06-11T05:30:00Z"));
  EXPECT_EQ(whole.stop, At("2026-06-11T07:00:00Z"));
  EXPECT_EQ(EntryAt("2026-06-11T06:40:00Z", "2026-06-11T06:35:00Z", "2026-06-11T12:00:00Z"), whole);
  EXPECT_EQ(EntryAt("2026-06-11T05:40:00Z", "2026-06-11T05:00:00Z", "2026-06-11T05:50:00Z"), whole);
  EXPECT_EQ(EntryAt("2026-06-11T04:40:00Z", "2026-06-11T04:00:00Z", "2026-06-11T04:50:00Z").stop,
            At("2026-06-11T05:00:00Z"));
}

}  // namespace
}  // namespace retrovue

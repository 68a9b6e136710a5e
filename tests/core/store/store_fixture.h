// A store for each test, on either database, and nouns to put into it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/store/as_run.h"
#include "core/store/assets.h"
#include "core/store/channels.h"
#include "core/store/database.h"
#include "core/store/plans.h"
#include "core/store/playlog.h"
#include "core/store/programs.h"
#include "core/store/schedule_days.h"
#include "core/store/settings.h"
#include "core/store/sources.h"
#include "core/store/store.h"
#include "tests/core/network.h"
#include "tests/core/store/postgres_server.h"

namespace retrovue {

enum class Kind { kSqlite, kPostgres };

inline std::string KindName(const testing::TestParamInfo<Kind>& info) {
  return info.param == Kind::kSqlite ? "Sqlite" : "PostgreSQL";
}

// An empty database, gone with this.
class TestDatabase {
 public:
  explicit TestDatabase(Kind kind) : kind_(kind) {
    char folder[] = "/tmp/retrovue-store-XXXXXX";
    folder_ = mkdtemp(folder);
    static int count = 0;
    name_ = absl::StrCat("test ", getpid(), "-", ++count);
    url_ = kind == Kind::kSqlite ? absl::StrCat("sqlite:", folder_, "/net work.db")
                                 : PostgresServer::Get().UrlOf(absl::StrCat("test%20", getpid(), "-", count));
  }
  ~TestDatabase() {
    std::filesystem::remove_all(folder_);
    if (kind_ == Kind::kPostgres) PostgresServer::Get().Drop(name_);
  }

  const std::string& url() const { return url_; }
  const std::string& folder() const { return folder_; }
  std::string path() const { return folder_ + "/net work.db"; }

 private:
  Kind kind_;
  std::string folder_;
  std::string name_;
  std::string url_;
};

inline testing::AssertionResult IsOk(const absl::Status& status) {
  if (status.ok()) return testing::AssertionSuccess();
  return testing::AssertionFailure() << status.ToString();
}
#define ASSERT_OK(expression) ASSERT_TRUE(IsOk(expression))
#define EXPECT_OK(expression) EXPECT_TRUE(IsOk(expression))

// Texts that have broken other programs.
inline std::vector<std::string> HostileTexts() {
  return {"plain",
          "'; DROP TABLE sources; --",
          "\" OR 1=1",
          ":id :name $1 ? %s %n",
          "\xff\xfe\x80 no UTF-8 \xc0\xaf \xed\xa0\x80",
          std::string("a\0b", 3),
          "\x10"
          "41 \x10",
          "\\x00 \\u0000 \\",
          "line\nfeed\r\ttab",
          "Ünïcödé 電視 📺 \u202e",
          std::string(5000, 'x'),
          "{\"a\": [1, null]}",
          "  spaces  "};
}

class StoreTest : public testing::TestWithParam<Kind> {
 protected:
  StoreTest() : database_(std::make_unique<TestDatabase>(GetParam())) { Open(); }

  std::unique_ptr<Store> OpenAnother(StoreOptions options = {}) {
    if (!options.now) options.now = [this] { return now_; };
    absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(database_->url(), std::move(options));
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  void Open() { store_ = OpenAnother(); }

  absl::Status Write(const std::function<absl::Status(Transaction&)>& fn) { return store_->Write(fn); }

  // What `fn` answers from a snapshot.
  template <typename F>
  auto Read(const F& fn) {
    decltype(fn(std::declval<const Snapshot&>())) answer = absl::InternalError("not read");
    EXPECT_OK(store_->Read([&](const Snapshot& snapshot) {
      answer = fn(snapshot);
      return absl::OkStatus();
    }));
    return answer;
  }

  // What a transaction wrote, in rows.
  std::int64_t RowsOf(const std::function<absl::Status(Transaction&)>& fn) {
    const std::int64_t before = store_->rows_written();
    EXPECT_OK(store_->Write(fn));
    return store_->rows_written() - before;
  }

  // Runs SQL past the store. True if the database takes it.
  bool Takes(const std::string& text) {
    auto database = DatabaseOf(database_->url(), Millis(1000));
    auto session = (*database)->Open();
    EXPECT_TRUE(session.ok()) << session.status();
    try {
      **session << "BEGIN";
      **session << text;
      **session << "COMMIT";
      return true;
    } catch (const soci::soci_error&) {
      return false;
    }
  }

  Channel AddChannel(const std::string& slug = "one") {
    Channel channel;
    channel.slug = slug;
    channel.title = "Channel " + slug;
    channel.time_zone = "America/New_York";
    EXPECT_OK(Write([&](Transaction& t) { return t.channels().Put(channel); }));
    return channel;
  }

  Collection AddCollection(const std::string& name = "films") {
    Source source{{}, "filesystem", name, absl::StrCat("filesystem-", name), "{}", {}, {}};
    Collection collection;
    EXPECT_OK(Write([&](Transaction& t) -> absl::Status {
      if (absl::Status put = t.sources().Put(source); !put.ok()) return put;
      collection.source_id = source.id;
      collection.external_id = name;
      collection.name = name;
      return t.collections().Put(collection);
    }));
    return collection;
  }

  Asset AssetOf(const Collection& collection, const std::string& key, Millis duration = Millis(60'000)) {
    Asset asset = ReadyAsset(key, duration);
    asset.id = {};
    asset.collection_id = collection.id;
    asset.discovered_at = now_;
    return asset;
  }

  Instant now_ = At("2026-03-01T12:00:00Z");
  std::unique_ptr<TestDatabase> database_;
  std::unique_ptr<Store> store_;
};

}  // namespace retrovue

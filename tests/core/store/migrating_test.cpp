// How a database becomes that of this program, on both of them.
#include "core/store/database.h"
#include "core/store/migrations.h"
#include "tests/core/store/store_fixture.h"

namespace retrovue {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

// Migrations, as a program of three versions had them.
class Migrating : public StoreTest {
 protected:
  Migrating() : fresh_(GetParam()) {
    database_of_fresh_ = *DatabaseOf(fresh_.url(), Millis(2000));
    session_ = *database_of_fresh_->Open();
  }

  static std::vector<Migration> Of(int versions) {
    std::vector<Migration> all = {
        {1, "001_first", "aa",
         "-- A table; with a comment.\nCREATE TABLE one (\n  -- inside\n  a BIGINT NOT NULL\n);\n"
         "INSERT INTO one (a) VALUES (7);\n"},
        {2, "002_second", "bb", "ALTER TABLE one ADD COLUMN b TEXT NOT NULL DEFAULT 'new';\n"},
        {3, "003_third", "cc",
         "CREATE TABLE two (a BIGINT NOT NULL);\nINSERT INTO no_such_table (a) VALUES (1);\n"}};
    all.resize(static_cast<std::size_t>(versions));
    return all;
  }
  absl::Status Run(const std::vector<Migration>& migrations) {
    return Migrate(*session_, *database_of_fresh_, now_, migrations);
  }
  int Number(const std::string& query) {
    int number = -1;
    *session_ << query, soci::into(number);
    return number;
  }

  TestDatabase fresh_;
  std::unique_ptr<Database> database_of_fresh_;
  std::unique_ptr<soci::session> session_;
};
INSTANTIATE_TEST_SUITE_P(, Migrating, testing::Values(Kind::kSqlite, Kind::kPostgres), KindName);

TEST_P(Migrating, BringsAnOlderDatabaseForwardWithWhatItHolds) {
  ASSERT_OK(Run(Of(1)));
  EXPECT_EQ(Number("SELECT a FROM one"), 7);
  ASSERT_OK(Run(Of(2)));
  EXPECT_EQ(Number("SELECT COUNT(*) FROM one WHERE a = 7 AND b = 'new'"), 1);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM schema_migrations"), 2);
  ASSERT_OK(Run(Of(2)));
  EXPECT_EQ(Number("SELECT COUNT(*) FROM one"), 1);
}

TEST_P(Migrating, RunsAllOfThemOnAnEmptyDatabase) {
  ASSERT_OK(Run(Of(2)));
  EXPECT_EQ(Number("SELECT COUNT(*) FROM one WHERE b = 'new'"), 1);
}

TEST_P(Migrating, UndoesAMigrationThatFailsAndKeepsThoseBeforeIt) {
  const absl::Status failed = Run(Of(3));
  EXPECT_FALSE(failed.ok());
  EXPECT_EQ(Number("SELECT COUNT(*) FROM schema_migrations"), 2);
  ASSERT_OK(Run(Of(2)));
  std::vector<Migration> mended = Of(3);
  mended[2].text = "CREATE TABLE two (a BIGINT NOT NULL);\n";  // it would fail if half of it were there
  ASSERT_OK(Run(mended));
}

TEST_P(Migrating, RefusesAnotherHistory) {
  ASSERT_OK(Run(Of(2)));
  std::vector<Migration> other = Of(2);
  other[0].checksum = "ab";
  const absl::Status refused = Run(other);
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()),
              HasSubstr("migration 1 (001_first) there is not 001_first here"));
  // With one to come, too.
  other.push_back({3, "003_new", "dd", "CREATE TABLE three (a BIGINT);\n"});
  EXPECT_EQ(Run(other).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM schema_migrations"), 2);
}

TEST_P(Migrating, RefusesANewerDatabase) {
  ASSERT_OK(Run(Of(2)));
  const absl::Status refused = Run(Of(1));
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()),
              HasSubstr("newer program (its version is 2, this program knows 1)"));
}

TEST_P(Migrating, RefusesANewerNetworkWhenItIsOpened) {
  auto session = (*DatabaseOf(database_->url(), Millis(2000)))->Open();
  ASSERT_TRUE(session.ok());
  **session
      << "INSERT INTO schema_migrations (version, name, checksum, applied_at_ms) VALUES (9999, 'x', 'y', 0)";
  const auto store = Store::Open(database_->url(), {.now = [] { return FromUtcMs(0); }});
  EXPECT_EQ(store.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(store.status().message()), HasSubstr("newer program"));
}

TEST(Migrations, AreNumberedOneByOneAndHoldNoColonOutsideComments) {
  int version = 0;
  for (const Migration& migration : Migrations()) {
    EXPECT_EQ(migration.version, ++version);
    EXPECT_THAT(migration.checksum, SizeIs(64));
    for (const std::string& statement : StatementsOf(migration.text))
      EXPECT_THAT(statement, Not(HasSubstr(":")));
  }
  EXPECT_GE(version, 1);
}

}  // namespace
}  // namespace retrovue

#include "core/home/home.h"

#include <gmock/gmock.h>

#include <map>

namespace retrovue {
namespace {

using testing::HasSubstr;

absl::StatusOr<Home> Find(const std::string& home, const std::string& db,
                          const std::map<std::string, std::string>& variables) {
  return FindHome(home, db, "/here", [&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? "" : found->second;
  });
}

TEST(FindHome, AsksTheFlagThenTheVariablesThenXdg) {
  EXPECT_EQ(Find("/flag", "", {{"RETROVUE_HOME", "/variable"}})->folder, "/flag");
  EXPECT_EQ(Find("", "", {{"RETROVUE_HOME", "/variable"}, {"XDG_DATA_HOME", "/xdg"}})->folder, "/variable");
  EXPECT_EQ(Find("", "", {{"XDG_DATA_HOME", "/xdg"}, {"HOME", "/root"}})->folder, "/xdg/retrovue");
  EXPECT_EQ(Find("", "", {{"XDG_DATA_HOME", "not/absolute"}, {"HOME", "/root"}})->folder,
            "/root/.local/share/retrovue");
  EXPECT_THAT(std::string(Find("", "", {}).status().message()), HasSubstr("--home DIR"));
}

TEST(FindHome, MakesPathsAbsolute) {
  EXPECT_EQ(Find("net/", "", {})->folder, "/here/net");
  EXPECT_EQ(Find("net", "sqlite:other.db", {})->database_url, "sqlite:/here/other.db");
  EXPECT_EQ(Find("/", "", {})->folder, "/");
}

TEST(FindHome, TheDatabaseIsInItUnlessSaid) {
  EXPECT_EQ(Find("/net", "", {})->database_url, "sqlite:/net/retrovue.db");
  EXPECT_EQ(Find("/net", "", {{"RETROVUE_DB", "postgresql://u@h/n"}})->database_url, "postgresql://u@h/n");
  EXPECT_EQ(Find("/net", "sqlite:/x.db", {{"RETROVUE_DB", "postgresql://u@h/n"}})->database_url,
            "sqlite:/x.db");
}

TEST(FindHome, TakesBothSpellingsOfPostgres) {
  for (const char* url : {"postgresql://u@h/n", "postgres://u@h/n"}) {
    EXPECT_EQ(Find("/net", url, {})->database_url, url);
    EXPECT_EQ(Find("/net", "", {{"RETROVUE_DB", url}})->database_url, url);
  }
  EXPECT_FALSE(Find("/net", "postgres:u@h/n", {}).ok());
}

TEST(FindHome, RefusesWhatIsNoDatabaseAndShowsNoPassword) {
  EXPECT_THAT(std::string(Find("/net", "mysql://me:secret@h/n", {}).status().message()),
              HasSubstr("me:***@h/n"));
  EXPECT_FALSE(Find("/net", "sqlite:", {}).ok());
}

TEST(WithoutPassword, TakesOnlyThePassword) {
  EXPECT_EQ(WithoutPassword("postgresql://u:p:q@h:5432/n"), "postgresql://u:***@h:5432/n");
  EXPECT_EQ(WithoutPassword("postgres://u:p@h/n"), "postgres://u:***@h/n");
  EXPECT_EQ(WithoutPassword("postgresql://u@h:5432/n"), "postgresql://u@h:5432/n");
  EXPECT_EQ(WithoutPassword("postgresql://h:5432/n"), "postgresql://h:5432/n");
  EXPECT_EQ(WithoutPassword("sqlite:/a@b:c.db"), "sqlite:/a@b:c.db");
}

}  // namespace
}  // namespace retrovue

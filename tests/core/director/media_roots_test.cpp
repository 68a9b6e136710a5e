// Which folders AIR may play from.
#include "core/director/decisions/media_roots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "core/director/link_roots.h"

namespace retrovue {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Collection CollectionAt(const std::string& root, std::vector<PathMapping> mappings = {}) {
  Collection collection;
  collection.external_id = root;
  collection.path_mappings = std::move(mappings);
  return collection;
}

TEST(MediaRoots, AreThoseOfAllCollectionsAsThisMachineHasThemAndTheStationCards) {
  Channel channel;
  channel.station_card_path = "/home/rv/cards/one.ppm";
  EXPECT_THAT(
      CatalogueRoots({CollectionAt("/srv/films"), CollectionAt("/data/shows", {{"/data", "/mnt/nas"}})},
                     {channel, Channel()}),
      ElementsAre("/home/rv/cards/one.ppm", "/mnt/nas/shows", "/srv/films"));
}

TEST(MediaRoots, OfAnOperatorComeOnTop) {
  EXPECT_THAT(MediaRoots({{"/srv/films"}, {}, {"/extra", "/srv/films"}}),
              ElementsAre("/extra", "/srv/films"));
  EXPECT_THAT(MediaRoots({{"/srv/films", "/srv/films-2"}, {"/srv/films/new"}}),
              ElementsAre("/srv/films", "/srv/films-2"));
  EXPECT_THAT(MediaRoots({{"/srv/films"}, {"/"}}), ElementsAre("/"));
}

// AIR takes no root for all files.
TEST(MediaRoots, AreNeverNone) {
  EXPECT_THAT(MediaRoots({}), ElementsAre(kNoMedia));
  EXPECT_THAT(MediaRoots({{"", "films", "../films"}}), ElementsAre(kNoMedia));
}

TEST(LiesUnder, GoesNameByName) {
  EXPECT_TRUE(LiesUnder("/a/b", "/a"));
  EXPECT_TRUE(LiesUnder("/a", "/a"));
  EXPECT_TRUE(LiesUnder("/a", "/"));
  EXPECT_FALSE(LiesUnder("/ab", "/a"));
  EXPECT_FALSE(LiesUnder("/a", "/a/b"));
}

class LinkRootsTest : public testing::Test {
 protected:
  LinkRootsTest()
      : folder_(std::filesystem::canonical(testing::TempDir()) / absl::StrCat("links", getpid())) {
    for (const char* name : {"media/inside", "disk/shows/one", "disk/single", "media/many"})
      std::filesystem::create_directories(folder_ / name);
    for (const char* name :
         {"media/inside/a.mkv", "disk/shows/one/b.mkv", "disk/single/c.mkv", "disk/single/d.mkv"})
      std::ofstream(folder_ / name) << "x";
  }
  ~LinkRootsTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  LinkRoots Found(const std::vector<std::string>& assets) const {
    std::vector<std::string> paths;
    for (const std::string& asset : assets) paths.push_back(Path(asset));
    return FindLinkRoots({Path("media")}, paths);
  }

  const std::filesystem::path folder_;
};

TEST_F(LinkRootsTest, AreWhereLinksLeadOut) {
  std::filesystem::create_directory_symlink(Path("disk/shows"), Path("media/shows"));
  std::filesystem::create_symlink(Path("disk/single/c.mkv"), Path("media/inside/c.mkv"));
  std::filesystem::create_directory_symlink("inside", Path("media/again"));
  EXPECT_THAT(Found({"media/inside/a.mkv", "media/again/a.mkv"}).roots, IsEmpty());
  EXPECT_THAT(Found({"media/inside/a.mkv", "media/shows/one/b.mkv", "media/inside/c.mkv"}).roots,
              ElementsAre(Path("disk/shows"), Path("disk/single/c.mkv")));
  // A link that was not taken in opens nothing; neither does a path that is in no collection, or is not there.
  EXPECT_THAT(Found({"media/inside/a.mkv", "disk/single/d.mkv", "media/gone.mkv"}).roots, IsEmpty());
}

TEST_F(LinkRootsTest, AreFollowedThroughALinkBehindALink) {
  std::filesystem::create_directory_symlink(Path("disk/shows"), Path("media/shows"));
  std::filesystem::create_symlink(Path("disk/single/c.mkv"), Path("disk/shows/one/c.mkv"));
  EXPECT_THAT(Found({"media/shows/one/c.mkv"}).roots,
              ElementsAre(Path("disk/shows"), Path("disk/single/c.mkv")));
}

TEST_F(LinkRootsTest, AreBounded) {
  std::vector<std::string> assets;
  for (int i = 0; i < 100; ++i) {
    std::ofstream(folder_ / absl::StrCat("disk/single/", i)) << "x";
    assets.push_back(absl::StrCat("media/many/", i));
    std::filesystem::create_symlink(Path(absl::StrCat("disk/single/", i)), Path(assets.back()));
  }
  EXPECT_EQ(Found(assets).roots.size(), LinkRoots::kMost);
  EXPECT_TRUE(Found(assets).more);
}

TEST_F(LinkRootsTest, AreRememberedWhole) {
  const std::string folder = Path("");
  EXPECT_THAT(RememberedLinkRoots(folder), IsEmpty());
  const std::vector<std::string> roots = {"/disk/line\nfeed", "/disk/shows"};
  RememberLinkRoots(folder, roots);
  EXPECT_EQ(RememberedLinkRoots(folder), roots);
  RememberLinkRoots(folder, {});
  EXPECT_THAT(RememberedLinkRoots(folder), IsEmpty());
  std::ofstream(Path("link-roots"), std::ios::binary)
      << "/disk/a" << '\0' << "relative" << '\0' << '/' << '\0' << "/cut sho";
  EXPECT_THAT(RememberedLinkRoots(folder), ElementsAre("/disk/a"));
  RememberLinkRoots(Path("no such folder"), roots);
  EXPECT_THAT(RememberedLinkRoots(Path("no such folder")), IsEmpty());
}

}  // namespace
}  // namespace retrovue

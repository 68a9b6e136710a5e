#include "core/ingest/folder_scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/core/ingest/folder.h"

namespace retrovue {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> PathsOf(const ScanResult& scan) {
  std::vector<std::string> paths;
  for (const FoundFile& file : scan.files) paths.push_back(file.path);
  return paths;
}

std::string ReasonOf(const std::vector<SkippedFile>& files, const std::string& path) {
  for (const SkippedFile& file : files) {
    if (file.path == path) return file.reason;
  }
  return "not there";
}

TEST(FolderScan, FindsWhatAirPlaysByItsExtensionInAnyCase) {
  Folder folder;
  for (const char* name : {"b.MKV", "a.mp4", "c/d/e.Ts", "c/x.mxf", "f.vob", "music.flac", "odd.xyz"})
    folder.Put(name);
  const ScanResult scan = ScanRoot(folder.path());
  EXPECT_THAT(PathsOf(scan),
              ElementsAre("a.mp4", "b.MKV", "c/d/e.Ts", "c/x.mxf", "f.vob", "music.flac", "odd.xyz"));
  EXPECT_TRUE(scan.complete());
  EXPECT_EQ(scan.files[0].absolute, folder.path() + "/a.mp4");
  EXPECT_EQ(scan.files[0].size, 4);
  EXPECT_GT(scan.files[0].mtime_ns, 1'500'000'000'000'000'000);
  EXPECT_EQ(scan.files[0].kind, FileKind::kMedia);
  EXPECT_EQ(scan.files[6].kind, FileKind::kUnknown);
}

TEST(FolderScan, LeavesOutWhatIsHiddenUnfinishedOrNoMedia) {
  Folder folder;
  for (const char* name : {".hidden.mp4", ".git/a.mp4", "@eaDir/a.mp4", "$RECYCLE.BIN/a.mp4",
                           "lost+found/a.mp4", "a/.b/c.mp4", "readme.txt", "a.nfo", "a.srt", "disc.iso"}) {
    folder.Put(name);
  }
  for (const char* name :
       {"a.mp4.part", "b.mkv.crdownload", "c.mp4.!qB", "d.mp4.aria2", "d.mp4", "e.f137.mp4.part-Frag3"}) {
    folder.Put(name);
  }
  folder.Put("poster.jpg");
  folder.Put("empty.mp4", "");
  const ScanResult scan = ScanRoot(folder.path());
  EXPECT_THAT(PathsOf(scan), IsEmpty());
  EXPECT_TRUE(scan.complete());
  EXPECT_EQ(scan.ignored, 10);
  EXPECT_THAT(ReasonOf(scan.skipped, "a.mp4.part"), HasSubstr("still being fetched"));
  EXPECT_THAT(ReasonOf(scan.skipped, "d.mp4"), HasSubstr("still being fetched"));
  EXPECT_THAT(ReasonOf(scan.skipped, "poster.jpg"), HasSubstr("still picture"));
  EXPECT_THAT(ReasonOf(scan.skipped, "empty.mp4"), HasSubstr("empty"));
  EXPECT_EQ(scan.skipped.size(), 8u);
}

TEST(FolderScan, FollowsLinksAndEndsWhereTheyLeadInCircles) {
  Folder folder, elsewhere;
  folder.Put("real/a.mp4");
  elsewhere.Put("b.mp4");
  elsewhere.Put("c.mp4");
  folder.Link("a-first",
              folder.path() + "/real");  // sorted before it; the folder's own name counts all the same
  folder.Link("real/up", folder.path());
  folder.Link("real/self", folder.path() + "/real/self");
  folder.Link("elsewhere", elsewhere.path());
  elsewhere.Link("back", folder.path());
  folder.Link("linked.mp4", elsewhere.path() + "/c.mp4");
  folder.Link("dangling.mp4", "/nowhere/at/all.mp4");
  const ScanResult scan = ScanRoot(folder.path());
  EXPECT_THAT(PathsOf(scan), ElementsAre("elsewhere/b.mp4", "elsewhere/c.mp4", "linked.mp4", "real/a.mp4"));
  EXPECT_TRUE(scan.complete());
  EXPECT_THAT(ReasonOf(scan.skipped, "dangling.mp4"), HasSubstr("leads nowhere"));
  EXPECT_THAT(ReasonOf(scan.skipped, "real/self"), HasSubstr("leads nowhere"));
}

TEST(FolderScan, ARootMayBeALinkOrAFile) {
  Folder folder;
  folder.Put("sub/a.mp4");
  folder.Put("photo.png");
  folder.Link("link", folder.path() + "/sub");
  EXPECT_THAT(PathsOf(ScanRoot(folder.path() + "/link")), ElementsAre("a.mp4"));
  EXPECT_THAT(PathsOf(ScanRoot(folder.path() + "/sub/a.mp4")), ElementsAre("a.mp4"));
  EXPECT_THAT(PathsOf(ScanRoot(folder.path() + "/photo.png")), ElementsAre("photo.png"))
      << "it was named by itself";
}

TEST(FolderScan, SaysWhyARootCannotBeRead) {
  Folder folder;
  EXPECT_THAT(ScanRoot(folder.path() + "/gone").outage, HasSubstr("it is not there: check the path"));
  EXPECT_THAT(ScanRoot("/dev/null").outage, HasSubstr("neither a folder nor a file"));
  EXPECT_EQ(ScanRoot(folder.path()).outage, "") << "an empty folder can be read";
  EXPECT_THAT(ScanRoot(folder.path()).files, IsEmpty());
}

TEST(FolderScan, AFolderThatCannotBeReadMakesItIncomplete) {
  if (getuid() == 0) GTEST_SKIP() << "root may read everything";
  Folder folder;
  folder.Put("open/a.mp4");
  folder.Put("closed/b.mp4");
  chmod((folder.path() + "/closed").c_str(), 0);
  const ScanResult scan = ScanRoot(folder.path());
  chmod((folder.path() + "/closed").c_str(), 0700);
  EXPECT_THAT(PathsOf(scan), ElementsAre("open/a.mp4"));
  EXPECT_FALSE(scan.complete());
  EXPECT_THAT(ReasonOf(scan.unreadable, "closed"), HasSubstr("may not read it"));
}

TEST(FolderScan, ANameThatIsNotUtf8IsSkippedWithWhatToDo) {
  Folder folder;
  folder.Put("caf\xe9.mp4");
  folder.Put("latin\xe9/a.mp4");
  folder.Put("café.mp4");
  folder.Put("marked \xef\xbf\xbd.mp4");  // U+FFFD itself is UTF-8
  folder.Put("line\nfeed.mp4");
  const ScanResult scan = ScanRoot(folder.path());
  EXPECT_THAT(PathsOf(scan), ElementsAre("café.mp4", "line\nfeed.mp4", "marked \xef\xbf\xbd.mp4"));
  EXPECT_THAT(ReasonOf(scan.skipped, "caf\xe9.mp4"), HasSubstr("convmv"));
  EXPECT_THAT(ReasonOf(scan.skipped, "latin\xe9/a.mp4"), HasSubstr("convmv"));
}

TEST(FolderScan, ATreeWithoutAnEndEnds) {
  Folder folder;
  std::string deep;
  for (int i = 0; i < 80; ++i) deep += "d/";
  folder.Put(deep + "a.mp4");
  const ScanResult scan = ScanRoot(folder.path());
  EXPECT_THAT(PathsOf(scan), IsEmpty());
  EXPECT_FALSE(scan.complete());
}

TEST(FolderScan, IsTheSameEveryTime) {
  Folder folder;
  for (int i = 0; i < 300; ++i) folder.Put(std::to_string(i % 7) + "/" + std::to_string(i) + ".mp4");
  EXPECT_EQ(PathsOf(ScanRoot(folder.path())), PathsOf(ScanRoot(folder.path() + "/")));
}

}  // namespace
}  // namespace retrovue

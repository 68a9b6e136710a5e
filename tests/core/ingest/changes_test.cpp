#include "core/ingest/changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/ingest/folder.h"

namespace retrovue {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

FoundFile Found(const std::string& path, std::int64_t size = 10, std::int64_t mtime_ns = 1) {
  return {path, "/root/" + path, size, mtime_ns, FileKind::kMedia};
}

std::string Hash(char c) { return std::string(64, c); }

KnownFile Known(const std::string& key, char hash = 'a', std::int64_t size = 10, std::int64_t mtime_ns = 1) {
  KnownFile known;
  known.id = {"id of " + key};
  known.key = key;
  known.fingerprint = {size, mtime_ns, Hash(hash)};
  known.state = AssetState::kReady;
  return known;
}

template <class File>
std::vector<std::string> KeysOf(const std::vector<const File*>& files) {
  std::vector<std::string> keys;
  for (const File* file : files) {
    if constexpr (std::is_same_v<File, KnownFile>) {
      keys.push_back(file->key);
    } else {
      keys.push_back(file->path);
    }
  }
  return keys;
}

TEST(CompareScan, WhatHasItsSizeAndTimeIsUnchanged) {
  const std::vector<KnownFile> known = {Known("a"), Known("b"), Known("c"), Known("d")};
  const std::vector<FoundFile> found = {Found("a"), Found("b", 11), Found("c", 10, 2), Found("new")};
  const Comparison comparison = CompareScan(found, known);
  EXPECT_THAT(KeysOf(comparison.unchanged), ElementsAre("a"));
  EXPECT_THAT(KeysOf(comparison.to_read), ElementsAre("b", "c", "new"));
  EXPECT_THAT(KeysOf(comparison.gone), ElementsAre("d"));
  EXPECT_THAT(comparison.back, IsEmpty());
}

TEST(CompareScan, ALowerCaseLetterIsAnotherFile) {
  const std::vector<KnownFile> known = {Known("A.mkv")};
  const std::vector<FoundFile> found = {Found("A.mkv"), Found("a.mkv")};
  EXPECT_THAT(KeysOf(CompareScan(found, known).to_read), ElementsAre("a.mkv"));
}

TEST(CompareScan, WhatWasMissingAndIsThereAgainIsBack) {
  std::vector<KnownFile> known = {Known("a"), Known("b")};
  known[0].missing = known[1].missing = true;
  const std::vector<FoundFile> found = {Found("a")};
  const Comparison comparison = CompareScan(found, known);
  EXPECT_THAT(KeysOf(comparison.back), ElementsAre("a"));
  EXPECT_THAT(KeysOf(comparison.gone), ElementsAre("b"));
}

class Changes : public testing::Test {
 protected:
  void Compare() {
    comparison_ = CompareScan(scan_.files, known_);
    finder_.emplace(known_, comparison_);
  }
  Change Of(const std::string& path, char hash, std::int64_t size = 10, std::int64_t mtime_ns = 1) {
    return finder_->ChangeOf(Found(path, size, mtime_ns), {size, mtime_ns, Hash(hash)});
  }

  std::vector<KnownFile> known_;
  ScanResult scan_;
  Comparison comparison_;
  std::optional<ChangeFinder> finder_;
};

TEST_F(Changes, NewChangedAndMoved) {
  known_ = {Known("same", 's'), Known("old name", 'm'), Known("gone", 'g')};
  scan_.files = {Found("same", 12), Found("new name"), Found("new")};
  Compare();
  EXPECT_EQ(Of("same", 'x', 12).kind, ChangeKind::kChanged);
  const Change moved = Of("new name", 'm');
  EXPECT_EQ(moved.kind, ChangeKind::kMoved);
  EXPECT_EQ(moved.known->key, "old name");
  EXPECT_EQ(Of("new", 'n').kind, ChangeKind::kNew);
  EXPECT_THAT(KeysOf(finder_->MissingOf(scan_)), ElementsAre("gone"));
}

TEST_F(Changes, ACopyIsNewAndAFileMovesOnce) {
  known_ = {Known("a", 'a')};
  scan_.files = {Found("a"), Found("copy")};
  Compare();
  EXPECT_EQ(Of("copy", 'a').kind, ChangeKind::kNew) << "the first one is still there";

  scan_.files = {Found("copy 1"), Found("copy 2")};
  Compare();
  EXPECT_EQ(Of("copy 1", 'a').kind, ChangeKind::kMoved);
  EXPECT_EQ(Of("copy 2", 'a').kind, ChangeKind::kNew);
}

TEST_F(Changes, OfTwinsTheFirstByNameMoves) {
  known_ = {Known("z", 'a'), Known("b", 'a'), Known("m", 'a')};
  scan_.files = {Found("n1"), Found("n2")};
  Compare();
  EXPECT_EQ(Of("n1", 'a').known->key, "b");
  EXPECT_EQ(Of("n2", 'a').known->key, "m");
  EXPECT_THAT(KeysOf(finder_->MissingOf(scan_)), ElementsAre("z"));
}

TEST_F(Changes, WhatHasAnotherTimeOrSizeDidNotMove) {
  known_ = {Known("a", 'a')};
  scan_.files = {Found("b", 10, 2)};
  Compare();
  EXPECT_EQ(Of("b", 'a', 10, 2).kind, ChangeKind::kNew);
  Compare();
  EXPECT_EQ(Of("b", 'a', 11, 1).kind, ChangeKind::kNew);
}

TEST_F(Changes, ARootThatYieldsNothingIsAnOutageAndNothingIsMissing) {
  known_ = {Known("a"), Known("b")};
  Compare();
  EXPECT_EQ(comparison_.gone.size(), 2u);
  EXPECT_THAT(finder_->MissingOf(scan_), IsEmpty()) << "an empty folder: perhaps nothing is mounted there";

  scan_.files = {Found("a")};
  scan_.unreadable = {{"locked", "this user may not read it"}};
  Compare();
  EXPECT_THAT(finder_->MissingOf(scan_), IsEmpty()) << "it may be in there";

  scan_.unreadable.clear();
  scan_.outage = "it is not there";
  EXPECT_THAT(finder_->MissingOf(scan_), IsEmpty());
  scan_.outage.clear();
  EXPECT_THAT(KeysOf(finder_->MissingOf(scan_)), ElementsAre("b"));
}

TEST_F(Changes, WhatIsKnownToBeMissingIsNotReportedAgain) {
  known_ = {Known("a"), Known("b"), Known("c")};
  known_[1].missing = true;
  known_[2].deleted = true;
  scan_.files = {Found("a")};
  Compare();
  EXPECT_THAT(finder_->MissingOf(scan_), IsEmpty());
}

TEST(Fingerprints, AreOfSizeTimeAndBothEnds) {
  Folder folder;
  std::string bytes(200'000, 'x');
  const std::string file = folder.Put("a.mp4", bytes);
  const auto before = ReadFingerprint(file);
  ASSERT_TRUE(before.ok()) << before.status();
  EXPECT_EQ(before->fingerprint.size, 200'000);
  EXPECT_EQ(ParseFingerprint(ToText(before->fingerprint)), before->fingerprint);

  folder.Move("a.mp4", "b/c.mp4");
  EXPECT_EQ(ReadFingerprint(folder.path() + "/b/c.mp4")->fingerprint, before->fingerprint)
      << "a name is none of it";
  folder.Touch("b/c.mp4");
  EXPECT_NE(ReadFingerprint(folder.path() + "/b/c.mp4")->fingerprint, before->fingerprint);

  const auto hash_with = [&](std::size_t changed) {
    std::string other = bytes;
    other[changed] = 'y';
    return ReadFingerprint(folder.Put("other.mp4", other))->fingerprint.sha256;
  };
  EXPECT_NE(hash_with(0), before->fingerprint.sha256);
  EXPECT_NE(hash_with(65'535), before->fingerprint.sha256);
  EXPECT_NE(hash_with(199'999), before->fingerprint.sha256);
  EXPECT_NE(hash_with(200'000 - 65'536), before->fingerprint.sha256);
  EXPECT_EQ(hash_with(100'000), before->fingerprint.sha256) << "the middle is not read";
}

TEST(Fingerprints, OfShortFilesAreOfAllOfThem) {
  Folder folder;
  // SHA-256 of "abc": FIPS 180-4, example 1.
  EXPECT_EQ(ReadFingerprint(folder.Put("abc", "abc"))->fingerprint.sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const auto hash = [&](const std::string& bytes) {
    return ReadFingerprint(folder.Put("f", bytes))->fingerprint.sha256;
  };
  std::string bytes(70'000, 'a');
  const std::string before = hash(bytes);
  for (const std::size_t at : {std::size_t{0}, std::size_t{65'536}, std::size_t{69'999}}) {
    std::string other = bytes;
    other[at] = 'b';
    EXPECT_NE(hash(other), before) << at;
  }
}

TEST(Fingerprints, TellTextFromMedia) {
  Folder folder;
  EXPECT_TRUE(ReadFingerprint(folder.Put("t", "Dear viewer,\n\tÜber…\r\n"))->looks_like_text);
  EXPECT_TRUE(ReadFingerprint(folder.Put("c", "\u7b2c\u4e00\u7ae0 \u6625"))->looks_like_text);
  EXPECT_TRUE(ReadFingerprint(folder.Put("l", "caf\xe9 au lait, and more of it\n"))->looks_like_text);
  EXPECT_FALSE(ReadFingerprint(folder.Put("y", "FRAME\n" + std::string(500, '\x80')))->looks_like_text);
  EXPECT_FALSE(ReadFingerprint(folder.Put("m", std::string("\0\0\0\x18"
                                                           "ftypmp42",
                                                           12)))
                   ->looks_like_text);
}

TEST(Fingerprints, SayWhyThereIsNone) {
  Folder folder;
  EXPECT_TRUE(absl::IsNotFound(ReadFingerprint(folder.path() + "/gone").status()));
  EXPECT_TRUE(absl::IsUnavailable(ReadFingerprint(folder.path()).status()));
  EXPECT_TRUE(absl::IsUnavailable(ReadFingerprint("/dev/null").status()));
  for (const char* text : {"", "1-", "1-2-3-abc", "2-2-3-", "x"})
    EXPECT_EQ(ParseFingerprint(text), std::nullopt);
  const Fingerprint old{5, -7, Hash('0')};  // a file of before 1970
  EXPECT_EQ(ParseFingerprint(ToText(old)), old);
}

}  // namespace
}  // namespace retrovue

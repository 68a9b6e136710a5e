// What a manager is sent, and that it always agrees with the book afterwards.
#include "core/director/decisions/feeding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "absl/strings/str_cat.h"

namespace retrovue {
namespace {

using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Instant kNow = FromUtcMs(1'800'000'000'000);

// The block number n of half an hour; number 0 is on air at kNow, since 10 minutes.
PlannedBlock Block(int n, const std::string& version = "") {
  PlannedBlock block;
  block.block_id = absl::StrCat("b", n, version);
  block.start = kNow - minutes(10) + n * minutes(30);
  block.end = block.start + minutes(30);
  return block;
}
ChannelBook Book(int from, int to) {
  ChannelBook book;
  for (int n = from; n < to; ++n) book.blocks.push_back(Block(n));
  return book;
}
HeldBlock Held(int n, bool fixed = false) {
  const PlannedBlock block = Block(n);
  return {block.block_id, block.start, block.end, fixed};
}
std::vector<std::string> Ids(const std::optional<Feed>& feed) {
  std::vector<std::string> ids;
  if (feed.has_value())
    for (const PlannedBlock& block : feed->blocks) ids.push_back(block.block_id);
  return ids;
}

TEST(NextFeed, BeginsWithTheBlockOnAirAndFillsAnHour) {
  const auto feed = NextFeed({}, Book(-2, 8), kNow);
  EXPECT_THAT(Ids(feed), ElementsAre("b0", "b1", "b2"));
  EXPECT_EQ(feed->replace_from, Block(0).start);
}

TEST(NextFeed, SendsNothingToAManagerThatHasEnough) {
  EXPECT_THAT(Ids(NextFeed({Held(0, true), Held(1, true), Held(2), Held(3)}, Book(-2, 8), kNow)), IsEmpty());
}

TEST(NextFeed, GoesOnBehindWhatTheManagerHolds) {
  const auto feed = NextFeed({Held(0, true), Held(1)}, Book(-2, 8), kNow);
  EXPECT_THAT(Ids(feed), ElementsAre("b2"));
  EXPECT_EQ(feed->replace_from, Block(2).start);
}

TEST(NextFeed, AlwaysLeavesHalfAnHour) {
  for (int minute = 0; minute < 300; ++minute) {
    std::vector<HeldBlock> held;
    const Instant now = kNow + minutes(minute);
    const ChannelBook book = Book(-2, 40);
    for (Instant t = kNow; t <= now; t += minutes(1))
      if (const auto feed = NextFeed(held, book, t)) held = AfterFeed(held, *feed);
    EXPECT_GE(HeldUntil(held, now) - now, kLeastAhead) << minute;
  }
}

TEST(NextFeed, ReplacesFromTheFirstBlockThatIsAnotherOne) {
  ChannelBook book = Book(-2, 8);
  book.blocks[4] = Block(2, "-again");
  const auto feed = NextFeed({Held(0, true), Held(1), Held(2), Held(3)}, book, kNow);
  EXPECT_THAT(Ids(feed), ElementsAre("b2-again"));
  EXPECT_EQ(feed->replace_from, Block(2).start);
}

TEST(NextFeed, LeavesWhatAirHasAloneHoweverWrong) {
  ChannelBook book = Book(-2, 8);
  book.blocks[2] = Block(0, "-again");
  book.blocks[3] = Block(1, "-again");
  const auto feed = NextFeed({Held(0, true), Held(1, true)}, book, kNow);
  EXPECT_THAT(Ids(feed), ElementsAre("b2"));
}

TEST(NextFeed, HasNothingWithoutABook) {
  EXPECT_THAT(Ids(NextFeed({}, ChannelBook{}, kNow)), IsEmpty());
  EXPECT_THAT(Ids(NextFeed({Held(0, true)}, ChannelBook{}, kNow)), IsEmpty());
  EXPECT_THAT(Ids(NextFeed({}, Book(-5, 0), kNow)), IsEmpty());
}

TEST(NextFeed, SendsAtLeastOneBlockHoweverLong) {
  ChannelBook book;
  PlannedBlock longest = Block(0);
  longest.start = kNow + minutes(90);
  longest.end = longest.start + minutes(60);
  book.blocks = {longest};
  EXPECT_THAT(Ids(NextFeed({}, book, kNow)), ElementsAre("b0"));
}

TEST(NextFeed, AManagerThatWasAwayStartsAnewWhereTheClockIs) {
  const Instant later = kNow + minutes(125);
  const auto feed = NextFeed({Held(0, true), Held(1, true), Held(2)}, Book(-2, 20), later);
  ASSERT_TRUE(feed.has_value());
  EXPECT_EQ(feed->blocks.front().block_id, "b4");
}

TEST(NextFeed, AfterItManagerAndBookAgreeWhateverWasBefore) {
  std::mt19937 random(5);
  for (int round = 0; round < 2000; ++round) {
    ChannelBook book;
    for (int n = -1; n < 6; ++n) book.blocks.push_back(Block(n, random() % 3 == 0 ? "-x" : ""));
    std::vector<HeldBlock> held;
    int n = static_cast<int>(random() % 3) - 1;
    const int fixed = static_cast<int>(random() % 3);
    for (int count = static_cast<int>(random() % 5); count > 0; --count, ++n) {
      HeldBlock h = Held(n);
      h.fixed = n < fixed;
      if (random() % 3 == 0) h.block_id += "-x";
      held.push_back(h);
    }
    if (const auto feed = NextFeed(held, book, kNow)) held = AfterFeed(held, *feed);
    EXPECT_FALSE(NextFeed(held, book, kNow).has_value())
        << "round " << round << ": a second look changes nothing";
    for (const HeldBlock& h : held) {
      if (h.fixed || h.end <= kNow) continue;
      const bool in_book = std::any_of(book.blocks.begin(), book.blocks.end(),
                                       [&](const PlannedBlock& b) { return b.block_id == h.block_id; });
      EXPECT_TRUE(in_book) << "round " << round << ": " << h.block_id;
    }
  }
}

TEST(HeldUntil, StopsAtAHole) {
  EXPECT_EQ(HeldUntil({}, kNow), kNow);
  EXPECT_EQ(HeldUntil({Held(1)}, kNow), kNow);
  EXPECT_EQ(HeldUntil({Held(3), Held(1), Held(0, true)}, kNow), Block(1).end);
}

TEST(ChannelBook, KnowsWhatIsOnAir) {
  const ChannelBook book = Book(-1, 3);
  ASSERT_NE(book.BlockAt(kNow), nullptr);
  EXPECT_EQ(book.BlockAt(kNow)->block_id, "b0");
  EXPECT_EQ(book.BlockAt(Block(1).start)->block_id, "b1");
  EXPECT_EQ(book.BlockAt(Block(2).end), nullptr);
  EXPECT_EQ(book.CoveredUntil(kNow), Block(2).end);
  EXPECT_EQ(book.CoveredUntil(Block(5).start), Block(5).start);
}

TEST(ChannelBook, NamesTheFileOfTheProgrammeThatIsOnAndOfNothingElse) {
  ChannelBook book = Book(0, 2);
  const auto event = [](PlaylogKind kind, const char* path, Instant start, int minutes_long) {
    PlaylogEvent e;
    e.kind = kind;
    e.path = path;
    e.start = start;
    e.end = start + minutes(minutes_long);
    return e;
  };
  const Instant start = Block(0).start;
  book.blocks[0].events = {event(PlaylogKind::kProgramme, "/a", start, 20),
                           event(PlaylogKind::kFiller, "/filler", start + minutes(20), 5),
                           event(PlaylogKind::kStationCard, "/card", start + minutes(25), 3),
                           event(PlaylogKind::kPad, "", start + minutes(28), 2)};
  book.blocks[1].events = {event(PlaylogKind::kProgramme, "/b", Block(1).start, 30)};
  const auto file = [&](int minute) { return FileOfNow(book, start + minutes(minute)); };
  EXPECT_EQ(file(0), "/a");
  EXPECT_EQ(file(19), "/a");
  for (int minute : {20, 24, 25, 28, 29}) EXPECT_EQ(file(minute), "") << minute;
  EXPECT_EQ(file(30), "/b");
  EXPECT_EQ(file(-1), "");
  EXPECT_EQ(file(60), "");
}

}  // namespace
}  // namespace retrovue

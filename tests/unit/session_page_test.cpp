// The session page: facts that never change, and a line for each trusted stage.
#include "shm/session_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/ring_memory.h"

namespace air {
namespace {

using ::testing::HasSubstr;

const SessionFacts kFacts{.session_id = {7, 8},
                          .format = {.width = 64, .height = 36, .rate = {30000, 1001}},
                          .epoch = {.mono = Nanos(123), .utc = UtcMs(456)},
                          .pts_origin = (int64_t{1} << 33) - 1,
                          .channel_id = -3};

class SessionPageTest : public ::testing::Test {
 protected:
  PageMemory memory_{kSessionBytes};
  SessionPageTest() { FormatSession(memory_.bytes(), kFacts); }
  SessionHeader& header() { return *reinterpret_cast<SessionHeader*>(memory_.bytes().data()); }
  std::string Refusal() { return std::string(SessionPage::Attach(memory_.bytes()).status().message()); }
};

TEST_F(SessionPageTest, TellsEveryStageTheSameFacts) {
  const SessionPage page = *SessionPage::Attach(memory_.bytes());
  EXPECT_EQ(page.facts().session_id, kFacts.session_id);
  EXPECT_EQ(page.facts().format, kFacts.format);
  EXPECT_EQ(page.facts().epoch.mono, kFacts.epoch.mono);
  EXPECT_EQ(page.facts().epoch.utc, kFacts.epoch.utc);
  EXPECT_EQ(page.facts().pts_origin, kFacts.pts_origin);
  EXPECT_EQ(page.facts().channel_id, kFacts.channel_id);
  EXPECT_EQ(page.time().num(), 30000);
  EXPECT_EQ(std::memcmp(memory_.bytes().data(), "AIRSESS1", 8), 0);
}

TEST_F(SessionPageTest, RefusesWhatIsNoSessionPage) {
  EXPECT_FALSE(SessionPage::Attach(memory_.bytes().first(kSessionBytes - 1)).ok());
  header().layout_version = kSessionLayoutVersion + 1;
  EXPECT_THAT(Refusal(), HasSubstr("version"));
  FormatSession(memory_.bytes(), kFacts);
  header().magic = 0;
  EXPECT_THAT(Refusal(), HasSubstr("magic"));
  FormatSession(memory_.bytes(), kFacts);
  header().rate_den = 0;
  EXPECT_THAT(Refusal(), HasSubstr("frame_rate"));
}

TEST_F(SessionPageTest, CountersOutliveTheirWriter) {
  { SessionPage::Attach(memory_.bytes())->selector().Add(SelectorCounter::kFrames, 5); }
  const SessionPage page = *SessionPage::Attach(memory_.bytes());
  page.selector().Add(SelectorCounter::kFrames);
  page.selector().Set(SelectorCounter::kTimelineVersion, 9);
  EXPECT_EQ(page.selector().Get(SelectorCounter::kFrames), 6u);
  EXPECT_EQ(page.selector().Get(SelectorCounter::kTimelineVersion), 9u);
  EXPECT_EQ(page.sink(0).Get(EncoderCounter::kTicks), 0u) << "a line of its own";
}

TEST_F(SessionPageTest, EveryLineIsInsideThePage) {
  const SessionPage page = *SessionPage::Attach(memory_.bytes());
  const auto* end = memory_.bytes().data() + kSessionBytes;
  EXPECT_LE(reinterpret_cast<const std::byte*>(&page.sink(kMaxSinks - 1) + 1), end);
  EXPECT_EQ(sizeof(StageLine), 384u);
  EXPECT_EQ(offsetof(StageLine, counters), 128u);
  EXPECT_EQ(kAiredLogOffset, 8192u);
  EXPECT_EQ(reinterpret_cast<const std::byte*>(&page.aired() + 1), end);
}

}  // namespace
}  // namespace air

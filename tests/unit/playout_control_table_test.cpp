#include "supervisor/session/playout_control_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

#include "supervisor/session/playout_control.h"

namespace air {
namespace {

using ::testing::HasSubstr;
using S = PlayoutState;
using E = PlayoutEvent;
using C = ControlCall;
using A = Admission;

template <class Enum>
std::vector<Enum> All() {
  std::vector<Enum> all;
  for (int i = 0; i < static_cast<int>(Enum::kCount); ++i) all.push_back(static_cast<Enum>(i));
  return all;
}

// Every cell that is not a "-" of the header's table.
const std::map<std::pair<S, E>, S> kSteps = {
    {{S::kIdle, E::kSessionStarted}, S::kBuffering},   {{S::kIdle, E::kStartFailed}, S::kError},
    {{S::kBuffering, E::kContentPrepared}, S::kReady}, {{S::kBuffering, E::kContentOnAir}, S::kPlaying},
    {{S::kBuffering, E::kContentGivenUp}, S::kError},  {{S::kBuffering, E::kStopRequested}, S::kStopping},
    {{S::kReady, E::kContentOnAir}, S::kPlaying},      {{S::kReady, E::kContentGivenUp}, S::kError},
    {{S::kReady, E::kStopRequested}, S::kStopping},    {{S::kPlaying, E::kContentGivenUp}, S::kError},
    {{S::kPlaying, E::kStopRequested}, S::kStopping},  {{S::kPaused, E::kContentOnAir}, S::kPlaying},
    {{S::kPaused, E::kContentGivenUp}, S::kError},     {{S::kPaused, E::kStopRequested}, S::kStopping},
    {{S::kStopping, E::kStopped}, S::kIdle},           {{S::kError, E::kSessionStarted}, S::kBuffering},
    {{S::kError, E::kContentOnAir}, S::kPlaying},      {{S::kError, E::kStopRequested}, S::kStopping},
};

TEST(PlayoutControlTable, HasTheStepsThatAreNamedAndNoOthers) {
  for (S state : All<S>()) {
    for (E event : All<E>()) {
      const auto step = kSteps.find({state, event});
      EXPECT_EQ(StateAfter(state, event), step == kSteps.end() ? state : step->second)
          << ToString(state) << ", event " << static_cast<int>(event);
    }
  }
}

struct Column {
  A without_session, with_session, ending;
};
const std::map<C, Column> kAdmissions = {
    {C::kGetVersion, {A::kDo, A::kDo, A::kDo}},
    {C::kStartChannel, {A::kDo, A::kSame, A::kEnding}},
    {C::kUpdatePlan, {A::kNone, A::kDo, A::kEnding}},
    {C::kStopChannel, {A::kNothing, A::kDo, A::kNothing}},
    {C::kLoadPreview, {A::kNone, A::kDo, A::kEnding}},
    {C::kSwitchToLive, {A::kNone, A::kDo, A::kEnding}},
    {C::kAttachStream, {A::kDo, A::kDo, A::kEnding}},
    {C::kDetachStream, {A::kDo, A::kDo, A::kDo}},
    {C::kStartBlockPlanSession, {A::kDo, A::kBusy, A::kEnding}},
    {C::kFeedBlockPlan, {A::kNone, A::kDo, A::kEnding}},
    {C::kStopBlockPlanSession, {A::kNothing, A::kDo, A::kNothing}},
    {C::kSubscribeBlockEvents, {A::kNone, A::kDo, A::kEnding}},
};

TEST(PlayoutControlTable, AnswersEveryCallInEveryState) {
  ASSERT_EQ(kAdmissions.size(), static_cast<size_t>(C::kCount));
  for (const auto& [call, column] : kAdmissions) {
    EXPECT_EQ(AdmissionOf(S::kIdle, false, call), column.without_session) << ToString(call);
    EXPECT_EQ(AdmissionOf(S::kError, false, call), column.without_session) << ToString(call);
    for (S state : {S::kBuffering, S::kReady, S::kPlaying, S::kPaused, S::kError})
      EXPECT_EQ(AdmissionOf(state, true, call), column.with_session) << ToString(call) << ToString(state);
    EXPECT_EQ(AdmissionOf(S::kStopping, true, call), column.ending) << ToString(call);
  }
}

std::string WhyNot(const PlayoutControl& control, C call, int32_t channel) {
  return std::string(control.Admit(call, channel).status().message());
}

TEST(PlayoutControl, RefusesWithTheReasonAndTheState) {
  PlayoutControl control;
  EXPECT_THAT(WhyNot(control, C::kUpdatePlan, 7), HasSubstr("no session of channel 7 is active (Idle)"));
  control.Apply(E::kSessionStarted);
  control.BeginSession(7);
  EXPECT_THAT(WhyNot(control, C::kStartBlockPlanSession, 7), HasSubstr("channel 7 is active (Buffering)"));
  EXPECT_EQ(WhyNot(control, C::kUpdatePlan, 7), "");
  control.Apply(E::kStopRequested);
  EXPECT_THAT(WhyNot(control, C::kFeedBlockPlan, 7), HasSubstr("ending (Stopping)"));
}

TEST(PlayoutControl, RefusesAnotherChannelInEveryCallThatNamesOne) {
  PlayoutControl control;
  control.Apply(E::kSessionStarted);
  control.BeginSession(7);
  for (C call : All<C>()) {
    const bool refused = !control.Admit(call, 8).ok();
    EXPECT_EQ(refused, call != C::kGetVersion) << ToString(call);
    if (refused) {
      EXPECT_THAT(WhyNot(control, call, 8), HasSubstr("channel 7")) << ToString(call);
    }
  }
}

TEST(PlayoutControl, KnowsNoSessionOnceItHasEnded) {
  PlayoutControl control;
  control.Apply(E::kSessionStarted);
  control.BeginSession(7);
  control.Apply(E::kStopRequested);
  EXPECT_TRUE(control.has_session());
  control.Apply(E::kStopped);
  EXPECT_FALSE(control.has_session());
  EXPECT_EQ(*control.Admit(C::kStartChannel, 8), A::kDo);
}

TEST(PlayoutControl, ShowsAStartThatFailedAsErrorUntilTheNextOne) {
  PlayoutControl control;
  control.Apply(E::kStartFailed);
  EXPECT_STREQ(MetricWord(control.state()), "error");
  EXPECT_EQ(*control.Admit(C::kStartChannel, 7), A::kDo);
  EXPECT_EQ(*control.Admit(C::kStopChannel, 7), A::kNothing);
  control.Apply(E::kSessionStarted);
  EXPECT_STREQ(MetricWord(control.state()), "buffering");
}

TEST(PlayoutControl, MapsEveryStateToTheWordOfTheContract) {
  const std::map<S, std::string> words = {
      {S::kIdle, "stopped"}, {S::kBuffering, "buffering"}, {S::kReady, "ready"}, {S::kPlaying, "ready"},
      {S::kPaused, "ready"}, {S::kStopping, "stopped"},    {S::kError, "error"}};
  for (const auto& [state, word] : words) EXPECT_EQ(MetricWord(state), word) << ToString(state);
}

}  // namespace
}  // namespace air

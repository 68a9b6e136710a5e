// What a decoder's death costs on the air: nothing, as long as a successor can make the missing units in
// time.
#include "tests/support/faulted_channel.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;

class DecoderRecovery : public FaultedChannel {
 protected:
  // Rings deep enough for a recovery on a busy machine.
  DecoderRecovery() : FaultedChannel({"--ring-seconds", "4"}) {}
};

TEST_F(DecoderRecovery, OfALiveDecoderIsSeenByNobody) {
  const Clip live = MakeClip(1, 500);
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(5000), Show(live, 12'000)});
  schedule.AddBlock("b", {ShowPattern(2, 1000)});
  channel_.Begin(schedule);
  // The clip's groups of pictures last 2 s: at their beginnings, middles and ends.
  for (int64_t ms : {6900, 8200, 10'500, 12'950, 14'600}) SignalAt(ms, SIGKILL, "air-decoder", live.path);
  channel_.FeedRest(schedule);
  EXPECT_EQ(StopAndJudge(schedule).pad, 0);
}

TEST_F(DecoderRecovery, OfASuccessorThatDiesWhileItStartsIsSeenByNobody) {
  const Clip live = MakeClip(1, 400);
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(5000), Show(live, 9000)});
  schedule.AddBlock("b", {ShowPattern(2, 1000)});
  channel_.Begin(schedule);
  for (int64_t ms : {8000, 8040, 8100}) SignalAt(ms, SIGKILL, "air-decoder", live.path);
  channel_.FeedRest(schedule);
  EXPECT_EQ(StopAndJudge(schedule).pad, 0);
}

}  // namespace
}  // namespace air::e2e

// A channel at a constant rate, as broadcast equipment receives it, with encoders that are killed in the
// middle: the analyser holds the whole capture against the rate and against the decoder model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>

#include "tests/support/test_channel.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;

TEST(ConstantRateKill, OfTheEncoderChangesNeitherTheRateNorAnythingElse) {
  const ChannelFormat format{.num = 30000, .den = 1001, .width = 640, .height = 360, .constant_kbps = 2'500};
  TestChannel channel;
  const auto viewer = StreamViewer::OnUnixSocket(channel.Path("viewer.sock"));
  channel.Attach(*viewer);
  Schedule schedule(format, NowUtcMs());
  schedule.AddBlock("a", {Pad(1500), ShowPattern(1, 60'000)});
  schedule.AddBlock("b", {ShowPattern(2, 60'000)});
  channel.Begin(schedule);
  for (int64_t ms : {3000, 4700, 6500}) {
    channel.SleepUntil(ms);
    const pid_t encoder = channel.Stage("air-encoder", ".journal-");
    ASSERT_NE(encoder, 0);
    kill(encoder, SIGKILL);
  }
  channel.SleepUntil(10'000);
  channel.Stop();
  ASSERT_TRUE(viewer->WaitForEnd(0));

  const Judged judged = Judge(WholeTicks(viewer->Received(0)), format);
  ExpectCleanStructure(judged);
  EXPECT_EQ(judged.content.complaints.count, 0) << analyser::DescribeContent(judged.content);
  EXPECT_EQ(judged.content.sound_gaps, 0);
  EXPECT_EQ(LossesOf(judged.aired, schedule.expected()).wrong, std::vector<std::string>());
  EXPECT_GT(judged.structure.seconds, 8);
  EXPECT_NEAR(judged.structure.kbit_s, 2'500, 0.01);
  std::printf("%.1f s at %.3f kbit/s, PCR off by %.0f..%.0f ns, longest silence on the wire %d ms\n",
              judged.structure.seconds, judged.structure.kbit_s, judged.structure.pcr_error_ns.min,
              judged.structure.pcr_error_ns.max, static_cast<int>(viewer->LongestSilence(0).count()));
}

}  // namespace
}  // namespace air::e2e

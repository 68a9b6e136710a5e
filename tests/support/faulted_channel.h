// A channel to which things are done while it is on the air, and the judgement afterwards: the stream never
// ends and is never damaged; what it shows is what the plan has for that tick, or pad.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "tests/support/test_channel.h"

namespace air::e2e {

inline constexpr int64_t kLeadInMs = 2000;  // planned pad, in which the first decoders get ready

class FaultedChannel : public ::testing::Test {
 protected:
  explicit FaultedChannel(const std::vector<std::string>& flags = {})
      : channel_(flags), viewer_(StreamViewer::OnUnixSocket(channel_.Path("viewer.sock"))) {
    channel_.Attach(*viewer_);
  }

  Clip MakeClip(int id, int64_t pictures, const std::string& ffmpeg_arguments = "") {
    return ClipMaker(format_, channel_.folder()).Make(id, pictures, "mp4", ffmpeg_arguments);
  }

  // At this moment of the programme, to the stage that works on `file`.
  void SignalAt(int64_t ms, int signal, const std::string& program, const std::string& file) {
    channel_.SleepUntil(ms);
    const pid_t stage = channel_.Stage(program, file);
    ASSERT_NE(stage, 0) << "no " << program << " has " << file << " open";
    kill(stage, signal);
    ++signals_;
  }

  enum class Slate { kNone, kShown };
  // The stream from first byte to last: clean, and of the planned pictures none in a wrong place.
  Losses StopAndJudge(const Schedule& schedule, Slate slate = Slate::kNone) {
    return StopAndJudge(schedule.expected(), slate);
  }
  Losses StopAndJudge(const Program& expected, Slate slate = Slate::kNone) {
    metrics_ = channel_.Metrics();
    channel_.Stop();
    EXPECT_TRUE(viewer_->WaitForEnd(0));
    const Judged judged = Judge(WholeTicks(viewer_->Received(0)), format_);
    ExpectCleanStructure(judged);
    if (slate == Slate::kNone) {
      EXPECT_EQ(judged.content.complaints.count, 0) << analyser::DescribeContent(judged.content);
    }
    EXPECT_EQ(judged.content.sound_gaps, 0);
    EXPECT_GE(judged.aired.end_tick(), expected.end_tick()) << "the stream has ended too soon";
    const Losses losses = LossesOf(judged.aired, expected);
    if (slate == Slate::kNone) {
      EXPECT_EQ(losses.wrong, std::vector<std::string>());
    }
    std::printf(
        "%d signals: %d of %d pictures were pad, %d faults in the sound, longest silence on the wire %d ms\n",
        signals_, static_cast<int>(losses.pad), static_cast<int>(judged.content.pictures),
        static_cast<int>(judged.content.tone_faults), static_cast<int>(viewer_->LongestSilence(0).count()));
    aired_ = judged.aired;
    return losses;
  }
  void ExpectContentAt(int64_t ms, const Schedule& schedule) {
    const int64_t tick = format_.TickAt(ms);
    EXPECT_EQ(aired_.At(tick), schedule.expected().At(tick)) << "at " << ms << " ms";
  }
  // Ticks of the programme's [from_ms, to_ms) that showed pad.
  int64_t PadBetween(int64_t from_ms, int64_t to_ms) const {
    int64_t pad = 0;
    for (int64_t tick = format_.TickAt(from_ms); tick < format_.TickAt(to_ms); ++tick)
      pad += aired_.At(tick).clip == Stretch::kPad ? 1 : 0;
    return pad;
  }

  double PadFrames(const std::string& cause) const {
    return metrics_.Value("air_pad_frames_total", {{"cause", cause}}).value_or(-1);
  }

  const ChannelFormat format_{.num = 30000, .den = 1001};
  TestChannel channel_;
  std::unique_ptr<StreamViewer> viewer_;
  Program aired_;
  MetricsPage metrics_;  // at the end of the programme
  int signals_ = 0;
};

}  // namespace air::e2e

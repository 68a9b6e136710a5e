// Evidence, from the program to the control plane: the account of a session whose supervisor and whose
// control plane both die in the middle of it. A reader cannot tell it from the account of any other session.
#include <gmock/gmock.h>

#include <sys/resource.h>

#include <csignal>
#include <map>

#include "absl/strings/str_cat.h"
#include "ctl/as_run.h"
#include "tests/support/evidence_core.h"
#include "tests/support/faulted_channel.h"

namespace air::e2e {
namespace {

using Message = EvidenceCore::Message;

class Evidence : public FaultedChannel {
 protected:
  Evidence() : FaultedChannel({"--orphan-grace", "20"}) {}

  wire::StartBlockPlanSessionRequest StartRequest(const Schedule& schedule) const {
    wire::StartBlockPlanSessionRequest request = TestChannel::StartRequest(schedule);
    request.set_evidence_endpoint(core_.endpoint());
    request.set_channel_id_str("channel seven");
    request.set_max_queue_depth(4);
    return request;
  }

  bool WaitUntilStored(const std::string& block_fence) {
    return core_.WaitFor(
        [&](const Message& m) { return m.has_block_fence() && m.block_fence().block_id() == block_fence; },
        std::chrono::seconds(30));
  }

  // What every account keeps: one sequence, one session, a pair for each segment, frames that add up.
  void ExpectWellFormed(const std::vector<Message>& stored) {
    uint64_t sequence = 0;
    std::string block, segment;
    int64_t segment_frames = 0;
    for (const Message& m : stored) {
      EXPECT_EQ(m.sequence(), ++sequence);
      EXPECT_EQ(m.playout_session_id(), stored[0].playout_session_id());
      EXPECT_EQ(m.channel_id(), "channel seven");
      if (m.has_block_start()) {
        EXPECT_EQ(block, "");
        block = m.block_start().block_id();
        segment_frames = 0;
      } else if (m.has_segment_start()) {
        EXPECT_EQ(m.segment_start().block_id(), block);
        EXPECT_EQ(segment, "");
        segment = m.segment_start().segment_uuid();
      } else if (m.has_segment_end()) {
        EXPECT_EQ(m.segment_end().segment_uuid(), segment);
        segment.clear();
        segment_frames += m.segment_end().computed_duration_frames();
      } else if (m.has_block_fence()) {
        EXPECT_EQ(m.block_fence().block_id(), block);
        EXPECT_EQ(m.block_fence().total_frames_emitted(),
                  m.block_fence().fence_tick() - m.block_fence().swap_tick());
        EXPECT_EQ(static_cast<int64_t>(m.block_fence().total_frames_emitted()), segment_frames);
        block.clear();
      } else {
        EXPECT_TRUE(m.has_channel_terminated());
        EXPECT_EQ(sequence, stored.size()) << "it comes once, last";
      }
    }
  }

  EvidenceCore core_;
};

TEST_F(Evidence, IsOneUnbrokenAccountWhateverIsKilledMeanwhile) {
  const Clip one = MakeClip(1, 200), two = MakeClip(2, 120);
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(kLeadInMs), Show(one, 1010)});
  schedule.AddBlock("b", {Show(two, 1333, 500), Pad(200), Show(one, 1490)});
  schedule.AddBlock("c", {Show(two, 2500)});
  schedule.AddBlock("d", {Show(one, 700), Show(two, 900)});
  channel_.Begin(StartRequest(schedule));
  for (size_t i = 2; i < 4; ++i) EXPECT_TRUE(channel_.Feed(schedule.blocks()[i]).success());

  channel_.SleepUntil(2500);
  core_.Stop();
  channel_.SleepUntil(3500);
  channel_.KillSupervisor();  // while the control plane is away, and longer than the program ring remembers
  channel_.SleepUntil(6300);
  channel_.StartSupervisor();
  channel_.Resubscribe();
  channel_.SleepUntil(7000);
  core_.Start();
  ASSERT_TRUE(WaitUntilStored("d"));
  channel_.AwaitEndOf(schedule.blocks().back());
  const Losses losses = StopAndJudge(schedule);
  EXPECT_EQ(losses.pad, 0);
  ASSERT_TRUE(core_.WaitFor([](const Message& m) { return m.has_channel_terminated(); }));

  const std::vector<Message> stored = core_.stored();
  ExpectWellFormed(stored);
  std::vector<std::string> segments;
  for (const Message& m : stored) {
    if (!m.has_segment_end()) continue;
    const auto& end = m.segment_end();
    segments.push_back(absl::StrCat(end.block_id(), " ", end.actual_start_utc_ms() - schedule.join_utc_ms(),
                                    "..", end.actual_end_utc_ms() - schedule.join_utc_ms(), " frames ",
                                    end.asset_start_frame(), "..", end.asset_end_frame(), " ", end.status(),
                                    end.reason(), " pad ", end.fallback_frames_used()));
  }
  // Each seam the first tick at or after its instant; of an asset the picture nearest to the in-point first.
  const auto line = [&](const std::string& block, int64_t from_ms, int64_t to_ms, int64_t in_ms = -1) {
    const int64_t from = format_.TickAt(from_ms), to = format_.TickAt(to_ms);
    const int64_t first = (in_ms * format_.num + 500 * format_.den) / (1000 * format_.den);
    return absl::StrCat(block, " ", from * 1000 * format_.den / format_.num, "..",
                        to * 1000 * format_.den / format_.num, " frames ", in_ms < 0 ? 0 : first, "..",
                        in_ms < 0 ? 0 : first + to - from - 1, " AIRED pad 0");
  };
  EXPECT_THAT(segments,
              testing::ElementsAre(line("a", 0, 2000), line("a", 2000, 3010, 0), line("b", 3010, 4343, 500),
                                   line("b", 4343, 4543), line("b", 4543, 6033, 0), line("c", 6033, 8533, 0),
                                   line("d", 8533, 9233, 0), line("d", 9233, 10133, 0)));
  EXPECT_EQ(stored.back().channel_terminated().reason(), "stopped");
  EXPECT_EQ(stored.back().channel_terminated().detail(), "the test has seen enough");
}

// No file may grow: what a full disk is like.
TEST_F(Evidence, GoesOnFromMemoryWhileNothingCanBeWritten) {
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(2 * kLeadInMs), ShowPattern(1, 1000)});
  schedule.AddBlock("b", {ShowPattern(2, 1000)});
  schedule.AddBlock("c", {ShowPattern(3, 2000)});
  schedule.AddBlock("d", {ShowPattern(4, 1000)});
  channel_.Begin(StartRequest(schedule));
  channel_.SleepUntil(2 * kLeadInMs + 200);
  const pid_t supervisor = channel_.supervisor().pid();
  rlimit before{};
  ASSERT_EQ(prlimit(supervisor, RLIMIT_FSIZE, nullptr, &before), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(prlimit(supervisor, RLIMIT_FSIZE, &none, nullptr), 0);
  for (size_t i = 2; i < 4; ++i) {
    EXPECT_TRUE(channel_.Feed(schedule.blocks()[i]).queue_full())
        << "it airs, but no successor would know of it";
  }
  EXPECT_TRUE(WaitUntilStored("b")) << "it goes to the control plane all the same";
  const MetricsPage meanwhile = channel_.Metrics();
  EXPECT_GT(meanwhile.Sum("air_evidence_unwritten").value_or(0), 0);
  EXPECT_EQ(meanwhile.Sum("air_session_record_stale"), 1);
  ASSERT_EQ(prlimit(supervisor, RLIMIT_FSIZE, &before, nullptr), 0);
  ASSERT_TRUE(WaitUntilStored("d"));
  channel_.AwaitEndOf(schedule.blocks().back());
  channel_.SleepUntil(schedule.end_ms() + 1200);
  const Losses losses = StopAndJudge(schedule);
  EXPECT_EQ(losses.pad, 0) << "the channel feels nothing";
  EXPECT_EQ(metrics_.Sum("air_evidence_unwritten"), 0) << "there is room again";
  EXPECT_EQ(metrics_.Sum("air_session_record_stale"), 0);
  EXPECT_EQ(metrics_.Sum("air_evidence_dropped_total"), 0);
  ASSERT_TRUE(core_.WaitFor([](const Message& m) { return m.has_channel_terminated(); }));
  channel_.End();
  ExpectWellFormed(core_.stored());
  const absl::StatusOr<evidence::AsRun> as_run = ReadAsRun(channel_.runtime_dir(), "");
  ASSERT_TRUE(as_run.ok()) << as_run.status();
  EXPECT_EQ(as_run->messages(), core_.stored().size()) << "all of it is on disk in the end";
  EXPECT_EQ(as_run->lines_size(), 6) << AsRunTable(*as_run);
}

}  // namespace
}  // namespace air::e2e

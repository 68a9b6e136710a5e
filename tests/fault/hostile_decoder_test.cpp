// A decoder that a hostile file has taken over, in a channel on the air: what it tries is stopped, what it
// can do it does to its own segment, and the next segment starts as if nothing had been.
#include <sys/stat.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "tests/support/faulted_channel.h"

namespace air::e2e {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

// The stage programs are found beside the supervisor's own: a folder with another air-decoder.
std::string SupervisorOfHostileDecoders() {
  static const TestFolder folder;
  const std::string supervisor = folder.Path("air-supervisor");
  if (!fs::exists(supervisor)) {
    fs::copy_file(Built("air-supervisor"), supervisor);
    for (const char* program : {"air-selector", "air-encoder"})
      fs::create_symlink(Built(program), folder.Path(program));
    fs::create_symlink(Built("air-hostile-decoder"), folder.Path("air-decoder"));
  }
  return supervisor;
}

class HostileDecoder : public ::testing::Test {
 protected:
  HostileDecoder() : viewer_(StreamViewer::OnUnixSocket(channel_.Path("viewer.sock"))) {
    channel_.Attach(*viewer_);
  }

  // One hostile segment after the other, each followed by a second of an ordinary one.
  struct Act {
    std::string deeds;
    int64_t ms;
  };
  void Play(const std::vector<Act>& acts) {
    const pid_t supervisor = channel_.supervisor().pid();
    Schedule schedule(format_, NowUtcMs());
    schedule.AddBlock("lead", {Pad(3000), ShowPattern(1, 1000)});
    std::vector<std::pair<int64_t, int64_t>> ordinary = {{3000, 4000}};
    int clip = 2;
    for (const Act& act : acts) {
      Entry entry = ShowPattern(clip, act.ms);
      entry.uri = absl::StrCat("hostile:", act.deeds, ":", entry.uri);
      const int64_t begin = schedule.end_ms();
      schedule.AddBlock(absl::StrCat("act-", clip), {entry, ShowPattern(clip + 1, 1000)});
      ordinary.emplace_back(begin + act.ms, begin + act.ms + 1000);
      clip += 2;
    }
    channel_.Begin(schedule);
    channel_.FeedRest(schedule);
    metrics_ = channel_.Metrics();
    channel_.Stop();
    ASSERT_TRUE(viewer_->WaitForEnd(0));
    const Judged judged = Judge(WholeTicks(viewer_->Received(0)), format_);
    ExpectCleanStructure(judged);
    EXPECT_EQ(judged.content.sound_gaps, 0);
    EXPECT_GE(judged.aired.end_tick(), schedule.expected().end_tick()) << "the stream has ended too soon";
    for (const auto& [from, to] : ordinary) {
      EXPECT_EQ(judged.aired.Between(format_.TickAt(from), format_.TickAt(to)).stretches(),
                schedule.expected().Between(format_.TickAt(from), format_.TickAt(to)).stretches())
          << "the segment from " << from << " to " << to << " ms";
    }
    EXPECT_EQ(channel_.supervisor().pid(), supervisor);
    for (const char* stage : {"air-selector", "air-encoder"}) {
      for (const char* cause : {"exit", "signal", "hang", "unknown"}) {
        EXPECT_EQ(
            metrics_.Value("air_stage_restarts_total",
                           {{"channel", std::to_string(kTestChannelId)}, {"stage", stage}, {"cause", cause}}),
            0)
            << stage << " " << cause;
      }
    }
    log_ = channel_.Log();
    EXPECT_THAT(log_, Not(HasSubstr("ESCAPED")));
    aired_ = judged.aired;
  }
  int64_t PadBetween(int64_t from_ms, int64_t to_ms) const {
    int64_t pad = 0;
    for (int64_t tick = format_.TickAt(from_ms); tick < format_.TickAt(to_ms); ++tick)
      pad += aired_.At(tick).clip == Stretch::kPad ? 1 : 0;
    return pad;
  }
  int TimesInLog(const std::string& text) const {
    int times = 0;
    for (size_t at = log_.find(text); at != std::string::npos; at = log_.find(text, at + 1)) ++times;
    return times;
  }

  const ChannelFormat format_{.num = 25, .den = 1};
  TestChannel channel_{{"--ring-seconds", "4"}, SupervisorOfHostileDecoders()};
  std::unique_ptr<StreamViewer> viewer_;
  Program aired_;
  MetricsPage metrics_;
  std::string log_;
};

TEST_F(HostileDecoder, IsDeniedWhatItAsksForAndItsSegmentGoesOn) {
  const std::vector<std::string> deeds = {"open", "create", "remove", "socket", "truncate", "punch",
                                          "grow", "write",  "fork",   "code",   "unprotect"};
  std::string all;
  for (const std::string& deed : deeds) absl::StrAppend(&all, all.empty() ? "" : ",", deed, "@20");
  Play({{all, 3000}});
  for (const std::string& deed : deeds) EXPECT_THAT(log_, HasSubstr("DENIED " + deed)) << deed;
  EXPECT_EQ(PadBetween(4000, 7000), 0) << "nothing of it is seen";
}

TEST_F(HostileDecoder, DiesOfWhatNoDecoderAsksForAndIsReplaced) {
  // Each place costs its decoders their lives and is then passed over; in between the segment is there.
  Play({{"exec@30,kill@90,poke@150,reader@210", 12'000}});
  EXPECT_GE(TimesInLog("killed by signal 31"), 3) << "SIGSYS";
  EXPECT_GE(TimesInLog("killed by signal 11"), 1) << "SIGSEGV";
  EXPECT_LT(PadBetween(4000, 16'000), 4 * 50);
  for (int64_t ms : {5100, 7000, 9000, 12'000, 15'000})
    EXPECT_EQ(PadBetween(ms, ms + 40), 0) << "at " << ms << " ms";
}

TEST_F(HostileDecoder, HarmsItsOwnSegmentAtMost) {
  Play({{"scribble@20", 3000}, {"scribble-all@20", 3000}, {"flood@20", 3000}, {"memory@20,burn@60", 3500}});
  EXPECT_THAT(log_, HasSubstr("SCRIBBLED"));
  EXPECT_THAT(log_, HasSubstr("it floods its link"));
  EXPECT_GE(TimesInLog("killed by signal 6"), 1) << "of the one that takes all memory it gets";
}

// Twenty thousand reasons in one message: eight are told, in one go, as plain text.
TEST_F(HostileDecoder, IsHeardOutBrieflyHoweverMuchItSays) {
  Play({{"babble@0", 3000}});
  EXPECT_THAT(log_, HasSubstr("BABBLED"));
  int dropped = 0;
  for (const std::string& event : channel_.events().all()) dropped += event.rfind("dropped", 0) == 0 ? 1 : 0;
  EXPECT_GE(dropped, 1);
  EXPECT_LE(dropped, 8);
  EXPECT_THAT(log_, HasSubstr("airs without  [2J forged"));
}

// It claims a million units and dies, each time: the claim counts up to what a ring holds, and its successors come no
// faster than those of any other that fails.
TEST_F(HostileDecoder, IsNotBelievedThatItHasDelivered) {
  Play({{"leap@-1", 4000}});
  EXPECT_GE(TimesInLog("killed by signal 11"), 3);
  EXPECT_LE(TimesInLog("killed by signal 11"), 2 * 10) << "each is said twice at most";
  EXPECT_THAT(log_, Not(HasSubstr("unit 100000"))) << "where it said it was";
}

TEST_F(HostileDecoder, LeavesThreadsForTheOthers) {
  Play({{"threads@20", 3000}});
  EXPECT_THAT(log_, HasSubstr("it has too many threads"));
}

}  // namespace
}  // namespace air::e2e

// A film that is cut at the grid and goes on: the viewer must not notice, whatever the house's rate and the
// film's, whatever dies at the cut, and however late the rest is fed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ctl/as_run.h"
#include "tests/support/faulted_channel.h"
#include "tests/support/sound_check.h"

namespace air::e2e {
namespace {

using ::testing::IsEmpty;

constexpr int64_t kCutMs[] = {0, 4003, 6511, 9004, 14'000};  // of the film; the third is no fence
constexpr int64_t kFilmMs = 18'000;
constexpr int64_t kLeadMs = 5000;  // of planned pad: how fast the machine is does not matter
constexpr double kStampRounding =
    0.01;  // pictures; a decoder takes stamps for rounded by a tick of their clock
constexpr double kReachPts = 80 * 90;  // the codec's smear around the film's own ends

// From the film's `from` to its `to`, as a segment of its own.
Entry Part(const Clip& film, int64_t from_ms, int64_t to_ms) { return Show(film, to_ms - from_ms, from_ms); }

Schedule CutFilm(const ChannelFormat& format, const Clip& film) {
  Schedule schedule(format, NowUtcMs());
  schedule.AddBlock("lead-in", {Pad(kLeadMs)});
  schedule.AddBlock("one", {Part(film, kCutMs[0], kCutMs[1])});
  schedule.AddBlock("two", {Part(film, kCutMs[1], kCutMs[2]), Part(film, kCutMs[2], kCutMs[3])});
  schedule.AddBlock("three", {Part(film, kCutMs[3], kCutMs[4])});
  return schedule;
}

double PtsAt(const ChannelFormat& format, int64_t ms) {
  return double(format.pts_origin) + double(format.TickAt(ms) * format.den) * 90'000 / double(format.num);
}

// What is wrong with the film's tone from its first tick to its last, cuts and all.
std::vector<std::string> ToneFaults(const std::vector<uint8_t>& stream, const ChannelFormat& format) {
  analyser::SoundCheck sound;
  analyser::DecodeComplaints complaints;
  const absl::Status decoded = analyser::DecodeCapturedStream(
      stream,
      {.picture = [](int64_t, const LumaView&) {},
       .sound = [&](int64_t pts, auto left, auto right) { sound.Take(pts, left, right); }},
      complaints);
  EXPECT_TRUE(decoded.ok()) << decoded;
  std::vector<std::string> faults;
  for (const auto& fault : sound.FaultsBetween(PtsAt(format, kLeadMs) + kReachPts,
                                               PtsAt(format, kLeadMs + kCutMs[4]) - kReachPts))
    faults.push_back(absl::StrCat("at ", fault.pts, ": ", fault.text));
  return faults;
}

// The account has a line for each part, with its own frames.
void ExpectALineForEachPart(const TestChannel& channel, const ChannelFormat& format) {
  const absl::StatusOr<evidence::AsRun> as_run = ReadAsRun(channel.runtime_dir(), "");
  ASSERT_TRUE(as_run.ok()) << as_run.status();
  std::vector<int64_t> frames, planned;
  for (const evidence::AsRunLine& line : as_run->lines()) {
    if (line.asset_uri().empty() || line.what() != "segment") continue;
    EXPECT_EQ(line.status(), "AIRED") << line.ShortDebugString();
    frames.push_back(static_cast<int64_t>(line.frames_aired()));
  }
  for (size_t i = 1; i < std::size(kCutMs); ++i)
    planned.push_back(format.TickAt(kLeadMs + kCutMs[i]) - format.TickAt(kLeadMs + kCutMs[i - 1]));
  EXPECT_EQ(frames, planned);
}

struct Rates {
  const char *house, *film;
};
void PrintTo(const Rates& rates, std::ostream* out) { *out << rates.film << " in " << rates.house; }

class CutFilmAt : public ::testing::TestWithParam<Rates> {};

TEST_P(CutFilmAt, GoesOnToTheSample) {
  ChannelFormat format, film_format;
  ASSERT_TRUE(format.Parse("320x180", GetParam().house));
  ASSERT_TRUE(film_format.Parse("320x180", GetParam().film));
  TestChannel channel;
  const Clip film =
      ClipMaker(film_format, channel.folder()).Make(1, film_format.TickAt(kFilmMs), "mov", "-c:a pcm_s16le");
  const std::unique_ptr<StreamViewer> viewer = StreamViewer::OnUnixSocket(channel.Path("viewer.sock"));
  channel.Attach(*viewer);
  channel.Play(CutFilm(format, film));
  channel.Stop();
  ASSERT_TRUE(viewer->WaitForEnd(0));
  ExpectALineForEachPart(channel, format);
  channel.End();

  const std::vector<uint8_t> stream = WholeTicks(viewer->Received(0));
  const Judged judged = Judge(stream, format);
  ExpectCleanStructure(judged);
  EXPECT_EQ(judged.content.sound_gaps, 0);
  EXPECT_THAT(ToneFaults(stream, format), IsEmpty());

  // Each picture is on from the tick nearest to its stamp, counted from the film's first tick alone.
  const int64_t first = format.TickAt(kLeadMs), end = format.TickAt(kLeadMs + kCutMs[4]);
  const double pictures_a_tick = double(format.den * film_format.num) / double(format.num * film_format.den);
  const double early = 0.5 * std::min(pictures_a_tick, 1.0);  // at most: half a tick, or half a picture
  std::vector<std::string> wrong;
  for (int64_t n = first; n < end; ++n) {
    const double due = double(n - first) * pictures_a_tick;
    const OnAir on_air = judged.aired.At(n);
    const double ahead = double(on_air.picture) - due;
    if (on_air.clip != 1 || ahead > early + kStampRounding || ahead < early - 1 - kStampRounding)
      wrong.push_back(
          absl::StrCat("tick ", n, ": picture ", on_air.picture, " of ", on_air.clip, ", due ", due));
  }
  EXPECT_THAT(wrong, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(EveryRate, CutFilmAt,
                         ::testing::Values(Rates{"24000/1001", "25"}, Rates{"25", "30000/1001"},
                                           Rates{"30000/1001", "25"}, Rates{"60000/1001", "24000/1001"}));

class CutFilmUnderFire : public FaultedChannel {
 protected:
  CutFilmUnderFire() : FaultedChannel({"--orphan-grace", "20"}) {}

  Clip MakeFilm() {
    return ClipMaker(format_, channel_.folder()).Make(1, format_.TickAt(kFilmMs), "mov", "-c:a pcm_s16le");
  }
  // The film in one piece: what the viewer must see.
  void ExpectWhole(const Clip& film, int64_t join_utc_ms) {
    Schedule whole(format_, join_utc_ms);
    whole.AddBlock("whole", {Pad(kLeadMs), Part(film, 0, kCutMs[4])});
    EXPECT_EQ(StopAndJudge(whole).pad, 0);
    EXPECT_THAT(ToneFaults(WholeTicks(viewer_->Received(0)), format_), IsEmpty());
    ExpectALineForEachPart(channel_, format_);
  }
};

TEST_F(CutFilmUnderFire, GoesOnWhateverDiesAtTheCut) {
  const Clip film = MakeFilm();
  const Schedule schedule = CutFilm(format_, film);
  wire::StartBlockPlanSessionRequest request = TestChannel::StartRequest(schedule);
  request.set_max_queue_depth(4);
  channel_.Begin(request);
  for (size_t i = 2; i < schedule.blocks().size(); ++i)
    ASSERT_TRUE(channel_.Feed(schedule.blocks()[i]).success());
  SignalAt(kLeadMs + kCutMs[1] - 20, SIGKILL, "air-decoder", film.path);
  SignalAt(kLeadMs + kCutMs[2] - 10, SIGKILL, "air-selector", ".program");
  SignalAt(kLeadMs + kCutMs[3] - 600, SIGKILL, "air-encoder", ".journal-");
  channel_.SleepUntil(kLeadMs + kCutMs[3] - 100);
  channel_.KillSupervisor();
  channel_.StartSupervisor();
  channel_.Resubscribe();
  SignalAt(kLeadMs + kCutMs[3] + 300, SIGKILL, "air-decoder", film.path);
  channel_.AwaitEndOf(schedule.blocks().back());
  ExpectWhole(film, schedule.join_utc_ms());
}

TEST_F(CutFilmUnderFire, GoesOnThoughItsRestIsFedAtTheLastMoment) {
  const Clip film = MakeFilm();
  const Schedule schedule = CutFilm(format_, film);
  channel_.Begin(schedule);
  channel_.SleepUntil(kLeadMs + kCutMs[1] - 700);
  ASSERT_TRUE(channel_.Feed(schedule.blocks()[2]).success());
  channel_.SleepUntil(kLeadMs + kCutMs[3] - 500);
  ASSERT_TRUE(channel_.Feed(schedule.blocks()[3]).success());
  channel_.AwaitEndOf(schedule.blocks().back());
  ExpectWhole(film, schedule.join_utc_ms());
}

}  // namespace
}  // namespace air::e2e

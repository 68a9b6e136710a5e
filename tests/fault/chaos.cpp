// Chaos: a channel on the air while its stages are killed or stopped at random instants, and every byte its
// viewer got judged from outside.
//
//   air_chaos [--seed 1] [--minutes 10] [--size 1280x720] [--rate 30000/1001] [--signal KILL|STOP|BOTH]
//             [--victims decoder,selector,encoder,supervisor] [--delay-ms 0] [--rate-kbps 0] [--gop 2]
//             [--max-arrival-gap-ms N] [--allow-pad]
//
// A seed strikes the same kinds of stages in the same rhythm each time; the instants within a frame are the
// machine's. The supervisor is only ever killed (what would notice that it hangs is its service manager), and
// started again at once. Segments of 4 to 9 seconds follow each other, so that strikes also fall on joins and
// on stages that are being replaced.
//
// structure: every rule of the independent analyser: continuity counters, time stamps on their exact grid,
//            PCR, access units, decoder model
// content:   each picture of the plan on its tick, none lost, none repeated, none black; sound without a gap
// arrival:   the connection is never closed, the longest time without a byte stays below the limit
//
// Exit status 0: the viewer has seen nothing.
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tests/support/test_channel.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;

constexpr int64_t kLeadInMs = 3000;  // planned pad, in which the first decoders get ready
constexpr int64_t kClipSeconds = 30;
constexpr int kClips = 3;
constexpr int kMostQueued = 64;

struct Options {
  unsigned seed = 1;
  double minutes = 10;
  std::string size = "1280x720", rate = "30000/1001", signal = "KILL", keep;
  std::vector<std::string> victims = {"decoder", "selector", "encoder"};
  int64_t least_gap_ms = 1000, most_gap_ms = 3000, same_stage_ms = 1500;
  double gop_seconds = 2;
  int64_t max_arrival_gap_ms = 0;  // 0: what the signal allows
  bool allow_pad = false;
  ChannelFormat format;

  bool Stops() const { return signal != "KILL"; }
  int64_t MaxArrivalGapMs() const {
    if (max_arrival_gap_ms > 0) return max_arrival_gap_ms;
    return Stops() ? 1500 : 800;
  }
};

// A stage that has work is told from an idle spare by what it has open.
const std::map<std::string, std::string> kWorksOn = {
    {"decoder", "air-ring-"}, {"selector", ".program"}, {"encoder", ".journal-"}};

class Chaos {
 public:
  explicit Chaos(const Options& options)
      : options_(options),
        random_(options.seed),
        viewer_(StreamViewer::OnUnixSocket(channel_.Path("viewer.sock"))) {}

  bool Run() {
    const Schedule schedule = Begin();
    StrikeUntil(schedule.end_ms() - 2000);
    channel_.SleepUntil(schedule.end_ms());
    const bool kept = !viewer_->WaitForEnd(0, 0ms) && !viewer_->WaitForConnection(1, 0ms);
    PrintRestarts();
    EXPECT_TRUE(channel_.Stop().success());
    EXPECT_TRUE(viewer_->WaitForEnd(0));
    const bool good = Verdict(schedule, kept);
    channel_.End();
    return good && !::testing::UnitTest::GetInstance()->ad_hoc_test_result().Failed();
  }

 private:
  int64_t Random(int64_t from, int64_t to) {
    return std::uniform_int_distribution<int64_t>(from, to)(random_);
  }

  Schedule Begin() {
    const ClipMaker maker(options_.format, channel_.folder());
    const auto gop = static_cast<int>(options_.gop_seconds * static_cast<double>(options_.format.num) /
                                      static_cast<double>(options_.format.den));
    std::vector<Clip> clips;
    for (int id = 1; id <= kClips; ++id) {
      clips.push_back(maker.Make(id, kClipSeconds * options_.format.num / options_.format.den, "mp4",
                                 absl::StrFormat("-g %d -keyint_min %d -sc_threshold 0", gop, gop)));
    }
    channel_.Attach(*viewer_);
    Schedule schedule = Plan(clips);
    wire::StartBlockPlanSessionRequest request = TestChannel::StartRequest(schedule);
    request.set_max_queue_depth(kMostQueued);
    channel_.Begin(request);
    for (size_t i = 2; i < schedule.blocks().size(); ++i)
      EXPECT_TRUE(channel_.Feed(schedule.blocks()[i]).success());
    return schedule;
  }

  Schedule Plan(const std::vector<Clip>& clips) {
    const auto length_ms = static_cast<int64_t>(options_.minutes * 60'000);
    Schedule schedule(options_.format, NowUtcMs());
    std::vector<Entry> block = {Pad(kLeadInMs)};
    for (size_t clip = 0; schedule.end_ms() < length_ms || schedule.blocks().size() < 2; block.clear()) {
      // So many segments a block that all blocks fit into the queue at once.
      for (int64_t i = 0; i < std::max<int64_t>(2, length_ms / 6000 / 30); ++i, clip = (clip + 1) % kClips) {
        const int64_t duration = Random(4000, 9000);
        const int64_t last = clips[clip].pictures - options_.format.TickAt(duration) - 1;
        block.push_back(Show(clips[clip], duration, options_.format.MsOfPicture(Random(0, last))));
      }
      schedule.AddBlock("block-" + std::to_string(schedule.blocks().size()), block);
    }
    return schedule;
  }

  void StrikeUntil(int64_t end_ms) {
    std::map<std::string, int64_t> last;  // strike at each kind
    for (int64_t at = kLeadInMs + 2000; at < end_ms;
         at += Random(options_.least_gap_ms, options_.most_gap_ms)) {
      std::vector<std::string> kinds = options_.victims;
      std::erase_if(kinds, [&](const std::string& kind) {
        return last.contains(kind) && at - last[kind] < options_.same_stage_ms;
      });
      const bool stop = options_.signal == "STOP" || (options_.signal == "BOTH" && Random(0, 1) == 1);
      if (kinds.empty()) continue;
      const std::string& kind = kinds[static_cast<size_t>(Random(0, static_cast<int64_t>(kinds.size()) - 1))];
      channel_.SleepUntil(at);
      if (!Strike(kind, stop)) continue;
      last[kind] = at;
      ++strikes_[kind];
    }
  }

  bool Strike(const std::string& kind, bool stop) {
    if (kind == "supervisor") {
      channel_.KillSupervisor();
      channel_.StartSupervisor();
      return true;
    }
    std::vector<pid_t> pids;
    for (const MarkedProcess& stage : channel_.Stages()) {
      const bool works = std::any_of(
          stage.open_files.begin(), stage.open_files.end(),
          [&](const std::string& file) { return file.find(kWorksOn.at(kind)) != std::string::npos; });
      if (stage.program == "air-" + kind && works) pids.push_back(stage.pid);
    }
    if (pids.empty()) return false;
    const pid_t pid = pids[static_cast<size_t>(Random(0, static_cast<int64_t>(pids.size()) - 1))];
    return kill(pid, stop ? SIGSTOP : SIGKILL) == 0;
  }

  void PrintRestarts() const {
    const MetricsPage metrics = channel_.Metrics();
    std::vector<std::string> texts;
    for (const auto& [kind, count] : strikes_)
      texts.push_back(absl::StrFormat("%d at the %s", count, kind.c_str()));
    std::printf("strikes: %s; the channel counts %d pad frames that were not planned, %d overruns\n",
                absl::StrJoin(texts, ", ").c_str(), static_cast<int>(UnplannedPad(metrics)),
                static_cast<int>(metrics.Sum("air_program_overruns_total").value_or(-1)));
  }

  static double UnplannedPad(const MetricsPage& metrics) {
    return metrics.Sum("air_pad_frames_total").value_or(0) -
           metrics.Value("air_pad_frames_total", {{"cause", "PLANNED"}}).value_or(0);
  }

  bool Verdict(const Schedule& schedule, bool connection_kept) {
    const std::vector<uint8_t> stream = WholeTicks(viewer_->Received(0));
    if (!options_.keep.empty()) {
      std::ofstream(options_.keep, std::ios::binary)
          .write(reinterpret_cast<const char*>(stream.data()), static_cast<std::streamsize>(stream.size()));
    }
    const Judged judged = Judge(stream, options_.format);
    std::vector<std::string> wrong = analyser::Failures(judged.content, {});
    const Losses losses = LossesOf(judged.aired, schedule.expected());
    wrong.insert(wrong.end(), losses.wrong.begin(), losses.wrong.end());
    if (losses.pad > 0 && !options_.allow_pad)
      wrong.push_back(absl::StrFormat("%d pictures were pad that should not have been", losses.pad));
    if (judged.aired.end_tick() < schedule.expected().end_tick() - options_.format.TickAt(1000))
      wrong.push_back("the stream has ended too soon");
    if (!connection_kept) wrong.push_back("the connection was closed");
    const auto gap = static_cast<int64_t>(viewer_->LongestSilence(0).count());
    if (gap >= options_.MaxArrivalGapMs())
      wrong.push_back(
          absl::StrFormat("%d ms without a byte, the limit is %d", gap, options_.MaxArrivalGapMs()));
    const bool good = judged.structure.Clean() && wrong.empty();
    std::printf("%s", analyser::DescribeTs(judged.structure, {}).c_str());
    for (const std::string& text : wrong) std::printf("FAULT     %s\n", text.c_str());
    for (const std::string& text : judged.content.complaints.first)
      std::printf("decoder   %s\n", text.c_str());
    std::printf(
        "seed %u: %d pictures, %d pad, %d faults in the tone, longest time without a byte %d ms: %s\n",
        options_.seed, static_cast<int>(judged.content.pictures), static_cast<int>(losses.pad),
        static_cast<int>(judged.content.tone_faults), static_cast<int>(gap),
        good ? "the viewer has seen nothing" : "SEEN");
    return good;
  }

  const Options& options_;
  std::mt19937 random_;
  TestChannel channel_{{"--orphan-grace", "10"}};
  std::unique_ptr<StreamViewer> viewer_;
  std::map<std::string, int> strikes_;
};

}  // namespace
}  // namespace air::e2e

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  CLI::App app("Kills and stops the stages of a channel on the air, and judges all that its viewer got.");
  air::e2e::Options options;
  double seconds = 0;
  app.add_option("--seed", options.seed)->capture_default_str();
  app.add_option("--minutes", options.minutes)->capture_default_str();
  app.add_option("--seconds", seconds, "instead of minutes");
  app.add_option("--size", options.size)->capture_default_str();
  app.add_option("--rate", options.rate)->capture_default_str();
  app.add_option("--signal", options.signal)
      ->check(CLI::IsMember({"KILL", "STOP", "BOTH"}))
      ->capture_default_str();
  app.add_option("--victims", options.victims, "which stages")
      ->delimiter(',')
      ->check(CLI::IsMember({"decoder", "selector", "encoder", "supervisor"}))
      ->capture_default_str();
  app.add_option("--delay-ms", options.format.delay_ms, "mux.delay_ms")->capture_default_str();
  app.add_option("--rate-kbps", options.format.constant_kbps, "mux.rate_kbps; 0: variable")
      ->capture_default_str();
  app.add_option("--gop", options.gop_seconds, "seconds between the clips' key frames")
      ->capture_default_str();
  app.add_option("--least-gap-ms", options.least_gap_ms, "between strikes")->capture_default_str();
  app.add_option("--most-gap-ms", options.most_gap_ms, "between strikes")->capture_default_str();
  app.add_option("--max-arrival-gap-ms", options.max_arrival_gap_ms, "default: 800, with STOP 1500");
  app.add_flag("--allow-pad", options.allow_pad, "pad is counted and no fault");
  app.add_option("--keep", options.keep, "where the capture goes");
  CLI11_PARSE(app, argc, argv);
  if (seconds > 0) options.minutes = seconds / 60;
  if (!options.format.Parse(options.size, options.rate)) return 2;
  return air::e2e::Chaos(options).Run() ? 0 : 1;
}

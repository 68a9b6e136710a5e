// The soak: a channel on the air for minutes, with about a hundred joins in ten of them, five viewers
// attached at random instants, and two encoders killed (SIGKILL). Everything each viewer has received is
// judged from outside:
//
// structure: every rule of the independent analyser (ts_findings.h): TR 101 290 priorities 1 and 2, PCR
//            intervals of at most 40 ms, access units, time stamps on their exact grid, no discontinuity
// T-STD:     no buffer of the decoder model overflows or runs dry
// CBR:       with --constant-kbps: the packets of every second of PCR time, and each PCR within 500 ns
// content:   decoded without a complaint; each picture of the plan on its tick, none lost, repeated or black
//
//   air_soak [--minutes 10] [--rate 30000/1001] [--size 640x360] [--constant-kbps N] [--video-kbps N]
//            [--pts-origin N] [--viewers 5] [--kills 2] [--seed 1] [--keep FOLDER]
//
// Several may run side by side. Exit status 0: nothing found.
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <thread>

#include "absl/strings/str_format.h"
#include "tests/support/test_channel.h"

namespace air::bench {
namespace {

using namespace std::chrono_literals;

constexpr int64_t kLeadInMs = 2000;  // planned pad, in which the first decoders get ready
constexpr int64_t kSegmentsABlock = 5;
constexpr int64_t kSegmentMs = 6000;  // on average: a hundred joins in ten minutes
constexpr int64_t kClipSeconds = 12;

struct Options {
  double minutes = 10;
  std::string rate = "30000/1001", size = "640x360", keep;
  e2e::ChannelFormat format;
  int viewers = 5, kills = 2;
  unsigned seed = 1;
};

class Soak {
 public:
  explicit Soak(const Options& options)
      : options_(options),
        format_(options.format),
        length_ms_(static_cast<int64_t>(options.minutes * 60'000)),
        random_(options.seed),
        schedule_(format_, 0) {}

  bool Run() {
    Prepare();
    schedule_ = Plan();
    // The first viewer from the first byte on; the others at random instants, for a part of the time each.
    Attach(0);
    channel_.Begin(schedule_);
    std::thread feeder([this] { channel_.FeedRest(schedule_); });
    for (const auto& [at_ms, action] : Timetable()) {
      channel_.SleepUntil(at_ms);
      action();
    }
    feeder.join();
    const e2e::wire::StopBlockPlanSessionResponse stopped = channel_.Stop();
    EXPECT_TRUE(stopped.success()) << stopped.error_message();
    bool good = true;
    for (size_t i = 0; i < viewers_.size(); ++i) good &= JudgeViewer(i);
    channel_.End();
    good &= !::testing::UnitTest::GetInstance()->ad_hoc_test_result().Failed();
    std::printf(
        "%.1f minutes, %s at %s, %s, %d joins, %d viewers, %d encoders killed: %s\n", options_.minutes,
        options_.size.c_str(), options_.rate.c_str(),
        format_.constant_kbps > 0 ? absl::StrFormat("CBR %d kbit/s", format_.constant_kbps).c_str() : "VBR",
        joins_, options_.viewers, kills_, good ? "nothing found" : "FAULTS FOUND");
    return good;
  }

 private:
  using Action = std::function<void()>;
  static constexpr int kClips = 3;

  int64_t Random(int64_t from, int64_t to) {
    return std::uniform_int_distribution<int64_t>(from, to)(random_);
  }

  void Prepare() {
    const e2e::ClipMaker maker(format_, channel_.folder());
    const int64_t pictures = kClipSeconds * format_.num / format_.den;
    for (int id = 1; id <= kClips; ++id) clips_.push_back(maker.Make(id, pictures));
  }

  // Segments of random lengths from random pictures of the clips.
  e2e::Schedule Plan() {
    e2e::Schedule schedule(format_, e2e::NowUtcMs());
    std::vector<e2e::Entry> block = {e2e::Pad(kLeadInMs)};
    for (int id = 0; schedule.end_ms() < length_ms_ || schedule.blocks().size() < 2;
         schedule.AddBlock("block-" + std::to_string(schedule.blocks().size()), block), block.clear()) {
      for (int i = 0; i < kSegmentsABlock; ++i, ++joins_) {
        const int64_t duration = Random(kSegmentMs - 1000, kSegmentMs + 1000);
        const int64_t last = clips_[id].pictures - format_.TickAt(duration) - 1;
        block.push_back(e2e::Show(clips_[id], duration, format_.MsOfPicture(Random(0, last))));
        id = (id + 1) % kClips;
      }
    }
    return schedule;
  }

  std::multimap<int64_t, Action> Timetable() {
    std::multimap<int64_t, Action> timetable;
    const int64_t length = schedule_.end_ms();
    for (int i = 1; i < options_.viewers; ++i) {
      const int64_t slot = length / options_.viewers, at = slot * i + Random(-slot / 4, slot / 4);
      timetable.emplace(at, [this, i] { Attach(i); });
      timetable.emplace(at + slot * 3 / 4, [this, i] { Detach(i); });
    }
    for (int i = 1; i <= options_.kills; ++i) {
      const int64_t slot = length / (options_.kills + 1);
      timetable.emplace(slot * i + Random(-slot / 4, slot / 4), [this] { KillAnEncoder(); });
    }
    return timetable;
  }

  void Attach(int number) {
    auto viewer = e2e::StreamViewer::OnUnixSocket(channel_.Path("viewer-" + std::to_string(number)));
    channel_.Attach(*viewer);
    viewers_.push_back(std::move(viewer));
  }

  void Detach(int number) {
    e2e::wire::DetachStreamRequest request;
    request.set_channel_id(e2e::kTestChannelId);
    request.set_endpoint(viewers_.at(static_cast<size_t>(number))->endpoint());
    EXPECT_TRUE(channel_.Detach(request).success());
  }

  // One that codes for a viewer; an idle spare has no journal.
  void KillAnEncoder() {
    std::vector<pid_t> encoders;
    for (const e2e::MarkedProcess& stage : channel_.Stages()) {
      const bool codes =
          std::any_of(stage.open_files.begin(), stage.open_files.end(),
                      [](const std::string& file) { return file.find(".journal-") != std::string::npos; });
      if (stage.program == "air-encoder" && codes) encoders.push_back(stage.pid);
    }
    ASSERT_FALSE(encoders.empty());
    kill(encoders[static_cast<size_t>(Random(0, static_cast<int64_t>(encoders.size()) - 1))], SIGKILL);
    ++kills_;
  }

  bool JudgeViewer(size_t number) {
    const e2e::StreamViewer& viewer = *viewers_[number];
    EXPECT_TRUE(viewer.WaitForEnd(0)) << "viewer " << number << " still gets something";
    const std::vector<uint8_t> stream = e2e::WholeTicks(viewer.Received(0));
    if (!options_.keep.empty()) {
      std::ofstream(options_.keep + "/viewer-" + std::to_string(number) + ".ts", std::ios::binary)
          .write(reinterpret_cast<const char*>(stream.data()), static_cast<std::streamsize>(stream.size()));
    }
    const e2e::Judged judged = e2e::Judge(stream, format_);
    const analyser::ContentReport& content = judged.content;
    std::vector<std::string> wrong = analyser::Failures(content, {});
    const e2e::Losses losses = e2e::LossesOf(judged.aired, schedule_.expected());
    wrong.insert(wrong.end(), losses.wrong.begin(), losses.wrong.end());
    if (losses.pad > 0)
      wrong.push_back(absl::StrFormat("%d pictures were pad that should not have been", losses.pad));
    const bool good = judged.structure.Clean() && wrong.empty();
    std::printf("viewer %d: ticks %d to %d, longest silence %d ms, %d faults in the tone: %s\n%s",
                static_cast<int>(number), static_cast<int>(judged.aired.first_tick()),
                static_cast<int>(judged.aired.end_tick()), static_cast<int>(viewer.LongestSilence(0).count()),
                static_cast<int>(content.tone_faults), good ? "nothing found" : "FAULTS",
                analyser::DescribeTs(judged.structure, {}).c_str());
    for (const std::string& text : wrong) std::printf("content   %s\n", text.c_str());
    for (const std::string& text : content.complaints.first) std::printf("decoder   %s\n", text.c_str());
    return good;
  }

  const Options& options_;
  const e2e::ChannelFormat format_;
  const int64_t length_ms_;
  std::minstd_rand random_;
  e2e::TestChannel channel_;
  e2e::Schedule schedule_;
  std::vector<e2e::Clip> clips_;
  std::vector<std::unique_ptr<e2e::StreamViewer>> viewers_;
  int joins_ = 0, kills_ = 0;
};

}  // namespace
}  // namespace air::bench

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  CLI::App app("Puts a channel on the air for minutes, and judges all that its viewers got.");
  air::bench::Options options;
  app.add_option("--minutes", options.minutes)->capture_default_str();
  app.add_option("--rate", options.rate)->capture_default_str();
  app.add_option("--size", options.size)->capture_default_str();
  app.add_option("--constant-kbps", options.format.constant_kbps, "constant bit rate; 0: variable");
  app.add_option("--video-kbps", options.format.video_kbps, "0: AIR's default");
  app.add_option("--pts-origin", options.format.pts_origin, "time stamp of the first tick, 90 kHz");
  app.add_option("--viewers", options.viewers)->capture_default_str();
  app.add_option("--kills", options.kills)->capture_default_str();
  app.add_option("--seed", options.seed)->capture_default_str();
  app.add_option("--keep", options.keep, "where the captures go");
  CLI11_PARSE(app, argc, argv);
  if (!options.format.Parse(options.size, options.rate)) return 2;
  return air::bench::Soak(options).Run() ? 0 : 1;
}

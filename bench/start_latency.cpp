// How long a channel takes to be on the air: from exec of air-supervisor, with a client that sends its calls
// back to back (GetVersion until it is answered, AttachStream, StartBlockPlanSession), until the reader holds
// everything of a picture and of a sound that a decoder can make; and until it holds the first picture of the
// file that is planned from the first tick on, told from pad by decoding it and reading its counter.
//
//   air_start_latency [--starts 50] [--size 1280x720] [--rate 30000/1001] [--file CLIP]
//
// CLIP must be made by tests/support/make-clip.sh; without it one of the channel's format is made.
// Exit status 0 when the targets are kept: p95 below 200 ms, of content below 300 ms.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include "bench/distribution.h"
#include "tests/support/decodable_units.h"
#include "tests/support/test_channel.h"

namespace air::bench {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto kLimit = 15s;
constexpr int64_t kClipSeconds = 20;

struct Options {
  int starts = 50;
  std::string size = "1280x720", rate = "30000/1001", file;
};

struct Found {
  size_t picture, sound, content;  // bytes that complete them
  int64_t pad_pictures;            // before the first content
};

std::optional<Found> AwaitContent(const e2e::StreamViewer& viewer) {
  for (const auto deadline = steady_clock::now() + kLimit; steady_clock::now() < deadline;
       std::this_thread::sleep_for(300ms)) {
    const analyser::DecodableUnits units = analyser::FindDecodableUnits(viewer.Received(0));
    const auto content =
        std::find_if(units.pictures.begin(), units.pictures.end(),
                     [](const analyser::DecodableUnit& unit) { return unit.code.has_value(); });
    if (content == units.pictures.end() || units.sounds.empty()) continue;
    return Found{units.pictures.front().bytes, units.sounds.front().bytes, content->bytes,
                 content - units.pictures.begin()};
  }
  return std::nullopt;
}

int Run(const Options& options) {
  PrintLoad();
  e2e::ChannelFormat format;
  if (!format.Parse(options.size, options.rate)) return 2;
  const e2e::TestFolder clips;
  e2e::Clip clip{.id = 1, .pictures = kClipSeconds * format.num / format.den, .path = options.file};
  if (options.file.empty()) clip = e2e::ClipMaker(format, clips.path()).Make(1, clip.pictures);

  Distribution ready("GetVersion answered"), attached("AttachStream answered"),
      started("StartBlockPlanSession answered"), both("first picture and sound"),
      content("first picture of content");
  Distribution pad("pad pictures before content (a number)");
  for (int i = 0; i < options.starts; ++i) {
    // In a folder per channel, as the channel makes it.
    const auto viewer = e2e::StreamViewer::OnTcp();
    e2e::TestChannel channel;
    const auto since_exec = [&] { return steady_clock::now() - channel.executed_at(); };
    ready.Add(since_exec());
    channel.Attach(*viewer);
    attached.Add(since_exec());
    e2e::Schedule schedule(format, e2e::NowUtcMs());
    schedule.AddBlock("a", {e2e::Show(clip, 10'000)});
    schedule.AddBlock("b", {e2e::Pad(10'000)});
    const auto answer = channel.Start(e2e::TestChannel::StartRequest(schedule));
    started.Add(since_exec());
    if (!answer.success()) std::printf("start %d: %s\n", i, answer.error_message().c_str());
    const std::optional<Found> found = AwaitContent(*viewer);
    if (!found) {
      std::printf("start %d: no content within %d s\n", i, static_cast<int>(kLimit.count()));
      continue;
    }
    const auto after = [&](size_t bytes) { return viewer->ArrivalOf(0, bytes) - channel.executed_at(); };
    both.Add(after(std::max(found->picture, found->sound)));
    content.Add(after(found->content));
    pad.Add(std::chrono::milliseconds(found->pad_pictures));
    channel.Stop();
  }
  std::printf("%d starts, %s at %s\n", options.starts, options.size.c_str(), options.rate.c_str());
  Distribution::PrintHeading();
  for (const Distribution* each : {&ready, &attached, &started, &both, &content, &pad}) each->Print();
  const bool all = static_cast<int>(content.size()) == options.starts;
  return static_cast<int>(!(both.Meets(95, 200) & content.Meets(95, 300)) || !all);
}

}  // namespace
}  // namespace air::bench

int main(int argc, char** argv) {
  CLI::App app("Measures how long a channel takes to be on the air.");
  air::bench::Options options;
  app.add_option("--starts", options.starts)->capture_default_str();
  app.add_option("--size", options.size)->capture_default_str();
  app.add_option("--rate", options.rate)->capture_default_str();
  app.add_option("--file", options.file, "a clip made by tests/support/make-clip.sh");
  CLI11_PARSE(app, argc, argv);
  return air::bench::Run(options);
}

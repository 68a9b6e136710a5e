// How long a viewer waits who tunes a channel in: from handing its socket to the channel manager until the byte that completes the first
// picture a decoder can make by itself (libavcodec is asked).
//
//   cold   nobody watches: AIR is started for it
//   warm   the channel is on the air
//
//   core_tune_in [--tunings 50] [--size 1280x720] [--rate 30/1]
//
// Exit status 0 when the targets are kept: p95 below 700 ms cold, below 100 ms warm.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "bench/distribution.h"
#include "core/link/manager_process.h"
#include "tests/core/network/test_director.h"
#include "tests/support/child_program.h"
#include "tests/support/decodable_units.h"
#include "tests/support/stream_viewer.h"
#include "tests/support/test_channel.h"

namespace retrovue {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto kLimit = 10s;
constexpr std::int64_t kClipMs = 10'000;
constexpr std::int64_t kBlockMs = 6 * kClipMs;

struct Options {
  int tunings = 50;
  std::string size = "1280x720", rate = "30/1";
};

channel_link::Setup SetupOf(const Options& options) {
  channel_link::Setup setup;
  setup.set_slug("bench");
  setup.set_air_channel_id(1);
  const std::size_t x = options.size.find('x');
  setup.set_program_format_json(absl::StrCat(
      R"({"video":{"width":)", options.size.substr(0, x), R"(,"height":)", options.size.substr(x + 1),
      R"(,"frame_rate":")", options.rate, R"("},"audio":{"sample_rate":48000,"channels":2}})"));
  setup.set_linger_ms(0);
  return setup;
}

// An hour of the clip, over and over.
channel_link::Blocks BlocksOf(const std::string& clip) {
  channel_link::Blocks blocks;
  const std::int64_t begin = air::e2e::NowUtcMs() / kBlockMs * kBlockMs;
  for (std::int64_t start = begin; start < begin + 60 * kBlockMs; start += kBlockMs) {
    playout::BlockPlan& block = *blocks.add_blocks();
    block.set_block_id(absl::StrCat("bench-", start));
    block.set_start_utc_ms(start);
    block.set_end_utc_ms(start + kBlockMs);
    for (int i = 0; i < kBlockMs / kClipMs; ++i) {
      playout::BlockSegment& segment = *block.add_segments();
      segment.set_segment_index(i);
      segment.set_asset_uri(clip);
      segment.set_segment_duration_ms(kClipMs);
    }
  }
  return blocks;
}

// Tunes in and hangs up. Nothing: no picture came in time.
std::optional<steady_clock::duration> TuneIn(TestDirector& director, std::uint64_t key) {
  const auto viewer = air::e2e::StreamViewer::OnTcp();
  air::UniqueFd socket = ConnectedTo(viewer->endpoint());
  channel_link::Viewer request;
  request.set_key(key);
  request.set_http_minor(1);
  const auto tuned = steady_clock::now();
  if (!director.Viewer(request, std::move(socket)).ok()) return std::nullopt;
  for (const auto deadline = tuned + kLimit; steady_clock::now() < deadline;
       std::this_thread::sleep_for(100ms)) {
    const std::vector<std::uint8_t> all = viewer->Received(0);
    const std::string_view text(reinterpret_cast<const char*>(all.data()), all.size());
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string_view::npos) continue;
    const auto units =
        air::analyser::FindDecodableUnits(std::span<const std::uint8_t>(all).subspan(end + 4), 1);
    if (!units.pictures.empty()) {
      return viewer->ArrivalOf(0, end + 4 + static_cast<std::size_t>(units.pictures.front().bytes)) - tuned;
    }
  }
  return std::nullopt;
}

int Run(const Options& options) {
  air::bench::PrintLoad();
  const air::e2e::TestFolder folder;
  const std::string clip = folder.Path("clip.mp4");
  setenv("AIR_PATTERN", air::e2e::Built("air-pattern").c_str(), 1);
  const std::string make = absl::StrCat(AIR_SOURCE_DIR, "/tests/support/make-clip.sh '", clip, "' ",
                                        options.size, " ", options.rate, " ", kClipMs / 1000, " 1");
  if (std::system(make.c_str()) != 0) return 1;  // NOLINT: the script is the product's own
  const std::string channel = folder.Path("c");
  auto manager = SpawnManager({.program = air::e2e::Built("channel-manager"), .channel_folder = channel});
  if (!manager.ok()) return 1;
  air::bench::Distribution cold("cold: AIR is started"), warm("warm: on the air");
  {
    TestDirector director(channel);
    channel_link::Setup setup = SetupOf(options);
    (void)director.Setup(setup);
    (void)director.Blocks(BlocksOf(clip));
    std::minstd_rand random(1);
    for (int i = 0; i < options.tunings; ++i) {
      if (!director.WaitForPhase(channel_link::IDLE)) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 1000));
      if (const auto waited = TuneIn(director, 1)) cold.Add(*waited);
    }
    setup.set_always_on(true);
    (void)director.Setup(setup);
    director.WaitForPhase(channel_link::ON_AIR);
    std::this_thread::sleep_for(3s);
    for (int i = 0; i < options.tunings; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 1000));
      if (const auto waited = TuneIn(director, 2)) warm.Add(*waited);
    }
    (void)director.Stop();
    (void)director.WaitForEnd();
  }
  waitpid(manager->pid, nullptr, 0);
  std::printf("%d tunings each, %s at %s\n", options.tunings, options.size.c_str(), options.rate.c_str());
  air::bench::Distribution::PrintHeading();
  cold.Print();
  warm.Print();
  const auto wanted = static_cast<std::size_t>(options.tunings);
  const bool all = cold.size() == wanted && warm.size() == wanted;
  if (!all) std::printf("%zu tunings were without a picture\n", 2 * wanted - cold.size() - warm.size());
  return static_cast<int>(!(cold.Meets(95, 700) & warm.Meets(95, 100)) || !all);
}

}  // namespace
}  // namespace retrovue

int main(int argc, char** argv) {
  CLI::App app("Measures how long a viewer waits who tunes a channel in.");
  retrovue::Options options;
  app.add_option("--tunings", options.tunings)->capture_default_str();
  app.add_option("--size", options.size)->capture_default_str();
  app.add_option("--rate", options.rate)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return retrovue::Run(options);
}

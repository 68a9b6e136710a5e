// How long a viewer waits on a running channel: from the AttachStream call until the reader holds everything
// of a picture and of a sound that a decoder can make by themselves, and does (libavcodec is asked). Attaches
// come at random instants of the GOP, one at a time.
//
//   air_attach_latency [--attaches 200] [--size 1280x720] [--rate 30000/1001] [--tcp]
//
// Exit status 0 when the targets are kept: p50 below 50 ms, p99 below 100 ms.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>
#include <thread>

#include "bench/distribution.h"
#include "tests/support/decodable_units.h"
#include "tests/support/test_channel.h"

namespace air::bench {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto kLimit = 10s;
constexpr auto kGop = 1000ms;

struct Options {
  int attaches = 200;
  std::string size = "1280x720", rate = "30000/1001";
  bool tcp = false;
};

// The bytes that complete the first picture and the first sound; nothing when they have not come in time.
std::optional<analyser::DecodableUnits> AwaitFirst(const e2e::StreamViewer& viewer) {
  for (const auto deadline = steady_clock::now() + kLimit; steady_clock::now() < deadline;
       std::this_thread::sleep_for(100ms)) {
    analyser::DecodableUnits units = analyser::FindDecodableUnits(viewer.Received(0), 3);
    if (!units.pictures.empty() && !units.sounds.empty()) return units;
  }
  return std::nullopt;
}

int Run(const Options& options) {
  PrintLoad();
  e2e::ChannelFormat format;
  if (!format.Parse(options.size, options.rate)) return 2;
  e2e::TestChannel channel;
  const auto make_viewer = [&](int number) {
    return options.tcp ? e2e::StreamViewer::OnTcp()
                       : e2e::StreamViewer::OnUnixSocket(channel.Path("viewer-" + std::to_string(number)));
  };
  {
    const auto first = make_viewer(0);
    channel.Attach(*first);
    e2e::Schedule schedule(format, e2e::NowUtcMs());
    schedule.AddBlock("a", {e2e::ShowPattern(1, 3'600'000)});
    schedule.AddBlock("b", {e2e::ShowPattern(2, 3'600'000)});
    channel.Begin(schedule);
    if (!AwaitFirst(*first)) return 1;
    channel.Detach();
  }
  std::this_thread::sleep_for(2s);

  std::minstd_rand random(1);
  Distribution answer("AttachStream answered"), byte("first byte"), picture("first picture"),
      sound("first sound"), both("first picture and sound");
  int64_t refused = 0;
  for (int i = 1; i <= options.attaches; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % kGop.count()));
    const auto viewer = make_viewer(i);
    const auto called = steady_clock::now();
    channel.Attach(*viewer);
    answer.Add(steady_clock::now() - called);
    const auto units = AwaitFirst(*viewer);
    channel.Detach();
    if (!units) {
      std::printf("attach %d: no picture and sound within %d s\n", i, static_cast<int>(kLimit.count()));
      continue;
    }
    const auto after = [&](size_t bytes) { return viewer->ArrivalOf(0, bytes) - called; };
    refused += units->refused;
    byte.Add(after(1));
    picture.Add(after(units->pictures.front().bytes));
    sound.Add(after(units->sounds.front().bytes));
    both.Add(after(std::max(units->pictures.front().bytes, units->sounds.front().bytes)));
  }
  channel.End();
  std::printf("%d attaches to a running channel, %s at %s, over %s\n", options.attaches, options.size.c_str(),
              options.rate.c_str(), options.tcp ? "TCP" : "a UNIX socket");
  Distribution::PrintHeading();
  for (const Distribution* each : {&answer, &byte, &picture, &sound, &both}) each->Print();
  if (refused > 0) std::printf("%d units were not decodable when they came\n", static_cast<int>(refused));
  const bool all = static_cast<int>(both.size()) == options.attaches && refused == 0;
  return static_cast<int>(!(both.Meets(50, 50) & both.Meets(99, 100)) || !all);
}

}  // namespace
}  // namespace air::bench

int main(int argc, char** argv) {
  CLI::App app("Measures how long a viewer waits who is attached to a running channel.");
  air::bench::Options options;
  app.add_option("--attaches", options.attaches)->capture_default_str();
  app.add_option("--size", options.size)->capture_default_str();
  app.add_option("--rate", options.rate)->capture_default_str();
  app.add_flag("--tcp", options.tcp, "instead of a UNIX socket");
  CLI11_PARSE(app, argc, argv);
  return air::bench::Run(options);
}

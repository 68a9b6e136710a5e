// channel-loop: puts one channel on the air from files in a loop, and serves it to viewers over HTTP.
#include <signal.h>
#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include <google/protobuf/util/json_util.h>

#include "absl/strings/str_cat.h"
#include "base/program_beside.h"
#include "core/asset_probe.h"
#include "core/channel.h"
#include "core/console.h"
#include "core/http_server.h"
#include "core/plan_loop.h"
#include "core/runtime_folder.h"
#include "core/sink_listener.h"
#include "core/status_line.h"
#include "core/ts_fanout.h"
#include "protos/program_format.pb.h"

namespace {

using namespace std::chrono_literals;

constexpr int kFailure = 1;
constexpr int kUsage = 2;
constexpr int kChannelId = 1;
constexpr auto kStatusInterval = 1s;
constexpr auto kMetricsLimit = 500ms;

struct Options {
  std::string http = "127.0.0.1:8080";
  std::string size = "1280x720";
  std::string rate = "30/1";
  std::string runtime_dir;
  std::string supervisor;
  std::string log_level = "info";
  std::vector<std::string> files;
};

CLI::Validator Pattern(const char* regex, const char* form) {
  return CLI::Validator(
      [=](std::string& text) {
        return std::regex_match(text, std::regex(regex)) ? std::string() : text + " is not " + form;
      },
      form);
}

void Define(CLI::App& app, Options& options) {
  app.add_option("--http", options.http, "where viewers are served")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  app.add_option("--size", options.size, "picture size")
      ->check(Pattern("[1-9][0-9]{0,4}x[1-9][0-9]{0,4}", "WIDTHxHEIGHT"))
      ->capture_default_str();
  app.add_option("--rate", options.rate, "frames a second")
      ->check(Pattern("[1-9][0-9]{0,6}/[1-9][0-9]{0,6}", "NUM/DEN"))
      ->capture_default_str();
  app.add_option("--runtime-dir", options.runtime_dir,
                 "sockets and log; default: a new folder, removed at the end")
      ->type_name("DIR");
  app.add_option("--supervisor", options.supervisor,
                 "air-supervisor to run; default: the one beside this program")
      ->type_name("PATH");
  app.add_option("--log-level", options.log_level, "of air-supervisor")->capture_default_str();
  app.add_option("FILE", options.files, "what to play, in a loop")->required();
}

std::string ProgramFormatJson(const Options& options) {
  air::ProgramFormat format;
  int width = 0;
  int height = 0;
  std::sscanf(options.size.c_str(), "%dx%d", &width, &height);
  format.mutable_video()->set_width(width);
  format.mutable_video()->set_height(height);
  format.mutable_video()->set_frame_rate(options.rate);
  format.mutable_audio()->set_sample_rate(48000);
  format.mutable_audio()->set_channels(2);
  google::protobuf::util::JsonPrintOptions print;
  print.preserve_proto_field_names = true;
  std::string json;
  (void)google::protobuf::util::MessageToJsonString(format, &json, print);  // cannot fail: no Any in it
  return json;
}

// The playable ones of `files`; says what is wrong with the others.
std::vector<air::Asset> Probe(const std::vector<std::string>& files, air::Console& console) {
  std::vector<air::Asset> assets;
  for (const std::string& file : files) {
    if (auto asset = air::ProbeAsset(file); asset.ok()) {
      assets.push_back(*std::move(asset));
    } else {
      console.Say(absl::StrCat("left out: ", std::string(asset.status().message())));
    }
  }
  return assets;
}

// Keeps the status line current until `done`.
void WatchStatus(const air::Channel& channel, const air::TsFanout& fanout, const std::string& runtime_dir,
                 air::Console& console, const std::atomic<bool>& done) {
  while (!done) {
    air::ChannelView view;
    view.phase = channel.phase();
    view.viewers = fanout.viewer_count();
    std::string address;
    if (std::ifstream file(runtime_dir + "/metrics.address"); std::getline(file, address)) {
      if (auto page = air::FetchMetricsPage(address, kMetricsLimit); page.ok()) view.page = *std::move(page);
    }
    console.SetStatus(air::StatusLine(view));
    for (auto waited = 0ms; waited < kStatusInterval && !done; waited += 50ms)
      std::this_thread::sleep_for(50ms);
  }
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "channel-loop: %s\n", std::string(status.message()).c_str());
  return absl::IsInvalidArgument(status) ? kUsage : kFailure;
}

int Run(const Options& options) {
  air::Console console;
  const std::vector<air::Asset> assets = Probe(options.files, console);
  if (assets.empty()) return Fail(absl::InvalidArgumentError("there is nothing to play"));

  auto runtime_folder = air::RuntimeFolder::Prepare(options.runtime_dir);
  if (!runtime_folder.ok()) return Fail(runtime_folder.status());
  const std::string runtime_dir = (*runtime_folder)->path();

  boost::asio::io_context loop;
  air::TsFanout fanout;
  const auto log = [&console](const std::string& line) { console.Say(line); };
  const auto sink = air::SinkListener::Listen(loop, runtime_dir + "/viewers.sock", fanout, log);
  if (!sink.ok()) return Fail(sink.status());
  const auto http =
      air::HttpServer::Listen(loop, options.http, fanout, [&console] { return console.status(); });
  if (!http.ok()) return Fail(http.status());

  air::ChannelOptions channel_options;
  channel_options.channel_id = kChannelId;
  channel_options.supervisor.program =
      options.supervisor.empty() ? air::ProgramBeside("air-supervisor") : options.supervisor;
  channel_options.supervisor.runtime_dir = runtime_dir;
  channel_options.supervisor.log_level = options.log_level;
  channel_options.sink_socket = (*sink)->path();
  channel_options.program_format_json = ProgramFormatJson(options);
  air::Channel channel(std::move(channel_options), air::PlanLoop(assets, kChannelId), log);

  boost::asio::signal_set signals(loop, SIGINT, SIGTERM, SIGHUP);
  signals.async_wait([&channel](boost::system::error_code error, int) {
    if (!error) channel.RequestStop();
  });

  console.Say(absl::StrCat("Watch it at ", (*http)->StreamUrl(), "   (Ctrl-C ends it)"));
  absl::Status ended;
  std::atomic<bool> done = false;
  std::thread channel_thread([&] {
    ended = channel.Run();
    done = true;
    loop.stop();
  });
  std::thread status_thread([&] { WatchStatus(channel, fanout, runtime_dir, console, done); });
  loop.run();
  channel_thread.join();
  status_thread.join();
  if (ended.ok()) return 0;
  (*runtime_folder)->Keep();
  return Fail(ended);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Puts one channel on the air from files in a loop, and serves it to viewers over HTTP.",
               "channel-loop");
  Define(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  return Run(options);
}

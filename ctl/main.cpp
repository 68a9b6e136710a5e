// air-ctl: the operator's client. One command, one answer, one exit status; docs/operations.md is its manual.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <string>

#include "base/number_text.h"
#include "base/version.h"
#include "ctl/commands.h"
#include "ctl/control_client.h"
#include "net/host_port.h"
#include "plans/message_bounds.h"

namespace {

constexpr const char* kFooter =
    "Exit status: 0 done, 1 refused by AIR, 2 wrong usage or plan file, 3 AIR not reachable.";

air::ExitStatus Run(int argc, char** argv) {
  CLI::App app("Operates a running AIR through its control interface.", "air-ctl");
  app.set_version_flag("--version", std::string("air-ctl ") + air::BuildVersion());
  app.footer(kFooter);
  app.require_subcommand(1);
  app.fallthrough();

  std::string address = "127.0.0.1:50051";
  int channel_id = 1;
  app.add_option("--address", address, "HOST:PORT or unix:PATH of air-supervisor")
      ->check([](const std::string& value) { return air::WrongAddress(value, air::PortRange::kNotZero); })
      ->capture_default_str();
  app.add_option("--channel", channel_id, "channel number (start and feed: see the plan)")
      ->check([](const std::string& value) {
        using Limits = std::numeric_limits<std::int32_t>;
        return air::WrongNumber(value, Limits::min(), Limits::max());
      })
      ->capture_default_str();

  app.add_subcommand("version", "Print the version of the control interface AIR speaks");

  air::MetricsSource metrics;
  CLI::App* status = app.add_subcommand("status", "Print what is on the air, and how it goes");
  status->add_option("--metrics", metrics.address, "HOST:PORT of the metrics page")
      ->check([](const std::string& value) { return air::WrongHostPort(value, air::PortRange::kNotZero); });
  status->add_option(
      "--runtime-dir", metrics.runtime_dir,
      "runtime directory of air-supervisor, instead; default: the one that goes with the port");

  CLI::App* as_run =
      app.add_subcommand("as-run", "Print what a session has really had on the air, and why not");
  std::string session;
  bool json = false;
  as_run->add_option("--runtime-dir", metrics.runtime_dir,
                     "runtime directory of air-supervisor; default: the one that goes with the port");
  as_run->add_option("--session", session,
                     "playout session, or the beginning of its name; default: the last one");
  as_run->add_flag("--json", json, "for machines");

  air::PlanOptions plan;
  CLI::App* start = app.add_subcommand("start", "Start a session from a plan file");
  CLI::App* feed = app.add_subcommand("feed", "Append the blocks of a plan file to the running session");
  for (CLI::App* command : {start, feed}) {
    command->add_option("plan", plan.path, "plan file")->type_name("PLAN.json")->required();
    CLI::Option* now =
        command->add_flag("--now", plan.now, "move the plan so that its first block starts now");
    command->add_option("--at", plan.at_utc_ms, "move the plan so that its first block starts then")
        ->type_name("UTC_MS")
        ->check([](const std::string& value) { return air::WrongNumber(value, 1, air::kLatestUtcMs); })
        ->excludes(now);
  }
  feed->add_option("--from", plan.from_block, "start with this block of the plan")->type_name("BLOCK_ID");

  CLI::App* validate = app.add_subcommand("validate", "Say what is wrong in a plan file; asks no program");
  validate->add_option("plan", plan.path, "plan file")->type_name("PLAN.json")->required();

  int port = 0;
  CLI::App* channel = app.add_subcommand("channel", "Start a channel from a plan file that AIR reads itself");
  channel->add_option("plan", plan.path, "plan file")->type_name("PLAN.json")->required();
  channel->add_option("--port", port, "serve the stream on this loopback port")
      ->check([](const std::string& value) { return air::WrongNumber(value, 1, 65535); });

  std::string endpoint, output_json;
  bool replace = false;
  CLI::App* attach = app.add_subcommand("attach", "Send the stream to a listener");
  attach->add_option("endpoint", endpoint, "unix:PATH or tcp:HOST:PORT")->type_name("ENDPOINT")->required();
  attach->add_flag("--replace", replace, "take the place of the streams that are attached");
  attach->add_option("--output", output_json, "encoder and mux settings of this stream alone")
      ->type_name("JSON");

  CLI::App* detach = app.add_subcommand("detach", "End a stream, or all of them; the channel runs on");
  detach->add_option("endpoint", endpoint, "as it was attached; without it: all")->type_name("ENDPOINT");
  app.add_subcommand("stop", "End the session");
  app.add_subcommand("events", "Print block events until the session ends");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? air::ExitStatus::kDone : air::ExitStatus::kUsage;
  }

  air::ControlClient client(address);
  air::Commands commands(client, std::cout, std::cerr);
  const std::string command = app.get_subcommands().front()->get_name();
  if (command == "version") return commands.Version();
  if (command == "status") {
    if (metrics.runtime_dir.empty()) metrics.runtime_dir = air::DefaultRuntimeDir(address);
    return commands.Status(metrics);
  }
  if (command == "validate") return commands.Validate(plan.path);
  if (command == "as-run") {
    if (metrics.runtime_dir.empty()) metrics.runtime_dir = air::DefaultRuntimeDir(address);
    return commands.AsRun(metrics.runtime_dir, session, json);
  }
  if (command == "start") return commands.Start(plan);
  if (command == "feed") return commands.Feed(plan);
  if (command == "channel") return commands.Channel(channel_id, plan.path, port);
  if (command == "attach") return commands.Attach(channel_id, endpoint, replace, output_json);
  if (command == "detach") return commands.Detach(channel_id, endpoint);
  if (command == "stop") return commands.Stop(channel_id);
  return commands.Events(channel_id);
}

}  // namespace

int main(int argc, char** argv) { return static_cast<int>(Run(argc, argv)); }

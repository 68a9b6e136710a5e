// A network from folders of media in one step.
#include "core/demo/demo_network.h"

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "core/cli/frame/arguments.h"
#include "core/cli/frame/output.h"
#include "core/cli/nouns/finding.h"
#include "core/cli/nouns/ingesting.h"
#include "core/cli/nouns/running.h"
#include "core/cli/nouns/verbs.h"
#include "core/store/channels.h"

namespace retrovue::cli {
namespace {

struct Options {
  std::vector<std::string> paths;
  std::vector<std::string> channels;
  std::string time_zone;
  bool no_start = false;
  RunningOptions running;
};

Json RowOf(const DemoChannel& channel) {
  Json json;
  json["slug"] = channel.slug;
  json["title"] = channel.title;
  json["number"] = channel.number;
  json["path"] = channel.path;
  json["summary"] = channel.summary;
  json["made"] = channel.made;
  json["ingest"] = ShapeOf(channel.report);
  return json;
}

// The days of what was made, so that the guide is there when the page is.
absl::Status MakeDays(Context& context, const DemoNetwork& network) {
  const absl::StatusOr<Planning*> planning = context.planning();
  if (!planning.ok()) return planning.status();
  for (const DemoChannel& made : network.channels) {
    std::optional<ChannelId> id;
    const absl::Status read = context.Read([&](const Snapshot& snapshot) -> absl::Status {
      const absl::StatusOr<Channel> channel = FindChannel(snapshot, made.slug);
      if (!channel.ok()) return channel.status();
      id = channel->id;
      return absl::OkStatus();
    });
    if (!read.ok()) return read;
    if (const auto days = (*planning)->MakeDaysAhead(*id); !days.ok()) return days.status();
  }
  return absl::OkStatus();
}

absl::StatusOr<Answer> Demo(Context& context, const Options& options) {
  if (context.globals().dry_run)
    return Refuse("DRY_RUN_IMPOSSIBLE",
                  "demo has no dry run: give it a home of its own with --home DIR instead");
  if (absl::Status wrong = CheckRunning(options.running); !wrong.ok()) return wrong;
  DemoOptions demo;
  demo.paths = options.paths;
  for (const std::string& title : options.channels) {
    if (absl::Status name = CheckName(title, "the channel's title"); !name.ok()) return name;
  }
  demo.titles = options.channels;
  demo.time_zone = options.time_zone.empty() ? SystemTimeZone() : options.time_zone;
  if (const auto zone = FindTimeZone(demo.time_zone); !zone.ok())
    return Refuse("TIMEZONE_UNKNOWN", zone.status().message());
  const absl::StatusOr<Store*> store = context.store();
  if (!store.ok()) return store.status();
  demo.home = context.home().folder;
  demo.ingest = IngestOptionsFor(context);
  if (!context.globals().json) {
    demo.on_message = [](const std::string& line) {
      EndProgress();
      std::fprintf(stderr, "%s\n", line.c_str());
    };
  }
  const absl::StatusOr<DemoNetwork> network = MakeDemoNetwork(**store, demo);
  EndProgress();
  if (!network.ok()) return Coded("DEMO_REFUSED", network.status());
  if (absl::Status days = MakeDays(context, *network); !days.ok()) return days;

  Answer answer{.name = "channels", .value = Json::array()};
  answer.columns = {{"NUMBER", "number"}, {"SLUG", "slug"}, {"TITLE", "title"}, {"WHAT", "summary"}};
  for (const DemoChannel& channel : network->channels) {
    answer.value.push_back(RowOf(channel));
    NoteWhatNeedsAPerson(channel.report, answer);
  }
  for (const IngestLine& line : network->refused)
    answer.notices.push_back(absl::StrCat(line.path, ": ", line.reason));
  if (!network->refused.empty()) {
    answer.exit = Exit::kPartly;
    answer.code = "DEMO_PARTLY";
    answer.says = {"Not all of it could be made into channels."};
  }
  answer.next = "retrovue start";
  const bool stopped = std::any_of(network->channels.begin(), network->channels.end(),
                                   [](const DemoChannel& channel) { return channel.report.stopped; });
  if (stopped) {
    answer.exit = Exit::kPartly;
    answer.code = "DEMO_PARTLY";
    answer.notices.push_back(
        "it was stopped before all files were read: the same command goes on with the rest");
  }
  if (options.no_start || stopped) return answer;
  answer.next.clear();
  Write(Print(answer, {.json = context.globals().json}));
  return RunNetwork(context, options.running);
}

}  // namespace

std::vector<Verb> DemoVerbs() {
  return {MakeVerb<Options>(
      "demo", "", "Make a network from folders of media and run it",
      [](CLI::App& app, Options& options) {
        app.add_option("PATH", options.paths, "folders, a channel each; files, a channel together")
            ->required();
        AddEach(app, "--channel", options.channels,
                "the title of the first folder's channel; repeat it for the next; default: the folder's name")
            ->type_name("TITLE");
        app.add_option("--timezone", options.time_zone, "IANA name; default: the machine's")
            ->type_name("ZONE");
        app.add_flag("--no-start", options.no_start, "make it, and do not run it");
        AddRunning(app, options.running);
      },
      Demo)};
}

}  // namespace retrovue::cli

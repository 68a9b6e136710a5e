#include "core/cli/nouns/running.h"

#include <cstdio>
#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/program_beside.h"
#include "core/cli/frame/arguments.h"
#include "core/cli/frame/output.h"
#include "core/cli/guardian/child.h"
#include "core/cli/guardian/guardian.h"
#include "core/cli/guardian/listening.h"
#include "core/store/channels.h"
#include "core/store/plans.h"

namespace retrovue::cli {
namespace {

// What is missing for something to air: a line each, with the next step.
absl::StatusOr<std::vector<std::string>> Missing(Context& context) {
  std::vector<std::string> lines;
  const absl::Status read = context.Read([&](const Snapshot& snapshot) -> absl::Status {
    const auto channels = snapshot.channels().List();
    if (!channels.ok()) return channels.status();
    if (channels->empty()) {
      lines.push_back(
          "There is no channel yet: retrovue demo FOLDER makes one of a folder, retrovue channel add one by "
          "hand.");
    }
    for (const Channel& channel : *channels) {
      const auto plans = snapshot.plans().OfChannel(channel.id);
      if (!plans.ok()) return plans.status();
      bool wanted = !channel.is_active;
      for (const SchedulePlan& plan : *plans) wanted = wanted || (plan.is_active && !plan.zones.empty());
      if (!wanted) {
        lines.push_back(absl::StrCat("Channel ", channel.slug,
                                     " has nothing to air: retrovue channel validate ", channel.slug,
                                     " says what is missing."));
      }
    }
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  return lines;
}

std::string PageOf(const std::string& address) {
  return absl::StartsWith(address, "unix:") ? address : absl::StrCat("http://", address, "/");
}

void Announce(const Context& context, const Guardian& guardian, const std::vector<std::string>& missing,
              Console& console) {
  if (context.globals().json) {
    Answer answer{.name = "network"};
    answer.value["http"] = guardian.http_address();
    answer.value["control"] = guardian.control_address();
    answer.value["home"] = context.home().folder;
    answer.notices = missing;
    console.Say(std::string(absl::StripSuffix(Print(answer, {.json = true}).out, "\n")));
    return;
  }
  console.Say(absl::StrCat("Watch it at ", PageOf(guardian.http_address()), "   (Ctrl-C ends it)"));
  console.Say(
      absl::StrCat("Control: ", PageOf(guardian.control_address()), "   home: ", context.home().folder));
  for (const std::string& line : missing) console.Say(line);
}

}  // namespace

void AddRunning(CLI::App& app, RunningOptions& options) {
  app.add_option("--http", options.http, "where viewers are served")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  app.add_option("--control", options.control, "where operators and machines are")
      ->type_name("HOST:PORT|unix:PATH")
      ->capture_default_str();
  AddEach(app, "--media-root", options.media_roots,
          "files may be played from it, beside the collections' folders; repeat it; \"/\": from everywhere")
      ->type_name("PATH");
}

absl::Status CheckRunning(const RunningOptions& options) {
  for (const auto& [option, address] :
       {std::pair("--http", &options.http), std::pair("--control", &options.control)}) {
    if (absl::Status wrong = CheckAddress(*address, option); !wrong.ok()) return wrong;
  }
  return absl::OkStatus();
}

absl::StatusOr<Answer> RunNetwork(Context& context, const RunningOptions& options) {
  if (absl::Status wrong = CheckRunning(options); !wrong.ok()) return wrong;
  GuardianOptions guardian_options;
  guardian_options.home = context.home();
  guardian_options.http = options.http;
  guardian_options.control = options.control;
  guardian_options.clock_shift = context.clock_shift();
  for (const std::string& root : options.media_roots) {
    std::error_code error;
    const std::filesystem::path absolute = std::filesystem::absolute(root, error).lexically_normal();
    if (error || root.empty())
      return Refuse("MEDIA_ROOT_WRONG",
                    absl::StrCat("--media-root \"", root, "\" is no path: give a folder"));
    guardian_options.media_roots.push_back(
        absolute == "/" ? "/" : std::string(absl::StripSuffix(absolute.string(), "/")));
  }
  guardian_options.director = air::ProgramBeside("program-director");
  const absl::StatusOr<std::unique_ptr<Guardian>> guardian = Guardian::Prepare(std::move(guardian_options));
  if (!guardian.ok()) return guardian.status();
  const absl::StatusOr<std::vector<std::string>> missing = Missing(context);
  if (!missing.ok()) return missing.status();
  context.CloseStore();  // it is the director's from here on
  Answer answer;
  answer.silent = true;
  if (context.globals().dry_run) {
    answer.silent = false;
    answer.says = {absl::StrCat("The network could start at ", (*guardian)->http_address(), ".")};
    answer.notices = *missing;
    return answer;
  }
  Console console(/*shows_status=*/!context.globals().json);
  Announce(context, **guardian, *missing, console);
  if (absl::Status ran = (*guardian)->Run(console); !ran.ok()) return ran;
  return answer;
}

}  // namespace retrovue::cli

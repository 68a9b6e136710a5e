// The network as a whole: start, stop, status.
#include <signal.h>

#include <cerrno>
#include <thread>

#include "absl/strings/str_cat.h"
#include "core/cli/guardian/network_lock.h"
#include "core/cli/guardian/page_fetch.h"
#include "core/cli/guardian/status_line.h"
#include "core/cli/nouns/running.h"
#include "core/cli/nouns/verbs.h"

namespace retrovue::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto kStopLimit = 40s;  // a bit more than the guardian takes at most
constexpr auto kStatusLimit = 2s;

struct Options {
  RunningOptions running;
};

absl::Status NotRunning(const Context& context) {
  return NotFound("NOT_RUNNING",
                  absl::StrCat("no network runs on ", context.home().folder, ": retrovue start runs it"));
}

absl::StatusOr<Answer> Start(Context& context, const Options& options) {
  return RunNetwork(context, options.running);
}

// Whether nothing of the network runs any more.
bool HasEnded(const std::string& lock_path) { return !NetworkOf(lock_path) && !OrphanOf(lock_path); }

absl::StatusOr<Answer> Stop(Context& context, const Options&) {
  const std::string lock_path = context.home().LockPath();
  const std::optional<RunningNetwork> network = NetworkOf(lock_path);
  const pid_t process = network ? network->guardian : OrphanOf(lock_path).value_or(0);
  if (process <= 0) return NotRunning(context);
  Answer answer{.name = "network"};
  answer.value = {{"process", process}, {"home", context.home().folder}};
  if (context.globals().dry_run) return answer;
  if (kill(process, SIGTERM) != 0)
    return absl::ErrnoToStatus(errno, absl::StrCat("process ", process, " cannot be told"));
  const auto poll = 100ms;
  for (auto waited = 0ms; waited < kStopLimit; waited += poll) {
    if (HasEnded(lock_path)) {
      answer.says = {"The network has ended."};
      return answer;
    }
    std::this_thread::sleep_for(poll);
  }
  return Refusal(absl::StatusCode::kDeadlineExceeded, "STILL_RUNNING",
                 absl::StrCat("the network has not ended: process ", process,
                              " was told, look at its output, or kill it"));
}

absl::StatusOr<Answer> Status(Context& context, const Options&) {
  const std::optional<RunningNetwork> network = NetworkOf(context.home().LockPath());
  if (!network) return NotRunning(context);
  Answer answer{.name = "network"};
  answer.value = {{"guardian", network->guardian},
                  {"http", network->http},
                  {"control", network->control},
                  {"home", context.home().folder}};
  const absl::StatusOr<std::string> page = FetchPage(network->control, kStatusPath, kStatusLimit);
  if (!page.ok()) {
    return Refusal(absl::StatusCode::kUnavailable, "DIRECTOR_AWAY",
                   absl::StrCat("the network runs (process ", network->guardian,
                                "), but its director does not answer at ", network->control, ": ",
                                page.status().message(), ": see ", context.home().LogPath()));
  }
  answer.value["director"] = Json::parse(*page, nullptr, /*allow_exceptions=*/false);
  answer.says = {absl::StrCat("Watch it at ", network->http), StatusLine(*page)};
  return answer;
}

}  // namespace

std::vector<Verb> NetworkVerbs() {
  const auto nothing = [](CLI::App&, Options&) {};
  return {
      MakeVerb<Options>(
          "start", "", "Run the network in the foreground",
          [](CLI::App& app, Options& options) { AddRunning(app, options.running); }, Start),
      MakeVerb<Options>("stop", "", "End the network that runs on this home", nothing, Stop),
      MakeVerb<Options>("status", "", "Say how the network on this home is", nothing, Status),
  };
}

}  // namespace retrovue::cli

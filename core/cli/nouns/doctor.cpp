// What a person should look at before asking for help.
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "base/program_beside.h"
#include "core/cli/guardian/child.h"
#include "core/cli/guardian/network_lock.h"
#include "core/cli/guardian/page_fetch.h"
#include "core/cli/guardian/status_line.h"
#include "core/cli/nouns/finding.h"
#include "core/cli/nouns/findings.h"
#include "core/cli/nouns/verbs.h"
#include "core/ingest/ingest.h"
#include "core/store/assets.h"
#include "core/store/channels.h"
#include "core/store/plans.h"
#include "core/store/schedule_days.h"
#include "core/store/sources.h"

namespace retrovue::cli {
namespace {

constexpr std::chrono::seconds kStatusLimit{2};
// What the network is made of, beside retrovue itself.
constexpr const char* kPrograms[] = {"program-director", "channel-manager", "air-supervisor", "air-decoder",
                                     "air-selector",     "air-encoder",     "asset-probe"};

struct Options {};

void CheckPrograms(Findings& findings) {
  bool all = true;
  for (const char* name : kPrograms) {
    const std::string path = air::ProgramBeside(name);
    if (access(path.c_str(), X_OK) == 0) continue;
    all = false;
    findings.Error("PROGRAM_MISSING",
                   absl::StrCat(path, " is not there: install all of the network's programs in one folder"));
  }
  if (all) findings.Fine("all programs are there");
}

void CheckSpace(const Home& home, Findings& findings) {
  constexpr std::uintmax_t kLittle = 500'000'000;
  std::error_code error;
  const auto space = std::filesystem::space(home.folder, error);
  if (error) return;  // not made yet
  if (space.available < kLittle) {
    findings.Warn("DISK_FULL", absl::StrCat("there are ", space.available / 1'000'000, " MB left in ",
                                            home.folder, ": make room, the database needs it"));
  } else {
    findings.Fine(absl::StrCat("there is room in ", home.folder));
  }
}

void CheckNetwork(const Home& home, Findings& findings) {
  const std::optional<RunningNetwork> network = NetworkOf(home.LockPath());
  if (!network) {
    findings.Fine("no network runs on this home: retrovue start runs it");
    return;
  }
  const absl::StatusOr<std::string> page = FetchPage(network->control, kStatusPath, kStatusLimit);
  if (page.ok()) {
    findings.Fine(absl::StrCat("the network runs: ", StatusLine(*page)));
  } else {
    findings.Error("DIRECTOR_AWAY",
                   absl::StrCat("the network runs, but its director does not answer: see ", home.LogPath()));
  }
}

absl::Status CheckMedia(const Snapshot& snapshot, Findings& findings) {
  const auto collections = snapshot.collections().List();
  if (!collections.ok()) return collections.status();
  for (const Collection& collection : *collections) {
    if (!collection.sync_enabled) {
      findings.Warn("COLLECTION_DISABLED", absl::StrCat("the collection \"", collection.name,
                                                        "\" is not enabled: retrovue collection update \"",
                                                        collection.name, "\" --sync-enable"));
      continue;
    }
    const std::string root = RootOf(collection);
    if (access(root.c_str(), R_OK) != 0)
      findings.Error("PATH_UNREADABLE",
                     absl::StrCat(root, " cannot be read: is it mounted, and may this user read it?"));
  }
  if (collections->empty())
    findings.Warn("NO_SOURCE",
                  "there is no media: retrovue source add --name Media --discover /path/to/media");
  const auto waiting = snapshot.assets().Reviews();
  if (!waiting.ok()) return waiting.status();
  if (!waiting->empty())
    findings.Warn("ATTENTION",
                  absl::StrCat(waiting->size(), " assets wait for an operator: retrovue asset attention"));
  AssetFilter schedulable;
  schedulable.schedulable_only = true;
  const auto ready = snapshot.assets().Count(schedulable);
  if (!ready.ok()) return ready.status();
  if (*ready > 0) findings.Fine(absl::StrCat(*ready, " assets may air"));
  if (*ready == 0 && !collections->empty())
    findings.Warn("CATALOGUE_EMPTY",
                  "nothing may air yet: retrovue collection ingest --all, then retrovue asset attention");
  return absl::OkStatus();
}

absl::Status CheckChannels(const Snapshot& snapshot, Instant now, Findings& findings) {
  const auto channels = snapshot.channels().List();
  if (!channels.ok()) return channels.status();
  if (channels->empty()) findings.Warn("NO_CHANNEL", "there is no channel: retrovue channel add my-channel");
  for (const Channel& channel : *channels) {
    const absl::StatusOr<Grid> grid = GridOf(channel);
    if (!grid.ok()) {
      findings.Error("TIMEZONE_UNKNOWN",
                     absl::StrCat("channel ", channel.slug, ": ", grid.status().message()));
      continue;
    }
    const auto plans = snapshot.plans().OfChannel(channel.id);
    if (!plans.ok()) return plans.status();
    const bool wanted = std::any_of(plans->begin(), plans->end(), [](const SchedulePlan& plan) {
      return plan.is_active && !plan.is_archived && !plan.zones.empty();
    });
    if (!wanted) {
      findings.Warn("NO_PLAN", absl::StrCat("channel ", channel.slug,
                                            " has nothing to air: retrovue channel validate ", channel.slug));
      continue;
    }
    const auto airing = snapshot.schedule_days().Airing(channel.id, now, now + Millis(1));
    if (!airing.ok()) return airing.status();
    if (airing->empty()) {
      findings.Warn("SCHEDULE_GAP",
                    absl::StrCat("channel ", channel.slug,
                                 " has no day for now: retrovue schedule-day generate --channel ",
                                 channel.slug, ", or retrovue start, which makes them"));
    } else {
      findings.Fine(absl::StrCat("channel ", channel.slug, " has something to air"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Answer> Doctor(Context& context, const Options&) {
  Findings findings;
  CheckPrograms(findings);
  CheckSpace(context.home(), findings);
  const absl::Status read = context.Read([&](const Snapshot& snapshot) -> absl::Status {
    findings.Fine(absl::StrCat("the database ", PublicUrl(context.home().database_url), " can be read"));
    if (absl::Status s = CheckMedia(snapshot, findings); !s.ok()) return s;
    return CheckChannels(snapshot, context.Now(), findings);
  });
  if (!read.ok()) findings.Error(CodeOf(read), std::string(read.message()));
  CheckNetwork(context.home(), findings);
  Answer answer{.name = "doctor"};
  findings.Into(answer, "home", context.home().folder, /*strict=*/false);
  return answer;
}

}  // namespace

std::vector<Verb> DoctorVerbs() {
  return {MakeVerb<Options>(
      "doctor", "", "Look for what keeps the network from running", [](CLI::App&, Options&) {}, Doctor)};
}

}  // namespace retrovue::cli

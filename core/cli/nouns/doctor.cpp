// What a person should look at before asking for help.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

#include "absl/strings/str_cat.h"
#include "core/cli/nouns/doctor_machine.h"
#include "core/cli/nouns/finding.h"
#include "core/cli/nouns/findings.h"
#include "core/cli/nouns/verbs.h"
#include "core/store/assets.h"
#include "core/store/channels.h"
#include "core/store/plans.h"
#include "core/store/playlog.h"
#include "core/store/schedule_days.h"
#include "core/store/sources.h"

namespace retrovue::cli {
namespace {

struct Options {};

constexpr Millis kSoon = std::chrono::hours(2);
constexpr Millis kShortHorizon = std::chrono::hours(24);

// Missing, as the last ingest has found.
absl::Status CheckMissing(const Snapshot& snapshot, const Collection& collection, Findings& findings) {
  const auto marks = snapshot.assets().Marks(collection.id);
  if (!marks.ok()) return marks.status();
  const auto missing = std::count_if(marks->begin(), marks->end(), [](const AssetMark& mark) {
    return mark.missing_since.has_value() && !mark.deleted && mark.state != AssetState::kRetired;
  });
  if (missing > 0) {
    findings.Warn(
        "ASSETS_MISSING",
        absl::StrCat(missing, missing == 1 ? " asset" : " assets", " of \"", collection.name,
                     "\" had gone at the last ingest: bring the files back, or retrovue collection ingest \"",
                     collection.name, "\" --prune"));
  }
  return absl::OkStatus();
}

// What airs in the next hours has to be there.
absl::Status CheckNextFiles(const Snapshot& snapshot, const Channel& channel, Instant now,
                            Findings& findings) {
  const auto blocks = snapshot.playlog().Blocks(channel.id, now, now + kSoon);
  if (!blocks.ok()) return blocks.status();
  std::set<std::string> gone;
  for (const PlannedBlock& block : *blocks)
    for (const PlaylogEvent& event : block.events)
      if (!event.path.empty() && access(event.path.c_str(), R_OK) != 0) gone.insert(event.path);
  if (gone.empty()) return absl::OkStatus();
  findings.Error(
      "ASSET_MISSING",
      absl::StrCat("channel ", channel.slug, ": ", *gone.begin(),
                   gone.size() > 1 ? absl::StrCat(" and ", gone.size() - 1, " more") : "",
                   " cannot be read and airs within two hours: bring it back, or retrovue collection "
                   "ingest --all and retrovue schedule-day regenerate --channel ",
                   channel.slug));
  return absl::OkStatus();
}

absl::Status CheckHorizon(const Snapshot& snapshot, const Channel& channel, const Grid& grid, Instant now,
                          Findings& findings) {
  const auto made = snapshot.schedule_days().Made(channel.id);
  if (!made.ok()) return made.status();
  if (!made->has_value()) return absl::OkStatus();
  const absl::CivilDay last = (*made)->last;
  if (grid.Anchor(last + 1) - now < kShortHorizon) {
    findings.Warn("HORIZON_SHORT",
                  absl::StrCat("the days of channel ", channel.slug, " end with ", ToText(last),
                               ": retrovue start carries them on, or retrovue schedule-day "
                               "generate --channel ",
                               channel.slug));
  }
  return absl::OkStatus();
}

// A folder is read and gone into, a file is read.
void CheckRoot(const std::string& root, Findings& findings) {
  std::error_code error;
  const bool is_folder = std::filesystem::is_directory(root, error);
  if (access(root.c_str(), is_folder ? R_OK | X_OK : R_OK) == 0) return;
  findings.Error("PATH_UNREADABLE", absl::StrCat(root, " cannot be read (", std::strerror(errno),
                                                 "): is it mounted, and may this user read it?"));
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
    CheckRoot(RootOf(collection), findings);
    if (absl::Status s = CheckMissing(snapshot, collection, findings); !s.ok()) return s;
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
    if (!channel.station_card_path.empty()) CheckRoot(channel.station_card_path, findings);
    if (absl::Status s = CheckHorizon(snapshot, channel, *grid, now, findings); !s.ok()) return s;
    if (absl::Status s = CheckNextFiles(snapshot, channel, now, findings); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::StatusOr<Answer> Doctor(Context& context, const Options&) {
  Findings findings;
  CheckPrograms(findings);
  CheckHome(context.home(), findings);
  CheckSharedMemory(findings);
  CheckClock(findings);
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

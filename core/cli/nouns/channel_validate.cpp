// Whether a channel can air as it stands, and what to do where it cannot.
#include <filesystem>
#include <set>

#include "absl/strings/str_cat.h"
#include "core/cli/nouns/channel.h"
#include "core/cli/nouns/finding.h"
#include "core/cli/nouns/findings.h"
#include "core/cli/nouns/verbs.h"
#include "core/schedule/catalogue_view.h"
#include "core/schedule/playlog.h"
#include "core/store/assets.h"
#include "core/store/plans.h"
#include "core/store/programs.h"

namespace retrovue::cli {
namespace {

struct Options {
  std::string handle;
  bool strict = false;
};

// Whether something of a zone's entries can air today.
bool HasSomething(const Zone& zone, const CatalogueView& catalogue) {
  for (const SchedulableRef& entry : zone.entries) {
    switch (entry.kind) {
      case SchedulableKind::kAsset:
        if (catalogue.FindSchedulable(entry.id) != nullptr) return true;
        break;
      case SchedulableKind::kVirtualAsset:
        if (catalogue.FindVirtual(entry.id) != nullptr) return true;
        break;
      case SchedulableKind::kSyntheticAsset:
        if (const auto* asset = catalogue.FindSynthetic(entry.id);
            asset != nullptr && !asset->rendering_path.empty())
          return true;
        break;
      case SchedulableKind::kProgram: {
        const Program* program = catalogue.FindProgram(entry.id);
        if (program == nullptr) break;
        for (const ChainNode& node : program->chain) {
          int duplicates = 0;
          if (node.thing || !catalogue.Select(*node.selector, &duplicates).empty()) return true;
        }
        break;
      }
    }
  }
  return false;
}

void CheckPlans(const Channel& channel, const std::vector<SchedulePlan>& plans,
                const CatalogueView& catalogue, Findings& findings) {
  int usable = 0;
  for (const SchedulePlan& plan : plans) {
    if (!plan.is_active || plan.is_archived) continue;
    ++usable;
    if (plan.zones.empty()) {
      findings.Error(
          "PLAN_WITHOUT_ZONES",
          absl::StrCat("the plan \"", plan.name, "\" has no zones: add one with retrovue zone add --channel ",
                       channel.slug, " --plan \"", plan.name, "\" --zone 00:00-24:00 --collection NAME"));
      continue;
    }
    if (absl::Status status = ValidatePlan(channel.grid, plan); !status.ok())
      findings.Error("PLAN_WRONG", std::string(status.message()));
    for (const Zone& zone : plan.zones) {
      if (!zone.enabled || HasSomething(zone, catalogue)) continue;
      findings.Warn("ZONE_EMPTY",
                    absl::StrCat("zone \"", zone.name, "\" of plan \"", plan.name,
                                 "\" has nothing that may air: ingest and approve something, or give it "
                                 "something else (retrovue zone update)"));
    }
  }
  if (usable == 0) {
    findings.Error(
        "NO_PLAN",
        absl::StrCat("channel ", channel.slug, " has no plan: make one with retrovue plan add --channel ",
                     channel.slug, " --name Everyday --zone 00:00-24:00 --collection NAME"));
  }
}

void CheckFiles(const Channel& channel, const CatalogueView& catalogue, Findings& findings) {
  std::error_code error;
  const AvailRules fillers = AvailRulesOf(channel, catalogue, 0);
  if (fillers.pool.empty() && fillers.card_path.empty()) {
    findings.Warn("NO_FILLERS",
                  absl::StrCat("what programmes leave of their slots is black: give it fillers with retrovue "
                               "channel update ",
                               channel.slug, " --filler-tag TAG, or a --station-card FILE"));
  }
  if (!channel.station_card_path.empty() &&
      !std::filesystem::is_regular_file(channel.station_card_path, error)) {
    findings.Error("FILE_NOT_FOUND",
                   absl::StrCat("the station card ", channel.station_card_path,
                                " is not there: give another with retrovue channel update"));
  }
  for (const Asset* filler : fillers.pool) {
    if (std::filesystem::is_regular_file(filler->canonical_uri, error)) continue;
    findings.Warn("FILE_NOT_FOUND", absl::StrCat("the filler ", filler->canonical_uri,
                                                 " is not there: run retrovue collection ingest"));
  }
}

absl::StatusOr<Answer> Validate(Context& context, const Options& options) {
  return context.Read({.name = "validation"}, [&](const Snapshot& snapshot, Answer& answer) -> absl::Status {
    const absl::StatusOr<Channel> channel = FindChannel(snapshot, options.handle);
    if (!channel.ok()) return channel.status();
    const auto plans = snapshot.plans().OfChannel(channel->id);
    if (!plans.ok()) return plans.status();
    AssetFilter schedulable;
    schedulable.schedulable_only = true;
    auto assets = snapshot.assets().List(schedulable);
    if (!assets.ok()) return assets.status();
    auto programs = snapshot.programs().OfChannel(channel->id);
    if (!programs.ok()) return programs.status();
    auto virtuals = snapshot.virtual_assets().List();
    if (!virtuals.ok()) return virtuals.status();
    auto synthetics = snapshot.synthetic_assets().List();
    if (!synthetics.ok()) return synthetics.status();
    const CatalogueView catalogue(*std::move(assets), *std::move(programs), *std::move(virtuals),
                                  *std::move(synthetics));
    Findings findings;
    if (absl::Status status = ValidateChannel(*channel); !status.ok())
      findings.Error("CHANNEL_WRONG", std::string(status.message()));
    if (const absl::StatusOr<Grid> grid = GridOf(*channel); !grid.ok())
      findings.Error("TIMEZONE_UNKNOWN", std::string(grid.status().message()));
    CheckPlans(*channel, *plans, catalogue, findings);
    CheckFiles(*channel, catalogue, findings);
    findings.Into(answer, "channel", channel->slug, options.strict);
    answer.next =
        findings.has_errors() ? "" : absl::StrCat("retrovue schedule-day generate --channel ", channel->slug);
    return absl::OkStatus();
  });
}

}  // namespace

std::vector<Verb> ChannelValidateVerbs() {
  return {MakeVerb<Options>(
      "channel", "validate", "Say whether a channel can air, and what is missing",
      [](CLI::App& app, Options& options) {
        app.add_option("CHANNEL", options.handle, "its slug, number or id")->required();
        app.add_flag("--strict", options.strict, "warnings count as errors");
      },
      Validate)};
}

}  // namespace retrovue::cli

#include "core/cli/nouns/finding.h"

#include <filesystem>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/store/assets.h"
#include "core/store/channels.h"
#include "core/store/plans.h"
#include "core/store/programs.h"
#include "core/store/sources.h"

namespace retrovue::cli {
namespace {

constexpr std::size_t kMostNames = 12;

// " There are: a, b, c." Or what to do where there is none.
std::string ThereAre(const std::vector<std::string>& names, const std::string& make_one) {
  if (names.empty()) return absl::StrCat(": there is none yet, make one with ", make_one);
  const std::vector<std::string> first(
      names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kMostNames)));
  return absl::StrCat(": there ", names.size() == 1 ? "is " : "are ", absl::StrJoin(first, ", "),
                      names.size() > kMostNames ? " and others" : "");
}

// The names of what `list` answers; an error gives none.
template <typename T, typename NameOf>
std::vector<std::string> NamesOf(const absl::StatusOr<std::vector<T>>& list, NameOf name_of) {
  std::vector<std::string> names;
  if (!list.ok()) return names;
  for (const T& one : *list) names.push_back(name_of(one));
  return names;
}

// `found`, or the refusal that goes with it. `others` answers what ThereAre does.
template <typename T, typename Others>
absl::StatusOr<T> Or(absl::StatusOr<T> found, const std::string& noun, const std::string& code,
                     const std::string& handle, Others others) {
  if (found.ok()) return found;
  if (absl::IsNotFound(found.status()))
    return NotFound(code + "_NOT_FOUND", absl::StrCat("there is no ", noun, " \"", handle, "\"", others()));
  if (absl::IsInvalidArgument(found.status())) return Refuse(code + "_AMBIGUOUS", found.status().message());
  return found;
}

}  // namespace

absl::StatusOr<Source> FindSource(const Snapshot& snapshot, const std::string& handle) {
  return Or(snapshot.sources().Find(handle), "source", "SOURCE", handle, [&] {
    return ThereAre(NamesOf(snapshot.sources().List(), [](const Source& source) { return source.name; }),
                    "retrovue source add");
  });
}

absl::StatusOr<Collection> FindCollection(const Snapshot& snapshot, const std::string& handle) {
  return Or(snapshot.collections().Find(handle), "collection", "COLLECTION", handle, [&] {
    return ThereAre(
        NamesOf(snapshot.collections().List(), [](const Collection& collection) { return collection.name; }),
        "retrovue source discover");
  });
}

std::string CollectionHandle(const std::string& written) {
  if (written.find('/') == std::string::npos) return written;
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::canonical(written, error);
  return error ? written : folder.string();
}

absl::StatusOr<Asset> FindAsset(const Snapshot& snapshot, const std::string& handle) {
  return Or(snapshot.assets().Find(handle), "asset", "ASSET", handle,
            [] { return ": give its id or its path, retrovue asset list shows them"; });
}

absl::StatusOr<Channel> FindChannel(const Snapshot& snapshot, const std::string& handle) {
  return Or(snapshot.channels().Find(handle), "channel", "CHANNEL", handle, [&] {
    return ThereAre(NamesOf(snapshot.channels().List(), [](const Channel& channel) { return channel.slug; }),
                    "retrovue channel add");
  });
}

absl::StatusOr<SchedulePlan> FindPlan(const Snapshot& snapshot, const Channel& channel,
                                      const std::string& handle) {
  return Or(snapshot.plans().Find(channel.id, handle),
            absl::StrCat("plan of channel ", channel.slug, " called"), "PLAN", handle, [&] {
              return ThereAre(
                  NamesOf(snapshot.plans().OfChannel(channel.id),
                          [](const SchedulePlan& plan) { return absl::StrCat("\"", plan.name, "\""); }),
                  absl::StrCat("retrovue plan add --channel ", channel.slug));
            });
}

absl::StatusOr<Program> FindProgram(const Snapshot& snapshot, const Channel& channel,
                                    const std::string& handle) {
  return Or(snapshot.programs().Find(channel.id, handle),
            absl::StrCat("program of channel ", channel.slug, " called"), "PROGRAM", handle, [&] {
              return ThereAre(
                  NamesOf(snapshot.programs().OfChannel(channel.id),
                          [](const Program& program) { return absl::StrCat("\"", program.name, "\""); }),
                  absl::StrCat("retrovue program add --channel ", channel.slug));
            });
}

absl::StatusOr<Grid> GridOf(const Channel& channel) {
  const absl::StatusOr<absl::TimeZone> zone = FindTimeZone(channel.time_zone);
  if (!zone.ok()) return Refuse("TIMEZONE_UNKNOWN", zone.status().message());
  return Grid(channel.grid, *zone);
}

Names NamesIn(const Snapshot& snapshot, const Channel& channel) {
  Names names;
  names.channel = channel.slug;
  names.of_thing = [&snapshot](const SchedulableRef& ref) -> std::string {
    switch (ref.kind) {
      case SchedulableKind::kProgram:
        if (const auto program = snapshot.programs().Get({ref.id}); program.ok()) return program->name;
        break;
      case SchedulableKind::kAsset:
        if (const auto asset = snapshot.assets().Get({ref.id}); asset.ok()) return asset->editorial.title;
        break;
      case SchedulableKind::kVirtualAsset:
        if (const auto asset = snapshot.virtual_assets().Get({ref.id}); asset.ok()) return asset->name;
        break;
      case SchedulableKind::kSyntheticAsset:
        if (const auto asset = snapshot.synthetic_assets().Get({ref.id}); asset.ok()) return asset->name;
        break;
    }
    return ref.id;
  };
  return names;
}

}  // namespace retrovue::cli

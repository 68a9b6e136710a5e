// The database.
#include "absl/strings/str_cat.h"
#include "core/cli/nouns/findings.h"
#include "core/cli/nouns/verbs.h"
#include "core/store/assets.h"
#include "core/store/channels.h"
#include "core/store/sources.h"

namespace retrovue::cli {
namespace {

struct Options {};

template <typename T>
absl::Status CountInto(Json& json, const char* name, const absl::StatusOr<std::vector<T>>& list) {
  if (!list.ok()) return list.status();
  json[name] = list->size();
  return absl::OkStatus();
}

// Opening it is what brings it up to date.
absl::StatusOr<Answer> Opened(Context& context, const std::string& says) {
  return context.Read({.name = "database"}, [&](const Snapshot& snapshot, Answer& answer) -> absl::Status {
    answer.value["url"] = PublicUrl(context.home().database_url);
    Json& counts = answer.value["counts"];
    if (absl::Status s = CountInto(counts, "sources", snapshot.sources().List()); !s.ok()) return s;
    if (absl::Status s = CountInto(counts, "collections", snapshot.collections().List()); !s.ok()) return s;
    if (absl::Status s = CountInto(counts, "channels", snapshot.channels().List()); !s.ok()) return s;
    const auto assets = snapshot.assets().Count();
    if (!assets.ok()) return assets.status();
    counts["assets"] = *assets;
    answer.says = {absl::StrCat("The database ", answer.value["url"].get<std::string>(), says)};
    for (const auto& [noun, count] : counts.items())
      answer.says.push_back(absl::StrCat(noun, ": ", count.get<std::int64_t>()));
    return absl::OkStatus();
  });
}

absl::StatusOr<Answer> Migrate(Context& context, const Options&) {
  return Opened(context, " is as this program wants it.");
}
absl::StatusOr<Answer> Status(Context& context, const Options&) { return Opened(context, " can be read."); }

}  // namespace

std::vector<Verb> DbVerbs() {
  const auto nothing = [](CLI::App&, Options&) {};
  return {
      MakeVerb<Options>("db", "migrate", "Make the database, or bring it up to date", nothing, Migrate),
      MakeVerb<Options>("db", "status", "Say where the database is and what is in it", nothing, Status),
  };
}

}  // namespace retrovue::cli

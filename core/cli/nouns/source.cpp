// Sources: where media comes from.
#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "core/cli/frame/arguments.h"
#include "core/cli/frame/confirm.h"
#include "core/cli/nouns/finding.h"
#include "core/cli/nouns/ingesting.h"
#include "core/cli/nouns/verbs.h"
#include "core/store/sources.h"

namespace retrovue::cli {
namespace {

constexpr const char* kFilesystem = "filesystem";

struct Options {
  std::string type = kFilesystem;
  std::string handle;
  std::string name;
  std::vector<std::string> paths;
  bool discover = false;
  bool sync = false;
  bool prune = false;
};

void AddHandle(CLI::App& app, Options& options) {
  app.add_option("SOURCE", options.handle, "its name, external id or id")->required();
}

absl::StatusOr<Answer> ListTypes(Context&, const Options&) {
  Answer answer{
      .name = "source_types", .value = Json::array(), .columns = {{"TYPE", "type"}, {"WHAT", "description"}}};
  answer.value.push_back(
      {{"type", kFilesystem}, {"description", "folders and files of this machine; links are followed"}});
  answer.next = "retrovue source add --name Media --discover /path/to/media";
  return answer;
}

// Roots that cannot be one: said before anything is written.
absl::Status CheckPaths(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    std::error_code error;
    const std::filesystem::file_status status = std::filesystem::status(path, error);
    if (!std::filesystem::exists(status)) {
      return NotFound("PATH_NOT_FOUND",
                      absl::StrCat(path, ": ", error ? error.message() : "there is no such folder",
                                   ": give the path of a folder of media"));
    }
    if (!std::filesystem::is_directory(status) && !std::filesystem::is_regular_file(status))
      return Refuse(
          "PATH_WRONG",
          absl::StrCat(path, " is neither a folder nor a file: give the path of a folder of media"));
  }
  return absl::OkStatus();
}

// Adds the collections of a source that are not there yet, and says of those that are whether they can be read now.
absl::StatusOr<Json> Discover(Transaction& transaction, const Source& source, bool sync) {
  const auto found = DiscoverCollections(source);
  if (!found.ok()) return Coded("DISCOVER_FAILED", found.status());
  const auto known = transaction.collections().OfSource(source.id);
  if (!known.ok()) return known.status();
  Json list = Json::array();
  for (Collection collection : *found) {
    const auto there = std::find_if(known->begin(), known->end(), [&](const Collection& other) {
      return other.external_id == collection.external_id;
    });
    const bool is_new = there == known->end();
    if (!is_new) {
      const bool ingestible = collection.ingestible;
      collection = *there;
      collection.ingestible = ingestible;
    }
    collection.source_id = source.id;
    if (sync) collection.sync_enabled = true;
    if (absl::Status s = transaction.collections().Put(collection); !s.ok())
      return Coded("COLLECTION_WRONG", s);
    Json row = ShapeOf(collection, source.name);
    row["new"] = is_new;
    list.push_back(row);
  }
  return list;
}

std::vector<Column> DiscoveredColumns() {
  return {{"COLLECTION", "name"}, {"SYNC", "sync_enabled"}, {"READABLE", "ingestible"}, {"NEW", "new"}};
}

std::string NextOf(const Json& collections) {
  if (collections.empty()) return "";
  const std::string name = collections.front()["name"].get<std::string>();
  if (collections.front()["sync_enabled"].get<bool>())
    return absl::StrCat("retrovue collection ingest \"", name, "\"");
  return absl::StrCat("retrovue collection update \"", name, "\" --sync-enable");
}

absl::StatusOr<Answer> Add(Context& context, const Options& options) {
  if (absl::Status name = CheckName(options.name, "the source's name"); !name.ok()) return name;
  if (absl::Status paths = CheckPaths(options.paths); !paths.ok()) return paths;
  return context.Write({.name = "source"}, [&](Transaction& transaction, Answer& answer) -> absl::Status {
    const auto sources = transaction.sources().List();
    if (!sources.ok()) return sources.status();
    for (const Source& other : *sources) {
      if (other.name == options.name) {
        return Refusal(
            absl::StatusCode::kAlreadyExists, "SOURCE_EXISTS",
            absl::StrCat("there is a source \"", options.name,
                         "\" already: give another name, or look for its collections with retrovue source "
                         "discover"));
      }
    }
    absl::StatusOr<Source> source = FilesystemSource(options.name, options.paths);
    if (!source.ok()) return Coded("SOURCE_WRONG", source.status());
    if (absl::Status s = transaction.sources().Put(*source); !s.ok()) return Coded("SOURCE_EXISTS", s);
    answer.value = ShapeOf(*source);
    answer.says = {absl::StrCat("Source \"", source->name, "\" is there.")};
    answer.next = absl::StrCat("retrovue source discover \"", source->name, "\"");
    if (!options.discover && !options.sync) return absl::OkStatus();
    const absl::StatusOr<Json> collections = Discover(transaction, *source, options.sync);
    if (!collections.ok()) return collections.status();
    answer.value["collections"] = *collections;
    answer.rows = "collections";
    answer.columns = DiscoveredColumns();
    answer.next = NextOf(*collections);
    return absl::OkStatus();
  });
}

absl::StatusOr<Answer> List(Context& context, const Options&) {
  return context.Read({.name = "sources", .value = Json::array(), .columns = SourceColumns()},
                      [&](const Snapshot& snapshot, Answer& answer) -> absl::Status {
                        const auto sources = snapshot.sources().List();
                        if (!sources.ok()) return sources.status();
                        for (const Source& source : *sources) {
                          const auto collections = snapshot.collections().OfSource(source.id);
                          if (!collections.ok()) return collections.status();
                          Json row = ShapeOf(source);
                          row["collections"] = collections->size();
                          answer.value.push_back(row);
                        }
                        if (sources->empty())
                          answer.next = "retrovue source add --name Media --discover /path/to/media";
                        return absl::OkStatus();
                      });
}

absl::StatusOr<Answer> Show(Context& context, const Options& options) {
  return context.Read({.name = "source"}, [&](const Snapshot& snapshot, Answer& answer) -> absl::Status {
    const absl::StatusOr<Source> source = FindSource(snapshot, options.handle);
    if (!source.ok()) return source.status();
    const auto collections = snapshot.collections().OfSource(source->id);
    if (!collections.ok()) return collections.status();
    answer.value = ShapeOf(*source);
    answer.value["collections"] = Json::array();
    for (const Collection& collection : *collections)
      answer.value["collections"].push_back(ShapeOf(collection, source->name));
    answer.rows = "collections";
    answer.columns = {
        {"COLLECTION", "name"}, {"SYNC", "sync_enabled"}, {"READABLE", "ingestible"}, {"ID", "id"}};
    return absl::OkStatus();
  });
}

absl::StatusOr<Answer> Update(Context& context, const Options& options) {
  if (absl::Status paths = CheckPaths(options.paths); !paths.ok()) return paths;
  return context.Write({.name = "source"}, [&](Transaction& transaction, Answer& answer) -> absl::Status {
    absl::StatusOr<Source> source = FindSource(transaction, options.handle);
    if (!source.ok()) return source.status();
    if (!options.name.empty()) {
      if (absl::Status name = CheckName(options.name, "the source's name"); !name.ok()) return name;
      source->name = options.name;
    }
    if (!options.paths.empty()) {
      const absl::StatusOr<Source> made = FilesystemSource(source->name, options.paths);
      if (!made.ok()) return Coded("SOURCE_WRONG", made.status());
      source->config_json = made->config_json;
    }
    if (absl::Status s = transaction.sources().Put(*source); !s.ok()) return Coded("SOURCE_WRONG", s);
    answer.value = ShapeOf(*source);
    answer.says = {absl::StrCat("Source \"", source->name, "\" is changed.")};
    answer.next = absl::StrCat("retrovue source discover \"", source->name, "\"");
    return absl::OkStatus();
  });
}

absl::StatusOr<Answer> Delete(Context& context, const Options& options) {
  const absl::StatusOr<bool> wanted =
      Confirm(context, absl::StrCat("the source \"", options.handle, "\" with its collections"));
  if (!wanted.ok()) return wanted.status();
  if (!*wanted) return Cancelled();
  return context.Write({.name = "source"}, [&](Transaction& transaction, Answer& answer) -> absl::Status {
    const absl::StatusOr<Source> source = FindSource(transaction, options.handle);
    if (!source.ok()) return source.status();
    answer.value = {{"id", source->id.text}, {"name", source->name}};
    answer.says = {absl::StrCat("Source \"", source->name, "\" is deleted.")};
    return Coded("SOURCE_IN_USE", transaction.sources().Delete(source->id));
  });
}

absl::StatusOr<Answer> DiscoverIt(Context& context, const Options& options) {
  return context.Write({.name = "collections", .columns = DiscoveredColumns()},
                       [&](Transaction& transaction, Answer& answer) -> absl::Status {
                         const absl::StatusOr<Source> source = FindSource(transaction, options.handle);
                         if (!source.ok()) return source.status();
                         const absl::StatusOr<Json> collections =
                             Discover(transaction, *source, options.sync);
                         if (!collections.ok()) return collections.status();
                         answer.value = *collections;
                         answer.next = NextOf(*collections);
                         return absl::OkStatus();
                       });
}

absl::StatusOr<Answer> IngestIt(Context& context, const Options& options) {
  std::vector<Collection> collections;
  const absl::Status read = context.Read([&](const Snapshot& snapshot) -> absl::Status {
    const absl::StatusOr<Source> source = FindSource(snapshot, options.handle);
    if (!source.ok()) return source.status();
    const auto all = snapshot.collections().OfSource(source->id);
    if (!all.ok()) return all.status();
    for (const Collection& collection : *all) {
      if (collection.sync_enabled) collections.push_back(collection);
    }
    if (!collections.empty()) return absl::OkStatus();
    return Refusal(
        absl::StatusCode::kFailedPrecondition, "NOTHING_ENABLED",
        absl::StrCat("no collection of \"", source->name, "\" is enabled: ",
                     all->empty() ? "look for them with retrovue source discover"
                                  : "enable one with retrovue collection update NAME --sync-enable"));
  });
  if (!read.ok()) return read;
  return IngestAll(context, collections, options.prune);
}

}  // namespace

std::vector<Verb> SourceVerbs() {
  return {
      MakeVerb<Options>(
          "source", "list-types", "List the kinds of sources there are", [](CLI::App&, Options&) {},
          ListTypes),
      MakeVerb<Options>(
          "source", "add", "Say where media comes from",
          [](CLI::App& app, Options& options) {
            app.add_option("PATH,--base-path", options.paths, "folders of media, each a collection")
                ->required();
            app.add_option("--name", options.name, "for people")->required();
            app.add_option("--type", options.type, "filesystem")->check(CLI::IsMember({kFilesystem}));
            app.add_flag("--discover", options.discover, "look for its collections at once");
            app.add_flag("--sync-enable", options.sync, "and enable them");
          },
          Add),
      MakeVerb<Options>(
          "source", "list", "List the sources", [](CLI::App&, Options&) {}, List),
      MakeVerb<Options>("source", "show", "Show a source and its collections", AddHandle, Show),
      MakeVerb<Options>(
          "source", "update", "Change a source",
          [](CLI::App& app, Options& options) {
            AddHandle(app, options);
            app.add_option("--name", options.name, "a new name");
            AddEach(app, "--base-path", options.paths, "its folders: these and no others");
          },
          Update),
      MakeVerb<Options>("source", "delete", "Delete a source that has no assets", AddHandle, Delete),
      MakeVerb<Options>(
          "source", "discover", "Look for a source's collections",
          [](CLI::App& app, Options& options) {
            AddHandle(app, options);
            app.add_flag("--sync-enable", options.sync, "and enable them");
          },
          DiscoverIt),
      MakeVerb<Options>(
          "source", "ingest", "Ingest all collections of a source that are enabled",
          [](CLI::App& app, Options& options) {
            AddHandle(app, options);
            app.add_flag("--prune", options.prune, "delete what is missing");
          },
          IngestIt),
  };
}

}  // namespace retrovue::cli

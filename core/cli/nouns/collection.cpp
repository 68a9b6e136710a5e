// Collections: parts of a source, and the unit of ingest.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/cli/frame/arguments.h"
#include "core/cli/nouns/finding.h"
#include "core/cli/nouns/ingesting.h"
#include "core/cli/nouns/verbs.h"
#include "core/store/assets.h"
#include "core/store/sources.h"

namespace retrovue::cli {
namespace {

struct Options {
  std::string handle;
  std::string source;
  std::string name;
  bool enable = false;
  bool disable = false;
  std::vector<std::string> mappings;
  bool no_mappings = false;
  bool all = false;
  bool prune = false;
};

absl::StatusOr<Json> RowOf(const Snapshot& snapshot, const Collection& collection) {
  const absl::StatusOr<Source> source = snapshot.sources().Get(collection.source_id);
  if (!source.ok()) return source.status();
  AssetFilter filter;
  filter.collection_id = collection.id;
  const auto count = snapshot.assets().Count(filter);
  if (!count.ok()) return count.status();
  Json row = ShapeOf(collection, source->name);
  row["assets"] = *count;
  return row;
}

absl::StatusOr<Answer> List(Context& context, const Options& options) {
  return context.Read({.name = "collections", .value = Json::array(), .columns = CollectionColumns()},
                      [&](const Snapshot& snapshot, Answer& answer) -> absl::Status {
                        absl::StatusOr<std::vector<Collection>> collections = snapshot.collections().List();
                        if (!options.source.empty()) {
                          const absl::StatusOr<Source> source = FindSource(snapshot, options.source);
                          if (!source.ok()) return source.status();
                          collections = snapshot.collections().OfSource(source->id);
                        }
                        if (!collections.ok()) return collections.status();
                        for (const Collection& collection : *collections) {
                          absl::StatusOr<Json> row = RowOf(snapshot, collection);
                          if (!row.ok()) return row.status();
                          answer.value.push_back(*std::move(row));
                        }
                        if (collections->empty())
                          answer.next = "retrovue source add --name Media --discover /path/to/media";
                        return absl::OkStatus();
                      });
}

absl::StatusOr<Answer> Show(Context& context, const Options& options) {
  return context.Read({.name = "collection"}, [&](const Snapshot& snapshot, Answer& answer) -> absl::Status {
    const absl::StatusOr<Collection> collection = FindCollection(snapshot, options.handle);
    if (!collection.ok()) return collection.status();
    absl::StatusOr<Json> row = RowOf(snapshot, *collection);
    if (!row.ok()) return row.status();
    answer.value = *std::move(row);
    return absl::OkStatus();
  });
}

absl::StatusOr<Answer> Update(Context& context, const Options& options) {
  return context.Write({.name = "collection"}, [&](Transaction& transaction, Answer& answer) -> absl::Status {
    absl::StatusOr<Collection> collection = FindCollection(transaction, options.handle);
    if (!collection.ok()) return collection.status();
    if (!options.name.empty()) {
      if (absl::Status s = CheckName(options.name, "the collection's name"); !s.ok()) return s;
      collection->name = options.name;
    }
    if (options.enable) collection->sync_enabled = true;
    if (options.disable) collection->sync_enabled = false;
    if (options.no_mappings || !options.mappings.empty()) collection->path_mappings.clear();
    for (const std::string& mapping : options.mappings) {
      const std::pair<std::string, std::string> ends = absl::StrSplit(mapping, absl::MaxSplits('=', 1));
      if (ends.first.empty() || ends.second.empty()) {
        return Refuse(
            "MAPPING_WRONG",
            absl::StrCat("\"", mapping, "\" is no mapping: write it like /remote/path=/local/path"));
      }
      collection->path_mappings.push_back({ends.first, ends.second});
    }
    if (absl::Status s = transaction.collections().Put(*collection); !s.ok())
      return Coded("COLLECTION_WRONG", s);
    absl::StatusOr<Json> row = RowOf(transaction, *collection);
    if (!row.ok()) return row.status();
    answer.value = *std::move(row);
    answer.says = {absl::StrCat("Collection \"", collection->name, "\" is ",
                                collection->sync_enabled ? "enabled." : "not enabled.")};
    if (collection->sync_enabled)
      answer.next = absl::StrCat("retrovue collection ingest \"", collection->name, "\"");
    return absl::OkStatus();
  });
}

absl::StatusOr<Answer> IngestIt(Context& context, const Options& options) {
  std::vector<Collection> collections;
  if (options.handle.empty() != options.all)
    return Refuse("MISSING_ARGUMENT", "say which collection: its name, or --all that are enabled");
  const absl::Status read = context.Read([&](const Snapshot& snapshot) -> absl::Status {
    if (!options.all) {
      absl::StatusOr<Collection> collection = FindCollection(snapshot, options.handle);
      if (!collection.ok()) return collection.status();
      if (!collection->sync_enabled) {
        return Refusal(absl::StatusCode::kFailedPrecondition, "COLLECTION_DISABLED",
                       absl::StrCat("the collection \"", collection->name,
                                    "\" is not enabled: enable it with retrovue collection update \"",
                                    collection->name, "\" --sync-enable"));
      }
      collections.push_back(*std::move(collection));
      return absl::OkStatus();
    }
    const auto all = snapshot.collections().List();
    if (!all.ok()) return all.status();
    for (const Collection& collection : *all) {
      if (collection.sync_enabled) collections.push_back(collection);
    }
    if (!collections.empty()) return absl::OkStatus();
    return Refusal(
        absl::StatusCode::kFailedPrecondition, "NOTHING_ENABLED",
        all->empty()
            ? "there is no collection: say where media is with retrovue source add"
            : "no collection is enabled: enable one with retrovue collection update NAME --sync-enable");
  });
  if (!read.ok()) return read;
  return IngestAll(context, collections, options.prune);
}

void AddHandle(CLI::App& app, Options& options) {
  app.add_option("COLLECTION", options.handle, "its name, its folder or its id")
      ->required()
      ->transform(CollectionHandle);
}

}  // namespace

std::vector<Verb> CollectionVerbs() {
  return {
      MakeVerb<Options>(
          "collection", "list", "List the collections",
          [](CLI::App& app, Options& options) {
            app.add_option("--source", options.source, "of this source")->type_name("NAME");
          },
          List),
      MakeVerb<Options>("collection", "show", "Show a collection", AddHandle, Show),
      MakeVerb<Options>(
          "collection", "update", "Enable a collection, or change it",
          [](CLI::App& app, Options& options) {
            AddHandle(app, options);
            app.add_option("--name", options.name, "a new name");
            CLI::Option* enable = app.add_flag("--sync-enable", options.enable, "it is to be ingested");
            app.add_flag("--sync-disable", options.disable, "it is not to be ingested")->excludes(enable);
            AddEach(app, "--path-mapping", options.mappings,
                    "what the source calls A is B here; repeat it: these and no others")
                ->type_name("A=B");
            app.add_flag("--no-path-mapping", options.no_mappings, "none");
          },
          Update),
      MakeVerb<Options>(
          "collection", "ingest", "Take in what is new, changed or gone in a collection's folders",
          [](CLI::App& app, Options& options) {
            app.add_option("COLLECTION", options.handle, "its name, its folder or its id")
                ->transform(CollectionHandle);
            app.add_flag("--all", options.all, "all that are enabled");
            app.add_flag("--prune", options.prune, "delete what is missing");
          },
          IngestIt),
  };
}

}  // namespace retrovue::cli

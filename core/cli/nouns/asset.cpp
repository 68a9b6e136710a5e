// Assets: what there is to air, and what an operator decides of it.
#include <algorithm>
#include <functional>
#include <set>

#include "absl/strings/str_cat.h"
#include "core/cli/frame/arguments.h"
#include "core/cli/nouns/finding.h"
#include "core/cli/nouns/made_days.h"
#include "core/cli/nouns/verbs.h"
#include "core/model/text.h"
#include "core/store/assets.h"

namespace retrovue::cli {
namespace {

const std::vector<std::string> kStates = {"new", "enriching", "ready", "retired"};

struct Options {
  std::vector<std::string> handles;
  bool all = false;  // of resolve: all that wait for an operator
  // of list
  std::string collection;
  std::string state;
  std::optional<bool> approved;
  std::string series;
  std::string tag;
  bool schedulable = false;
  bool deleted = false;
  std::optional<int> limit;
  // of resolve
  bool approve = false;
  bool ready = false;
  // of update
  std::vector<std::string> tags;
  std::vector<std::string> add_tags;
  std::vector<std::string> remove_tags;
  std::vector<std::string> cues;
  bool no_cues = false;
  std::string title;
  std::optional<std::string> new_series;
  std::optional<int> season;
  std::optional<int> episode;
  std::optional<int> year;
  std::optional<absl::CivilDay> air_date;
  std::optional<std::string> synopsis;
  std::optional<std::string> genre;
  std::optional<std::string> rating;
};

absl::StatusOr<AssetFilter> FilterOf(const Snapshot& snapshot, const Options& options) {
  AssetFilter filter;
  if (!options.collection.empty()) {
    const absl::StatusOr<Collection> collection = FindCollection(snapshot, options.collection);
    if (!collection.ok()) return collection.status();
    filter.collection_id = collection->id;
  }
  for (const AssetState state :
       {AssetState::kNew, AssetState::kEnriching, AssetState::kReady, AssetState::kRetired}) {
    if (options.state == Name(state)) filter.state = state;
  }
  filter.approved = options.approved;
  filter.series = options.series;
  filter.tag = NormalTag(options.tag);
  filter.schedulable_only = options.schedulable;
  filter.deleted = options.deleted;
  filter.limit = options.limit.value_or(0);
  return filter;
}

absl::StatusOr<Answer> List(Context& context, const Options& options) {
  return context.Read({.name = "assets", .value = Json::array(), .columns = AssetColumns()},
                      [&](const Snapshot& snapshot, Answer& answer) -> absl::Status {
                        const absl::StatusOr<AssetFilter> filter = FilterOf(snapshot, options);
                        if (!filter.ok()) return filter.status();
                        const auto assets = snapshot.assets().List(*filter);
                        if (!assets.ok()) return assets.status();
                        for (const Asset& asset : *assets) answer.value.push_back(ShapeOf(asset));
                        if (assets->empty()) answer.next = "retrovue collection ingest --all";
                        return absl::OkStatus();
                      });
}

absl::StatusOr<Answer> Show(Context& context, const Options& options) {
  return context.Read({.name = "asset"}, [&](const Snapshot& snapshot, Answer& answer) -> absl::Status {
    const absl::StatusOr<Asset> asset = FindAsset(snapshot, options.handles.front());
    if (!asset.ok()) return asset.status();
    answer.value = ShapeOf(*asset);
    return absl::OkStatus();
  });
}

absl::StatusOr<Answer> Attention(Context& context, const Options&) {
  return context.Read(
      {.name = "assets",
       .value = Json::array(),
       .columns =
           {{"ID", "id"}, {"TITLE", "title"}, {"STATE", "state"}, {"SURE", "confidence"}, {"WHY", "reason"}}},
      [&](const Snapshot& snapshot, Answer& answer) -> absl::Status {
        const auto reviews = snapshot.assets().Reviews();
        if (!reviews.ok()) return reviews.status();
        bool any_can_be_played = false;
        for (const Review& review : *reviews) {
          const absl::StatusOr<Asset> asset = snapshot.assets().Get(review.asset_id);
          if (!asset.ok()) return asset.status();
          any_can_be_played |= asset->duration > Millis(0);
          Json row = ShapeOf(*asset);
          row["reason"] = review.reason;
          row["confidence"] = review.confidence;
          SetTime(row, "since", review.since);
          answer.value.push_back(row);
        }
        answer.next = any_can_be_played ? "retrovue asset resolve --all --ready --approve"
                                        : "retrovue channel add my-channel --title \"My Channel\"";
        return absl::OkStatus();
      });
}

// Changes assets one by one, in the one transaction. Of --all those that cannot be changed as they are (FailedPrecondition) are left,
// and said; one that was named refuses the whole command. `change` does nothing before it knows that it can.
absl::StatusOr<Answer> ChangeEach(Context& context, const Options& options,
                                  const std::function<absl::Status(Transaction&, Asset&)>& change,
                                  const std::string& what_happened, const std::string& next) {
  return context.Write(
      {.name = "assets", .value = Json::array(), .columns = AssetColumns()},
      [&](Transaction& transaction, Answer& answer) -> absl::Status {
        std::vector<std::string> handles = options.handles;
        if (options.all) {
          const auto reviews = transaction.assets().Reviews();
          if (!reviews.ok()) return reviews.status();
          for (const Review& review : *reviews) handles.push_back(review.asset_id.text);
        } else if (handles.empty()) {
          return Refuse("MISSING_ARGUMENT",
                        "say which assets: their ids or paths, or --all of those "
                        "that wait (retrovue asset attention)");
        }
        for (const std::string& handle : handles) {
          absl::StatusOr<Asset> asset = FindAsset(transaction, handle);
          if (!asset.ok()) return asset.status();
          const absl::Status changed = change(transaction, *asset);
          if (options.all && absl::IsFailedPrecondition(changed)) {
            answer.notices.push_back(absl::StrCat("left as it is: ", changed.message()));
            answer.exit = Exit::kPartly;
            answer.code = "ASSETS_LEFT";
            continue;
          }
          if (!changed.ok()) return changed;
          answer.value.push_back(ShapeOf(*asset));
        }
        const std::size_t count = answer.value.size();
        answer.says = {absl::StrCat(count, count == 1 ? " asset " : " assets ", what_happened, ".")};
        answer.next = next;
        return absl::OkStatus();
      });
}

// By way of the states there are in between.
absl::Status MakeReady(Transaction& transaction, Asset& asset) {
  if (asset.state == AssetState::kReady) return absl::OkStatus();
  if (asset.duration <= Millis(0)) {
    return Refusal(absl::StatusCode::kFailedPrecondition, "ASSET_NOT_PROBED",
                   absl::StrCat("the length of \"", asset.editorial.title,
                                "\" is not known, so it cannot be ready: retrovue asset attention says why; "
                                "retrovue collection ingest probes it again"));
  }
  std::vector<AssetState> way = {AssetState::kReady};
  if (!MayBecome(asset.state, AssetState::kReady)) way.insert(way.begin(), AssetState::kEnriching);
  if (asset.state == AssetState::kRetired) way.insert(way.begin(), AssetState::kNew);
  for (const AssetState state : way) {
    if (absl::Status s = ValidateStateChange(asset, state); !s.ok()) return Coded("ASSET_STATE", s);
    asset.state = state;
    if (absl::Status s = transaction.assets().Put(asset); !s.ok()) return Coded("ASSET_STATE", s);
  }
  return absl::OkStatus();
}

absl::StatusOr<Answer> Resolve(Context& context, const Options& options) {
  if (!options.approve && !options.ready)
    return Refuse("MISSING_ARGUMENT",
                  "say what is decided: --ready (it can be played), --approve (it may air), or both");
  return ChangeEach(
      context, options,
      [&](Transaction& transaction, Asset& asset) -> absl::Status {
        if (options.ready) {
          if (absl::Status s = MakeReady(transaction, asset); !s.ok()) return s;
        }
        if (options.approve && asset.state != AssetState::kReady) {
          return Refusal(absl::StatusCode::kFailedPrecondition, "ASSET_NOT_READY",
                         absl::StrCat("\"", asset.editorial.title, "\" is ", Name(asset.state),
                                      ", and only what is ready may be approved: add --ready"));
        }
        if (options.approve) asset.approved_for_broadcast = true;
        asset.operator_verified = true;
        if (absl::Status s = transaction.assets().Put(asset); !s.ok()) return Coded("ASSET_STATE", s);
        return transaction.assets().EndReview(asset.id);
      },
      "resolved", "retrovue channel add my-channel --title \"My Channel\"");
}

absl::StatusOr<Answer> Retire(Context& context, const Options& options) {
  std::set<std::string> retired;
  absl::StatusOr<Answer> answer = ChangeEach(
      context, options,
      [&](Transaction& transaction, Asset& asset) -> absl::Status {
        retired.insert(asset.id.text);
        if (asset.state == AssetState::kRetired) return absl::OkStatus();
        if (absl::Status s = ValidateStateChange(asset, AssetState::kRetired); !s.ok())
          return Coded("ASSET_STATE", s);
        asset.state = AssetState::kRetired;
        asset.approved_for_broadcast = false;
        if (absl::Status s = transaction.assets().Put(asset); !s.ok()) return Coded("ASSET_STATE", s);
        return transaction.assets().EndReview(asset.id);
      },
      "retired", "");
  if (!answer.ok()) return answer;
  const absl::Status noted = context.Read([&](const Snapshot& snapshot) {
    return NoteDaysThatHave(
        snapshot, context.Now(), [&](const AssetId& id) { return retired.contains(id.text); }, *answer);
  });
  if (!noted.ok()) return noted;
  return answer;
}

absl::Status SetTags(const Options& options, Asset& asset) {
  const auto has = [](const std::vector<std::string>& tags, const std::string& tag) {
    return std::any_of(tags.begin(), tags.end(),
                       [&](const std::string& other) { return NormalTag(other) == tag; });
  };
  const auto add = [&](const std::string& text) -> absl::Status {
    const std::string tag = NormalTag(text);
    if (absl::Status s = CheckName(tag, "a tag"); !s.ok()) return s;
    const bool there =
        std::any_of(asset.tags.begin(), asset.tags.end(), [&](const AssetTag& t) { return t.tag == tag; });
    if (!there) asset.tags.push_back({tag, TagOrigin::kOperator});
    return absl::OkStatus();
  };
  if (!options.tags.empty()) {
    std::erase_if(asset.tags, [](const AssetTag& tag) { return tag.origin == TagOrigin::kOperator; });
  }
  std::erase_if(asset.tags, [&](const AssetTag& tag) { return has(options.remove_tags, tag.tag); });
  for (const std::vector<std::string>* list : {&options.tags, &options.add_tags}) {
    for (const std::string& tag : *list) {
      if (absl::Status s = add(tag); !s.ok()) return s;
    }
  }
  return absl::OkStatus();
}

absl::Status SetCues(const Options& options, Asset& asset) {
  if (options.no_cues || !options.cues.empty())
    std::erase_if(asset.markers, [](const AssetMarker& marker) { return marker.kind == kCueMarker; });
  for (const std::string& text : options.cues) {
    const absl::StatusOr<Millis> at = ParseLength(text);
    if (!at.ok()) return Refuse("CUE_WRONG", at.status().message());
    if (*at <= Millis(0) || *at >= asset.duration) {
      return Refuse("CUE_WRONG",
                    absl::StrCat("a break at ", text, " is not inside ", asset.canonical_uri,
                                 ", which lasts ", ToText(asset.duration), ": give a time before its end"));
    }
    asset.markers.push_back({kCueMarker, *at, *at});
  }
  return absl::OkStatus();
}

absl::StatusOr<Answer> Update(Context& context, const Options& options) {
  return ChangeEach(
      context, options,
      [&](Transaction& transaction, Asset& asset) -> absl::Status {
        if (absl::Status s = SetTags(options, asset); !s.ok()) return s;
        if (absl::Status s = SetCues(options, asset); !s.ok()) return s;
        Editorial& editorial = asset.editorial;
        if (!options.title.empty()) editorial.title = options.title;
        if (absl::Status s = CheckName(editorial.title, "the asset's title", 500); !s.ok()) return s;
        if (options.new_series) editorial.series = *options.new_series;
        if (options.season) editorial.season = *options.season;
        if (options.episode) editorial.episode = *options.episode;
        if (options.year) editorial.year = *options.year;
        if (options.air_date) editorial.air_date = *options.air_date;
        if (options.synopsis) editorial.synopsis = *options.synopsis;
        if (options.genre) editorial.genre = *options.genre;
        if (options.rating) editorial.rating = *options.rating;
        return Coded("ASSET_WRONG", transaction.assets().Put(asset));
      },
      "changed", "");
}

void AddHandles(CLI::App& app, Options& options) {
  app.add_option("ASSET", options.handles, "ids or paths")->required();
}

}  // namespace

std::vector<Verb> AssetVerbs() {
  return {
      MakeVerb<Options>(
          "asset", "list", "List what there is",
          [](CLI::App& app, Options& options) {
            app.add_option("--collection", options.collection, "in this collection")
                ->type_name("NAME")
                ->transform(CollectionHandle);
            app.add_option("--state", options.state, "new, enriching, ready or retired")
                ->check(CLI::IsMember(kStates));
            AddSwitch(app, "approved", options.approved, "may air, as far as the operator is concerned");
            app.add_option("--series", options.series, "of this series")->type_name("NAME");
            app.add_option("--tag", options.tag, "with this tag")->type_name("TAG");
            app.add_flag("--schedulable", options.schedulable, "that may air");
            app.add_flag("--deleted", options.deleted, "deleted ones too");
            AddNumber(app, "--limit", options.limit, 1, 1'000'000, "so many at most");
          },
          List),
      MakeVerb<Options>(
          "asset", "show", "Show an asset",
          [](CLI::App& app, Options& options) {
            app.add_option("ASSET", options.handles, "its id or path")->required()->expected(1);
          },
          Show),
      MakeVerb<Options>(
          "asset", "attention", "List what waits for an operator", [](CLI::App&, Options&) {}, Attention),
      MakeVerb<Options>(
          "asset", "resolve", "Decide that assets are ready, and may air",
          [](CLI::App& app, Options& options) {
            app.add_option("ASSET", options.handles, "ids or paths");
            app.add_flag("--all", options.all, "all that wait for an operator");
            app.add_flag("--approve", options.approve, "may air");
            app.add_flag("--ready", options.ready, "can be played");
          },
          Resolve),
      MakeVerb<Options>(
          "asset", "update", "Change tags of assets, and what guides say of them",
          [](CLI::App& app, Options& options) {
            AddHandles(app, options);
            AddEach(app, "--tags", options.tags, "the operator's tags: these and no others")
                ->delimiter(',')
                ->type_name("TAG,TAG");
            AddEach(app, "--add-tag", options.add_tags, "one more; repeat it")->type_name("TAG");
            AddEach(app, "--remove-tag", options.remove_tags, "this one goes; repeat it")->type_name("TAG");
            AddEach(app, "--cue", options.cues, "a break may be here, and at its other cues alone; repeat it")
                ->type_name("M:SS");
            app.add_flag("--no-cues", options.no_cues, "breaks as its chapters have them, or even ones");
            app.add_option("--title", options.title, "in the guide")->type_name("TEXT");
            app.add_option("--series", options.new_series, "of this series")->type_name("NAME");
            AddNumber(app, "--season", options.season, 0, 9999, "0: specials");
            AddNumber(app, "--episode", options.episode, 0, 99999, "in its season");
            AddNumber(app, "--year", options.year, 1800, 9999, "it was made in");
            AddDate(app, "--air-date", options.air_date, "it was shown first");
            app.add_option("--synopsis", options.synopsis, "what it is about, for guides")->type_name("TEXT");
            app.add_option("--genre", options.genre, "\"Drama, Mystery\"")->type_name("TEXT");
            app.add_option("--rating", options.rating, "\"TV-PG\", \"PG-13\", \"FSK 12\"")->type_name("TEXT");
          },
          Update),
      MakeVerb<Options>("asset", "retire", "Take assets off the air for good; what was aired keeps them",
                        AddHandles, Retire),
  };
}

}  // namespace retrovue::cli

#include "core/cli/nouns/selection.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/cli/frame/arguments.h"
#include "core/ingest/catalogue_entry.h"
#include "core/model/text.h"
#include "core/schedule/catalogue_view.h"
#include "core/store/assets.h"
#include "core/store/programs.h"

namespace retrovue::cli {
namespace {

constexpr int kMostSeasons = 9999;
constexpr int kMostYear = 9999;
constexpr std::size_t kMostNames = 8;

const std::map<std::string, ProgramKind> kKinds = {{"series", ProgramKind::kSeries},
                                                   {"movie", ProgramKind::kMovie},
                                                   {"block", ProgramKind::kBlock},
                                                   {"composite", ProgramKind::kComposite}};
const std::map<std::string, PlayMode> kModes = {
    {"sequential", PlayMode::kSequential}, {"random", PlayMode::kRandom}, {"shuffle", PlayMode::kShuffle}};
const std::map<std::string, OnEnd> kEnds = {
    {"wrap", OnEnd::kWrap}, {"wait", OnEnd::kWait}, {"stop", OnEnd::kStop}, {"random", OnEnd::kRandom}};

template <typename T>
CLI::IsMember OneOfKeys(const std::map<std::string, T>& values) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : values) keys.push_back(key);
  return CLI::IsMember(keys);
}

// A mode of play. "manual" needs an order of its own, which no option gives.
std::string CheckMode(const std::string& mode) {
  if (kModes.contains(mode)) return "";
  if (mode != "manual") return absl::StrCat(mode, " is none: write sequential, shuffle or random");
  return "manual cannot be given here: name the assets in their order, each with --asset";
}

// What a selector yields today, and the series there are.
struct Matches {
  std::size_t count = 0;
  std::size_t clips = 0;  // of them, shorter than a programme
  std::set<std::string> series;
};

absl::StatusOr<Matches> MatchesOf(const Snapshot& snapshot, const Selector& selector) {
  AssetFilter schedulable;
  schedulable.schedulable_only = true;
  absl::StatusOr<std::vector<Asset>> assets = snapshot.assets().List(schedulable);
  if (!assets.ok()) return assets.status();
  Matches matches;
  for (const Asset& asset : *assets) {
    if (!asset.editorial.series.empty()) matches.series.insert(asset.editorial.series);
  }
  const CatalogueView view(*std::move(assets), {}, {}, {});
  int duplicates = 0;
  for (const Candidate* candidate : view.Select(selector, &duplicates)) {
    ++matches.count;
    if (candidate->asset->duration < kShortestProgramme) ++matches.clips;
  }
  return matches;
}

absl::Status SetChain(const Snapshot& snapshot, const ProgramOptions& options, Program& program,
                      std::vector<std::string>& notices) {
  const bool new_body = IsGiven(options.selector) || !options.assets.empty();
  std::vector<ChainNode> body;
  std::vector<ChainNode> intros;
  std::vector<ChainNode> outros;
  for (const ChainNode& node : program.chain) {
    const bool keeps = node.role == ChainNode::Role::kBody    ? !new_body
                       : node.role == ChainNode::Role::kIntro ? options.intros.empty()
                                                              : options.outros.empty();
    if (!keeps) continue;
    (node.role == ChainNode::Role::kBody    ? body
     : node.role == ChainNode::Role::kIntro ? intros
                                            : outros)
        .push_back(node);
  }
  if (IsGiven(options.selector)) {
    const absl::StatusOr<Selector> selector = SelectorOf(snapshot, options.selector);
    if (!selector.ok()) return selector.status();
    body.push_back({.selector = *selector});
    const absl::StatusOr<Matches> matches = MatchesOf(snapshot, *selector);
    if (!matches.ok()) return matches.status();
    if (matches->count == 0) {
      std::vector<std::string> series(matches->series.begin(), matches->series.end());
      series.resize(std::min(series.size(), kMostNames));
      notices.push_back(
          absl::StrCat("nothing that may air matches the selection yet",
                       series.empty() ? ": ingest and approve something first"
                                      : absl::StrCat(". Series there are: ", absl::StrJoin(series, ", "))));
    }
  }
  const auto add = [&](const std::vector<std::string>& handles, ChainNode::Role role,
                       std::vector<ChainNode>& to) -> absl::Status {
    for (const std::string& handle : handles) {
      const absl::StatusOr<Asset> asset = FindAsset(snapshot, handle);
      if (!asset.ok()) return asset.status();
      if (!IsSchedulable(*asset)) {
        notices.push_back(absl::StrCat("the asset \"", asset->editorial.title,
                                       "\" may not air yet: retrovue asset resolve ", asset->id.text,
                                       " --ready --approve"));
      }
      to.push_back({.thing = SchedulableRef{SchedulableKind::kAsset, asset->id.text, ""}, .role = role});
    }
    return absl::OkStatus();
  };
  if (absl::Status s = add(options.assets, ChainNode::Role::kBody, body); !s.ok()) return s;
  if (absl::Status s = add(options.intros, ChainNode::Role::kIntro, intros); !s.ok()) return s;
  if (absl::Status s = add(options.outros, ChainNode::Role::kOutro, outros); !s.ok()) return s;
  program.chain = std::move(intros);
  program.chain.insert(program.chain.end(), body.begin(), body.end());
  program.chain.insert(program.chain.end(), outros.begin(), outros.end());
  if (program.chain.empty()) {
    return Refuse(
        "PROGRAM_EMPTY",
        "the program holds nothing: say what it plays with --series, --tag, --collection or --asset");
  }
  return absl::OkStatus();
}

}  // namespace

void AddSelector(CLI::App& app, SelectorOptions& options) {
  app.add_option("--series", options.series, "episodes of this series")->type_name("NAME");
  app.add_option("--season", options.season, "of these seasons alone, 2 or 1-3")->type_name("N-N");
  AddEach(app, "--tag", options.tags, "what has this tag; repeat it for several, all of which it has")
      ->type_name("TAG");
  app.add_option("--year", options.year, "of these years alone, 1985 or 1980-1989")->type_name("N-N");
  app.add_option("--collection", options.collection, "what is in this collection")
      ->type_name("NAME")
      ->transform(CollectionHandle);
  app.add_flag("--specials", options.specials, "season 0 too");
}

bool IsGiven(const SelectorOptions& options) {
  return !options.series.empty() || !options.season.empty() || !options.tags.empty() ||
         !options.year.empty() || !options.collection.empty();
}

absl::StatusOr<Selector> SelectorOf(const Snapshot& snapshot, const SelectorOptions& options) {
  Selector selector;
  selector.series = options.series;
  selector.specials = options.specials;
  for (const std::string& tag : options.tags) selector.tags.push_back(NormalTag(tag));
  if (!options.season.empty()) {
    const absl::StatusOr<NumberRange> range = ParseRange(options.season, "--season", kMostSeasons);
    if (!range.ok()) return range.status();
    selector.first_season = range->first;
    selector.last_season = range->last;
    if (range->first == 0) selector.specials = true;
  }
  if (!options.year.empty()) {
    const absl::StatusOr<NumberRange> range = ParseRange(options.year, "--year", kMostYear);
    if (!range.ok()) return range.status();
    selector.first_year = range->first;
    selector.last_year = range->last;
  }
  if (!options.collection.empty()) {
    const absl::StatusOr<Collection> collection = FindCollection(snapshot, options.collection);
    if (!collection.ok()) return collection.status();
    selector.collection_id = collection->id;
  }
  return selector;
}

void AddPlaying(CLI::App& app, ProgramOptions& options) {
  app.add_option("--kind", options.kind, "series, movie, block or composite")->check(OneOfKeys(kKinds));
  app.add_option("--play-mode", options.play_mode, "sequential, shuffle or random")->check(CheckMode);
  app.add_option("--on-end", options.on_end, "behind the last episode: wrap, wait, stop or random")
      ->check(OneOfKeys(kEnds));
  AddNumber(app, "--slot-units", options.slot_units, 0, 96,
            "blocks of the grid an airing takes at least; a block is filled up to them");
  AddSelector(app, options.selector);
  AddEach(app, "--asset", options.assets,
          "this asset (id or path); repeat it for several, one after the other")
      ->type_name("ASSET");
}

absl::Status ApplyTo(const Snapshot& snapshot, const ProgramOptions& options, Program& program,
                     std::vector<std::string>& notices) {
  if (!options.kind.empty()) program.kind = kKinds.at(options.kind);
  if (!options.play_mode.empty()) program.play_mode = kModes.at(options.play_mode);
  if (!options.on_end.empty()) program.on_end = kEnds.at(options.on_end);
  if (options.slot_units) program.slot_units = *options.slot_units;
  if (!options.rating.empty()) program.rating = options.rating;
  if (!options.tags.empty()) program.tags = options.tags;
  return SetChain(snapshot, options, program, notices);
}

namespace {

// What fits the selection, as core/demo makes it of a folder: clips air in blocks of an hour (of a series: of half an
// hour), filled with them in order, back to back; episodes go on where they stood; anything else is drawn from a bag.
void FitTo(const Matches& matches, const Channel& channel, bool is_series, Program& program) {
  if (matches.count > 0 && matches.clips == matches.count) {
    program.kind = ProgramKind::kBlock;
    program.slot_units = std::max((is_series ? 30 : 60) / channel.grid.block_minutes, 1);
  } else if (!is_series) {
    program.kind = ProgramKind::kMovie;
    program.play_mode = PlayMode::kShuffle;
  }
}

// What an operator should know of clips in a program.
void NoteClips(const Matches& matches, const Channel& channel, const std::string& collection,
               const Program& program, std::vector<std::string>& notices) {
  if (program.kind != ProgramKind::kBlock && matches.clips > 0 && 2 * matches.clips >= matches.count) {
    notices.push_back(absl::StrCat(
        matches.clips, " of ", matches.count,
        " are clips, and each of them has a slot for itself: ", "retrovue program update --channel ",
        channel.slug, " \"", program.name, "\" --kind block --slot-units ",
        std::max(60 / channel.grid.block_minutes, 1), " airs them back to back"));
  }
  if (program.kind == ProgramKind::kBlock && channel.filler_pool.empty() && !collection.empty()) {
    notices.push_back(
        absl::StrCat("clips air back to back; what they leave of a block is filled with them, too, after "
                     "retrovue channel update ",
                     channel.slug, " --filler-collection \"", collection, "\""));
  }
}

}  // namespace

absl::StatusOr<SchedulableRef> ProgramFor(Transaction& transaction, const Channel& channel,
                                          const ProgramOptions& options, const std::string& zone,
                                          const std::string& window, std::vector<std::string>& notices) {
  Program program;
  program.channel_id = channel.id;
  const SelectorOptions& selector = options.selector;
  Matches matches;
  if (options.assets.empty()) {
    const absl::StatusOr<Selector> wanted = SelectorOf(transaction, selector);
    if (!wanted.ok()) return wanted.status();
    absl::StatusOr<Matches> found = MatchesOf(transaction, *wanted);
    if (!found.ok()) return found.status();
    matches = *std::move(found);
    const bool says_kind = !options.kind.empty();  // then it is the operator's affair
    FitTo(says_kind ? Matches() : matches, channel, !selector.series.empty(), program);
  }
  if (absl::Status applied = ApplyTo(transaction, options, program, notices); !applied.ok()) return applied;
  std::string name = !zone.empty() ? zone : program.kind == ProgramKind::kBlock ? channel.title : window;
  if (!selector.series.empty())
    name = absl::StrCat(selector.series, selector.season.empty() ? "" : absl::StrCat(" ", selector.season));
  program.name = name;
  for (int number = 2; transaction.programs().Find(channel.id, program.name).ok(); ++number)
    program.name = absl::StrCat(name, " ", number);
  NoteClips(matches, channel, selector.collection, program, notices);
  if (absl::Status put = transaction.programs().Put(program); !put.ok()) return put;
  return SchedulableRef{SchedulableKind::kProgram, program.id.text, ""};
}

void AddWhen(CLI::App& app, WhenOptions& options, bool for_update) {
  app.add_option("--from", options.from, "first day, 2026-12-01; or 12-01, of every year")->type_name("DATE");
  app.add_option("--to", options.to, "last day")->type_name("DATE");
  app.add_option("--days", options.days, "days of the week: MON,WED-FRI")->type_name("DAYS");
  AddEach(app, "--on", options.on, "this day; repeat it for several")->type_name("DATE");
  app.add_option("--cron", options.cron, "five fields, of which day, month and weekday count")
      ->type_name("CRON");
  if (for_update) app.add_flag("--always", options.always, "on every day: takes the conditions off");
}

namespace {

absl::StatusOr<OpenDate> ParseOpenDate(const std::string& text) {
  // 2024 has a 29 February, and so may every year have one.
  const bool open = text.size() == 5;
  const absl::StatusOr<absl::CivilDay> date = ParseDate(open ? absl::StrCat("2024-", text) : text);
  if (!date.ok()) {
    return Refuse(
        "DATE_WRONG",
        absl::StrCat("\"", text, "\" is not a date: write it like 2026-12-01, or 12-01 for every year"));
  }
  OpenDate parsed;
  if (!open) parsed.year = static_cast<int>(date->year());
  parsed.month = date->month();
  parsed.day = date->day();
  return parsed;
}

}  // namespace

absl::Status ApplyTo(const WhenOptions& options, DateRule& rule) {
  if (options.always) rule = DateRule();
  if (!options.from.empty()) {
    const absl::StatusOr<OpenDate> date = ParseOpenDate(options.from);
    if (!date.ok()) return date.status();
    rule.first = *date;
  }
  if (!options.to.empty()) {
    const absl::StatusOr<OpenDate> date = ParseOpenDate(options.to);
    if (!date.ok()) return date.status();
    rule.last = *date;
  }
  if (!options.days.empty()) {
    const absl::StatusOr<Weekdays> days = ParseWeekdays(options.days);
    if (!days.ok()) return Refuse("DAYS_WRONG", days.status().message());
    rule.weekdays = *days;
  }
  if (!options.on.empty()) rule.only_on.clear();
  for (const std::string& text : options.on) {
    const absl::StatusOr<absl::CivilDay> date = ParseDate(text);
    if (!date.ok()) return Refuse("DATE_WRONG", date.status().message());
    rule.only_on.push_back(*date);
  }
  if (!options.cron.empty()) rule.cron = options.cron;
  return absl::OkStatus();
}

}  // namespace retrovue::cli

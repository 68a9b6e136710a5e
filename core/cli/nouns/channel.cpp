// Channels: add, list, show, update, delete. What is on them and whether they can air: channel_now.cpp, channel_validate.cpp.
#include <filesystem>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/cli/frame/arguments.h"
#include "core/cli/frame/confirm.h"
#include "core/cli/nouns/break_options.h"
#include "core/cli/nouns/channel.h"
#include "core/cli/nouns/finding.h"
#include "core/cli/nouns/verbs.h"
#include "core/demo/demo_network.h"
#include "core/demo/station_card.h"
#include "core/model/text.h"
#include "core/store/assets.h"
#include "core/store/channels.h"

namespace retrovue::cli {
namespace {

const std::map<std::string, ChannelKind> kKinds = {{"network", ChannelKind::kNetwork},
                                                   {"premium", ChannelKind::kPremium},
                                                   {"specialty", ChannelKind::kSpecialty}};
// The eight broadcast rates, as people write them and as AIR does.
const std::map<std::string, std::string> kRates = {{"23.976", "24000/1001"}, {"24", "24/1"}, {"25", "25/1"},
                                                   {"29.97", "30000/1001"},  {"30", "30/1"}, {"50", "50/1"},
                                                   {"59.94", "60000/1001"},  {"60", "60/1"}};

struct Options {
  std::string handle;  // of add: the slug
  std::string title;
  std::string time_zone;
  std::optional<int> number;
  std::optional<int> grid;
  std::vector<int> offsets;
  std::string day_start;
  std::string kind;
  std::string group;
  std::string logo;
  std::string format;
  std::optional<bool> always_on;
  std::optional<bool> active;
  std::optional<int> linger_s;
  std::optional<int> epg_days;
  std::optional<int> playlog_minutes;
  std::optional<int> trim_ms;
  std::optional<std::string> station_card;  // empty: none
  std::vector<std::string> fillers;
  std::string filler_tag;
  std::string filler_collection;
  bool no_fillers = false;
  BreakOptions breaks;
};

void AddFields(CLI::App& app, Options& options) {
  app.add_option("--title", options.title, "what viewers read")->type_name("TEXT");
  app.add_option("--timezone", options.time_zone, "IANA name; default of add: the machine's")
      ->type_name("ZONE");
  AddNumber(app, "--number", options.number, 1, 99999, "its number in the guide");
  AddNumber(app, "--grid", options.grid, 15, 60, "minutes between two starts: 15, 30 or 60");
  app.add_option("--offsets", options.offsets,
                 "minutes of the hour programmes start at; default: as the day starts")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("M,M");
  app.add_option("--day-start", options.day_start, "when the programming day begins, 06:00")
      ->type_name("HH:MM");
  app.add_option("--kind", options.kind, "network, premium or specialty")
      ->check(CLI::IsMember({"network", "premium", "specialty"}));
  app.add_option("--group", options.group, "in lists of channels")->type_name("TEXT");
  app.add_option("--logo", options.logo, "a PNG")->type_name("FILE");
  app.add_option("--format", options.format, "picture of the programme, 1280x720@30")->type_name("WxH@RATE");
  AddSwitch(app, "always-on", options.always_on, "runs without viewers too");
  AddSwitch(app, "active", options.active, "is shown, scheduled and served");
  AddNumber(app, "--linger", options.linger_s, 0, 86400, "seconds it runs on behind its last viewer");
  AddNumber(app, "--epg-days", options.epg_days, 2, 14, "days the guide reaches ahead");
  AddNumber(app, "--playlog-minutes", options.playlog_minutes, 120, 360, "minutes the playlog reaches ahead");
  AddNumber(app, "--max-tail-trim-ms", options.trim_ms, 0, 3'599'999,
            "what may be cut off a programme to let it into its slot");
  app.add_option("--station-card", options.station_card,
                 "a picture, where there is nothing else; \"\": none; default of add: one with its title")
      ->type_name("FILE");
  AddBreaks(app, options.breaks, /*inherits=*/false);
  AddEach(app, "--filler", options.fillers, "this asset fills what programmes leave; repeat it")
      ->type_name("ASSET");
  app.add_option("--filler-tag", options.filler_tag, "all assets that have this tag now")->type_name("TAG");
  app.add_option("--filler-collection", options.filler_collection, "all assets of this collection now")
      ->type_name("NAME")
      ->transform(CollectionHandle);
  app.add_flag("--no-fillers", options.no_fillers, "none");
}

absl::StatusOr<std::string> FormatJson(const std::string& text) {
  const auto refuse = [&] {
    return Refuse("FORMAT_WRONG", absl::StrCat("\"", text,
                                               "\" is no picture format: write it like 1280x720@30; rates "
                                               "are 23.976, 24, 25, 29.97, 30, 50, 59.94 and 60"));
  };
  const std::vector<std::string> parts = absl::StrSplit(text, absl::ByAnyChar("x@"));
  int width = 0;
  int height = 0;
  if (parts.size() != 3 || !absl::SimpleAtoi(parts[0], &width) || !absl::SimpleAtoi(parts[1], &height))
    return refuse();
  const auto rate = kRates.find(parts[2]);
  if (rate == kRates.end() || width < 16 || height < 16 || width > 7680 || height > 4320 || width % 2 != 0 ||
      height % 2 != 0)
    return refuse();
  Json json;
  json["video"] = {{"width", width}, {"height", height}, {"frame_rate", rate->second}};
  json["audio"] = {{"sample_rate", 48000}, {"channels", 2}};
  return json.dump();
}

absl::Status SetGrid(const Options& options, Channel& channel) {
  const bool is_given = options.grid || !options.offsets.empty() || !options.day_start.empty();
  if (!is_given) return absl::OkStatus();
  GridRules& grid = channel.grid;
  if (options.grid) grid.block_minutes = *options.grid;
  if (!options.day_start.empty()) {
    const absl::StatusOr<int> minute = ParseWallClock(options.day_start);
    if (!minute.ok()) return Refuse("DAY_START_WRONG", minute.status().message());
    grid.day_start = *minute;
  }
  if (!options.offsets.empty()) {
    grid.offsets = options.offsets;
  } else {
    grid.offsets.clear();
    for (int minute = grid.day_start % grid.block_minutes; minute < 60; minute += grid.block_minutes)
      grid.offsets.push_back(minute);
  }
  return Coded("GRID_WRONG", ValidateGrid(grid));
}

absl::Status SetFillers(const Snapshot& snapshot, const Options& options, Channel& channel) {
  if (options.no_fillers) channel.filler_pool.clear();
  if (options.fillers.empty() && options.filler_tag.empty() && options.filler_collection.empty())
    return absl::OkStatus();
  channel.filler_pool.clear();
  for (const std::string& handle : options.fillers) {
    const absl::StatusOr<Asset> asset = FindAsset(snapshot, handle);
    if (!asset.ok()) return asset.status();
    channel.filler_pool.push_back(asset->id);
  }
  if (options.filler_tag.empty() && options.filler_collection.empty()) return absl::OkStatus();
  AssetFilter filter;
  filter.schedulable_only = true;
  filter.tag = NormalTag(options.filler_tag);
  if (!options.filler_collection.empty()) {
    const absl::StatusOr<Collection> collection = FindCollection(snapshot, options.filler_collection);
    if (!collection.ok()) return collection.status();
    filter.collection_id = collection->id;
  }
  const auto assets = snapshot.assets().List(filter);
  if (!assets.ok()) return assets.status();
  if (assets->empty()) {
    return NotFound("FILLERS_NOT_FOUND",
                    "no asset that may air has that tag or is in that collection: retrovue asset list shows "
                    "what there is");
  }
  for (const Asset& asset : *assets) channel.filler_pool.push_back(asset.id);
  return absl::OkStatus();
}

absl::Status SetFile(const std::string& given, const std::string& option, std::string& to) {
  if (given.empty()) return absl::OkStatus();
  std::error_code error;
  const std::filesystem::path path = std::filesystem::absolute(given, error);
  if (!std::filesystem::is_regular_file(path, error))
    return NotFound("FILE_NOT_FOUND",
                    absl::StrCat(option, " ", given, ": there is no such file: give its path"));
  to = path.string();
  return absl::OkStatus();
}

absl::Status ApplyTo(const Snapshot& snapshot, const Options& options, Channel& channel) {
  if (!options.title.empty()) channel.title = options.title;
  if (absl::Status s = CheckName(channel.title, "the channel's title"); !s.ok()) return s;
  if (!options.time_zone.empty()) {
    if (const auto zone = FindTimeZone(options.time_zone); !zone.ok())
      return Refuse("TIMEZONE_UNKNOWN", zone.status().message());
    channel.time_zone = options.time_zone;
  }
  if (absl::Status s = SetGrid(options, channel); !s.ok()) return s;
  if (!options.format.empty()) {
    const absl::StatusOr<std::string> format = FormatJson(options.format);
    if (!format.ok()) return format.status();
    channel.program_format_json = *format;
  }
  if (options.number) channel.number = *options.number;
  if (!options.kind.empty()) channel.kind = kKinds.at(options.kind);
  if (!options.group.empty()) channel.group = options.group;
  if (options.always_on) channel.always_on = *options.always_on;
  if (options.active) channel.is_active = *options.active;
  if (options.linger_s) channel.linger_s = *options.linger_s;
  if (options.epg_days) channel.epg_horizon_days = *options.epg_days;
  if (options.playlog_minutes) channel.playlog_horizon_min = *options.playlog_minutes;
  if (options.trim_ms) channel.max_tail_trim = Millis(*options.trim_ms);
  if (absl::Status s = SetFile(options.logo, "--logo", channel.logo_path); !s.ok()) return s;
  if (options.station_card) {
    channel.station_card_path.clear();
    if (absl::Status s = SetFile(*options.station_card, "--station-card", channel.station_card_path); !s.ok())
      return s;
  }
  if (absl::Status s = ApplyTo(options.breaks, channel.breaks); !s.ok()) return s;
  if (absl::Status s = SetFillers(snapshot, options, channel); !s.ok()) return s;
  return Coded("CHANNEL_WRONG", ValidateChannel(channel));
}

// The lowest number no channel has.
absl::StatusOr<int> FreeNumber(const Snapshot& snapshot) {
  const auto channels = snapshot.channels().List();
  if (!channels.ok()) return channels.status();
  int number = 1;
  for (const Channel& channel : *channels) {
    if (channel.number == number) ++number;
  }
  return number;
}

// The card of a new channel's own, unless the operator has said which.
absl::Status MakeStationCard(const Context& context, const Options& options, const Channel& channel) {
  if (options.station_card || context.globals().dry_run) return absl::OkStatus();
  std::error_code ignored;  // that of a channel of this slug that was deleted
  std::filesystem::remove(channel.station_card_path, ignored);
  return WriteStationCard(channel.station_card_path, channel.title);
}

absl::StatusOr<Answer> Add(Context& context, const Options& options) {
  return context.Write({.name = "channel"}, [&](Transaction& transaction, Answer& answer) -> absl::Status {
    Channel channel;
    channel.slug = options.handle;
    if (absl::Status slug = ValidateSlug(channel.slug); !slug.ok())
      return Refuse("SLUG_WRONG", slug.message());
    channel.title = options.handle;
    channel.time_zone = SystemTimeZone();
    if (transaction.channels().Find(channel.slug).ok()) {
      return Refusal(absl::StatusCode::kAlreadyExists, "CHANNEL_EXISTS",
                     absl::StrCat("there is a channel ", channel.slug,
                                  " already: give another slug, or change it with retrovue channel update ",
                                  channel.slug));
    }
    if (!options.number) {
      const absl::StatusOr<int> number = FreeNumber(transaction);
      if (!number.ok()) return number.status();
      channel.number = *number;
    }
    if (absl::Status s = ApplyTo(transaction, options, channel); !s.ok()) return s;
    if (!options.station_card)
      channel.station_card_path = StationCardPath(context.home().folder, channel.slug);
    if (absl::Status s = transaction.channels().Put(channel); !s.ok()) return Coded("CHANNEL_EXISTS", s);
    if (absl::Status s = MakeStationCard(context, options, channel); !s.ok()) return s;
    answer.value = ShapeOf(channel);
    answer.says = {absl::StrCat("Channel ", channel.slug, " is there: number ", channel.number.value_or(0),
                                ", days from ", WallClock(channel.grid.day_start), " in ", channel.time_zone,
                                ", a grid of ", channel.grid.block_minutes, " minutes.")};
    answer.next = absl::StrCat("retrovue plan add --channel ", channel.slug,
                               " --name Everyday --zone 00:00-24:00 --collection NAME");
    return absl::OkStatus();
  });
}

absl::StatusOr<Answer> List(Context& context, const Options&) {
  return context.Read({.name = "channels", .value = Json::array(), .columns = ChannelColumns()},
                      [&](const Snapshot& snapshot, Answer& answer) -> absl::Status {
                        const auto channels = snapshot.channels().List();
                        if (!channels.ok()) return channels.status();
                        for (const Channel& channel : *channels) answer.value.push_back(ShapeOf(channel));
                        if (channels->empty())
                          answer.next = "retrovue channel add my-channel --title \"My Channel\"";
                        return absl::OkStatus();
                      });
}

absl::StatusOr<Answer> Show(Context& context, const Options& options) {
  return context.Read({.name = "channel"}, [&](const Snapshot& snapshot, Answer& answer) -> absl::Status {
    const absl::StatusOr<Channel> channel = FindChannel(snapshot, options.handle);
    if (!channel.ok()) return channel.status();
    answer.value = ShapeOf(*channel);
    return absl::OkStatus();
  });
}

absl::StatusOr<Answer> Update(Context& context, const Options& options) {
  return context.Write({.name = "channel"}, [&](Transaction& transaction, Answer& answer) -> absl::Status {
    absl::StatusOr<Channel> channel = FindChannel(transaction, options.handle);
    if (!channel.ok()) return channel.status();
    const GridRules grid_before = channel->grid;
    const std::string zone_before = channel->time_zone;
    if (absl::Status s = ApplyTo(transaction, options, *channel); !s.ok()) return s;
    if (absl::Status s = transaction.channels().Put(*channel); !s.ok()) return Coded("CHANNEL_WRONG", s);
    answer.value = ShapeOf(*channel);
    answer.says = {absl::StrCat("Channel ", channel->slug, " is changed.")};
    if (channel->grid != grid_before || channel->time_zone != zone_before) {
      answer.notices.push_back(
          "days that were made keep the grid they were made on; zones stand in minutes since the "
          "start of the programming day, look at them with retrovue plan show");
    }
    answer.next = absl::StrCat("retrovue channel validate ", channel->slug);
    return absl::OkStatus();
  });
}

absl::StatusOr<Answer> Delete(Context& context, const Options& options) {
  const absl::StatusOr<bool> wanted =
      Confirm(context, absl::StrCat("the channel ", options.handle, " with its plans and programs"));
  if (!wanted.ok()) return wanted.status();
  if (!*wanted) return Cancelled();
  return context.Write({.name = "channel"}, [&](Transaction& transaction, Answer& answer) -> absl::Status {
    const absl::StatusOr<Channel> channel = FindChannel(transaction, options.handle);
    if (!channel.ok()) return channel.status();
    answer.value = {{"id", channel->id.text}, {"slug", channel->slug}};
    answer.says = {absl::StrCat("Channel ", channel->slug, " is deleted.")};
    return Coded("CHANNEL_IN_USE", transaction.channels().Delete(channel->id));
  });
}

void AddHandle(CLI::App& app, Options& options) {
  app.add_option("CHANNEL", options.handle, "its slug, number or id")->required();
}

}  // namespace

std::vector<Verb> ChannelVerbs() {
  std::vector<Verb> verbs = {
      MakeVerb<Options>(
          "channel", "add", "Make a channel",
          [](CLI::App& app, Options& options) {
            app.add_option("SLUG", options.handle, "its name in addresses, which never changes: my-channel")
                ->required();
            AddFields(app, options);
          },
          Add),
      MakeVerb<Options>(
          "channel", "list", "List the channels", [](CLI::App&, Options&) {}, List),
      MakeVerb<Options>("channel", "show", "Show a channel", AddHandle, Show),
      MakeVerb<Options>(
          "channel", "update", "Change a channel",
          [](CLI::App& app, Options& options) {
            AddHandle(app, options);
            AddFields(app, options);
          },
          Update),
      MakeVerb<Options>("channel", "delete", "Delete a channel that has never been scheduled", AddHandle,
                        Delete),
  };
  for (auto&& more : {ChannelNowVerbs(), ChannelValidateVerbs()})
    verbs.insert(verbs.end(), more.begin(), more.end());
  return verbs;
}

}  // namespace retrovue::cli

// The guide, read from schedule days.
#include <deque>
#include <random>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "core/cli/frame/arguments.h"
#include "core/cli/nouns/finding.h"
#include "core/cli/nouns/findings.h"
#include "core/cli/nouns/verbs.h"
#include "core/guide/xmltv.h"
#include "core/schedule/guide.h"
#include "core/store/assets.h"
#include "core/store/channels.h"
#include "core/store/schedule_days.h"
#include "core/store/settings.h"

namespace retrovue::cli {
namespace {

constexpr auto kLongestSpan = std::chrono::hours(31 * 24);
constexpr const char* kDefaultBase = "http://127.0.0.1:8080";

struct Options {
  std::string channel;
  bool all = false;
  std::optional<Instant> from;
  std::optional<Instant> to;
  std::string format = "xmltv";
  std::string base_url;
};

// A channel and what its guide says.
struct Guided {
  Channel channel;
  Grid grid;
  EpgGeneration guide;
};

struct Span {
  Instant from;
  Instant to;
};

absl::StatusOr<Span> SpanOf(const Context& context, const Options& options, std::chrono::hours length) {
  Span span;
  span.from = options.from.value_or(context.Now());
  span.to = options.to.value_or(span.from + length);
  if (span.from >= span.to) return Refuse("SPAN_WRONG", "--to must be behind --from");
  if (span.to - span.from > kLongestSpan) return Refuse("SPAN_TOO_LONG", "ask for at most 31 days at a time");
  return span;
}

absl::StatusOr<std::vector<Channel>> ChannelsOf(Context& context, const Options& options) {
  std::vector<Channel> channels;
  if (options.channel.empty() != options.all)
    return Refuse("MISSING_ARGUMENT", "say which guide: --channel CHANNEL, or --all");
  const absl::Status read = context.Read([&](const Snapshot& snapshot) -> absl::Status {
    if (!options.all) {
      absl::StatusOr<Channel> channel = FindChannel(snapshot, options.channel);
      if (!channel.ok()) return channel.status();
      channels.push_back(*std::move(channel));
      return absl::OkStatus();
    }
    absl::StatusOr<std::vector<Channel>> found = snapshot.channels().List();
    if (!found.ok()) return found.status();
    for (Channel& channel : *found) {
      if (channel.is_active) channels.push_back(std::move(channel));
    }
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  return channels;
}

absl::StatusOr<std::deque<Guided>> GuidesOf(Context& context, const Options& options, const Span& span) {
  absl::StatusOr<std::vector<Channel>> channels = ChannelsOf(context, options);
  if (!channels.ok()) return channels.status();
  const absl::StatusOr<Planning*> planning = context.planning();
  if (!planning.ok()) return planning.status();
  std::deque<Guided> guides;
  for (Channel& channel : *channels) {
    absl::StatusOr<Grid> grid = GridOf(channel);
    if (!grid.ok()) return grid.status();
    absl::StatusOr<EpgGeneration> guide = (*planning)->Guide(channel.id, span.from, span.to);
    if (!guide.ok()) return guide.status();
    guides.push_back({std::move(channel), *std::move(grid), *std::move(guide)});
  }
  return guides;
}

Answer Listed(const std::deque<Guided>& guides, const std::string& name) {
  Answer answer{.name = name, .value = Json::array(), .columns = GuideColumns()};
  for (const Guided& of : guides) {
    for (const GuideEntry& entry : of.guide.entries)
      answer.value.push_back(ShapeOf(entry, of.channel.slug, of.grid.zone()));
    if (of.guide.entries.empty()) {
      answer.notices.push_back(absl::StrCat("channel ", of.channel.slug,
                                            " has no days then: retrovue schedule-day generate --channel ",
                                            of.channel.slug));
    }
  }
  return answer;
}

absl::StatusOr<Answer> Show(Context& context, const Options& given) {
  Options options = given;
  options.all = options.channel.empty();
  const absl::StatusOr<Span> span = SpanOf(context, options, std::chrono::hours(6));
  if (!span.ok()) return span.status();
  const absl::StatusOr<std::deque<Guided>> guides = GuidesOf(context, options, *span);
  if (!guides.ok()) return guides.status();
  return Listed(*guides, "epg");
}

// The editorials of what is in the guides' entries.
class Details {
 public:
  absl::Status Read(Context& context, const std::deque<Guided>& guides) {
    return context.Read([&](const Snapshot& snapshot) -> absl::Status {
      for (const Guided& of : guides) {
        if (of.guide.entries.empty()) continue;
        const auto days =
            snapshot.schedule_days().Airing(of.channel.id, of.guide.entries.front().start,
                                            of.guide.entries.back().stop, ScheduleDays::Detail::kForGuide);
        if (!days.ok()) return days.status();
        for (const ScheduleDay& day : *days) {
          for (const ScheduleItem& item : day.items) {
            if (!item.main_asset.empty()) asset_of_item_[item.id.text] = item.main_asset.text;
          }
        }
      }
      const auto assets = snapshot.assets().List({.deleted = true});
      if (!assets.ok()) return assets.status();
      for (const Asset& asset : *assets) editorial_of_asset_[asset.id.text] = asset.editorial;
      return absl::OkStatus();
    });
  }
  const Editorial* Of(const GuideEntry& entry) const {
    const auto asset = asset_of_item_.find(entry.schedule_item_id.text);
    if (asset == asset_of_item_.end()) return nullptr;
    const auto editorial = editorial_of_asset_.find(asset->second);
    return editorial == editorial_of_asset_.end() ? nullptr : &editorial->second;
  }

 private:
  absl::flat_hash_map<std::string, std::string> asset_of_item_;
  absl::flat_hash_map<std::string, Editorial> editorial_of_asset_;
};

// The network's own name in what clients keep. Drawn once, by whichever program needs it first.
absl::StatusOr<std::string> InstanceIdIn(Context& context) {
  constexpr const char* kSetting = "instance_id";
  std::string id;
  const absl::Status read = context.Read([&](const Snapshot& snapshot) -> absl::Status {
    const auto stored = snapshot.settings().Get(kSetting);
    if (stored.ok()) id = stored->value_or("");
    return stored.status();
  });
  if (!read.ok() || !id.empty()) return read.ok() ? absl::StatusOr<std::string>(id) : read;
  const absl::Status written = context.Write([&](Transaction& transaction) -> absl::Status {
    const auto stored = transaction.settings().Get(kSetting);
    if (!stored.ok()) return stored.status();
    std::random_device random;
    id = stored->value_or(InstanceIdOf(std::uint64_t{random()} << 32 | random()));
    return transaction.settings().Set(kSetting, id);
  });
  if (!written.ok()) return written;
  return id;
}

absl::StatusOr<Answer> Export(Context& context, const Options& options) {
  const absl::StatusOr<Span> span = SpanOf(context, options, std::chrono::hours(24));
  if (!span.ok()) return span.status();
  const absl::StatusOr<std::deque<Guided>> guides = GuidesOf(context, options, *span);
  if (!guides.ok()) return guides.status();
  Answer answer = Listed(*guides, "epg");
  if (options.format == "json") {
    answer.as_json = true;
    return answer;
  }
  Details details;
  if (absl::Status read = details.Read(context, *guides); !read.ok()) return read;
  const absl::StatusOr<std::string> instance_id = InstanceIdIn(context);
  if (!instance_id.ok()) return instance_id.status();
  const Site site{options.base_url.empty() ? kDefaultBase : options.base_url, *instance_id};
  std::vector<ChannelGuide> channel_guides;
  for (const Guided& of : *guides) channel_guides.push_back({&of.channel, &of.guide});
  answer.raw = WriteXmltv(channel_guides, span->from, span->to, site,
                          [&](const GuideEntry& entry) { return details.Of(entry); });
  return answer;
}

absl::StatusOr<Answer> Validate(Context& context, const Options& given) {
  Options options = given;
  options.all = options.channel.empty();
  const absl::StatusOr<Span> span = SpanOf(context, options, std::chrono::hours(24));
  if (!span.ok()) return span.status();
  const absl::StatusOr<std::deque<Guided>> guides = GuidesOf(context, options, *span);
  if (!guides.ok()) return guides.status();
  Findings findings;
  for (const Guided& of : *guides) {
    const std::vector<GuideEntry>& entries = of.guide.entries;
    const std::string& slug = of.channel.slug;
    if (entries.empty() || entries.front().start > span->from || entries.back().stop < span->to) {
      findings.Error("GUIDE_SHORT", absl::StrCat("the guide of ", slug,
                                                 " does not cover the time: retrovue schedule-day "
                                                 "generate --channel ",
                                                 slug));
    }
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].start >= entries[i].stop || (i > 0 && entries[i].start != entries[i - 1].stop)) {
        findings.Error("GUIDE_GAP", absl::StrCat("the guide of ", slug, " has a gap or an overlap at ",
                                                 ToRfc3339(entries[i].start),
                                                 ": retrovue schedule-day validate --channel ", slug));
      }
      if (entries[i].title.empty())
        findings.Error("TITLE_EMPTY",
                       absl::StrCat("an entry of ", slug, " at ", ToRfc3339(entries[i].start),
                                    " has no title: give its asset one with retrovue asset update"));
    }
  }
  Answer answer{.name = "validation"};
  findings.Into(answer, "epg", options.all ? "the guide" : absl::StrCat("the guide of ", options.channel),
                false);
  return answer;
}

void AddSpan(CLI::App& app, Options& options) {
  app.add_option("--channel", options.channel, "slug or number of the channel")->type_name("CHANNEL");
  AddTime(app, "--from", options.from, "default: now");
  AddTime(app, "--to", options.to, "default: some hours later");
}

}  // namespace

std::vector<Verb> EpgVerbs() {
  return {
      MakeVerb<Options>("epg", "show", "Show the guide of the next hours", AddSpan, Show),
      MakeVerb<Options>(
          "epg", "export", "Write the guide as XMLTV or JSON",
          [](CLI::App& app, Options& options) {
            AddSpan(app, options);
            app.add_flag("--all", options.all, "of all channels");
            app.add_option("--format", options.format, "xmltv or json")
                ->check(CLI::IsMember({"xmltv", "json"}))
                ->capture_default_str();
            app.add_option("--base-url", options.base_url, "where viewers reach the network")
                ->type_name("URL");
          },
          Export),
      MakeVerb<Options>("epg", "validate", "Check that the guide has no gap and no overlap", AddSpan,
                        Validate),
  };
}

}  // namespace retrovue::cli

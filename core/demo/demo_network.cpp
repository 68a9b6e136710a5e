#include "core/demo/demo_network.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/one_line.h"
#include "core/demo/folder_shape.h"
#include "core/demo/station_card.h"
#include "core/ingest/folder_scan.h"
#include "core/ingest/names.h"
#include "core/model/stable_hash.h"
#include "core/model/text.h"
#include "core/store/assets.h"
#include "core/store/channels.h"
#include "core/store/plans.h"
#include "core/store/programs.h"
#include "core/store/settings.h"
#include "core/store/sources.h"

namespace retrovue {
namespace {

constexpr std::size_t kLongestTitle = 120;

// What one channel is made of: a folder, or files.
struct Part {
  std::vector<std::string> paths;  // absolute
  bool is_folder = true;
  std::string title;  // that was given; empty: the folder's name
};

std::string Absolute(const std::string& path) {
  std::error_code error;
  const std::filesystem::path found = std::filesystem::canonical(path, error);
  return error ? std::filesystem::absolute(path).lexically_normal().string() : found.string();
}

std::string TitleOf(const Part& part) {
  const std::filesystem::path first(part.paths.front());
  std::string title = part.is_folder ? first.filename().string() : StemOf(part.paths.front());
  if (title.empty()) title = first.parent_path().filename().string();
  title = air::OneLine(title, kLongestTitle);
  return title.empty() ? "Channel" : title;
}

// The same paths have the same source, whenever they are named again.
std::string ExternalIdOf(const Part& part, const std::string& title) {
  std::uint64_t hash = 0;
  for (const std::string& path : part.paths) hash = StableHash(hash, path);
  const std::string slug = SlugOf(title);
  return absl::StrCat("filesystem-", slug.empty() ? "demo" : slug, "-", absl::StrFormat("%016x", hash));
}

std::string ChannelSetting(const Source& source) { return absl::StrCat("demo/", source.external_id); }

class Maker {
 public:
  Maker(Store& store, const DemoOptions& options) : store_(store), options_(options) {}

  absl::StatusOr<DemoNetwork> Make() {
    std::vector<Part> parts = Parts();
    if (options_.titles.size() > parts.size()) {
      return absl::InvalidArgumentError(absl::StrCat(
          options_.titles.size(), " channels are named, and there ", parts.size() == 1 ? "is " : "are ",
          parts.size(), ": name one for each folder, and one for all files together"));
    }
    for (std::size_t i = 0; i < options_.titles.size(); ++i) parts[i].title = options_.titles[i];
    for (const Part& part : parts) {
      if (absl::Status made = MakeChannel(part); !made.ok()) return made;
      if (options_.ingest.stopped && options_.ingest.stopped()) break;
    }
    if (network_.channels.empty()) {
      std::string why;
      for (const IngestLine& line : network_.refused)
        absl::StrAppend(&why, why.empty() ? "" : "; ", line.reason);
      return absl::InvalidArgumentError(why.empty() ? "name a folder of media, or files" : why);
    }
    return std::move(network_);
  }

 private:
  void Say(const std::string& line) {
    if (options_.on_message) options_.on_message(line);
  }

  void Refuse(const std::string& path, const std::string& why) {
    network_.refused.push_back({IngestOutcome::kFailed, air::OneLine(path, 4096), why});
  }

  // Each folder once, then the files together.
  std::vector<Part> Parts() {
    std::vector<Part> parts;
    Part files;
    files.is_folder = false;
    std::set<std::string> seen;
    for (const std::string& path : options_.paths) {
      std::error_code error;
      const auto status = std::filesystem::status(path, error);
      const std::string absolute = Absolute(path);
      if (std::filesystem::is_regular_file(status)) {
        files.paths.push_back(absolute);  // one that is named twice is on twice
      } else if (seen.insert(absolute).second) {
        parts.push_back({{absolute}, true});
      }
    }
    if (!files.paths.empty()) parts.push_back(std::move(files));
    return parts;
  }

  absl::Status MakeChannel(const Part& part) {
    DemoChannel channel;
    const std::string folder =
        TitleOf(part);  // also what its source is known by, whatever the channel is called
    channel.title = part.title.empty() ? folder : part.title;
    channel.path = part.paths.front();
    // What is not there is not put into the catalogue.
    if (part.is_folder) {
      if (const ScanResult scan = ScanRoot(part.paths.front()); scan.files.empty() && !Known(part, folder)) {
        Refuse(channel.path, WhyNothing(part.paths.front(), scan));
        return absl::OkStatus();
      }
    }
    std::vector<Collection> collections;
    Source source;
    if (absl::Status put = PutSource(part, folder, source, collections); !put.ok()) {
      if (!absl::IsInvalidArgument(put)) return put;
      Refuse(channel.path, std::string(put.message()));
      return absl::OkStatus();
    }
    std::vector<Asset> assets;
    for (const std::string& path : part.paths) {
      const auto collection = std::find_if(collections.begin(), collections.end(),
                                           [&](const Collection& c) { return c.external_id == path; });
      if (collection == collections.end()) continue;
      Say(absl::StrCat("Looking into ", air::OneLine(path, 4096)));
      auto report = Ingest(store_, collection->id, options_.ingest);
      if (!report.ok()) return report.status();
      Add(channel.report, *std::move(report));
      if (absl::Status read = ReadAssets(*collection, assets); !read.ok()) return read;
    }
    if (assets.empty()) {
      Refuse(channel.path, NothingPlays(channel));
      return absl::OkStatus();
    }
    const CollectionId only = collections.front().id;
    const FolderShape shape =
        part.is_folder ? ShapeFolder(channel.title, only, assets) : ShapeFiles(channel.title, assets);
    if (shape.programs.empty()) {
      Refuse(channel.path, NothingPlays(channel));
      return absl::OkStatus();
    }
    channel.summary = shape.summary;
    if (absl::Status put = PutChannel(source, shape, channel); !put.ok()) return put;
    Say(absl::StrCat(channel.title, ": ", channel.summary));
    network_.channels.push_back(std::move(channel));
    return absl::OkStatus();
  }

  static std::string WhyNothing(const std::string& path, const ScanResult& scan) {
    if (!scan.outage.empty()) return scan.outage;
    const std::string shown = air::OneLine(path, 4096);
    if (scan.ignored == 0 && scan.skipped.empty() && scan.unreadable.empty()) {
      return absl::StrCat(shown, ": it is empty: put media into it, or name another folder");
    }
    if (!scan.unreadable.empty()) {
      return absl::StrCat(shown,
                          ": nothing in it can be read: ", air::OneLine(scan.unreadable.front().path, 4096),
                          ": ", scan.unreadable.front().reason);
    }
    return absl::StrCat(shown, ": there is no media in it (",
                        scan.ignored + static_cast<std::int64_t>(scan.skipped.size()),
                        " files of other kinds, hidden or empty): name a folder of films, episodes or clips");
  }

  static std::string NothingPlays(const DemoChannel& channel) {
    if (!channel.report.outage.empty()) return channel.report.outage;
    std::string why = absl::StrCat(air::OneLine(channel.path, 4096), ": nothing in it can be aired");
    for (const IngestLine& line : channel.report.lines) {
      if (line.outcome != IngestOutcome::kFailed && line.outcome != IngestOutcome::kReview &&
          line.outcome != IngestOutcome::kSkipped) {
        continue;
      }
      return absl::StrCat(why, ": ", line.path, ": ", line.reason);
    }
    return absl::StrCat(why, ": see retrovue asset attention");
  }

  bool Known(const Part& part, const std::string& title) {
    bool known = false;
    const std::string external_id = ExternalIdOf(part, title);
    const absl::Status read = store_.Read([&](const Snapshot& snapshot) {
      const auto found = snapshot.sources().Find(external_id);
      known = found.ok();
      return absl::OkStatus();
    });
    return read.ok() && known;
  }

  absl::Status PutSource(const Part& part, const std::string& title, Source& source,
                         std::vector<Collection>& collections) {
    auto wanted = FilesystemSource(title, part.paths);
    if (!wanted.ok()) return wanted.status();
    source = *std::move(wanted);
    source.external_id = ExternalIdOf(part, title);
    return store_.Write([&](Transaction& transaction) -> absl::Status {
      collections.clear();
      if (const auto stored = transaction.sources().Find(source.external_id); stored.ok()) {
        source = *stored;
      } else if (absl::Status put = transaction.sources().Put(source); !put.ok()) {
        return put;
      }
      auto there = transaction.collections().OfSource(source.id);
      auto discovered = DiscoverCollections(source);
      if (!there.ok()) return there.status();
      if (!discovered.ok()) return discovered.status();
      for (Collection& collection : *discovered) {
        const auto same = std::find_if(there->begin(), there->end(), [&](const Collection& c) {
          return c.external_id == collection.external_id;
        });
        if (same != there->end()) {
          collections.push_back(*same);
          continue;
        }
        collection.sync_enabled = true;
        if (absl::Status put = transaction.collections().Put(collection); !put.ok()) return put;
        collections.push_back(collection);
      }
      return absl::OkStatus();
    });
  }

  absl::Status ReadAssets(const Collection& collection, std::vector<Asset>& assets) {
    return store_.Read([&](const Snapshot& snapshot) -> absl::Status {
      AssetFilter filter;
      filter.collection_id = collection.id;
      filter.schedulable_only = true;
      auto found = snapshot.assets().List(filter);
      if (!found.ok()) return found.status();
      assets.insert(assets.end(), found->begin(), found->end());
      return absl::OkStatus();
    });
  }

  absl::Status PutChannel(const Source& source, const FolderShape& shape, DemoChannel& demo) {
    return store_.Write([&](Transaction& transaction) -> absl::Status {
      const auto setting = transaction.settings().Get(ChannelSetting(source));
      if (!setting.ok()) return setting.status();
      if (setting->has_value()) {
        auto stored = transaction.channels().Find(**setting);
        if (stored.ok()) return Follow(transaction, *std::move(stored), shape, demo);
        if (!absl::IsNotFound(stored.status())) return stored.status();
      }
      return MakeNew(transaction, source, shape, demo);
    });
  }

  // A channel that is there keeps what stands in it; fillers that have come are added, those that may not air any more go.
  absl::Status Follow(Transaction& transaction, Channel channel, const FolderShape& shape,
                      DemoChannel& demo) {
    std::vector<AssetId> pool;
    for (const AssetId& id : channel.filler_pool) {
      const auto asset = transaction.assets().Get(id);
      if (asset.ok() && IsSchedulable(*asset)) pool.push_back(id);
    }
    for (const AssetId& id : shape.fillers) {
      if (std::find(pool.begin(), pool.end(), id) == pool.end()) pool.push_back(id);
    }
    channel.filler_pool = std::move(pool);
    if (absl::Status put = transaction.channels().Put(channel); !put.ok()) return put;
    Note(channel, demo);
    demo.made = false;
    return absl::OkStatus();
  }

  absl::Status MakeNew(Transaction& transaction, const Source& source, const FolderShape& shape,
                       DemoChannel& demo) {
    const auto others = transaction.channels().List();
    if (!others.ok()) return others.status();
    Channel channel;
    channel.title = demo.title;
    channel.slug = FreeSlug(*others, demo.title);
    channel.number = FreeNumber(*others);
    channel.time_zone = options_.time_zone;
    channel.filler_pool = shape.fillers;
    if (!options_.home.empty()) {
      channel.station_card_path = StationCardPath(options_.home, channel.slug);
      if (absl::Status card = WriteStationCard(channel.station_card_path, channel.title); !card.ok())
        return card;
    }
    if (absl::Status put = transaction.channels().Put(channel); !put.ok()) return put;

    std::vector<Program> programs = shape.programs;
    for (Program& program : programs) {
      program.channel_id = channel.id;
      if (absl::Status put = transaction.programs().Put(program); !put.ok()) return put;
    }
    SchedulePlan plan;
    plan.channel_id = channel.id;
    plan.name = "Base";
    for (const ShapedZone& shaped : shape.zones) {
      Zone zone;
      zone.name = shaped.name;
      zone.start = shaped.start;
      zone.end = shaped.end;
      for (const std::size_t i : shaped.programs) {
        zone.entries.push_back({SchedulableKind::kProgram, programs[i].id.text, ""});
      }
      plan.zones.push_back(std::move(zone));
    }
    if (absl::Status put = transaction.plans().Put(plan); !put.ok()) return put;
    Note(channel, demo);
    demo.made = true;
    return transaction.settings().Set(ChannelSetting(source), channel.id.text);
  }

  static void Note(const Channel& channel, DemoChannel& demo) {
    demo.slug = channel.slug;
    demo.title = channel.title;
    demo.number = channel.number.value_or(0);
  }

  static std::string FreeSlug(const std::vector<Channel>& others, const std::string& title) {
    std::string base = SlugOf(title);
    if (base.empty()) base = "channel";
    std::string slug = base;
    for (int i = 2;
         std::any_of(others.begin(), others.end(), [&](const Channel& c) { return c.slug == slug; }); ++i) {
      const std::string ending = absl::StrCat("-", i);
      slug = absl::StrCat(SlugOf(base.substr(0, kLongestSlug - ending.size())), ending);
    }
    return slug;
  }

  static int FreeNumber(const std::vector<Channel>& others) {
    int highest = 0;
    for (const Channel& channel : others) highest = std::max(highest, channel.number.value_or(0));
    return highest + 1;
  }

  static void Add(IngestReport& sum, IngestReport report) {
    sum.found += report.found;
    sum.unchanged += report.unchanged;
    sum.added += report.added;
    sum.changed += report.changed;
    sum.moved += report.moved;
    sum.back += report.back;
    sum.missing += report.missing;
    sum.skipped += report.skipped;
    sum.failed += report.failed;
    sum.review += report.review;
    sum.ready += report.ready;
    sum.ignored += report.ignored;
    sum.stopped |= report.stopped;
    if (sum.outage.empty()) sum.outage = report.outage;
    sum.lines.insert(sum.lines.end(), report.lines.begin(), report.lines.end());
  }

  Store& store_;
  const DemoOptions& options_;
  DemoNetwork network_;
};

bool IsZone(const std::string& name) { return !name.empty() && FindTimeZone(name).ok(); }

}  // namespace

absl::StatusOr<DemoNetwork> MakeDemoNetwork(Store& store, const DemoOptions& options) {
  if (auto zone = FindTimeZone(options.time_zone); !zone.ok()) return zone.status();
  return Maker(store, options).Make();
}

std::string SystemTimeZone() {
  const auto below_zoneinfo = [](const std::string& path) -> std::string {
    const std::string folder = "/zoneinfo/";
    const std::size_t at = path.rfind(folder);
    return at == std::string::npos ? "" : path.substr(at + folder.size());
  };
  if (const char* said = std::getenv("TZ"); said != nullptr && *said != '\0') {
    std::string name = *said == ':' ? said + 1 : said;
    if (!name.empty() && name.front() == '/') name = below_zoneinfo(name);
    if (IsZone(name)) return name;
  }
  std::error_code error;
  const std::filesystem::path link = std::filesystem::read_symlink("/etc/localtime", error);
  if (const std::string name = error ? "" : below_zoneinfo(link.string()); IsZone(name)) return name;
  return "UTC";
}

}  // namespace retrovue

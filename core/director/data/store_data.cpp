#include "core/director/data/store_data.h"

#include <algorithm>
#include <map>
#include <random>

#include "core/director/decisions/media_roots.h"
#include "core/guide/site.h"
#include "core/schedule/guide.h"
#include "core/store/as_run.h"
#include "core/store/assets.h"
#include "core/store/channels.h"
#include "core/store/playlog.h"
#include "core/store/schedule_days.h"
#include "core/store/settings.h"
#include "core/store/sources.h"

namespace retrovue {
namespace {

constexpr const char* kInstanceSetting = "instance_id";
constexpr Millis kBusy{5'000};
constexpr Millis kOneDay = std::chrono::hours(24);
constexpr std::size_t kSessionsKnown = 1000;
constexpr std::size_t kReadOneByOne = 200;  // more assets than that are read with all the others

std::uint64_t RandomBits() {
  std::random_device random;
  return static_cast<std::uint64_t>(random()) << 32 | random();
}

// How far blocks reach from `now` on without a hole.
Instant CoveredFrom(const std::vector<PlannedBlock>& blocks, Instant now) {
  Instant until = now;
  for (const PlannedBlock& block : blocks)
    if (block.start <= until && until < block.end) until = block.end;
  return until;
}

}  // namespace

absl::StatusOr<std::unique_ptr<StoreData>> StoreData::Open(const std::string& url,
                                                           std::function<Instant()> now) {
  absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(url, {.now = now, .busy_timeout = kBusy});
  if (!store.ok()) return store.status();
  return std::unique_ptr<StoreData>(new StoreData(*std::move(store), std::move(now)));
}

StoreData::StoreData(std::unique_ptr<Store> store, std::function<Instant()> now)
    : store_(std::move(store)), now_(std::move(now)), planning_(*store_, now_) {}

absl::StatusOr<NetworkData::ChannelList> StoreData::Channels() {
  absl::StatusOr<std::string> instance_id = InstanceId();
  if (!instance_id.ok()) return instance_id.status();
  ChannelList list;
  list.instance_id = *std::move(instance_id);
  const absl::Status read = store_->Read([&](const Snapshot& snapshot) -> absl::Status {
    absl::StatusOr<std::vector<Channel>> channels = snapshot.channels().List();
    if (!channels.ok()) return channels.status();
    list.channels = *std::move(channels);
    const auto collections = snapshot.collections().List();
    if (!collections.ok()) return collections.status();
    list.media_roots = CatalogueRoots(*collections, list.channels);
    const auto revision = snapshot.Revision(Part::kCatalogue);
    if (revision.ok()) list.catalogue = *revision;
    return revision.status();
  });
  if (!read.ok()) return read;
  return list;
}

absl::StatusOr<std::vector<std::string>> StoreData::AssetPaths() {
  std::vector<std::string> paths;
  const absl::Status read = store_->Read([&](const Snapshot& snapshot) -> absl::Status {
    const auto collections = snapshot.collections().List();
    if (!collections.ok()) return collections.status();
    for (const Collection& collection : *collections) {
      const auto marks = snapshot.assets().Marks(collection.id);
      if (!marks.ok()) return marks.status();
      for (const AssetMark& mark : *marks)
        if (!mark.deleted) paths.push_back(mark.canonical_uri);
    }
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  return paths;
}

absl::StatusOr<std::string> StoreData::InstanceId() {
  const std::lock_guard lock(instance_lock_);
  if (!instance_id_.empty()) return instance_id_;
  std::string id;
  absl::Status status = store_->Read([&](const Snapshot& snapshot) -> absl::Status {
    const auto stored = snapshot.settings().Get(kInstanceSetting);
    if (stored.ok()) id = stored->value_or("");
    return stored.status();
  });
  if (status.ok() && id.empty()) {
    status = store_->Write([&](Transaction& transaction) -> absl::Status {
      const auto stored = transaction.settings().Get(kInstanceSetting);
      if (!stored.ok()) return stored.status();
      id = stored->value_or(InstanceIdOf(RandomBits()));
      return transaction.settings().Set(kInstanceSetting, id);
    });
  }
  if (!status.ok()) return status;
  instance_id_ = id;
  return id;
}

absl::StatusOr<NetworkData::Stored> StoreData::Book(const ChannelId& channel, Instant from, Instant to) {
  const Instant now = now_();
  Stored stored;
  stored.book.read_at = now;
  const absl::Status read = store_->Read([&](const Snapshot& snapshot) -> absl::Status {
    absl::StatusOr<std::vector<PlannedBlock>> blocks =
        snapshot.playlog().Blocks(channel, from, std::max(to, now + kOneDay));
    if (!blocks.ok()) return blocks.status();
    stored.horizon.playlog_until = CoveredFrom(*blocks, now);
    std::erase_if(*blocks, [&](const PlannedBlock& block) { return block.start >= to; });
    stored.book.blocks = *std::move(blocks);
    const auto made = snapshot.schedule_days().Made(channel);
    if (!made.ok()) return made.status();
    if (made->has_value()) stored.horizon.last_day = (*made)->last;
    if (stored.book.BlockAt(now) != nullptr) return absl::OkStatus();
    const auto days = snapshot.schedule_days().Airing(channel, now, now + kOneDay);
    if (!days.ok()) return days.status();
    for (const ScheduleDay& day : *days)
      for (const ScheduleItem& item : day.items)
        if (item.start > now && (!stored.book.next_item || item.start < *stored.book.next_item))
          stored.book.next_item = item.start;
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  return stored;
}

absl::Status StoreData::CarryOn(const ChannelId& channel) {
  if (const auto days = planning_.MakeDaysAhead(channel); !days.ok()) return days.status();
  return planning_.ExtendPlaylog(channel).status();
}

absl::Status StoreData::MarkFed(const std::vector<std::string>& block_ids) {
  if (block_ids.empty()) return absl::OkStatus();
  return store_->Write([&](Transaction& transaction) -> absl::Status {
    for (const std::string& id : block_ids) {
      const absl::Status marked = transaction.playlog().MarkFed(id);
      if (!marked.ok() && !absl::IsNotFound(marked)) return marked;
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<std::pair<std::string, std::int64_t>>> StoreData::StoreEvidence(
    const std::vector<Evidence>& evidence) {
  std::map<std::string, std::int64_t> last;
  const std::map<std::string, std::int64_t>& known = acknowledged_;
  const absl::Status written = store_->Write([&](Transaction& transaction) -> absl::Status {
    last.clear();
    for (const Evidence& one : evidence) {
      if (const auto added = transaction.as_run().Add(one); !added.ok()) return added.status();
      last[one.session_id] = 0;
    }
    for (auto& [session, sequence] : last) {
      const auto before = known.find(session);
      const auto found = transaction.as_run().LastOf(session, before == known.end() ? 0 : before->second);
      if (!found.ok()) return found.status();
      sequence = *found;
    }
    return absl::OkStatus();
  });
  if (!written.ok()) return written;
  if (acknowledged_.size() > kSessionsKnown) acknowledged_.clear();
  for (const auto& [session, sequence] : last) acknowledged_[session] = sequence;
  return std::vector<std::pair<std::string, std::int64_t>>(last.begin(), last.end());
}

absl::StatusOr<std::int64_t> StoreData::LastEvidence(const std::string& session_id) {
  std::int64_t last = 0;
  const absl::Status read = store_->Read([&](const Snapshot& snapshot) -> absl::Status {
    const auto found = snapshot.as_run().LastOf(session_id);
    if (found.ok()) last = *found;
    return found.status();
  });
  if (!read.ok()) return read;
  return last;
}

absl::StatusOr<StoreData::Editorials> StoreData::EditorialsOf(const Snapshot& snapshot,
                                                              const std::vector<AssetId>& ids) {
  const absl::StatusOr<std::int64_t> revision = snapshot.Revision(Part::kCatalogue);
  if (!revision.ok()) return revision.status();
  const std::lock_guard lock(editorials_lock_);
  if (editorials_revision_ != *revision) editorials_.clear();
  editorials_revision_ = *revision;
  std::vector<AssetId> missing;
  for (const AssetId& id : ids)
    if (editorials_.emplace(id.text, nullptr).second) missing.push_back(id);
  const auto keep = [&](const Asset& asset) {
    editorials_[asset.id.text] = std::make_shared<const Editorial>(asset.editorial);
  };
  absl::Status read;
  if (missing.size() > kReadOneByOne) {
    const absl::StatusOr<std::vector<Asset>> assets = snapshot.assets().List({.deleted = true});
    read = assets.status();
    if (assets.ok()) std::for_each(assets->begin(), assets->end(), keep);
  } else {
    for (const AssetId& id : missing) {
      const absl::StatusOr<Asset> asset = snapshot.assets().Get(id);
      if (asset.ok()) keep(*asset);
      if (!asset.ok() && !absl::IsNotFound(asset.status())) read = asset.status();
    }
  }
  if (!read.ok()) {
    editorials_.clear();
    return read;
  }
  Editorials found;
  for (const AssetId& id : ids)
    if (const auto& known = editorials_[id.text]) found.emplace(id.text, known);
  return found;
}

absl::StatusOr<NetworkData::GuideSet> StoreData::Guides(const std::vector<Channel>& channels, Instant from,
                                                        Instant to) {
  GuideSet set;
  const absl::Status read = store_->Read([&](const Snapshot& snapshot) -> absl::Status {
    set = {};
    std::vector<std::pair<std::string, AssetId>> items;
    std::vector<AssetId> ids;
    for (const Channel& channel : channels) {
      const auto days = DaysOfGuide(snapshot, channel.id, from, to);
      if (!days.ok()) return days.status();
      set.guides.push_back(GuideOf(channel, *days));
      for (const ScheduleDay& day : *days) {
        for (const ScheduleItem& item : day.items) {
          if (item.main_asset.empty()) continue;
          ids.push_back(item.main_asset);
          items.emplace_back(item.id.text, item.main_asset);
        }
      }
    }
    const absl::StatusOr<Editorials> editorials = EditorialsOf(snapshot, ids);
    if (!editorials.ok()) return editorials.status();
    set.details.reserve(items.size());
    for (auto& [item, asset] : items)
      if (const auto known = editorials->find(asset.text); known != editorials->end())
        set.details.emplace(std::move(item), known->second);
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  return set;
}

}  // namespace retrovue

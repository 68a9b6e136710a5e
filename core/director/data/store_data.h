// NetworkData over the store and the planning.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "core/director/data/network_data.h"
#include "core/planning/planning.h"
#include "core/store/store.h"

namespace retrovue {

class StoreData final : public NetworkData {
 public:
  // Opens, and makes, the database. `now`: the network's clock. Errors: Store::Open's.
  static absl::StatusOr<std::unique_ptr<StoreData>> Open(const std::string& url,
                                                         std::function<Instant()> now);

  absl::StatusOr<ChannelList> Channels() override;
  absl::StatusOr<std::vector<std::string>> AssetPaths() override;
  absl::StatusOr<Stored> Book(const ChannelId& channel, Instant from, Instant to) override;
  absl::Status CarryOn(const ChannelId& channel) override;
  absl::Status MarkFed(const std::vector<std::string>& block_ids) override;
  absl::StatusOr<std::vector<std::pair<std::string, std::int64_t>>> StoreEvidence(
      const std::vector<Evidence>& evidence) override;
  absl::StatusOr<std::int64_t> LastEvidence(const std::string& session_id) override;
  absl::StatusOr<GuideSet> Guides(const std::vector<Channel>& channels, Instant from, Instant to) override;
  std::int64_t database_errors() const override { return store_->database_errors(); }

 private:
  StoreData(std::unique_ptr<Store> store, std::function<Instant()> now);

  // This network's name among all there are; drawn once and kept in the settings.
  absl::StatusOr<std::string> InstanceId();
  // What is known of assets, by id: kept until the catalogue changes, read as it is asked for.
  using Editorials = absl::flat_hash_map<std::string, std::shared_ptr<const Editorial>>;
  // Those of `ids` that there are.
  absl::StatusOr<Editorials> EditorialsOf(const Snapshot& snapshot, const std::vector<AssetId>& ids);

  std::unique_ptr<Store> store_;
  // Up to where evidence of a session is there: of the evidence server's one thread.
  std::map<std::string, std::int64_t> acknowledged_;
  const std::function<Instant()> now_;
  Planning planning_;
  std::mutex instance_lock_;
  std::string instance_id_;  // guarded by instance_lock_
  std::mutex editorials_lock_;
  Editorials editorials_;                  // guarded by editorials_lock_; nullptr: there is no such asset
  std::int64_t editorials_revision_ = -1;  // guarded by editorials_lock_
};

}  // namespace retrovue

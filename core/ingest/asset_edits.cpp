#include "core/ingest/asset_edits.h"

#include <utility>

#include "core/ingest/catalogue_entry.h"

namespace retrovue {
namespace {

constexpr std::size_t kBatch = 200;

}  // namespace

absl::Status Bring(Transaction& transaction, Asset& asset, AssetState to) {
  const std::vector<AssetState> way = WayTo(asset.state, to);
  for (const AssetState step : way) {
    asset.state = step;
    if (step != AssetState::kReady) asset.approved_for_broadcast = false;
    if (step == to) break;  // stored by the caller, with what else has changed
    if (absl::Status put = transaction.assets().Put(asset); !put.ok()) return put;
  }
  return absl::OkStatus();
}

absl::Status Edit(Transaction& transaction, const AssetId& id,
                  const std::function<absl::Status(Asset&)>& change) {
  absl::StatusOr<Asset> asset = transaction.assets().Get(id);
  if (absl::IsNotFound(asset.status())) return absl::OkStatus();  // deleted meanwhile
  if (!asset.ok()) return asset.status();
  if (absl::Status changed = change(*asset); !changed.ok()) return changed;
  return transaction.assets().Put(*asset);
}

absl::Status WriteBatch::Later(Step step) {
  steps_.push_back(std::move(step));
  return steps_.size() >= kBatch ? Flush() : absl::OkStatus();
}

absl::Status WriteBatch::Flush() {
  const std::vector<Step> steps = std::exchange(steps_, {});
  if (steps.empty() || dry_run_) return absl::OkStatus();
  return store_.Write([&](Transaction& transaction) -> absl::Status {
    for (const Step& step : steps) {
      if (absl::Status done = step(transaction); !done.ok()) return done;
    }
    return absl::OkStatus();
  });
}

}  // namespace retrovue

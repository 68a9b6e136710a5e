// How an ingest changes stored assets: one at a time, step by step, many to a transaction.
#pragma once

#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "core/store/assets.h"
#include "core/store/store.h"

namespace retrovue {

// Brings the asset into a state, step by step, each of them stored: what is not ready is not approved. The last one is stored by the
// caller, with what else has changed.
absl::Status Bring(Transaction& transaction, Asset& asset, AssetState to);

// Changes one asset in a transaction; OK if it was deleted meanwhile.
absl::Status Edit(Transaction& transaction, const AssetId& id,
                  const std::function<absl::Status(Asset&)>& change);

// Steps that are written together, so that thousands of files are not thousands of transactions. What was handed over stays valid
// until Flush.
class WriteBatch {
 public:
  using Step = std::function<absl::Status(Transaction&)>;

  // `dry_run`: nothing is written.
  WriteBatch(Store& store, bool dry_run) : store_(store), dry_run_(dry_run) {}

  // Written with the next batch, which may be now.
  absl::Status Later(Step step);
  absl::Status Flush();

 private:
  Store& store_;
  const bool dry_run_;
  std::vector<Step> steps_;
};

}  // namespace retrovue

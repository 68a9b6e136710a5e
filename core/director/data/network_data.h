// NetworkData: what the director asks of the database, and nothing else. A port: the tests have one without a database.
//
// Called on the database's threads (Worker), never on the loop. May wait as long as the store does. Errors are the store's
// (core/store/store.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/director/decisions/channel_book.h"
#include "core/director/decisions/horizon.h"
#include "core/model/as_run.h"
#include "core/model/catalogue.h"
#include "core/model/channel.h"
#include "core/model/playlog.h"

namespace retrovue {

class NetworkData {
 public:
  virtual ~NetworkData() = default;

  // All of them, inactive ones, too.
  struct ChannelList {
    std::string instance_id;  // of this network, for guides (core/guide/site.h)
    std::vector<Channel> channels;
    std::vector<std::string> media_roots;  // CatalogueRoots
    std::int64_t catalogue = 0;            // another number whenever the catalogue has changed
  };
  virtual absl::StatusOr<ChannelList> Channels() = 0;

  // Where the assets are that are not deleted: paths on this machine.
  virtual absl::StatusOr<std::vector<std::string>> AssetPaths() = 0;

  // The playlog on in [from, to) as stored, and how far it and the schedule reach. Writes nothing.
  struct Stored {
    ChannelBook book;
    HorizonFacts horizon;
  };
  virtual absl::StatusOr<Stored> Book(const ChannelId& channel, Instant from, Instant to) = 0;

  // Makes the missing days and the playlog up to the channel's horizons. What is there is left alone.
  virtual absl::Status CarryOn(const ChannelId& channel) = 0;

  // planned -> fed. Blocks that are not there are passed over.
  virtual absl::Status MarkFed(const std::vector<std::string>& block_ids) = 0;

  // Stores what is new of it, durably, in one transaction. Answers, for each session in it, up to which number its evidence is
  // there without a gap.
  virtual absl::StatusOr<std::vector<std::pair<std::string, std::int64_t>>> StoreEvidence(
      const std::vector<Evidence>& evidence) = 0;
  // Up to which number a session's evidence is there without a gap; 0: none.
  virtual absl::StatusOr<std::int64_t> LastEvidence(const std::string& session_id) = 0;

  // The guides of channels, in the order given, on in [from, to), and what the catalogue knows of their programmes. One snapshot.
  struct GuideSet {
    std::vector<EpgGeneration> guides;
    absl::flat_hash_map<std::string, std::shared_ptr<const Editorial>> details;  // by id of the schedule item

    // nullptr: nothing is known of it.
    const Editorial* DetailsOf(const GuideEntry& entry) const {
      const auto known = details.find(entry.schedule_item_id.text);
      return known == details.end() ? nullptr : known->second.get();
    }
  };
  virtual absl::StatusOr<GuideSet> Guides(const std::vector<Channel>& channels, Instant from, Instant to) = 0;

  // Calls that failed because of the database itself. Any thread.
  virtual std::int64_t database_errors() const = 0;
};

}  // namespace retrovue

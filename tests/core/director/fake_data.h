// A network's data in memory, which can be taken away and brought back. May be used by many threads.
#pragma once

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "core/director/data/network_data.h"

namespace retrovue {

class FakeData final : public NetworkData {
 public:
  void BeAway(absl::Status why) {
    const std::lock_guard lock(mutex_);
    away_ = std::move(why);
  }
  void Add(Channel channel) {
    const std::lock_guard lock(mutex_);
    channels_.push_back(std::move(channel));
  }
  void SetBlocks(const ChannelId& channel, std::vector<PlannedBlock> blocks) {
    const std::lock_guard lock(mutex_);
    blocks_[channel.text] = std::move(blocks);
  }
  // Evidence of that number is refused for good.
  void RefuseEvidence(std::int64_t seq) {
    const std::lock_guard lock(mutex_);
    refused_ = seq;
  }
  std::vector<Evidence> evidence() const {
    const std::lock_guard lock(mutex_);
    return evidence_;
  }
  int writes() const {
    const std::lock_guard lock(mutex_);
    return writes_;
  }
  std::set<std::string> fed() const {
    const std::lock_guard lock(mutex_);
    return fed_;
  }

  absl::StatusOr<ChannelList> Channels() override {
    const std::lock_guard lock(mutex_);
    if (!away_.ok()) return Fail();
    return ChannelList{"1234abcd", channels_};
  }
  absl::StatusOr<Stored> Book(const ChannelId& channel, Instant from, Instant to) override {
    const std::lock_guard lock(mutex_);
    if (!away_.ok()) return Fail();
    Stored stored;
    for (const PlannedBlock& block : blocks_[channel.text])
      if (block.end > from && block.start < to) stored.book.blocks.push_back(block);
    return stored;
  }
  absl::StatusOr<std::vector<std::string>> AssetPaths() override { return std::vector<std::string>(); }
  absl::Status CarryOn(const ChannelId&) override {
    const std::lock_guard lock(mutex_);
    return away_.ok() ? absl::OkStatus() : Fail();
  }
  absl::Status MarkFed(const std::vector<std::string>& block_ids) override {
    const std::lock_guard lock(mutex_);
    if (!away_.ok()) return Fail();
    fed_.insert(block_ids.begin(), block_ids.end());
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<std::pair<std::string, std::int64_t>>> StoreEvidence(
      const std::vector<Evidence>& evidence) override {
    const std::lock_guard lock(mutex_);
    if (!away_.ok()) return Fail();
    for (const Evidence& one : evidence)
      if (one.seq == refused_) return absl::InvalidArgumentError("this one is wrong");
    ++writes_;
    std::map<std::string, std::int64_t> last;
    for (const Evidence& one : evidence) {
      const bool known = std::any_of(evidence_.begin(), evidence_.end(), [&](const Evidence& e) {
        return e.session_id == one.session_id && e.seq == one.seq;
      });
      if (!known) evidence_.push_back(one);
      last[one.session_id] = LastOf(one.session_id);
    }
    return std::vector<std::pair<std::string, std::int64_t>>(last.begin(), last.end());
  }
  absl::StatusOr<std::int64_t> LastEvidence(const std::string& session_id) override {
    const std::lock_guard lock(mutex_);
    if (!away_.ok()) return Fail();
    return LastOf(session_id);
  }
  absl::StatusOr<GuideSet> Guides(const std::vector<Channel>& channels, Instant from, Instant to) override {
    const std::lock_guard lock(mutex_);
    if (!away_.ok()) return Fail();
    GuideSet set;
    for (const Channel& channel : channels) {
      EpgGeneration& guide = set.guides.emplace_back();
      guide.channel_id = channel.id;
      guide.entries.push_back({"e", {}, from, to, "All day: " + channel.title, "", {}, {}});
    }
    return set;
  }
  std::int64_t database_errors() const override {
    const std::lock_guard lock(mutex_);
    return errors_;
  }

 private:
  absl::Status Fail() {
    ++errors_;
    return away_;
  }
  std::int64_t LastOf(const std::string& session) const {
    std::set<std::int64_t> all;
    for (const Evidence& one : evidence_)
      if (one.session_id == session) all.insert(one.seq);
    std::int64_t last = 0;
    while (all.contains(last + 1)) ++last;
    return last;
  }

  mutable std::mutex mutex_;
  absl::Status away_;
  std::int64_t refused_ = -1, errors_ = 0;
  int writes_ = 0;
  std::vector<Channel> channels_;
  std::map<std::string, std::vector<PlannedBlock>> blocks_;
  std::vector<Evidence> evidence_;
  std::set<std::string> fed_;
};

}  // namespace retrovue

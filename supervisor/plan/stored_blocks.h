// StoredBlocks: the blocks of a plan as bytes behind an index of their times. So waits what airs later than the rundown
// reaches, and so it stands in the session's record.
//
// A plan may have 200,000 segments, and the event loop has other work. As bytes a plan is made in the thread that has
// read it, goes from hand to hand as one pointer, is written as it is, and is let go of at once. A block is decoded when
// its time comes, in the time that it needs by itself.
//
// Immutable. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "protos/playout.pb.h"

namespace air {

class StoredBlocks {
 public:
  using Pointer = std::shared_ptr<const StoredBlocks>;
  struct Item {
    int64_t start_utc_ms, end_utc_ms;
    uint64_t name;           // NameOf(block_id)
    uint64_t first_segment;  // the number of its first segment: at least so many as the blocks before it have
    uint64_t offset, bytes;  // of the serialised block
    uint64_t segments;
  };

  // `blocks`: in order, checked.
  static Pointer Of(const std::vector<retrovue::playout::BlockPlan>& blocks);
  // What file() was in another process. Errors: DataLoss: it is not whole, or no such thing.
  static absl::StatusOr<Pointer> Parse(std::shared_ptr<const std::string> file);

  size_t size() const { return count_; }
  // Segments in all, the numbers that are left out included.
  uint64_t segments() const;
  Item at(size_t i) const;
  // Block i, all its times later by `shift_ms`. One without segments: what was stored cannot be read.
  retrovue::playout::BlockPlan Decode(size_t i, int64_t shift_ms) const;
  // Those from `first` on, and behind them `last`, whose first segment has that number.
  Pointer With(size_t first, const retrovue::playout::BlockPlan& last, uint64_t first_segment) const;

  static uint64_t NameOf(const std::string& block_id);
  const std::shared_ptr<const std::string>& file() const { return file_; }

 private:
  explicit StoredBlocks(std::shared_ptr<const std::string> file, size_t count)
      : file_(std::move(file)), count_(count) {}
  static Pointer Make(const std::vector<Item>& items, const std::string& bytes);

  std::shared_ptr<const std::string> file_;  // header, items, bytes
  size_t count_;
};

}  // namespace air

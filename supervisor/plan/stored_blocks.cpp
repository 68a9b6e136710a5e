#include "supervisor/plan/stored_blocks.h"

#include <cstring>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace air {
namespace {

using retrovue::playout::BlockPlan;

struct Header {
  uint64_t magic, checksum, count;  // the checksum is of what follows the header
};
constexpr uint64_t kMagic = 0x314e4c5044524941;  // "AIRDPLN1", little endian
static_assert(sizeof(Header) == 24 && std::is_trivially_copyable_v<StoredBlocks::Item>);

constexpr uint64_t kBasis = 0xcbf29ce484222325, kPrime = 0x100000001b3;  // FNV-1a's

// FNV-1a of eight bytes at a time: it is to find accidents, and fast.
uint64_t Checksum(std::string_view bytes) {
  uint64_t hash = kBasis;
  while (!bytes.empty()) {
    uint64_t word = 0;
    const size_t taken = std::min(bytes.size(), sizeof word);
    std::memcpy(&word, bytes.data(), taken);
    hash = (hash ^ word ^ (hash >> 32)) * kPrime;
    bytes.remove_prefix(taken);
  }
  return hash;
}

StoredBlocks::Item ItemOf(const BlockPlan& block, uint64_t first_segment, size_t offset, size_t bytes) {
  return {.start_utc_ms = block.start_utc_ms(),
          .end_utc_ms = block.end_utc_ms(),
          .name = StoredBlocks::NameOf(block.block_id()),
          .first_segment = first_segment,
          .offset = offset,
          .bytes = bytes,
          .segments = static_cast<uint64_t>(block.segments_size())};
}

}  // namespace

uint64_t StoredBlocks::NameOf(const std::string& block_id) { return Checksum(block_id); }

StoredBlocks::Pointer StoredBlocks::Of(const std::vector<BlockPlan>& blocks) {
  std::vector<Item> items;
  items.reserve(blocks.size());
  std::string bytes;
  uint64_t segments = 0;
  for (const BlockPlan& block : blocks) {
    const size_t offset = bytes.size();
    block.AppendToString(&bytes);
    items.push_back(ItemOf(block, segments, offset, bytes.size() - offset));
    segments += items.back().segments;
  }
  return Make(items, bytes);
}

StoredBlocks::Pointer StoredBlocks::Make(const std::vector<Item>& items, const std::string& bytes) {
  const auto file = std::make_shared<std::string>(sizeof(Header), '\0');
  file->reserve(sizeof(Header) + items.size() * sizeof(Item) + bytes.size());
  file->append(reinterpret_cast<const char*>(items.data()), items.size() * sizeof(Item));
  file->append(bytes);
  const Header header{.magic = kMagic,
                      .checksum = Checksum(std::string_view(*file).substr(sizeof(Header))),
                      .count = items.size()};
  std::memcpy(file->data(), &header, sizeof header);
  return Pointer(new StoredBlocks(file, items.size()));
}

absl::StatusOr<StoredBlocks::Pointer> StoredBlocks::Parse(std::shared_ptr<const std::string> file) {
  const absl::Status damaged = absl::DataLossError("the record of what waits for its time is damaged");
  Header header{};
  if (file == nullptr || file->size() < sizeof header) return damaged;
  std::memcpy(&header, file->data(), sizeof header);
  const uint64_t room = file->size() - sizeof header;
  if (header.magic != kMagic || header.count == 0 || header.count > room / sizeof(Item)) return damaged;
  if (header.checksum != Checksum(std::string_view(*file).substr(sizeof header))) return damaged;
  Pointer blocks(new StoredBlocks(std::move(file), header.count));
  const uint64_t bytes = room - header.count * sizeof(Item);
  for (size_t i = 0; i < blocks->size(); ++i) {
    const Item item = blocks->at(i);
    if (item.offset > bytes || item.bytes > bytes - item.offset) return damaged;
  }
  return blocks;
}

uint64_t StoredBlocks::segments() const {
  if (count_ == 0) return 0;
  const Item last = at(count_ - 1);
  return last.first_segment + last.segments;
}

StoredBlocks::Item StoredBlocks::at(size_t i) const {
  Item item;
  std::memcpy(&item, file_->data() + sizeof(Header) + i * sizeof item, sizeof item);
  return item;
}

BlockPlan StoredBlocks::Decode(size_t i, int64_t shift_ms) const {
  const Item item = at(i);
  BlockPlan block;
  const size_t begin = sizeof(Header) + count_ * sizeof(Item) + item.offset;
  if (!block.ParseFromArray(file_->data() + begin, static_cast<int>(item.bytes))) return {};
  block.set_start_utc_ms(block.start_utc_ms() + shift_ms);
  block.set_end_utc_ms(block.end_utc_ms() + shift_ms);
  return block;
}

StoredBlocks::Pointer StoredBlocks::With(size_t first, const BlockPlan& last, uint64_t first_segment) const {
  std::vector<Item> items;
  std::string bytes;
  const size_t begin = sizeof(Header) + count_ * sizeof(Item);
  const uint64_t skipped = first < count_ ? at(first).offset : file_->size() - begin;
  bytes.append(*file_, begin + skipped);
  for (size_t i = first; i < count_; ++i) {
    items.push_back(at(i));
    items.back().offset -= skipped;
  }
  const size_t offset = bytes.size();
  last.AppendToString(&bytes);
  items.push_back(ItemOf(last, first_segment, offset, bytes.size() - offset));
  return Make(items, bytes);
}

}  // namespace air

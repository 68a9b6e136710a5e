#include "shm/frame_ring_buffer.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/atomic_copy.h"
#include "shm/frame_ring_writer.inc"

namespace air {
namespace {

constexpr uint64_t RoundUp(uint64_t value, uint64_t unit) { return (value + unit - 1) / unit * unit; }

struct Geometry {
  uint64_t video_offset, audio_offset, slot_stride, segment_bytes;

  Geometry(const HouseFormat& format, uint32_t slot_count) {
    video_offset = kPage;
    audio_offset = video_offset + RoundUp(format.VideoBytes(), 64);
    slot_stride = RoundUp(audio_offset + format.MaxUnitSamples() * format.BytesPerSample(), kPage);
    segment_bytes = 2 * kPage + slot_stride * slot_count;
  }
};

absl::Status Refuse(const std::string& check) {
  return absl::FailedPreconditionError(absl::StrCat("frame ring refused: ", check));
}

// What a slot says of itself is believed only within the bounds of the format.
bool FitsItsSlot(const SlotMeta& meta, uint64_t index, const HouseFormat& format) {
  return meta.index == index && meta.samples <= format.MaxUnitSamples() &&
         meta.video_bytes == format.VideoBytes() && meta.side_bytes <= kSideDataBytes;
}

}  // namespace

size_t RingBytes(const HouseFormat& format, uint32_t slot_count) {
  return Geometry(format, slot_count).segment_bytes;
}

void FormatRing(std::span<std::byte> memory, const RingSpec& spec) {
  const Geometry geometry(spec.format, spec.slot_count);
  auto* header = reinterpret_cast<RingHeader*>(memory.data());
  header->magic.store(0, std::memory_order_release);

  auto* writer = new (memory.data() + kPage) WriterPage{};
  writer->next.store(spec.first_index, std::memory_order_relaxed);
  writer->end.store(kEndUnknown, std::memory_order_relaxed);
  for (uint32_t i = 0; i < spec.slot_count; ++i) {
    new (memory.data() + 2 * kPage + geometry.slot_stride * i) SlotHeader{};
  }

  header->layout_version = kRingLayoutVersion;
  header->header_size = sizeof(RingHeader);
  header->slot_count = spec.slot_count;
  header->policy = static_cast<uint32_t>(spec.policy);
  header->slot_stride = geometry.slot_stride;
  header->video_offset = geometry.video_offset;
  header->audio_offset = geometry.audio_offset;
  header->segment_bytes = geometry.segment_bytes;
  header->instance_id = spec.instance_id;
  header->generation = spec.generation;
  header->width = spec.format.width;
  header->height = spec.format.height;
  header->rate_num = spec.format.rate.num;
  header->rate_den = spec.format.rate.den;
  header->sample_rate = spec.format.sample_rate;
  header->channels = spec.format.channels;
  header->format_hash = spec.format.Hash();
  header->magic.store(kRingMagic,
                      std::memory_order_release);  // SYNC POINT: pairs with the acquire load in Attach
}

absl::StatusOr<RingView> RingView::Attach(std::span<std::byte> memory, RingPolicy policy) {
  if (memory.size() < 2 * kPage) return Refuse("shorter than its header");
  const auto& header = *reinterpret_cast<const RingHeader*>(memory.data());
  if (header.magic.load(std::memory_order_acquire) != kRingMagic)
    return Refuse("no magic (not a ring, or being reset)");
  if (header.layout_version != kRingLayoutVersion || header.header_size != sizeof(RingHeader)) {
    return Refuse(
        absl::StrCat("layout version ", header.layout_version, ", this program reads ", kRingLayoutVersion));
  }

  RingView view;
  view.base_ = memory.data();
  view.format_ = HouseFormat{
      header.width, header.height, {header.rate_num, header.rate_den}, header.sample_rate, header.channels};
  if (absl::Status s = Validate(view.format_); !s.ok()) return Refuse(std::string(s.message()));
  if (header.format_hash != view.format_.Hash()) return Refuse("format hash");
  view.slot_count_ = header.slot_count;
  if (view.slot_count_ < 4 || view.slot_count_ > 1024)
    return Refuse(absl::StrCat("slot count ", view.slot_count_));

  const Geometry geometry(view.format_, view.slot_count_);
  view.slot_stride_ = geometry.slot_stride;
  view.video_offset_ = geometry.video_offset;
  view.audio_offset_ = geometry.audio_offset;
  if (header.slot_stride != geometry.slot_stride || header.video_offset != geometry.video_offset ||
      header.audio_offset != geometry.audio_offset || header.segment_bytes != geometry.segment_bytes) {
    return Refuse("geometry does not follow from its format");
  }
  if (memory.size() < geometry.segment_bytes) {
    return Refuse(absl::StrCat("segment of ", memory.size(), " bytes, needs ", geometry.segment_bytes));
  }
  if (header.policy != static_cast<uint32_t>(policy)) return Refuse("the other policy");
  view.generation_ = header.generation;
  view.instance_id_ = header.instance_id;
  return view;
}

bool RingView::IsCurrent() const {
  return header().magic.load(std::memory_order_acquire) == kRingMagic && header().generation == generation_ &&
         header().instance_id == instance_id_;
}

uint64_t OverwriteReader::oldest() const {
  const uint64_t n = next(), reach = view_.slot_count() - 2;
  return n > reach ? n - reach : 0;
}

ReadResult OverwriteReader::Read(uint64_t i, std::span<uint8_t> video, std::span<int16_t> audio,
                                 SlotMeta& meta) const {
  // `next` first: once it is past i, the commit word of unit i cannot be missed. The other way round, a unit
  // published between the two loads would look like a gap.
  if (i >= next()) return ReadResult::kTooEarly;
  const SlotHeader& slot = view_.slot(i);
  const uint64_t commit = slot.commit.load(std::memory_order_acquire);  // SYNC POINT: with Publish
  if (commit != i + 1) return (commit & ~kWriting) > i ? ReadResult::kTooLate : ReadResult::kGap;
  CopyFromShared(&meta, &slot.meta, sizeof meta);
  CopyFromShared(video.data(), view_.video(i), video.size());
  CopyFromShared(audio.data(), view_.audio(i), audio.size_bytes());
  std::atomic_thread_fence(std::memory_order_acquire);  // SYNC POINT: with the release fence in Open
  if (slot.commit.load(std::memory_order_relaxed) != i + 1) {
    if (page_ != nullptr) page_->torn_rejected.fetch_add(1, std::memory_order_relaxed);
    return ReadResult::kTooLate;
  }
  // The words are whole; that they are sane is checked all the same.
  return FitsItsSlot(meta, i, view_.format()) ? ReadResult::kOk : ReadResult::kGap;
}

void OverwriteReader::WaitFor(uint64_t i, int64_t timeout_ns) const {
  const WriterPage& writer = view_.writer();
  const uint32_t seen = writer.bell.load(std::memory_order_acquire);
  if (writer.next.load(std::memory_order_acquire) > i) return;
  WaitOnBell(writer.bell, seen, timeout_ns);
}

ReadResult BackpressureReader::Peek(uint64_t i, SlotMeta& meta) const {
  if (i < page_->next_wanted.load(std::memory_order_relaxed)) return ReadResult::kTooLate;
  if (i >= next()) return ReadResult::kTooEarly;
  const SlotHeader& slot = view_.slot(i);
  const uint64_t commit = slot.commit.load(std::memory_order_acquire);
  if (commit != i + 1) return (commit & ~kWriting) <= i ? ReadResult::kHole : ReadResult::kGap;
  CopyFromShared(&meta, &slot.meta, sizeof meta);
  return FitsItsSlot(meta, i, view_.format()) ? ReadResult::kOk : ReadResult::kGap;
}

void BackpressureReader::Release(uint64_t index) {
  if (index <= page_->next_wanted.load(std::memory_order_relaxed)) return;
  page_->next_wanted.store(index, std::memory_order_release);  // SYNC POINT: with HasRoom's acquire
  RingBell(page_->bell);
}

absl::StatusOr<UniqueFd> OpenForHandover(int segment_fd) {
  UniqueFd fd(open(absl::StrCat("/proc/self/fd/", segment_fd).c_str(), O_RDWR | O_CLOEXEC));
  if (!fd.valid())
    return absl::InternalError(absl::StrCat("opening a ring for hand-over: ", std::strerror(errno)));
  return fd;
}

absl::Status LockForWriting(const UniqueFd& handover_fd) {
  if (flock(handover_fd.get(), LOCK_EX | LOCK_NB) == 0) return absl::OkStatus();
  if (errno == EWOULDBLOCK) return absl::UnavailableError("the ring's last writer still lives");
  return absl::InternalError(absl::StrCat("flock: ", std::strerror(errno)));
}

absl::Status LockOutPredecessor(MasterClock& clock, const UniqueFd& handover_fd) {
  const Nanos deadline = clock.Now() + 2 * kNanosPerSecond;
  absl::Status status = LockForWriting(handover_fd);
  while (absl::IsUnavailable(status) && clock.Now() < deadline) {
    clock.SleepUntil(clock.Now() + kNanosPerMs);
    status = LockForWriting(handover_fd);
  }
  return status;
}

template class FrameRingWriter<RingPolicy::kBackpressure>;
template class FrameRingWriter<RingPolicy::kOverwrite>;

}  // namespace air

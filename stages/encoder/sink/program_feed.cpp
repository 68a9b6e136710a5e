#include "stages/encoder/sink/program_feed.h"

#include <algorithm>
#include <atomic>

#include "base/atomic_copy.h"
#include "stages/encoder/codec/audio_encoder.h"

namespace air {
namespace {

constexpr size_t kMostCaptionTriplets = 31;  // cc_count has five bits

}  // namespace

ProgramFeed::ProgramFeed(const RingView& program, Epoch epoch, StageLine& line)
    : reader_(program, nullptr),
      epoch_(epoch),
      line_(line),
      time_(program.format()),
      picture_(program.format().VideoBytes()),
      sound_(size_t{program.format().MaxUnitSamples()} * program.format().channels) {
  FillBlack();  // until the first picture has been read a lost tick shows it
}

void ProgramFeed::FillBlack() {
  const auto luma = static_cast<ptrdiff_t>(reader_.view().format().LumaBytes());
  std::fill(picture_.begin(), picture_.begin() + luma, uint8_t{16});
  std::fill(picture_.begin() + luma, picture_.end(), uint8_t{128});
}

Tick ProgramFeed::JoinTick() const {
  // An access unit needs its own samples and those of the next one, and begins up to one behind its tick.
  constexpr int64_t kSoundOfFirstUnit = 3 * kAacFrame;
  const int64_t ticks = 1 + (kSoundOfFirstUnit - 1) / time_.SamplesOf(Tick(0));
  const auto next = static_cast<int64_t>(reader_.next()), oldest = static_cast<int64_t>(reader_.oldest());
  return Tick(std::max({next - ticks, oldest, int64_t{0}}));
}

bool ProgramFeed::Next(Tick n, int64_t timeout_ns, ProgramTick& out) {
  const auto i = static_cast<uint64_t>(n.value());
  reader_.WaitFor(i, timeout_ns);
  SlotMeta meta;
  if (blank_ == n && reader_.next() > i) {
    FillBlack();
    FillFrom(n, SlotMeta{}, out);
    line_.Add(EncoderCounter::kPaddedTicks);
    return true;
  }
  switch (reader_.Read(i, picture_, sound_, meta)) {
    case ReadResult::kOk:
      FillFrom(n, meta, out);
      return true;
    case ReadResult::kTooEarly:
      return false;
    default:
      break;
  }
  if (FindJump(n) &&
      reader_.Read(static_cast<uint64_t>(n.value()), picture_, sound_, meta) == ReadResult::kOk) {
    FillFrom(n, meta, out);
    line_.Add(EncoderCounter::kDiscontinuities);
  } else {
    FillLost(n, out);
    line_.Add(EncoderCounter::kOverruns);
  }
  return true;
}

bool ProgramFeed::FindJump(Tick& n) const {
  const auto from = static_cast<uint64_t>(n.value());
  for (uint64_t i = std::max(from + 1, reader_.oldest()), next = reader_.next(); i < next; ++i) {
    SlotMeta meta;
    if (reader_.ReadMeta(i, meta) != ReadResult::kOk) continue;
    if ((meta.flags & kFlagDiscontinuity) == 0) return false;
    n = Tick(static_cast<int64_t>(i));
    return true;
  }
  return false;
}

void ProgramFeed::FillFrom(Tick n, const SlotMeta& meta, ProgramTick& out) {
  const size_t channels = reader_.view().format().channels;
  const size_t wanted = time_.SamplesOf(n);
  std::fill(sound_.begin() + static_cast<ptrdiff_t>(std::min<size_t>(meta.samples, wanted) * channels),
            sound_.end(), int16_t{0});
  out = {.tick = n,
         .deadline = time_.Deadline(epoch_.mono, n),
         .picture = picture_,
         .sound = std::span(sound_).first(wanted * channels),
         .captions = ReadCaptions(n, meta),
         .discontinuity = (meta.flags & kFlagDiscontinuity) != 0};
}

std::span<const uint8_t> ProgramFeed::ReadCaptions(Tick n, const SlotMeta& meta) {
  const auto i = static_cast<uint64_t>(n.value());
  captions_.resize(std::min<size_t>(meta.side_bytes / 3, kMostCaptionTriplets) * 3);
  CopyFromShared(captions_.data(), reader_.view().side_data(i), captions_.size());
  std::atomic_thread_fence(std::memory_order_acquire);  // SYNC POINT: with the release fence in Open
  SlotMeta still_there;
  if (reader_.ReadMeta(i, still_there) != ReadResult::kOk) captions_.clear();
  return captions_;
}

void ProgramFeed::FillLost(Tick n, ProgramTick& out) {
  // A torn read may have left part of another picture behind; the ring's oldest whole one is a better repeat.
  SlotMeta meta;
  reader_.Read(reader_.oldest() + 1, picture_, {}, meta);
  std::fill(sound_.begin(), sound_.end(), int16_t{0});
  out = {.tick = n,
         .deadline = time_.Deadline(epoch_.mono, n),
         .picture = picture_,
         .sound = std::span(sound_).first(time_.SamplesOf(n) * reader_.view().format().channels)};
}

std::vector<int16_t> ProgramFeed::Sound(SampleIndex begin, SampleIndex end) const {
  const size_t channels = reader_.view().format().channels;
  std::vector<int16_t> sound(static_cast<size_t>(std::max<int64_t>(end - begin, 0)) * channels, 0);
  std::vector<int16_t> unit(sound_.size());
  for (uint64_t i = reader_.oldest(), next = reader_.next(); i < next; ++i) {
    const Tick n(static_cast<int64_t>(i));
    const SampleIndex first = time_.FirstSample(n), last = time_.FirstSample(n + 1);
    if (last <= begin || first >= end || n == blank_) continue;
    SlotMeta meta;
    if (reader_.Read(i, {}, unit, meta) != ReadResult::kOk) continue;
    const SampleIndex from = std::max(first, begin), to = std::min({last, end, first + meta.samples});
    if (to <= from) continue;
    std::copy_n(unit.begin() + (from - first) * static_cast<ptrdiff_t>(channels),
                static_cast<size_t>(to - from) * channels,
                sound.begin() + (from - begin) * static_cast<ptrdiff_t>(channels));
  }
  return sound;
}

}  // namespace air

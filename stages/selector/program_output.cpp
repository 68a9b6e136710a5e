#include "stages/selector/program_output.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "base/atomic_copy.h"

namespace air {
namespace {

constexpr size_t kJoinSamples = 240;  // 5 ms of 48 kHz

// Brings interleaved sound down to nothing over its last 5 ms.
void FadeToEnd(std::span<int16_t> sound, size_t channels) {
  const size_t samples = sound.size() / channels, length = std::min(samples, kJoinSamples);
  for (size_t rest = length; rest > 0; --rest) {
    const double level = static_cast<double>(rest) / static_cast<double>(kJoinSamples);
    for (int16_t& sample : sound.subspan((samples - rest) * channels, channels))
      sample = static_cast<int16_t>(std::lround(sample * level));
  }
}

}  // namespace

ProgramOutput::ProgramOutput(const RingView& program_ring, uint32_t pid, std::span<const std::byte> slate)
    : writer_(program_ring, nullptr, pid),
      time_(program_ring.format()),
      pad_(program_ring.format()),
      slate_(program_ring.format(), slate),
      sound_(pad_.sound().size()) {}

std::optional<SlotMeta> ProgramOutput::At(Tick n) const {
  SlotMeta meta;
  const OverwriteReader reader(writer_.view(), nullptr);
  if (n < Tick(0) || reader.ReadMeta(static_cast<uint64_t>(n.value()), meta) != ReadResult::kOk)
    return std::nullopt;
  return meta;
}

void ProgramOutput::JumpTo(Tick n) {
  writer_.JumpTo(static_cast<uint64_t>(n.value()));
  discontinuity_ = true;
}

uint32_t ProgramOutput::FillContent(const Decision& decision, const InputBus& inputs) {
  const RingView& from = inputs.View(decision.source);
  const RingView& to = writer_.view();
  const uint64_t slot = writer_.next();
  CopyToShared(to.video(slot), from.video(decision.unit), to.format().VideoBytes());

  // The tick's sound begins 0 or 1 sample into its unit (HouseTime::LookAhead). A unit shorter than promised
  // is completed with the pad's silence.
  const uint32_t wanted = time_.SamplesOf(decision.tick);
  const uint32_t skip = time_.LookAhead(decision.lock.tick, decision.tick);
  const uint32_t there = decision.unit_meta.samples > skip ? decision.unit_meta.samples - skip : 0;
  const uint32_t copied = std::min(wanted, there);
  const size_t channels = to.format().channels;
  const int16_t* sound = from.audio(decision.unit) + skip * channels;
  auto rest = std::copy_n(sound, copied * channels, sound_.begin());
  std::copy_n(pad_.sound().begin(), (wanted - copied) * channels, rest);
  if (decision.leaves) FadeToEnd(std::span(sound_).first(wanted * channels), channels);
  CopyToShared(to.audio(slot), sound_.data(), wanted * to.format().BytesPerSample());
  if (decision.unit_meta.side_bytes > 0) {
    CopyToShared(to.side_data(slot), from.side_data(decision.unit), decision.unit_meta.side_bytes);
  }
  return wanted;
}

uint32_t ProgramOutput::FillStill(Tick n, std::span<const uint8_t> picture) {
  const RingView& to = writer_.view();
  const uint32_t samples = time_.SamplesOf(n);
  CopyToShared(to.video(writer_.next()), picture.data(), picture.size());
  CopyToShared(to.audio(writer_.next()), pad_.sound().data(), samples * to.format().BytesPerSample());
  return samples;
}

bool ProgramOutput::FollowsItsPredecessor(const Decision& decision) const {
  const std::optional<SlotMeta> last = Last();
  return last.has_value() && (last->flags & kFlagContent) != 0 && last->journal.source == decision.source;
}

SlotMeta ProgramOutput::Emit(const Decision& decision, const InputBus& inputs, const Stamps& stamps,
                             const MasterClock& clock) {
  const bool content = decision.show == EntryKind::kContent;
  const bool slate = decision.show == EntryKind::kSlate;
  const uint32_t repeat =
      content && FollowsItsPredecessor(decision) ? decision.unit_meta.flags & kFlagRepeat : 0;
  SlotMeta meta{.index = writer_.next()};
  writer_.Open();
  meta.samples = content ? FillContent(decision, inputs)
                         : FillStill(decision.tick, slate ? slate_.picture() : pad_.picture());
  meta.flags = content ? kFlagContent | repeat : slate ? kFlagSlate : kFlagPad;
  if (discontinuity_) meta.flags |= kFlagDiscontinuity;
  meta.video_bytes = static_cast<uint32_t>(writer_.view().format().VideoBytes());
  meta.side_bytes = content ? decision.unit_meta.side_bytes : 0;
  meta.journal = {.source = decision.source,
                  .source_index = decision.unit,
                  .segment_serial = decision.segment_serial,
                  .lock_tick = decision.lock.tick.value(),
                  .locked = decision.lock.segment_serial != 0 ? 1u : 0u,
                  .pad_cause = decision.cause,
                  .timeline_version = decision.timeline_version,
                  .block_serial = decision.block_serial,
                  .media_position_us = content ? decision.unit_meta.journal.media_position_us : 0};
  meta.deadline_ns = stamps.deadline.value();
  meta.opened_ns = stamps.opened.value();
  meta.committed_ns = clock.Now().value();
  writer_.Publish(meta);
  writer_.Beat(meta.committed_ns);
  discontinuity_ = false;
  return meta;
}

}  // namespace air

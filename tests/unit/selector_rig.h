// A selector on the bench: the real TimingLoop on real rings, timeline and session page, in plain memory and
// on a virtual clock; decoders that put units of known content into their rings; and the program, read back
// tick by tick as an encoder would.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "media/house_time.h"
#include "shm/shared_segment.h"
#include "stages/selector/timing_loop.h"
#include "tests/support/ring_memory.h"
#include "tests/unit/timeline_entries.h"

namespace air {

// What clip `clip` shows and sounds like. Sample k of a clip, counted from its first unit, is heard as (tone
// of k, clip); silence is neither.
class TestClip {
 public:
  explicit TestClip(int clip) : clip_(clip) {}

  void DrawPicture(uint64_t unit, std::span<uint8_t> video) const {
    uint64_t word = 0x9e3779b97f4a7c15 * (unit + 1) ^ 0xc2b2ae3d27d4eb4f * static_cast<uint64_t>(clip_);
    for (size_t i = 0; i < video.size(); ++i) {
      if (i % 8 == 0) word = word * 0x5851f42d4c957f2d + 0x14057b7ef767814f;
      video[i] = static_cast<uint8_t>(word >> (8 * (i % 8)));
    }
  }
  int16_t Left(int64_t sample) const { return static_cast<int16_t>(1 + sample % 30'000); }
  int16_t Right() const { return static_cast<int16_t>(clip_); }
  void FillSound(int64_t first, std::span<int16_t> audio) const {
    for (size_t i = 0; i < audio.size() / 2; ++i) {
      audio[2 * i] = Left(first + static_cast<int64_t>(i));
      audio[2 * i + 1] = Right();
    }
  }
  int64_t MediaPositionUs(uint64_t unit) const { return static_cast<int64_t>(unit) * 1000 + clip_; }
  bool IsRepeat(uint64_t unit) const { return unit % 5 == 4; }

 private:
  int clip_;  // 1..
};

// A decoder at its ring: writes its clip's units, as many as it is let and as there is room for.
class TestDecoder {
 public:
  TestDecoder(const RingView& ring, const ReaderPage* reader, int clip)
      : writer_(ring, reader, 42), clip_(clip), time_(ring.format()) {}

  uint64_t next() const { return writer_.next(); }
  bool HasRoom() const { return writer_.HasRoom(); }
  // Produces up to, not including, unit `limit`. Returns how many it wrote.
  uint64_t FillTo(uint64_t limit) {
    const uint64_t before = writer_.next();
    while (writer_.next() < limit && writer_.HasRoom()) Write(0);
    return writer_.next() - before;
  }
  // The next unit with `missing` samples fewer than it promised.
  void FillShort(uint32_t missing) { Write(missing); }
  void End() { writer_.SetEnd(); }
  // Scribbles over the description of a unit that is there already.
  void Spoil(uint64_t unit) { writer_.view().slot(unit).meta.index = unit + 1; }

 private:
  void Write(uint32_t missing) {
    const RingView& ring = writer_.view();
    const HouseFormat& format = ring.format();
    const uint64_t i = writer_.next();
    const UnitIndex unit(static_cast<int64_t>(i));
    SlotMeta meta = MetaOf(format);
    meta.samples = time_.SamplesOf(unit) - missing;
    meta.journal.media_position_us = clip_.MediaPositionUs(i);
    if (clip_.IsRepeat(i)) meta.flags |= kFlagRepeat;
    writer_.Open();
    clip_.DrawPicture(i, {ring.video(i), format.VideoBytes()});
    clip_.FillSound(time_.FirstSample(unit).value(), {ring.audio(i), size_t{meta.samples} * format.channels});
    meta.side_bytes = static_cast<uint32_t>(i % 3);
    std::memset(ring.side_data(i), 0x5a, meta.side_bytes);
    writer_.Publish(meta);
  }

  FrameRingWriter<RingPolicy::kBackpressure> writer_;
  TestClip clip_;
  HouseTime time_;
};

// One tick of the program, as a reader finds it.
struct ProgramFrame {
  SlotMeta meta;
  std::vector<uint8_t> video;
  std::vector<int16_t> audio;  // of this tick alone

  bool IsContent() const { return (meta.flags & kFlagContent) != 0; }
  bool Shows(int clip, uint64_t unit) const {
    std::vector<uint8_t> expected(video.size());
    TestClip(clip).DrawPicture(unit, expected);
    return IsContent() && video == expected;
  }
  bool IsBlackAndSilent() const {
    const auto luma = static_cast<std::ptrdiff_t>(video.size() * 2 / 3);
    return (meta.flags & kFlagPad) != 0 &&
           std::all_of(video.begin(), video.begin() + luma, [](uint8_t y) { return y == 16; }) &&
           std::all_of(video.begin() + luma, video.end(), [](uint8_t c) { return c == 128; }) && IsSilent();
  }
  bool IsSilent() const {
    return std::ranges::all_of(audio, [](int16_t s) { return s == 0; });
  }

  // Everything a viewer or a successor could tell apart, and nothing of who made it when.
  std::string Text() const {
    const TickJournal& j = meta.journal;
    return absl::StrCat(meta.index, ": flags ", meta.flags, " source ", j.source.ring, "/",
                        j.source.generation, "#", j.source_index, " segment ", j.segment_serial, " block ",
                        j.block_serial, " lock ", j.locked != 0 ? absl::StrCat(j.lock_tick) : "-", " cause ",
                        ToString(j.pad_cause), " timeline ", j.timeline_version, " at ", j.media_position_us,
                        " us, samples ", meta.samples, " side ", meta.side_bytes, " due ", meta.deadline_ns,
                        " picture ", Digest(video), " sound ", Digest(audio));
  }

 private:
  template <class T>
  static uint64_t Digest(const std::vector<T>& data) {
    uint64_t hash = 0;
    for (T value : data) hash = (hash ^ static_cast<uint64_t>(value)) * 0x100000001b3 + 1;
    return hash;
  }
};

class SelectorRig {
 public:
  static constexpr Nanos kEpoch{7'000'000'123};

  struct Options {
    FrameRate rate = {60, 1};
    uint32_t program_slots = 16;
    uint32_t decoder_slots = 8;
    size_t rings = 3;
    int64_t first_tick = 0;  // that the program ring has not; what lies before it is long over
  };

  explicit SelectorRig(const Options& options)
      : format{.width = 16, .height = 16, .rate = options.rate},
        time(format),
        clock(time.Deadline(kEpoch, Tick(options.first_tick)) - kNanosPerSecond),
        options_(options),
        session_(kSessionBytes),
        timeline_(kTimelineBytes),
        program_({.format = format,
                  .policy = RingPolicy::kOverwrite,
                  .slot_count = options.program_slots,
                  .first_index = static_cast<uint64_t>(options.first_tick)}) {
    FormatSession(session_.bytes(), {.format = format, .epoch = {.mono = kEpoch, .utc = UtcMs(0)}});
    FormatTimeline(timeline_.bytes());
    plan_.emplace(TimelineWriter::Attach(timeline_.bytes()).value());
    for (size_t i = 0; i < options.rings; ++i) {
      rings_.push_back({SharedSegment::CreateSealed("ring", RingBytes(format, options.decoder_slots)).value(),
                        SharedSegment::CreateSealed("reader", kPage).value()});
      ResetRing(static_cast<uint32_t>(i), 1);
    }
    Start();
  }

  // A selector process begins, over whatever is in memory. The decoder rings are mapped as it maps them.
  void Start() {
    Kill();
    session_page_.emplace(SessionPage::Attach(session_.bytes()).value());
    controller_.emplace(TimelineReader::Attach(timeline_.bytes()).value());
    std::vector<InputBus::PooledRing> pool;
    for (const Ring& ring : rings_) {
      pool.push_back(
          {MapAgain(ring.segment, Access::kReadOnly), MapAgain(ring.reader_page, Access::kReadWrite)});
    }
    inputs_.emplace(format, std::move(pool));
    output_.emplace(program_.View(), 7);
    loop_.emplace(clock, *session_page_, *controller_, *inputs_, *output_);
  }
  // It is gone: what it had in private memory is lost.
  void Kill() {
    loop_.reset();
    output_.reset();
    inputs_.reset();
    controller_.reset();
    session_page_.reset();
  }

  ProgramFrame RunTick() {
    loop_->RunTick();
    return Read(next_tick() - 1);
  }
  // Runs up to, not including, tick n.
  std::vector<ProgramFrame> RunUntil(int64_t n) {
    std::vector<ProgramFrame> frames;
    while (next_tick() < n) frames.push_back(RunTick());
    return frames;
  }

  int64_t next_tick() const { return static_cast<int64_t>(program_.View().writer().next.load()); }
  ProgramFrame Read(int64_t n) const {
    const RingView view = program_.View();
    ProgramFrame frame{.meta = {}, .video = std::vector<uint8_t>(format.VideoBytes()), .audio = {}};
    frame.audio.resize(size_t{format.MaxUnitSamples()} * format.channels);
    EXPECT_EQ(
        OverwriteReader(view, nullptr).Read(static_cast<uint64_t>(n), frame.video, frame.audio, frame.meta),
        ReadResult::kOk)
        << "tick " << n;
    frame.audio.resize(size_t{frame.meta.samples} * format.channels);
    return frame;
  }
  RingView program() const { return program_.View(); }
  AiredLogMemory& aired() const { return SessionPage::Attach(session_.bytes())->aired(); }
  std::vector<AiredRun> AiredRuns() const {
    std::vector<AiredRun> runs;
    const AiredLogReader log(aired());
    for (uint64_t i = log.oldest(); i < log.next(); ++i) runs.push_back(log.Read(i).value());
    return runs;
  }
  uint64_t Count(SelectorCounter c) const { return SessionPage::Attach(session_.bytes())->selector().Get(c); }
  uint64_t PadCount(PadCause cause) const {
    return Count(static_cast<SelectorCounter>(size_t(SelectorCounter::kPadFirst) + size_t(cause)));
  }
  int64_t beat() const { return SessionPage::Attach(session_.bytes())->selector().beat_ns.load(); }
  Nanos Deadline(int64_t n) const { return time.Deadline(kEpoch, Tick(n)); }
  Tick now() const { return time.TickAt(kEpoch, clock.Now()); }

  // As the supervisor does it, at this instant.
  void Commit(const std::vector<TimelineEntry>& entries) {
    ASSERT_TRUE(plan_->Commit(entries, now(), Tick(INT64_MIN)).ok());
  }
  // A version with an entry that owns no tick.
  void ScribbleOnTimeline() {
    auto& memory = *reinterpret_cast<TimelineMemory*>(timeline_.bytes().data());
    const uint64_t version = memory.header.version.load() + 1;
    memory.banks[version % 2].count = 1;
    memory.banks[version % 2].entries[0] = TimelineEntry{};
    memory.header.version.store(version);
  }
  // Empties a ring of the pool for another asset.
  SourceRef ResetRing(uint32_t ring, uint64_t generation) {
    new (rings_[ring].reader_page.bytes().data()) ReaderPage{};
    FormatRing(rings_[ring].segment.bytes(), {.format = format,
                                              .policy = RingPolicy::kBackpressure,
                                              .slot_count = options_.decoder_slots,
                                              .generation = generation,
                                              .instance_id = {ring, generation}});
    return Source(ring, generation);
  }
  static SourceRef Source(uint32_t ring, uint64_t generation = 1) {
    return {.ring = ring, .reserved = 0, .generation = generation};
  }
  std::span<std::byte> RingMemoryOf(uint32_t ring) { return rings_[ring].segment.bytes(); }
  ReaderPage& ReaderPageOf(uint32_t ring) {
    return *reinterpret_cast<ReaderPage*>(rings_[ring].reader_page.bytes().data());
  }
  TestDecoder Decoder(uint32_t ring, int clip) {
    return TestDecoder(RingView::Attach(RingMemoryOf(ring), RingPolicy::kBackpressure).value(),
                       &ReaderPageOf(ring), clip);
  }

  const HouseFormat format;
  const HouseTime time;
  VirtualClock clock;

 private:
  struct Ring {
    SharedSegment segment, reader_page;
  };

  static SharedSegment MapAgain(const SharedSegment& segment, Access access) {
    return SharedSegment::Map(UniqueFd(dup(segment.fd())), access, 0).value();
  }

  Options options_;
  PageMemory session_, timeline_;
  RingMemory program_;
  std::vector<Ring> rings_;
  std::optional<TimelineWriter> plan_;

  std::optional<SessionPage> session_page_;
  std::optional<TimelineController> controller_;
  std::optional<InputBus> inputs_;
  std::optional<ProgramOutput> output_;
  std::optional<TimingLoop> loop_;
};

}  // namespace air

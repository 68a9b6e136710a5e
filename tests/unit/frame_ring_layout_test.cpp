// The memory of a frame ring, number by number, and everything an attachment refuses. A failing number here
// means: raise kRingLayoutVersion, then write down the new one.
#include "shm/frame_ring_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <string>

#include "tests/support/ring_memory.h"

namespace air {
namespace {

using ::testing::HasSubstr;

TEST(FrameRingLayout, IsTheOneOfVersionTwo) {
  EXPECT_EQ(kRingLayoutVersion, 2u);

  EXPECT_EQ(sizeof(RingHeader), 112u);
  EXPECT_EQ(offsetof(RingHeader, magic), 0u);
  EXPECT_EQ(offsetof(RingHeader, layout_version), 8u);
  EXPECT_EQ(offsetof(RingHeader, header_size), 12u);
  EXPECT_EQ(offsetof(RingHeader, slot_count), 16u);
  EXPECT_EQ(offsetof(RingHeader, policy), 20u);
  EXPECT_EQ(offsetof(RingHeader, slot_stride), 24u);
  EXPECT_EQ(offsetof(RingHeader, video_offset), 32u);
  EXPECT_EQ(offsetof(RingHeader, audio_offset), 40u);
  EXPECT_EQ(offsetof(RingHeader, segment_bytes), 48u);
  EXPECT_EQ(offsetof(RingHeader, instance_id), 56u);
  EXPECT_EQ(offsetof(RingHeader, generation), 72u);
  EXPECT_EQ(offsetof(RingHeader, width), 80u);
  EXPECT_EQ(offsetof(RingHeader, height), 84u);
  EXPECT_EQ(offsetof(RingHeader, rate_num), 88u);
  EXPECT_EQ(offsetof(RingHeader, rate_den), 92u);
  EXPECT_EQ(offsetof(RingHeader, sample_rate), 96u);
  EXPECT_EQ(offsetof(RingHeader, channels), 100u);
  EXPECT_EQ(offsetof(RingHeader, format_hash), 104u);

  EXPECT_EQ(sizeof(WriterPage), 256u);
  EXPECT_EQ(offsetof(WriterPage, next), 0u);
  EXPECT_EQ(offsetof(WriterPage, end), 8u);
  EXPECT_EQ(offsetof(WriterPage, bell), 16u);
  EXPECT_EQ(offsetof(WriterPage, writer_epoch), 128u);
  EXPECT_EQ(offsetof(WriterPage, beat_ns), 136u);
  EXPECT_EQ(offsetof(WriterPage, writer_pid), 144u);
  EXPECT_EQ(offsetof(WriterPage, phase), 148u);

  EXPECT_EQ(sizeof(SlotHeader), 136u);
  EXPECT_EQ(offsetof(SlotHeader, commit), 0u);
  EXPECT_EQ(offsetof(SlotHeader, meta), 8u);

  EXPECT_EQ(sizeof(SlotMeta), 128u);
  EXPECT_EQ(offsetof(SlotMeta, index), 0u);
  EXPECT_EQ(offsetof(SlotMeta, writer_epoch), 8u);
  EXPECT_EQ(offsetof(SlotMeta, flags), 16u);
  EXPECT_EQ(offsetof(SlotMeta, samples), 20u);
  EXPECT_EQ(offsetof(SlotMeta, video_bytes), 24u);
  EXPECT_EQ(offsetof(SlotMeta, side_bytes), 28u);
  EXPECT_EQ(offsetof(SlotMeta, journal), 32u);
  EXPECT_EQ(offsetof(SlotMeta, deadline_ns), 104u);
  EXPECT_EQ(offsetof(SlotMeta, opened_ns), 112u);
  EXPECT_EQ(offsetof(SlotMeta, committed_ns), 120u);

  EXPECT_EQ(sizeof(TickJournal), 72u);
  EXPECT_EQ(offsetof(TickJournal, source), 0u);
  EXPECT_EQ(offsetof(TickJournal, source_index), 16u);
  EXPECT_EQ(offsetof(TickJournal, segment_serial), 24u);
  EXPECT_EQ(offsetof(TickJournal, lock_tick), 32u);
  EXPECT_EQ(offsetof(TickJournal, locked), 40u);
  EXPECT_EQ(offsetof(TickJournal, pad_cause), 44u);
  EXPECT_EQ(offsetof(TickJournal, timeline_version), 48u);
  EXPECT_EQ(offsetof(TickJournal, block_serial), 56u);
  EXPECT_EQ(offsetof(TickJournal, media_position_us), 64u);
  EXPECT_EQ(sizeof(SourceRef), 16u);
  EXPECT_EQ(offsetof(SourceRef, ring), 0u);
  EXPECT_EQ(offsetof(SourceRef, generation), 8u);

  EXPECT_EQ(sizeof(ReaderPage), 256u);
  EXPECT_EQ(offsetof(ReaderPage, next_wanted), 0u);
  EXPECT_EQ(offsetof(ReaderPage, bell), 8u);
  EXPECT_EQ(offsetof(ReaderPage, beat_ns), 128u);
  EXPECT_EQ(offsetof(ReaderPage, consumed), 136u);
  EXPECT_EQ(offsetof(ReaderPage, overruns), 144u);
  EXPECT_EQ(offsetof(ReaderPage, gaps), 152u);
  EXPECT_EQ(offsetof(ReaderPage, torn_rejected), 160u);
}

TEST(FrameRingLayout, NumbersThatOtherProgramsStore) {
  EXPECT_EQ(kPage, 4096u);
  EXPECT_EQ(kSideDataOffset, 512u);
  EXPECT_EQ(kSideDataBytes, 3584u);
  EXPECT_EQ(kWriting, 0x8000000000000000u);
  EXPECT_EQ(kEndUnknown, 0xffffffffffffffffu);
  EXPECT_EQ(static_cast<uint32_t>(RingPolicy::kBackpressure), 1u);
  EXPECT_EQ(static_cast<uint32_t>(RingPolicy::kOverwrite), 2u);
  EXPECT_EQ(kFlagContent, 1u);
  EXPECT_EQ(kFlagPad, 2u);
  EXPECT_EQ(kFlagSlate, 4u);
  EXPECT_EQ(kFlagRepeat, 8u);
  EXPECT_EQ(kFlagDiscontinuity, 16u);
  EXPECT_EQ(static_cast<uint32_t>(PadCause::kNone), 0u);
  EXPECT_EQ(static_cast<uint32_t>(PadCause::kLate), 1u);
  EXPECT_EQ(static_cast<uint32_t>(PadCause::kRefused), 8u);
}

TEST(FrameRingLayout, SizesFollowFromTheHouseFormat) {
  // Side data page + picture + sound (one tick's samples rounded up, and one), rounded up to a page.
  EXPECT_EQ(RingBytes(kTinyFormat, 4), 8192u + 4 * 8192u);
  EXPECT_EQ(RingBytes({.width = 1280, .height = 720, .rate = {30, 1}}, 8), 8192u + 8 * 1396736u);
  EXPECT_EQ(RingBytes({.width = 1920, .height = 1080, .rate = {30000, 1001}}, 60), 8192u + 60 * 3121152u);
  EXPECT_EQ(RingBytes({.width = 1920, .height = 1080, .rate = {24000, 1001}}, 60), 8192u + 60 * 3125248u);
}

TEST(FrameRingLayout, StandsInMemoryByteForByteAsSpecified) {
  RingMemory ring(RingPolicy::kOverwrite, 4);
  const RingView view = ring.View();
  FrameRingWriter<RingPolicy::kOverwrite> writer(view, nullptr, 77);
  SlotMeta meta = MetaOf(kTinyFormat);
  meta.side_bytes = 1;
  for (int i = 0; i < 6; ++i) {  // unit 5 lies in slot 1
    writer.Open();
    *view.side_data(writer.next()) = 0xa5;
    *view.video(writer.next()) = 0x5a;
    *view.audio(writer.next()) = 0x1234;
    writer.Publish(meta);
  }
  const std::byte* base = ring.bytes().data();
  auto word = [&](size_t offset) {
    uint64_t value;
    std::memcpy(&value, base + offset, 8);
    return value;
  };
  EXPECT_EQ(std::memcmp(base, "AIRRING1", 8), 0);
  EXPECT_EQ(word(16), 4u | uint64_t{2} << 32);  // slots, policy
  EXPECT_EQ(word(24), 8192u);                   // stride
  EXPECT_EQ(word(32), 4096u);                   // picture
  EXPECT_EQ(word(40), 4096u + 384u);            // sound
  EXPECT_EQ(word(48), ring.bytes().size());
  EXPECT_EQ(word(56), 0x1111u);
  EXPECT_EQ(word(64), 0x2222u);
  EXPECT_EQ(word(72), 1u);
  EXPECT_EQ(word(80), 16u | uint64_t{16} << 32);
  EXPECT_EQ(word(88), 60u | uint64_t{1} << 32);
  EXPECT_EQ(word(96), 48000u | uint64_t{2} << 32);
  EXPECT_EQ(word(104), kTinyFormat.Hash());
  EXPECT_EQ(word(4096), 6u);               // next
  EXPECT_EQ(word(4096 + 8), kEndUnknown);  // end
  EXPECT_EQ(word(4096 + 128), 1u);         // writer_epoch
  EXPECT_EQ(word(4096 + 144) & 0xffffffff, 77u);

  const size_t slot = 8192 + 1 * 8192;
  EXPECT_EQ(word(slot), 6u);      // commit: 5 is valid
  EXPECT_EQ(word(slot + 8), 5u);  // index
  EXPECT_EQ(static_cast<int>(base[slot + 512]), 0xa5);
  EXPECT_EQ(static_cast<int>(base[slot + 4096]), 0x5a);
  EXPECT_EQ(word(slot + 4096 + 384) & 0xffff, 0x1234u);
}

TEST(FrameRingLayout, TheFormatHashIsFixed) {
  // FNV-1a over six 64-bit little-endian fields; two builds of AIR must agree on it.
  EXPECT_EQ(kTinyFormat.Hash(), 0xc777685b62e269e3ull);
}

struct Lie {
  const char* name;
  std::function<void(RingMemory&)> tell;
  const char* answer;
};
void PrintTo(const Lie& lie, std::ostream* out) { *out << lie.name; }
std::string NameOf(const ::testing::TestParamInfo<Lie>& lie) { return lie.param.name; }

class RefusedRing : public ::testing::TestWithParam<Lie> {};

TEST_P(RefusedRing, NamesTheCheckThatFailed) {
  RingMemory ring(RingPolicy::kOverwrite, 8);
  ASSERT_TRUE(RingView::Attach(ring.bytes(), RingPolicy::kOverwrite).ok());
  GetParam().tell(ring);
  const absl::StatusOr<RingView> view = RingView::Attach(ring.bytes(), RingPolicy::kOverwrite);
  ASSERT_FALSE(view.ok());
  EXPECT_EQ(view.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(view.status().message()), HasSubstr(GetParam().answer));
}

// A header that is consistent with a format of its own, so that only later checks can notice.
void Rehash(RingHeader& h) {
  const HouseFormat format{h.width, h.height, {h.rate_num, h.rate_den}, h.sample_rate, h.channels};
  h.format_hash = format.Hash();
}

INSTANTIATE_TEST_SUITE_P(
    FrameRingLayout, RefusedRing,
    ::testing::Values(
        Lie{"NotARing", [](RingMemory& r) { r.header().magic = 0x3147; }, "magic"},
        Lie{"BeingReset", [](RingMemory& r) { r.header().magic = 0; }, "magic"},
        Lie{"NextLayoutVersion", [](RingMemory& r) { r.header().layout_version = 3; }, "layout version 3"},
        Lie{"OtherHeaderSize", [](RingMemory& r) { r.header().header_size = 104; }, "layout version"},
        Lie{"FormatWithoutItsHash", [](RingMemory& r) { r.header().width = 32; }, "format hash"},
        Lie{"HashWithoutItsFormat", [](RingMemory& r) { r.header().format_hash ^= 1; }, "format hash"},
        Lie{"NoRate", [](RingMemory& r) { r.header().rate_num = r.header().rate_den = 0; }, "frame_rate"},
        Lie{"ZeroDenominator", [](RingMemory& r) { r.header().rate_den = 0; }, "frame_rate"},
        Lie{"HugePicture", [](RingMemory& r) { r.header().width = r.header().height = 0xfffffffe; }, "width"},
        Lie{"OddHeight", [](RingMemory& r) { r.header().height = 17; }, "height"},
        Lie{"SixChannels", [](RingMemory& r) { r.header().channels = 6; }, "channels"},
        Lie{"NoSlots", [](RingMemory& r) { r.header().slot_count = 0; }, "slot count 0"},
        Lie{"ThreeSlots", [](RingMemory& r) { r.header().slot_count = 3; }, "slot count 3"},
        Lie{"TooManySlots", [](RingMemory& r) { r.header().slot_count = 1025; }, "slot count 1025"},
        Lie{"MoreSlotsThanItsBytes", [](RingMemory& r) { r.header().slot_count = 9; }, "geometry"},
        Lie{"OtherStride", [](RingMemory& r) { r.header().slot_stride += 4096; }, "geometry"},
        Lie{"OtherPicturePlace", [](RingMemory& r) { r.header().video_offset += 64; }, "geometry"},
        Lie{"OtherSoundPlace", [](RingMemory& r) { r.header().audio_offset -= 64; }, "geometry"},
        Lie{"OtherLength", [](RingMemory& r) { r.header().segment_bytes -= 1; }, "geometry"},
        Lie{"LargerPictureWithItsHash",
            [](RingMemory& r) {
              r.header().width = 4096;
              r.header().height = 2304;
              Rehash(r.header());
            },
            "geometry"},
        Lie{"MoreSlotsThanTheMemoryHolds",
            [](RingMemory& r) {
              r.header().slot_count = 1024;
              r.header().segment_bytes = RingBytes(kTinyFormat, 1024);
            },
            "needs"},
        Lie{"TheOtherPolicy", [](RingMemory& r) { r.header().policy = 1; }, "policy"},
        Lie{"NoSuchPolicy", [](RingMemory& r) { r.header().policy = 7; }, "policy"}),
    NameOf);

TEST(FrameRingLayout, ShortMemoryIsRefused) {
  RingMemory ring(RingPolicy::kBackpressure, 4);
  for (size_t bytes : {size_t{0}, size_t{8}, kPage, 2 * kPage - 1, 2 * kPage, ring.bytes().size() - 1}) {
    EXPECT_FALSE(RingView::Attach(ring.bytes().first(bytes), RingPolicy::kBackpressure).ok()) << bytes;
  }
  EXPECT_TRUE(RingView::Attach(ring.bytes(), RingPolicy::kBackpressure).ok());
}

TEST(FrameRingLayout, AHeaderScribbledOnAfterAttachingMovesNothing) {
  RingMemory ring(RingPolicy::kOverwrite, 4);
  const RingView view = ring.View();
  const uint8_t* picture = view.video(3);
  const int16_t* sound = view.audio(3);
  ring.header().slot_count = 1000;
  ring.header().slot_stride = 1 << 30;
  ring.header().audio_offset = ring.header().video_offset = 1 << 29;
  ring.header().width = 4096;
  EXPECT_EQ(view.video(3), picture);
  EXPECT_EQ(view.audio(3), sound);
  EXPECT_EQ(view.slot_count(), 4u);
  EXPECT_EQ(view.format(), kTinyFormat);
}

TEST(FrameRingLayout, AViewKnowsWhetherItsRingIsStillTheOneAttached) {
  RingSpec spec{.format = kTinyFormat,
                .policy = RingPolicy::kBackpressure,
                .slot_count = 4,
                .generation = 6,
                .instance_id = {1, 2}};
  RingMemory ring(spec);
  const RingView view = ring.View();
  EXPECT_TRUE(view.IsCurrent());
  EXPECT_EQ(view.generation(), 6u);
  EXPECT_EQ(view.instance_id(), (std::array<uint64_t, 2>{1, 2}));

  spec.generation = 7;
  FormatRing(ring.bytes(), spec);
  EXPECT_FALSE(view.IsCurrent());
  EXPECT_TRUE(ring.View().IsCurrent());

  spec.generation = 6;
  spec.instance_id = {1, 3};
  FormatRing(ring.bytes(), spec);
  EXPECT_FALSE(view.IsCurrent());

  spec.instance_id = {1, 2};
  FormatRing(ring.bytes(), spec);
  EXPECT_TRUE(view.IsCurrent());
  ring.header().magic = 0;
  EXPECT_FALSE(view.IsCurrent());
}

TEST(FrameRingLayout, FormattingAUsedRingEmptiesIt) {
  RingMemory ring(RingPolicy::kOverwrite, 4);
  FrameRingWriter<RingPolicy::kOverwrite> writer(ring.View(), nullptr, 1);
  for (int i = 0; i < 9; ++i) {
    writer.Open();
    writer.Publish(MetaOf(kTinyFormat));
  }
  writer.SetEnd();
  ring.Format();
  const RingView view = ring.View();
  EXPECT_EQ(view.writer().next, 0u);
  EXPECT_EQ(view.writer().end, kEndUnknown);
  EXPECT_EQ(view.writer().writer_epoch, 0u);
  for (uint64_t i = 0; i < 4; ++i) EXPECT_EQ(view.slot(i).commit, 0u);
}

}  // namespace
}  // namespace air

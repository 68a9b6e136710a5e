// What is reported of what has aired. The program is written tick by tick into a real aired log; blocks are
// planned by the real arithmetic; the account is read as a control plane and an operator would.
#include "supervisor/evidence/evidence_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/support/ring_memory.h"

namespace air {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kEpochMs = 1'700'000'000'000;
const HouseFormat kFormat{.width = 64, .height = 36, .rate = {25, 1}};

evidence::Session Session() {
  evidence::Session session;
  session.set_playout_session_id(SessionUuid({0x1234, 0x5678}));
  session.set_channel_name("seven");
  session.set_epoch_utc_ms(kEpochMs);
  session.set_rate_num(25);
  session.set_rate_den(1);
  return session;
}

// A tick of 25 a second, in short: '.' content, 's' slate, 'p' planned pad, and pad by the first letter of
// its cause: 'L'ATE, 'E'OF, 'C'RASH, 'H'ANG, 'O'PEN_FAILED, 'N'O_PLAN, 'S'KIPPED, 'R'EFUSED.
struct Shown {
  uint32_t flags;
  PadCause cause;
};
Shown Parse(char c) {
  if (c == '.') return {kFlagContent, PadCause::kNone};
  if (c == 's') return {kFlagSlate, PadCause::kCrash};
  if (c == 'p') return {kFlagPad, PadCause::kNone};
  for (uint32_t cause = 1; cause < static_cast<uint32_t>(PadCause::kCount); ++cause) {
    if (ToString(static_cast<PadCause>(cause))[0] == c) return {kFlagPad, static_cast<PadCause>(cause)};
  }
  ADD_FAILURE() << "no such tick: " << c;
  return {};
}

struct Asset {
  int64_t ms;
  std::string uri;  // empty: pad
  int64_t in_point_ms = 0;
};

class LedgerRig {
 public:
  LedgerRig() { MakeLedger(); }

  void MakeLedger() {
    ledger_.emplace(
        Session(),
        EvidenceLedger::Callbacks{
            .on_record = [this](evidence::Record record) { records_.push_back(std::move(record)); },
            .utc_now = [] { return UtcMs(kEpochMs + 99); }});
  }

  void Plan(const std::string& id, int64_t start_ms, const std::vector<Asset>& assets,
            Tick earliest = Tick(0)) {
    wire::BlockPlan plan;
    plan.set_block_id(id);
    plan.set_channel_id(7);
    plan.set_start_utc_ms(kEpochMs + start_ms);
    for (const Asset& asset : assets) {
      wire::BlockSegment& segment = *plan.add_segments();
      segment.set_segment_index(plan.segments_size() - 1);
      segment.set_segment_duration_ms(asset.ms);
      segment.set_asset_uri(asset.uri);
      segment.set_asset_start_offset_ms(asset.in_point_ms);
      segment.set_event_id(absl::StrCat("event-", id, "-", segment.segment_index()));
      segment.set_asset_uuid(asset.uri.empty() ? "" : "uuid-of-" + asset.uri);
      if (asset.uri.empty()) segment.set_segment_type(wire::SEGMENT_TYPE_PAD);
      start_ms += asset.ms;
    }
    plan.set_end_utc_ms(kEpochMs + start_ms);
    const absl::StatusOr<bool> appended = rundown_.Append(plan, 7, earliest);
    EXPECT_TRUE(appended.ok()) << appended.status();
    KnowAll();
  }

  // Switched to LIVE; without an end: until EndLive() says when.
  void Live(const std::string& uri, int64_t start, std::optional<int64_t> end, int64_t skip_units = 0) {
    LiveInsert insert{.segment = {.serial = rundown_.ReserveSegments(1),
                                  .asset_uri = uri,
                                  .start = Tick(start),
                                  .end = Tick(end.value_or(0)),
                                  .skip_units = skip_units},
                      .open = !end.has_value()};
    if (end.has_value()) insert.asked_end = Tick(*end);
    rundown_.Insert(insert);
    KnowAll();
  }
  void EndLive(int64_t end) {
    rundown_.EndInsert(rundown_.inserts().back().segment.serial, Tick(end));
    KnowAll();
  }

  // The next ticks, as the timeline has them: '.' is the frame the segment is at.
  void Air(const std::string& ticks) {
    for (char c : ticks) {
      const Shown shown = Parse(c);
      SlotMeta frame{.index = static_cast<uint64_t>(tick_), .flags = shown.flags};
      frame.journal.pad_cause = shown.cause;
      for (const PlannedSegment& segment : rundown_.segments()) {
        if (shown.cause == PadCause::kNoPlan || tick_ < segment.start.value() || tick_ >= segment.end.value())
          continue;
        frame.journal.block_serial = segment.block_serial;
        frame.journal.segment_serial = segment.serial;
        if (shown.flags == kFlagContent) {
          const auto [lock, first] = locks_.try_emplace(segment.serial, tick_);
          frame.journal.media_position_us =
              segment.in_point_ms * 1000 + (segment.skip_units + tick_ - lock->second) * 40'000;
        }
      }
      writer_.Append(frame);
      ++tick_;
    }
    ledger_->Advance(AiredLogReader(log_));
  }

  // Another ledger that knows the plan, and goes on behind the first `records` records.
  void Replace(size_t records) {
    const evidence::LedgerState state =
        records == 0 ? evidence::LedgerState() : records_[records - 1].state();
    records_.resize(records);
    MakeLedger();
    ledger_->Restore(state);
    KnowAll();
    ledger_->Advance(AiredLogReader(log_));
  }

  // The messages, in short.
  std::vector<std::string> Told() const {
    std::vector<std::string> lines;
    for (const evidence::Record& record : records_) {
      const auto& m = record.message();
      if (m.has_block_start()) {
        lines.push_back(absl::StrCat("block ", m.block_start().block_id(), " at ",
                                     m.block_start().swap_tick(),
                                     m.block_start().primed_success() ? " primed" : ""));
      } else if (m.has_segment_start()) {
        const auto& s = m.segment_start();
        const std::string which =
            s.segment_type_name() == "live" ? s.asset_uri() : absl::StrCat(s.segment_index());
        lines.push_back(absl::StrCat("start ", which, " at ", s.actual_start_utc_ms() - kEpochMs, " from ",
                                     s.asset_start_frame()));
      } else if (m.has_segment_end()) {
        const auto& e = m.segment_end();
        lines.push_back(absl::StrCat("end at ", e.actual_end_utc_ms() - kEpochMs, ": ",
                                     e.computed_duration_frames(), " frames, ", e.asset_start_frame(), "..",
                                     e.asset_end_frame(), ", ", e.fallback_frames_used(), " pad ", Causes(e),
                                     e.status(), " ", e.reason()));
      } else if (m.has_block_fence()) {
        const auto& f = m.block_fence();
        lines.push_back(absl::StrCat(
            "fence ", f.block_id(), " at ", f.fence_tick(), ": ", f.total_frames_emitted(), " frames",
            f.truncated_by_fence() ? " truncated" : "", f.early_exhaustion() ? " exhausted" : ""));
      } else if (m.has_channel_terminated()) {
        lines.push_back(absl::StrCat("terminated ", m.channel_terminated().reason()));
      } else if (record.has_hole()) {
        lines.push_back(absl::StrCat("hole ", record.hole().first_tick(), "..", record.hole().end_tick(), " ",
                                     PadOf(record.hole().pad())));
      }
    }
    return lines;
  }
  // "(2 LATE + 1 EOF) ", which add up; "" without pad.
  static std::string Causes(const retrovue::evidence::v1::SegmentEnd& e) {
    std::string causes;
    uint64_t sum = 0;
    for (const auto& one : e.fallback_by_cause()) {
      absl::StrAppend(&causes, causes.empty() ? "(" : " + ", one.frames(), " ", one.cause());
      sum += one.frames();
    }
    EXPECT_EQ(sum, e.fallback_frames_used());
    return causes.empty() ? "" : causes + ") ";
  }
  static std::string PadOf(const google::protobuf::RepeatedPtrField<evidence::PadFrames>& pad) {
    return absl::StrJoin(pad, " + ", [](std::string* out, const evidence::PadFrames& p) {
      absl::StrAppend(out, p.frames(), " ", p.cause());
    });
  }
  std::vector<evidence::AiredSegment> Accounts() const {
    std::vector<evidence::AiredSegment> accounts;
    for (const evidence::Record& record : records_) {
      if (record.has_segment()) accounts.push_back(record.segment());
    }
    return accounts;
  }

  EvidenceLedger& ledger() { return *ledger_; }
  std::vector<evidence::Record>& records() { return records_; }

 private:
  void KnowAll() {
    for (const PlannedBlock& block : rundown_.blocks()) ledger_->Know(block);
    for (const LiveInsert& insert : rundown_.inserts()) ledger_->Know(insert);
  }

  PageMemory memory_{sizeof(AiredLogMemory)};
  AiredLogMemory& log_ = *reinterpret_cast<AiredLogMemory*>(memory_.bytes().data());
  AiredLogWriter writer_{log_};
  Rundown rundown_{HouseTime(kFormat), UtcMs(kEpochMs)};
  int64_t tick_ = 0;
  std::map<uint64_t, int64_t> locks_;
  std::optional<EvidenceLedger> ledger_;
  std::vector<evidence::Record> records_;
};

TEST(EvidenceLedger, ReportsEachBlockAndSegmentWithTheFramesThatAired) {
  LedgerRig rig;
  rig.Plan("a", 0, {{.ms = 200}, {.ms = 410, .uri = "one.mp4", .in_point_ms = 1000}});
  rig.Plan("b", 610, {{.ms = 390, .uri = "two.mp4"}});
  rig.Air("ppppp...........");  // 0.61 s is tick 15.25: the fence is tick 16
  rig.Air(".........");
  rig.Air("N");
  EXPECT_THAT(
      rig.Told(),
      ElementsAre("block a at 0 primed", "start 0 at 0 from 0", "end at 200: 5 frames, 0..0, 0 pad AIRED ",
                  "start 1 at 200 from 25", "end at 640: 11 frames, 25..35, 0 pad AIRED ",
                  "fence a at 16: 16 frames", "block b at 16 primed", "start 0 at 640 from 0",
                  "end at 1000: 9 frames, 0..8, 0 pad AIRED ", "fence b at 25: 9 frames"));
  rig.ledger().Terminate("stopped", "the test has seen enough");
  EXPECT_EQ(rig.Told().back(), "terminated stopped");
  EXPECT_EQ(rig.Told().at(rig.Told().size() - 2), "hole 25..26 1 NO_PLAN");
}

TEST(EvidenceLedger, FillsEveryFieldOfAMessage) {
  LedgerRig rig;
  rig.Plan("a", 0, {{.ms = 400, .uri = "/media/A film.mp4", .in_point_ms = 2000}});
  rig.Air("..........N");
  ASSERT_EQ(rig.records().size(), 4u);
  const auto& start = rig.records()[1].message();
  EXPECT_EQ(start.schema_version(), 1u);
  EXPECT_EQ(start.channel_id(), "seven");
  EXPECT_EQ(start.playout_session_id(), SessionUuid({0x1234, 0x5678}));
  EXPECT_EQ(start.sequence(), 2u);
  EXPECT_EQ(start.emitted_utc(), "2023-11-14T22:13:20.099Z");
  EXPECT_EQ(start.segment_start().event_id(), "event-a-0");
  EXPECT_EQ(start.segment_start().scheduled_duration_ms(), 400);
  EXPECT_EQ(start.segment_start().segment_type_name(), "content");
  EXPECT_EQ(start.segment_start().asset_uri(), "/media/A film.mp4");
  EXPECT_EQ(start.segment_start().segment_title(), "A film");
  EXPECT_EQ(start.segment_start().asset_uuid(), "uuid-of-/media/A film.mp4");
  EXPECT_FALSE(start.segment_start().has_join_in_progress());
  const auto& end = rig.records()[2].message().segment_end();
  EXPECT_EQ(end.event_id_ref(), "event-a-0");
  EXPECT_EQ(end.segment_uuid(), start.segment_start().segment_uuid()) << "made, and the same in both";
  EXPECT_EQ(end.segment_uuid().size(), 36u);
  EXPECT_EQ(end.computed_duration_ms(), 400);
  EXPECT_EQ(end.segment_type_name(), "content");
  EXPECT_EQ(end.asset_uuid(), "uuid-of-/media/A film.mp4");
  const auto& fence = rig.records()[3].message().block_fence();
  EXPECT_EQ(fence.swap_tick(), 0u);
  EXPECT_EQ(fence.ct_at_fence_ms(), 400u);
  EXPECT_EQ(fence.actual_end_utc_ms(), kEpochMs + 400);
  EXPECT_TRUE(fence.primed_success());
  std::set<std::string> uuids;
  for (const evidence::Record& record : rig.records()) uuids.insert(record.message().event_uuid());
  EXPECT_EQ(uuids.size(), 4u) << "each message its own";
}

// A segment of ten frames that aired like this, and what is said of it.
struct Case {
  std::string ticks, told, pad;
};

class EvidenceOfASegment : public testing::TestWithParam<Case> {};

INSTANTIATE_TEST_SUITE_P(
    Each, EvidenceOfASegment,
    testing::Values(
        Case{"..........", "end at 400: 10 frames, 0..9, 0 pad AIRED ", ""},
        Case{"LLL.......", "end at 400: 7 frames, 0..6, 3 pad (3 LATE) TRUNCATED FENCE_TERMINATION",
             "3 LATE"},
        Case{".......EEE", "end at 280: 7 frames, 0..6, 3 pad (3 EOF) TRUNCATED EOF", "3 EOF"},
        Case{"...CC.L...", "end at 400: 10 frames, 0..9, 3 pad (2 CRASH + 1 LATE) AIRED DECODE_ERROR",
             "2 CRASH + 1 LATE"},
        Case{"......CCss", "end at 240: 6 frames, 0..5, 4 pad (2 CRASH + 2 SLATE) TRUNCATED DECODE_ERROR",
             "2 CRASH"},
        Case{"..HHHHHHHH", "end at 80: 2 frames, 0..1, 8 pad (8 HANG) TRUNCATED DECODE_ERROR", "8 HANG"},
        Case{"OOOOOOOOOO", "end at 0: 0 frames, 0..-1, 10 pad (10 OPEN_FAILED) SKIPPED OPEN_FAILED",
             "10 OPEN_FAILED"},
        Case{"RRRRRRRRRR", "end at 0: 0 frames, 0..-1, 10 pad (10 REFUSED) SKIPPED REFUSED", "10 REFUSED"},
        Case{"LLLLLLLLLL", "end at 0: 0 frames, 0..-1, 10 pad (10 LATE) SKIPPED LATE", "10 LATE"},
        Case{"CCCCCsssss", "end at 0: 0 frames, 0..-1, 10 pad (5 CRASH + 5 SLATE) SKIPPED DECODE_ERROR",
             "5 CRASH"}));

TEST_P(EvidenceOfASegment, SaysHowItCameToMissFrames) {
  LedgerRig rig;
  rig.Plan("a", 0, {{.ms = 400, .uri = "film.mp4"}});
  rig.Plan("b", 400, {{.ms = 200}});
  rig.Air(GetParam().ticks + "p");
  ASSERT_EQ(rig.Told().size(), 6u) << "block, start, end, fence, and the next block's";
  EXPECT_EQ(rig.Told()[2], GetParam().told);
  const evidence::AiredSegment account = rig.Accounts().at(0);
  EXPECT_EQ(LedgerRig::PadOf(account.pad()), GetParam().pad);
  uint64_t frames = account.content_frames() + account.slate_frames();
  for (const evidence::PadFrames& pad : account.pad()) frames += pad.frames();
  EXPECT_EQ(frames, 10u) << "every frame is accounted for";
}

TEST(EvidenceLedger, SaysInWordsWhatWasWrongWithAnAsset) {
  LedgerRig rig;
  rig.Plan("a", 0, {{.ms = 200, .uri = "gone"}, {.ms = 200, .uri = "torn"}, {.ms = 200, .uri = "whole"}});
  rig.ledger().NoteFailure(1, "No such file");
  rig.ledger().NoteFailure(1, "No such file");
  rig.Air("OOOOO..");
  rig.ledger().NoteFailure(2, "unit 3 brings every decoder down");
  rig.ledger().NoteFailure(2, "then it ends");
  rig.Air("SEE.....N");
  std::vector<std::string> details;
  for (const evidence::Record& record : rig.records()) {
    if (record.message().has_segment_end()) details.push_back(record.message().segment_end().detail());
  }
  EXPECT_THAT(details, ElementsAre("No such file", "unit 3 brings every decoder down; then it ends", ""));
}

TEST(EvidenceLedger, SaysWhatWasSkippedAndWhy) {
  LedgerRig rig;
  rig.Plan("a", 0, {{.ms = 170, .uri = "one"}, {.ms = 10, .uri = "shorter"}, {.ms = 20, .uri = "two"}});
  rig.Plan("over", 200, {{.ms = 100, .uri = "three"}, {.ms = 100, .uri = "four"}});
  rig.Air(".....NNNNNNN");
  EXPECT_THAT(
      rig.Told(),
      ElementsAre("block a at 0 primed", "start 0 at 0 from 0", "end at 200: 5 frames, 0..4, 0 pad AIRED ",
                  "start 1 at 200 from 0", "end at 200: 0 frames, 0..-1, 0 pad SKIPPED NO_FRAME",
                  "start 2 at 200 from 0", "end at 200: 0 frames, 0..-1, 0 pad SKIPPED NO_FRAME",
                  "fence a at 5: 5 frames",
                  // It came when all of it was over.
                  "hole 5..12 7 NO_PLAN", "block over at 12", "start 0 at 480 from 0",
                  "end at 480: 0 frames, 0..-1, 0 pad SKIPPED TOO_LATE", "start 1 at 480 from 0",
                  "end at 480: 0 frames, 0..-1, 0 pad SKIPPED TOO_LATE", "fence over at 12: 0 frames"));
}

TEST(EvidenceLedger, ABlockThatCameLateSkipsWhatTheClockHasPassed) {
  LedgerRig rig;
  rig.Plan("a", 0, {{.ms = 200}});
  rig.Air("pppppNNNNN");
  rig.Plan("late", 200, {{.ms = 100, .uri = "one"}, {.ms = 300, .uri = "two", .in_point_ms = 1000}},
           Tick(12));
  rig.Air("NN...");
  rig.Air("N");
  const std::vector<std::string> told = rig.Told();
  EXPECT_THAT(std::vector<std::string>(told.begin() + 4, told.end()),
              ElementsAre("hole 5..12 7 NO_PLAN", "block late at 12 primed", "start 0 at 480 from 0",
                          "end at 480: 0 frames, 0..-1, 0 pad SKIPPED TOO_LATE",
                          "start 1 at 480 from 29",  // four frames of it had passed
                          "end at 600: 3 frames, 29..31, 0 pad AIRED ", "fence late at 15: 3 frames"));
  EXPECT_TRUE(rig.records()[8].message().segment_start().join_in_progress());
}

TEST(EvidenceLedger, AJoinInProgressSaysNothingOfWhatWasBeforeTheSession) {
  LedgerRig rig;
  rig.Plan("a", -400, {{.ms = 200, .uri = "over"}, {.ms = 400, .uri = "joined"}});
  rig.Air(".....N");
  EXPECT_THAT(rig.Told(), ElementsAre("block a at 0 primed", "start 1 at 0 from 5",
                                      "end at 200: 5 frames, 5..9, 0 pad AIRED ", "fence a at 5: 5 frames"));
  EXPECT_TRUE(rig.records()[1].message().segment_start().join_in_progress());
}

TEST(EvidenceLedger, EndsWhatIsOnTheAirWithTheSession) {
  LedgerRig rig;
  rig.Plan("a", 0, {{.ms = 200, .uri = "one"}, {.ms = 200, .uri = "two"}, {.ms = 200, .uri = "three"}});
  rig.Air(".......");
  rig.ledger().Terminate("error", "the selector died again and again");
  EXPECT_THAT(rig.Told(), ElementsAre("block a at 0 primed", "start 0 at 0 from 0",
                                      "end at 200: 5 frames, 0..4, 0 pad AIRED ", "start 1 at 200 from 0",
                                      "end at 280: 2 frames, 0..1, 0 pad TRUNCATED STOPPED",
                                      "fence a at 7: 7 frames", "terminated error"));
  rig.ledger().Terminate("stopped", "");
  rig.Air("...");
  EXPECT_EQ(rig.Told().size(), 7u) << "that is said once, and nothing after it";
}

TEST(EvidenceLedger, GivesWhatWasLiveALineOfItsOwn) {
  LedgerRig rig;
  rig.Plan("a", 0, {{.ms = 600, .uri = "one", .in_point_ms = 1000}, {.ms = 200, .uri = "two"}});
  rig.Live("news", 5, 10, /*skip_units=*/100);
  rig.Air(".......L....");
  rig.Air("........N");
  EXPECT_THAT(
      rig.Told(),
      ElementsAre("block a at 0 primed", "start 0 at 0 from 25",
                  "end at 200: 5 frames, 25..29, 0 pad TRUNCATED REPLACED", "start news at 200 from 100",
                  "end at 400: 5 frames, 100..104, 1 pad (1 LATE) AIRED DECODE_ERROR",
                  "start 0 at 400 from 35",  // where the clock is
                  "end at 600: 5 frames, 35..39, 0 pad AIRED ", "start 1 at 600 from 0",
                  "end at 800: 5 frames, 0..4, 0 pad AIRED ", "fence a at 20: 20 frames"));
  const evidence::AiredSegment live = rig.Accounts().at(1);
  EXPECT_TRUE(live.live());
  EXPECT_EQ(live.block_id(), "a");
  EXPECT_EQ(live.asset_uri(), "news");
  EXPECT_EQ(live.content_frames(), 4u);
  EXPECT_EQ(LedgerRig::PadOf(live.pad()), "1 LATE");
  EXPECT_EQ(live.planned_start_utc_ms(), kEpochMs + 200);
  EXPECT_EQ(live.planned_duration_ms(), 200);
  const auto& message = rig.records()[3].message().segment_start();
  EXPECT_EQ(message.segment_type_name(), "live");
  EXPECT_EQ(message.segment_index(), -1);
  EXPECT_TRUE(rig.records()[5].message().segment_start().join_in_progress());
}

TEST(EvidenceLedger, FollowsWhatIsLiveAcrossFencesAndWhereNothingIsPlanned) {
  LedgerRig rig;
  rig.Plan("a", 0, {{.ms = 200, .uri = "one"}, {.ms = 200, .uri = "two"}});
  rig.Plan("b", 400, {{.ms = 120, .uri = "three"}, {.ms = 80, .uri = "four"}});
  rig.Live("news", 3, std::nullopt);
  rig.Air("..........");
  rig.Air(".....NN");  // news covers all of block b; behind it no block is planned: NO_PLAN
  rig.Air("...");
  rig.EndLive(20);
  rig.Air("NN");
  EXPECT_THAT(rig.Told(),
              ElementsAre("block a at 0 primed", "start 0 at 0 from 0",
                          "end at 120: 3 frames, 0..2, 0 pad TRUNCATED REPLACED", "start news at 120 from 0",
                          "end at 400: 7 frames, 0..6, 0 pad AIRED ", "start 1 at 400 from 0",
                          "end at 400: 0 frames, 0..-1, 0 pad SKIPPED REPLACED", "fence a at 10: 10 frames",
                          "block b at 10 primed", "start news at 400 from 7",
                          "end at 600: 5 frames, 7..11, 0 pad AIRED ", "start 0 at 600 from 0",
                          "end at 600: 0 frames, 0..-1, 0 pad SKIPPED REPLACED", "start 1 at 600 from 0",
                          "end at 600: 0 frames, 0..-1, 0 pad SKIPPED REPLACED", "fence b at 15: 5 frames",
                          "hole 15..17 2 NO_PLAN", "start news at 680 from 14",
                          "end at 800: 3 frames, 14..16, 0 pad AIRED "));
}

TEST(EvidenceLedger, SaysThatWhatWasLiveWasCutOrCouldNotBePlayed) {
  LedgerRig rig;
  rig.Plan("a", 0, {{.ms = 1000, .uri = "one"}});
  rig.Live("early", 5, 15);
  rig.Air("......");
  rig.Live("gone", 8, 12);
  rig.Air("..OOOO.");
  rig.Live("last", 15, std::nullopt);
  rig.Air("...");
  rig.Air(".");
  rig.ledger().Terminate("stopped", "");
  const std::vector<std::string> told = rig.Told();
  EXPECT_THAT(std::vector<std::string>(told.begin() + 3, told.end()),
              ElementsAre("start early at 200 from 0", "end at 320: 3 frames, 0..2, 0 pad TRUNCATED REPLACED",
                          "start gone at 320 from 0",
                          "end at 320: 0 frames, 0..-1, 4 pad (4 OPEN_FAILED) SKIPPED OPEN_FAILED",
                          "start 0 at 480 from 12", "end at 600: 3 frames, 12..14, 0 pad TRUNCATED REPLACED",
                          "start last at 600 from 0", "end at 680: 2 frames, 0..1, 0 pad TRUNCATED STOPPED",
                          "fence a at 17: 17 frames", "terminated stopped"));
}

// Everything that can happen, in 105 ticks.
void PlayEverything(LedgerRig& rig) {
  rig.Plan("a", 0,
           {{.ms = 200}, {.ms = 200, .uri = "one"}, {.ms = 10, .uri = "shorter"}, {.ms = 390, .uri = "two"}});
  rig.Plan("b", 800, {{.ms = 400, .uri = "three"}});
  rig.Air("pppppLL...");
  rig.Air(".....CC...");
  rig.Air("......ssss");
  rig.Air("NNNNNNNNNN");
  rig.Air("NN");
  rig.Plan("c", 1700, {{.ms = 200, .uri = "five"}, {.ms = 600, .uri = "six"}, {.ms = 200}}, Tick(45));
  rig.Air("NNN...");
  rig.Air("L......EEEEEEEE");
  rig.Air("ppppp");
  rig.Air("NNN");
  rig.Plan("d", 3200, {{.ms = 80, .uri = "seven"}, {.ms = 40, .uri = "eight"}, {.ms = 280, .uri = "nine"}},
           Tick(80));
  rig.Live("news", 81, 85);
  rig.Live("more news", 88, std::nullopt);
  rig.Air("NNNN......LL..");
  rig.Air("...");
  rig.EndLive(95);
  rig.Air("...NNN");
}

std::string TextOf(const std::vector<evidence::Record>& records) {
  std::string text;
  for (const evidence::Record& record : records) absl::StrAppend(&text, record.ShortDebugString(), "\n");
  return text;
}

TEST(EvidenceLedger, IsGoneOnWithByASuccessorBehindWhateverRecord) {
  LedgerRig unbroken;
  PlayEverything(unbroken);
  const std::string expected = TextOf(unbroken.records());
  ASSERT_GT(unbroken.records().size(), 20u);
  for (size_t lost_behind = 0; lost_behind < unbroken.records().size(); ++lost_behind) {
    LedgerRig rig;
    PlayEverything(rig);
    rig.Replace(lost_behind);
    ASSERT_EQ(TextOf(rig.records()), expected) << "behind record " << lost_behind;
  }
}

TEST(EvidenceLedger, NumbersMessagesAndRecordsEachFromOneOn) {
  LedgerRig rig;
  PlayEverything(rig);
  uint64_t number = 0, sequence = 0;
  for (const evidence::Record& record : rig.records()) {
    EXPECT_EQ(record.number(), ++number);
    if (record.has_message()) {
      EXPECT_EQ(record.message().sequence(), ++sequence);
    }
    EXPECT_EQ(record.state().number(), number);
    EXPECT_EQ(record.state().sequence(), sequence);
  }
}

TEST(EvidenceLedger, CountsOnThroughThousandsOfRuns) {
  LedgerRig rig;
  rig.Plan("a", 0, {{.ms = 400'000, .uri = "too much for this machine"}});
  for (int i = 0; i < 2500; ++i) rig.Air(".LL.");
  rig.Replace(rig.records().size());
  rig.Air("N");
  const evidence::AiredSegment account = rig.Accounts().at(0);
  EXPECT_EQ(account.content_frames(), 5000u);
  EXPECT_EQ(LedgerRig::PadOf(account.pad()), "5000 LATE");
}

TEST(EvidenceLedger, MakesUuidsThatDiffer) {
  std::set<std::string> uuids;
  for (uint64_t kind = 0; kind < 10; ++kind) {
    for (uint64_t n = 0; n < 1000; ++n) uuids.insert(MakeUuid("a session", kind, n));
  }
  EXPECT_EQ(uuids.size(), 10'000u);
  for (const std::string& uuid : uuids) {
    ASSERT_EQ(uuid[14], '8') << uuid;
    ASSERT_THAT(std::string("89ab"), HasSubstr(std::string(1, uuid[19]))) << uuid;
  }
}

}  // namespace
}  // namespace air

// The session record: as a file that a disk, an older build or a killed supervisor left behind, and as what a supervisor leaves of a
// plan that calls have changed in any order.
//
// The rule: a file is read or refused in words. A successor works out the very same ticks and serials as its predecessor had, and
// records them again byte for byte.
#include "supervisor/handover/session_record.h"

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/plan/rundown.h"
#include "tests/fuzz/fuzz_input.h"

namespace air {
namespace {

constexpr UtcMs kEpoch(1'700'000'000'000);

// A folder of this process in /dev/shm: a rename on a disk may wait for the disk.
class Memory {
 public:
  Memory() : path_("/dev/shm/air-record-fuzz-XXXXXX") { Require(mkdtemp(path_.data()) != nullptr); }
  ~Memory() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

const std::string& MemoryPath() {
  static const Memory memory;
  return memory.path();
}

record::Session Recorded(const Rundown& rundown) {
  record::Session session;
  session.set_segment_prefix("air.1-0123");
  rundown.Describe(session);
  return session;
}

// As a predecessor leaves it and a successor finds it.
void ExpectHandedOver(const HouseTime& time, const Rundown& rundown) {
  SessionRecord ours("/run/one", MemoryPath());
  ours.DescribedBy(
      [&](record::Session& out) {
        out = Recorded(rundown);
        return true;
      },
      [&] { return rundown.stored(); });
  ours.Save();

  SessionRecord found("/run/one", MemoryPath());
  const absl::StatusOr<record::Session> session = found.Load();
  Require(session.ok());
  StoredBlocks::Pointer waiting;
  if (found.plan() != nullptr) {
    const absl::StatusOr<StoredBlocks::Pointer> parsed = StoredBlocks::Parse(found.plan());
    Require(parsed.ok());
    waiting = *parsed;
  }
  Rundown successor(time, kEpoch);
  successor.Restore(*session, waiting);
  Require(Recorded(successor).SerializeAsString() == Recorded(rundown).SerializeAsString());
  Require(successor.segments().size() == rundown.segments().size());
  for (size_t i = 0; i < rundown.segments().size(); ++i) {
    const PlannedSegment &a = rundown.segments()[i], &b = successor.segments()[i];
    Require(a.serial == b.serial && a.block_serial == b.block_serial && a.asset_uri == b.asset_uri);
    Require(a.start == b.start && a.end == b.end && a.skip_units == b.skip_units && a.line == b.line);
  }
  ours.Remove();
}

void ExpectNoOverlap(const Rundown& rundown) {
  const PlannedSegment* before = nullptr;
  for (const PlannedSegment& segment : rundown.segments()) {
    Require(!segment.IsEmpty());
    Require(before == nullptr || before->end <= segment.start);
    before = &segment;
  }
}

class Calls {
 public:
  explicit Calls(FuzzInput& input) : input_(input) {}

  void Make() {
    for (int i = 0; i < 24 && !input_.is_empty(); ++i) {
      MakeOne();
      ExpectNoOverlap(rundown_);
    }
    ExpectHandedOver(time_, rundown_);
  }

 private:
  int64_t Upto(int64_t most) { return input_.Take<uint16_t>() % (most + 1); }
  Tick Soon() { return Tick(now_.value() + 1 + Upto(200)); }

  wire::BlockPlan Block(int64_t start_ms) {
    wire::BlockPlan block;
    block.set_block_id("b" + std::to_string(++blocks_));
    block.set_channel_id(1);
    block.set_start_utc_ms(start_ms);
    const int64_t segments = 1 + Upto(4);
    for (int64_t i = 0; i < segments; ++i) {
      wire::BlockSegment& segment = *block.add_segments();
      segment.set_segment_index(static_cast<int32_t>(i));
      segment.set_segment_duration_ms(1 + Upto(9000));
      const int64_t kind = Upto(7);
      if (kind != 0) segment.set_asset_uri(kind % 2 == 0 ? "/even.mp4" : "/odd.mp4");
      if (kind > 3) segment.set_asset_start_offset_ms(in_point_);  // goes on, if the asset is the same
      in_point_ = segment.asset_start_offset_ms() + segment.segment_duration_ms();
      start_ms += segment.segment_duration_ms();
    }
    block.set_end_utc_ms(start_ms);
    return block;
  }
  int64_t EndOfPlan() const { return rundown_.last_end_utc_ms().value_or(kEpoch.value()); }

  void MakeOne() {
    switch (Upto(6)) {
      case 0:
      case 1:
        (void)rundown_.Append(Block(EndOfPlan() + (Upto(3) == 0 ? Upto(5000) : 0)), 1, now_);
        return;
      case 2:
        return Replace();
      case 3:
        return Switch();
      case 4:
        return EndLive();
        return;
      case 5:
        for (const PlannedSegment& segment : rundown_.segments())
          if (segment.start > now_) return rundown_.BeginLine(segment.serial);
        return;
      default:
        now_ = Soon();
        rundown_.PlanAhead(now_);
        rundown_.Forget(now_);
    }
  }
  void Replace() {
    const Tick from = Soon();
    std::vector<wire::BlockPlan> plan;
    int64_t start = time_.UtcOf(kEpoch, from).value() - Upto(4000);
    for (int64_t i = 1 + Upto(3); i > 0; --i) {
      plan.push_back(Block(start));
      start = plan.back().end_utc_ms();
    }
    if (start <= time_.UtcOf(kEpoch, from).value()) return;  // refused: all of it is over
    const StoredBlocks::Pointer stored = StoredBlocks::Of(plan);
    const uint64_t first = rundown_.ReserveSegments(stored->segments());
    std::optional<Tick> prepared;
    if (Upto(1) == 1) prepared = Tick(std::max<int64_t>(0, from.value() - Upto(50)));
    rundown_.ReplaceFrom(from, {.blocks = stored}, first, prepared);
  }
  // It is on the air, as its last unit is known.
  void EndLive() {
    if (rundown_.inserts().empty()) return;
    const LiveInsert& last = rundown_.inserts().back();
    if (last.open && last.segment.start <= now_) rundown_.EndInsert(last.segment.serial, Soon());
  }
  void Switch() {
    LiveInsert live;
    live.segment.serial = rundown_.ReserveSegments(1);
    live.segment.asset_uri = "/live.mp4";
    live.segment.start = Soon();
    live.open = Upto(1) == 1;
    live.segment.end = Tick(live.segment.start.value() + 1 + Upto(500));
    if (!live.open) live.asked_end = live.segment.end;
    rundown_.Insert(std::move(live));
  }

  FuzzInput& input_;
  const HouseTime time_{HouseFormat{.rate = {30000, 1001}}};
  Rundown rundown_{time_, kEpoch};
  Tick now_{0};
  int64_t in_point_ = 0;
  int blocks_ = 0;
};

void ReadFile(const std::string& bytes) {
  SessionRecord record("/run/one", MemoryPath());
  record.DescribedBy([](record::Session& out) {
    out.set_segment_prefix("air.1-0123");
    return true;
  });
  record.Save();
  std::ofstream(record.Find(), std::ios::binary) << bytes;  // keeps owner and mode
  const absl::StatusOr<record::Session> session = SessionRecord("/run/one", MemoryPath()).Load();
  Require(session.ok() || !session.status().message().empty());
  (void)StoredBlocks::Parse(std::make_shared<const std::string>(bytes));
  record.Remove();
}

void Run(FuzzInput input) {
  if (input.Take<uint8_t>() % 4 == 0) return ReadFile(input.TakeRest());
  Calls(input).Make();
}

}  // namespace
}  // namespace air

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  air::Run(air::FuzzInput(data, size));
  return 0;
}

// Crash-point enumeration. A ring's writer is killed at every store of its protocol, its successor at every
// store again, and so on; at each store the test looks at the memory as a reader would. Everything runs in
// one thread, so every interleaving named here happens, every time.
//
// What must hold whatever process dies at whatever store: `next` never goes back; what a reader accepted is byte for byte what
// one incarnation wrote, and stays so; and each source unit comes out once, in order.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "shm/frame_ring_writer.inc"
#include "tests/support/ring_memory.h"

namespace air {
namespace {

// Where a writer can die: at every RingStep, and with half a unit in its slot.
constexpr RingStep kHalfFilled = static_cast<RingStep>(100);
constexpr std::array kSteps = {RingStep::kEpochTaken, RingStep::kRolledForward, RingStep::kMarkedWriting,
                               kHalfFilled,           RingStep::kFilled,        RingStep::kCommitted,
                               RingStep::kPublished,  RingStep::kBellRung};

enum Role { kDecoder, kSelector };

struct CrashPoint {
  Role role;
  RingStep step;
  int nth;  // the how-manieth time (from 0), counted from the crash before

  auto operator<=>(const CrashPoint&) const = default;
};

std::string ToText(const std::vector<CrashPoint>& plan) {
  std::string text = "crashes at";
  for (const CrashPoint& p : plan) {
    absl::StrAppend(&text, p.role == kDecoder ? " decoder:" : " selector:", static_cast<int>(p.step), "#",
                    p.nth);
  }
  return text;
}

struct Killed {};

// What surrounds the writers: looks on at each of their steps, and kills according to its plan.
class Scene {
 public:
  explicit Scene(std::vector<CrashPoint> plan) : plan_(std::move(plan)) { current = this; }
  virtual ~Scene() { current = nullptr; }

  void At(Role role, RingStep step) {
    Look();
    if (deaths_ == plan_.size()) return;
    const CrashPoint& next = plan_[deaths_];
    if (role != next.role || step != next.step || passed_++ < next.nth) return;
    ++deaths_;
    passed_ = 0;
    throw Killed{};
  }
  // The crash points that were reached.
  std::vector<CrashPoint> Died() const { return {plan_.begin(), plan_.begin() + deaths_}; }
  // The first rule that was broken; empty when none was.
  const std::string& problem() const { return problem_; }

  static inline Scene* current = nullptr;

 protected:
  virtual void Look() = 0;
  void Require(bool holds, const char* rule, uint64_t index) {
    if (!holds && problem_.empty()) problem_ = absl::StrCat(rule, " (unit ", index, ")");
  }

 private:
  std::vector<CrashPoint> plan_;
  size_t deaths_ = 0;
  int passed_ = 0;
  std::string problem_;
};

template <Role role>
struct KillingProbe {
  static void At(RingStep step) { Scene::current->At(role, step); }
};
template <RingPolicy policy, Role role>
using MortalWriter = FrameRingWriter<policy, KillingProbe<role>>;

// Writes one unit the way stages do, with a chance to die in the middle of it.
template <RingPolicy policy, Role role>
void WriteUnit(MortalWriter<policy, role>& writer, PatternUnit& unit, const SlotMeta& meta) {
  const uint64_t i = writer.next();
  const RingView& view = writer.view();
  writer.Open();
  CopyToShared(view.video(i), unit.video().data(), unit.video().size() / 2);
  KillingProbe<role>::At(kHalfFilled);
  PutUnit(view, i, unit);
  writer.Publish(meta);
}

// One writer, a ring of four slots, some twelve units.
template <RingPolicy policy>
class OneRing : public Scene {
 public:
  static constexpr uint64_t kUnits = 11;
  static constexpr bool kLossless = policy == RingPolicy::kBackpressure;
  using Accepted = std::map<uint64_t, uint64_t>;  // index -> the incarnation that wrote it

  // `first_lost`..`end_lost`: indices the writer gives up.
  OneRing(std::vector<CrashPoint> plan, uint64_t first_lost, uint64_t end_lost)
      : Scene(std::move(plan)), first_lost_(first_lost), end_lost_(end_lost) {}

  // Incarnation after incarnation, until one gets to the end.
  Accepted Run() {
    while (!RunIncarnation()) {
    }
    while (kLossless && released_ < kUnits) Consume();
    return accepted_;
  }

 private:
  bool RunIncarnation() try {
    MortalWriter<policy, kSelector> writer(view_, kLossless ? &ring_.page() : nullptr, 1);
    while (writer.next() < kUnits) {
      if (writer.next() >= first_lost_ && writer.next() < end_lost_) writer.JumpTo(end_lost_);
      while (!writer.HasRoom()) Consume();
      unit_.Make(SeedOf(writer.next(), writer.epoch()));
      WriteUnit(writer, unit_, MetaOf(kTinyFormat));
    }
    return true;
  } catch (const Killed&) {
    return false;
  }

  void Look() override {
    const uint64_t next = reader_.next();
    Require(next >= next_, "next went back", next);
    for (; next_ < next; ++next_) Accept(next_);
    const uint64_t from = kLossless ? released_ : reader_.oldest();
    for (uint64_t i = from; i < next; ++i) CheckUnchanged(i);
    SlotMeta meta;
    Require(reader_.ReadMeta(next, meta) == ReadResult::kTooEarly, "accepted before it was published", next);
    if (kLossless && ++looks_ % 3 == 0 && released_ < next) Consume();
  }

  void Accept(uint64_t i) {
    SlotMeta meta;
    const bool there = reader_.Read(i, seen_.video(), seen_.audio(), meta) == ReadResult::kOk;
    const bool given_up = i >= first_lost_ && i < end_lost_;
    Require(there != given_up,
            given_up ? "a unit that was given up appeared" : "a published unit is not there", i);
    if (!there) return;
    Require(seen_.Is(SeedOf(i, meta.writer_epoch)), "accepted, and not what was written", i);
    Require(accepted_.emplace(i, meta.writer_epoch).second, "accepted twice", i);
  }

  void CheckUnchanged(uint64_t i) {
    const auto known = accepted_.find(i);
    if (known == accepted_.end()) return;
    SlotMeta meta;
    Require(reader_.Read(i, seen_.video(), seen_.audio(), meta) == ReadResult::kOk, "a unit vanished", i);
    Require(seen_.Is(SeedOf(i, known->second)), "a published unit was rewritten", i);
  }

  // The reader of a back-pressure ring: in place, then gives it back.
  void Consume() {
    BackpressureReader reader(view_, &ring_.page());
    SlotMeta meta;
    Require(reader.Peek(released_, meta) == ReadResult::kOk, "no unit to consume", released_);
    GetUnit(view_, released_, seen_);
    Require(seen_.Is(SeedOf(released_, meta.writer_epoch)), "used in place, and not what was written",
            released_);
    reader.Release(++released_);
  }

  const uint64_t first_lost_, end_lost_;
  RingMemory ring_{policy, 4};
  RingView view_ = ring_.View();
  OverwriteReader reader_{view_, nullptr};  // reads either policy: both keep the same words
  PatternUnit unit_{kTinyFormat}, seen_{kTinyFormat};
  Accepted accepted_;
  uint64_t next_ = 0, released_ = 0;
  int looks_ = 0;
};

// Pairs of steps at which one incarnation and then the next one died.
using DeathPairs = std::set<std::pair<std::pair<Role, RingStep>, std::pair<Role, RingStep>>>;

void Note(DeathPairs& pairs, const std::vector<CrashPoint>& died) {
  for (size_t i = 1; i < died.size(); ++i) {
    pairs.insert({{died[i - 1].role, died[i - 1].step}, {died[i].role, died[i].step}});
  }
}

// Every crash point of one incarnation: each step, at its first, second and fifth time (the fifth is one lap
// on).
std::vector<CrashPoint> PointsOf(Role role) {
  std::vector<CrashPoint> points;
  for (RingStep step : kSteps) {
    const bool once = step == RingStep::kEpochTaken || step == RingStep::kRolledForward;
    for (int nth : {0, 4}) {
      if (nth == 0 || !once) points.push_back({role, step, nth});
    }
  }
  return points;
}

// Three incarnations in a row die, at every combination of points.
template <RingPolicy policy>
void EnumerateCrashes(uint64_t first_lost, uint64_t end_lost) {
  DeathPairs pairs;
  const std::vector<CrashPoint> points = PointsOf(kSelector);
  for (const CrashPoint& a : points) {
    for (const CrashPoint& b : points) {
      for (const CrashPoint& c : points) {
        OneRing<policy> scene({a, b, c}, first_lost, end_lost);
        const auto accepted = scene.Run();
        ASSERT_EQ(scene.problem(), "") << ToText({a, b, c});
        ASSERT_EQ(accepted.size(), OneRing<policy>::kUnits - (end_lost - first_lost)) << ToText({a, b, c});
        Note(pairs, scene.Died());
      }
    }
  }
  // It happened: every step was followed by every other; only a roll-forward needs a crash at kCommitted
  // before it.
  for (RingStep first : kSteps) {
    for (RingStep second : kSteps) {
      const bool possible = second != RingStep::kRolledForward || first == RingStep::kCommitted ||
                            first == RingStep::kEpochTaken;
      EXPECT_EQ(pairs.contains({{kSelector, first}, {kSelector, second}}), possible)
          << static_cast<int>(first) << " then " << static_cast<int>(second);
    }
  }
}

TEST(FrameRingCrash, AnOverwriteRingSurvivesItsWriterAtEveryPairOfStores) {
  EnumerateCrashes<RingPolicy::kOverwrite>(0, 0);
}

TEST(FrameRingCrash, ABackpressureRingSurvivesItsWriterAtEveryPairOfStores) {
  EnumerateCrashes<RingPolicy::kBackpressure>(0, 0);
}

TEST(FrameRingCrash, AJumpSurvivesItsWriterAtEveryPairOfStores) {
  EnumerateCrashes<RingPolicy::kOverwrite>(3, 8);
}

// The chain in small: a decoder fills a back-pressure ring, a selector copies unit after unit into the
// program ring. Where does a successor of the selector go on?
enum class ResumeFrom {
  kJournal,           // the last committed program slot: what AIR does
  kCursorSavedAfter,  // the reader's own cursor, stored after the publish
  kCursorSavedBefore  // the same, stored before it
};

class Chain : public Scene {
 public:
  static constexpr uint64_t kUnits = 9;

  Chain(std::vector<CrashPoint> plan, ResumeFrom resume) : Scene(std::move(plan)), resume_(resume) {}

  // Turn by turn, each dead one replaced at its next turn. False when it does not come to its end.
  bool Run() {
    for (int turn = 0; turn < 100; ++turn) {
      Turn(decoder_, [&] { DecodeOne(); });
      Turn(selector_, [&] { SelectOne(); });
      if (decoded_all_ && bus_.view().writer().next == program_seen_ && cursor_ == kUnits) return true;
    }
    return false;
  }
  uint64_t delivered() const { return program_seen_; }
  uint64_t duplicates() const { return duplicates_; }
  uint64_t losses() const { return losses_; }

 private:
  using Decoder = MortalWriter<RingPolicy::kBackpressure, kDecoder>;
  using Selector = MortalWriter<RingPolicy::kOverwrite, kSelector>;

  template <class Process, class Work>
  void Turn(std::optional<Process>& process, Work work) try {
    if (!process.has_value()) Start(process);
    work();
  } catch (const Killed&) {
    process.reset();
  }

  void Start(std::optional<Decoder>& decoder) { decoder.emplace(source_view_, &source_.page(), 1); }
  void Start(std::optional<Selector>& selector) {
    selector.emplace(program_view_, nullptr, 2);
    cursor_ = source_.page().next_wanted;
    if (resume_ == ResumeFrom::kJournal) {
      SlotMeta last;
      const bool first = selector->next() == 0;
      Require(first || bus_.ReadMeta(selector->next() - 1, last) == ReadResult::kOk, "no journal",
              selector->next());
      cursor_ = first ? 0 : last.journal.source_index + 1;
    }
  }

  void DecodeOne() {
    decoded_all_ = decoder_->next() == kUnits;
    if (decoded_all_ || !decoder_->HasRoom()) return;
    unit_.Make(decoder_->next());
    WriteUnit(*decoder_, unit_, MetaOf(kTinyFormat));
  }

  void SelectOne() {
    SlotMeta meta;
    if (input_.Peek(cursor_, meta) != ReadResult::kOk) return;
    GetUnit(source_view_, cursor_, unit_);
    meta.journal.source_index = cursor_;
    if (resume_ == ResumeFrom::kCursorSavedBefore) input_.Release(cursor_ + 1);
    WriteUnit(*selector_, unit_, meta);
    input_.Release(cursor_ + 1);
    ++cursor_;
  }

  // The viewer: reads each program unit as soon as it is published.
  void Look() override {
    for (; program_seen_ < bus_.next(); ++program_seen_) {
      SlotMeta meta;
      Require(bus_.Read(program_seen_, seen_.video(), seen_.audio(), meta) == ReadResult::kOk,
              "a published tick is not there", program_seen_);
      const uint64_t source = meta.journal.source_index;
      Require(seen_.Is(source), "a tick is not its source unit", program_seen_);
      if (source < expected_) ++duplicates_;
      if (source > expected_) ++losses_;
      expected_ = source + 1;
    }
  }

  const ResumeFrom resume_;
  RingMemory source_{RingPolicy::kBackpressure, 4}, program_{RingPolicy::kOverwrite, 4};
  RingView source_view_ = source_.View(), program_view_ = program_.View();
  BackpressureReader input_{source_view_, &source_.page()};
  OverwriteReader bus_{program_view_, nullptr};
  std::optional<Decoder> decoder_;
  std::optional<Selector> selector_;
  PatternUnit unit_{kTinyFormat}, seen_{kTinyFormat};
  uint64_t cursor_ = 0;
  bool decoded_all_ = false;
  uint64_t program_seen_ = 0, expected_ = 0, duplicates_ = 0, losses_ = 0;
};

// Calls `check` with the chain after every pair of crash points of both writers: alone, and after a crash of
// either between commit and publish, so that rolling forward is one of the points.
template <class Check>
void EnumerateChains(ResumeFrom resume, Check check) {
  std::vector<CrashPoint> points = PointsOf(kDecoder);
  for (const CrashPoint& p : PointsOf(kSelector)) points.push_back(p);
  const std::vector<std::vector<CrashPoint>> prefixes = {
      {}, {{kDecoder, RingStep::kCommitted, 0}}, {{kSelector, RingStep::kCommitted, 0}}};
  for (const std::vector<CrashPoint>& prefix : prefixes) {
    for (const CrashPoint& a : points) {
      for (const CrashPoint& b : points) {
        std::vector<CrashPoint> plan = prefix;
        plan.insert(plan.end(), {a, b});
        Chain chain(plan, resume);
        ASSERT_TRUE(chain.Run()) << ToText(plan);
        ASSERT_EQ(chain.problem(), "") << ToText(plan);
        check(chain, ToText(plan));
        if (::testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

TEST(FrameRingCrash, TheChainLosesAndRepeatsNothingAtEveryPairOfStoresOfBothWriters) {
  DeathPairs pairs;
  EnumerateChains(ResumeFrom::kJournal, [&](const Chain& chain, const std::string& plan) {
    ASSERT_EQ(chain.delivered(), Chain::kUnits) << plan;
    ASSERT_EQ(chain.duplicates(), 0u) << plan;
    ASSERT_EQ(chain.losses(), 0u) << plan;
    Note(pairs, chain.Died());
  });
  // It happened: each step of either writer was followed by each step of writing of both, and by the
  // attaching of its own successor.
  for (Role first_role : {kDecoder, kSelector}) {
    for (RingStep first : kSteps) {
      for (RingStep second : kSteps) {
        if (second == RingStep::kRolledForward && first != RingStep::kCommitted) continue;
        const bool attaching = second == RingStep::kEpochTaken || second == RingStep::kRolledForward;
        for (Role second_role : {kDecoder, kSelector}) {
          if (attaching && second_role != first_role) continue;
          EXPECT_TRUE(pairs.contains({{first_role, first}, {second_role, second}}))
              << first_role << ":" << static_cast<int>(first) << " then " << second_role << ":"
              << static_cast<int>(second);
        }
      }
    }
  }
}

// The two tests above would pass for a design that trusts the selector's own cursor, if they could not tell
// it apart.
TEST(FrameRingCrash, TrustingACursorStoredAfterThePublishWouldRepeatUnits) {
  uint64_t duplicates = 0, losses = 0;
  EnumerateChains(ResumeFrom::kCursorSavedAfter, [&](const Chain& chain, const std::string&) {
    duplicates += chain.duplicates();
    losses += chain.losses();
  });
  EXPECT_GT(duplicates, 0u);
  EXPECT_EQ(losses, 0u);
}

TEST(FrameRingCrash, TrustingACursorStoredBeforeThePublishWouldLoseUnits) {
  uint64_t losses = 0;
  EnumerateChains(ResumeFrom::kCursorSavedBefore,
                  [&](const Chain& chain, const std::string&) { losses += chain.losses(); });
  EXPECT_GT(losses, 0u);
}

}  // namespace
}  // namespace air

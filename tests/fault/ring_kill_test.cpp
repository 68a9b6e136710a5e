// Frame rings under SIGKILL and SIGSTOP, with real processes over memfd.
//
// This process plays the supervisor: it kills writers at random instants and hands their ring to successors.
// Readers look at every word of everything they accept. A run must show that it met what it is about (copies
// overwritten while they were made, successors over half-written slots), or it fails: otherwise it would
// prove nothing.
//
// AIR_TEST_SEED=N repeats the kill intervals of a run (not the instants: those are the machine's).
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "shm/shared_segment.h"
#include "tests/support/ring_memory.h"

namespace air {
namespace {

using Counter = std::atomic<uint64_t>;

std::mt19937_64 SeededRandom() {
  const char* text = std::getenv("AIR_TEST_SEED");
  const uint64_t seed = text != nullptr ? std::strtoull(text, nullptr, 10) : 1;
  std::printf("AIR_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return std::mt19937_64(seed);
}

int64_t Between(std::mt19937_64& random, int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(random);
}

// A run ends when it has seen enough; one that never does ends here, and fails on its counts.
class Patience {
 public:
  bool Lasts() const { return std::chrono::steady_clock::now() < deadline_; }

 private:
  std::chrono::steady_clock::time_point deadline_ =
      std::chrono::steady_clock::now() + std::chrono::seconds(60);
};

// One forked process. It never outlives this object, nor this process.
class Child {
 public:
  template <class Main>
  void Start(Main main) {
    std::fflush(stdout);
    pid_ = fork();
    if (pid_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    main();
    _exit(0);
  }
  void Signal(int number) const { kill(pid_, number); }
  // Waits for its end; false when it ended otherwise than by our kill or in peace.
  bool Reap() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0;
  }
  bool KillAndReap() {
    Signal(SIGKILL);
    return Reap();
  }
  ~Child() {
    if (pid_ > 0) KillAndReap();
  }

 private:
  pid_t pid_ = -1;
};

// A ring in a sealed segment, with its reader's page in another, as a session has it.
class SharedRing {
 public:
  SharedRing(const HouseFormat& format, RingPolicy policy, uint32_t slot_count)
      : policy_(policy),
        ring_(*SharedSegment::CreateSealed("ring", RingBytes(format, slot_count))),
        page_(*SharedSegment::CreateSealed("reader", kPage)) {
    FormatRing(ring_.bytes(), {.format = format,
                               .policy = policy,
                               .slot_count = slot_count,
                               .generation = 1,
                               .instance_id = {1, 2}});
  }
  RingView View() const { return *RingView::Attach(ring_.bytes(), policy_); }
  ReaderPage& page() const { return *reinterpret_cast<ReaderPage*>(page_.bytes().data()); }

  // Starts a writer the way a supervisor does: with a description opened for this hand-over, which is the
  // child's alone.
  template <RingPolicy policy, class Main>
  void StartWriter(Child& child, Main main) const {
    UniqueFd handover = *OpenForHandover(ring_.fd());
    child.Start([&] {
      if (!LockForWriting(handover).ok()) _exit(3);
      const SharedSegment ring =
          *SharedSegment::Map(UniqueFd(dup(handover.get())), Access::kReadWrite, 2 * kPage);
      const SharedSegment page = *SharedSegment::Map(UniqueFd(dup(page_.fd())), Access::kReadOnly, kPage);
      FrameRingWriter<policy> writer(*RingView::Attach(ring.bytes(), policy),
                                     reinterpret_cast<const ReaderPage*>(page.bytes().data()),
                                     static_cast<uint32_t>(getpid()));
      main(writer);
    });
  }
  // The ring as a reader maps it.
  SharedSegment MapReadOnly() const {
    return *SharedSegment::Map(UniqueFd(dup(ring_.fd())), Access::kReadOnly, 2 * kPage);
  }

 private:
  RingPolicy policy_;
  SharedSegment ring_, page_;
};

// Counters that processes share.
template <class Evidence>
class SharedEvidence {
 public:
  Evidence* operator->() const { return reinterpret_cast<Evidence*>(segment_.bytes().data()); }

 private:
  SharedSegment segment_ = *SharedSegment::CreateSealed("evidence", sizeof(Evidence));
};

// ---- the OutputBus: an overwrite ring with a reader that is often late

constexpr HouseFormat kBusFormat{.width = 512, .height = 320, .rate = {25, 1}};  // copying one takes a while
constexpr uint32_t kBusSlots = 4;

struct BusEvidence {
  Counter accepted, corrupt, torn, gaps, rewritten, backward;
};

void WriteForEver(FrameRingWriter<RingPolicy::kOverwrite>& writer) {
  for (PatternUnit unit(kBusFormat);;) {
    unit.Make(SeedOf(writer.next(), writer.epoch()));
    writer.Open();
    PutUnit(writer.view(), writer.next(), unit);
    writer.Publish(MetaOf(kBusFormat));
  }
}

// Reads the newest unit, the one before it, and so on to the one the writer is about to overwrite.
[[noreturn]] void ReadForEver(const SharedRing& ring, const SharedEvidence<BusEvidence>& evidence) {
  const SharedSegment memory = ring.MapReadOnly();
  const OverwriteReader reader(*RingView::Attach(memory.bytes(), RingPolicy::kOverwrite), &ring.page());
  PatternUnit unit(kBusFormat);
  std::array<SlotMeta, 16> known{};  // by index: who wrote what was accepted
  uint64_t last = 0;
  for (uint64_t turn = 0;; ++turn) {
    const uint64_t next = reader.next(), back = 1 + turn % kBusSlots;
    evidence->backward += next < last;
    last = next;
    if (next < back) continue;
    const uint64_t i = next - back;
    SlotMeta meta;
    const ReadResult result = reader.Read(i, unit.video(), unit.audio(), meta);
    evidence->gaps += result == ReadResult::kGap || result == ReadResult::kTooEarly;
    evidence->torn = ring.page().torn_rejected.load();
    if (result != ReadResult::kOk) continue;
    ++evidence->accepted;
    evidence->corrupt += !unit.Is(SeedOf(i, meta.writer_epoch));
    SlotMeta& before = known[i % known.size()];
    evidence->rewritten +=
        before.index == i && before.writer_epoch != 0 && before.writer_epoch != meta.writer_epoch;
    before = meta;
  }
}

TEST(RingKill, AReaderOfTheOutputBusNeverSeesHalfAUnitWhateverKillsItsWriter) {
  constexpr uint64_t kKills = 400, kTorn = 20, kHalfWritten = 50;
  std::mt19937_64 random = SeededRandom();
  const SharedRing ring(kBusFormat, RingPolicy::kOverwrite, kBusSlots);
  const RingView view = ring.View();
  const SharedEvidence<BusEvidence> evidence;
  Child reader, writer;
  reader.Start([&] { ReadForEver(ring, evidence); });

  uint64_t kills = 0, stops = 0, half_written = 0, rolled_forward = 0;
  for (const Patience patience; patience.Lasts();) {
    ring.StartWriter<RingPolicy::kOverwrite>(writer, WriteForEver);
    usleep(static_cast<useconds_t>(Between(random, 200, 8000)));
    if (Between(random, 0, 3) == 0) {
      writer.Signal(SIGSTOP);
      usleep(static_cast<useconds_t>(Between(random, 0, 3000)));
      ++stops;
      if (Between(random, 0, 1) == 0) {  // else it dies without having run again
        writer.Signal(SIGCONT);
        usleep(static_cast<useconds_t>(Between(random, 0, 2000)));
      }
    }
    ASSERT_TRUE(writer.KillAndReap()) << "a successor was fenced out, or could not attach";
    ++kills;
    const uint64_t next = view.writer().next, commit = view.slot(next).commit;
    half_written += commit == (kWriting | next);
    rolled_forward += commit == next + 1;
    if (kills >= kKills && evidence->torn >= kTorn && half_written >= kHalfWritten) break;
  }
  reader.KillAndReap();

  std::printf(
      "%lu writers killed, %lu stopped; %lu left a slot half-written, %lu a unit to roll forward; %lu units "
      "written, "
      "%lu accepted, %lu torn copies rejected\n",
      kills, stops, half_written, rolled_forward, view.writer().next.load(), evidence->accepted.load(),
      evidence->torn.load());
  EXPECT_EQ(evidence->corrupt, 0u);
  EXPECT_EQ(evidence->rewritten, 0u);
  EXPECT_EQ(evidence->backward, 0u);
  EXPECT_EQ(evidence->gaps, 0u);
  // It met what it is about.
  EXPECT_GE(kills, kKills);
  EXPECT_GE(view.writer().writer_epoch, kKills / 2) << "most were killed before they took over";
  EXPECT_GT(evidence->accepted, 1000u);
  EXPECT_GE(evidence->torn, kTorn);
  EXPECT_GE(half_written, kHalfWritten);
}

TEST(RingKill, AStoppedWriterFencesItsSuccessorOutUntilItIsKilled) {
  const SharedRing ring(kBusFormat, RingPolicy::kOverwrite, kBusSlots);
  Child predecessor, early;
  ring.StartWriter<RingPolicy::kOverwrite>(predecessor, WriteForEver);
  for (const Patience patience; ring.View().writer().next == 0 && patience.Lasts();) usleep(100);
  predecessor.Signal(SIGSTOP);
  ring.StartWriter<RingPolicy::kOverwrite>(early, [](auto&) {});
  EXPECT_FALSE(early.Reap()) << "wrote beside a writer that still lives";
  EXPECT_EQ(ring.View().writer().writer_epoch, 1u);
  predecessor.KillAndReap();
  ring.StartWriter<RingPolicy::kOverwrite>(early, [](auto&) {});
  EXPECT_TRUE(early.Reap());
  EXPECT_EQ(ring.View().writer().writer_epoch, 2u);
}

// ---- the chain: decoder ring -> selector -> program ring

constexpr int64_t kPause = kNanosPerMs;

struct ChainEvidence {
  Counter verified, duplicates, losses, corrupt, unreadable;
};

class Chain {
 public:
  // `trust_cursor`: the wrong design, in which the selector goes on from its stored cursor.
  explicit Chain(bool trust_cursor) : trust_cursor_(trust_cursor) {
    verifier_.Start([this] { Verify(); });
  }

  void StartDecoder() {
    source_.StartWriter<RingPolicy::kBackpressure>(decoder_, [](auto& writer) {
      for (PatternUnit unit(kTinyFormat);;) {
        while (!writer.WaitForRoom(kPause)) {
        }
        unit.Make(writer.next());
        writer.Open();
        PutUnit(writer.view(), writer.next(), unit);
        writer.Publish(MetaOf(kTinyFormat));
      }
    });
  }

  void StartSelector() {
    program_.StartWriter<RingPolicy::kOverwrite>(selector_, [this](auto& writer) {
      const SharedSegment memory = source_.MapReadOnly();
      BackpressureReader input(*RingView::Attach(memory.bytes(), RingPolicy::kBackpressure), &source_.page());
      uint64_t cursor = source_.page().next_wanted;
      if (!trust_cursor_) cursor = DerivedCursor(writer);
      for (PatternUnit unit(kTinyFormat);; ++cursor) {
        const SlotMeta meta = AwaitUnit(input, cursor);
        AwaitVerifier(writer.next());
        writer.Open();
        GetUnit(input.view(), cursor, unit);
        PutUnit(writer.view(), writer.next(), unit);
        writer.Publish(meta);
        input.Release(cursor + 1);
      }
    });
  }

  Child& decoder() { return decoder_; }
  Child& selector() { return selector_; }
  const SharedEvidence<ChainEvidence>& evidence() const { return evidence_; }
  uint64_t decoder_epochs() const { return source_.View().writer().writer_epoch; }

 private:
  // Where a selector that knows nothing goes on: behind the unit of the last program slot.
  static uint64_t DerivedCursor(const FrameRingWriter<RingPolicy::kOverwrite>& writer) {
    if (writer.next() == 0) return 0;
    SlotMeta last;
    const OverwriteReader own(writer.view(), nullptr);
    if (own.ReadMeta(writer.next() - 1, last) != ReadResult::kOk) _exit(4);
    return last.journal.source_index + 1;
  }

  static SlotMeta AwaitUnit(const BackpressureReader& input, uint64_t cursor) {
    for (SlotMeta meta;;) {
      const uint32_t bell = input.view().writer().bell.load(std::memory_order_acquire);
      const ReadResult result = input.Peek(cursor, meta);
      meta.journal.source_index = cursor;
      if (result == ReadResult::kOk) return meta;
      if (result != ReadResult::kTooEarly) _exit(5);
      WaitOnBell(input.view().writer().bell, bell, kPause);
    }
  }

  // The test's own pace, so that the verifier sees every tick; an OutputBus has none.
  void AwaitVerifier(uint64_t next) const {
    const ReaderPage& verifier = program_.page();
    while (next >= verifier.next_wanted.load(std::memory_order_acquire) + kProgramSlots - 4) {
      WaitOnBell(verifier.bell, verifier.bell.load(std::memory_order_acquire), kPause);
    }
  }

  [[noreturn]] void Verify() const {
    const SharedSegment memory = program_.MapReadOnly();
    ReaderPage& page = program_.page();
    const OverwriteReader reader(*RingView::Attach(memory.bytes(), RingPolicy::kOverwrite), &page);
    PatternUnit unit(kTinyFormat);
    uint64_t expected = 0;
    for (uint64_t n = 0;;) {
      SlotMeta meta;
      const ReadResult result = reader.Read(n, unit.video(), unit.audio(), meta);
      if (result == ReadResult::kTooEarly) {
        reader.WaitFor(n, kPause);
        continue;
      }
      if (result == ReadResult::kOk) {
        const uint64_t source = meta.journal.source_index;
        evidence_->corrupt += !unit.Is(source);
        evidence_->duplicates += source < expected;
        evidence_->losses += source > expected;
        expected = source + 1;
        ++evidence_->verified;
      } else {
        ++evidence_->unreadable;
      }
      page.next_wanted.store(++n, std::memory_order_release);
      RingBell(page.bell);
    }
  }

  static constexpr uint32_t kProgramSlots = 64;
  const bool trust_cursor_;
  SharedRing source_{kTinyFormat, RingPolicy::kBackpressure, 8};
  SharedRing program_{kTinyFormat, RingPolicy::kOverwrite, kProgramSlots};
  SharedEvidence<ChainEvidence> evidence_;
  Child decoder_, selector_, verifier_;
};

struct Kills {
  uint64_t decoder = 0, selector = 0;
};

// Kills decoder and selector at random until `enough` says so; each is replaced at once. The last ones live
// until a little more has come through.
template <class Enough>
Kills Torment(Chain& chain, std::mt19937_64& random, Enough enough) {
  Kills kills;
  chain.StartDecoder();
  chain.StartSelector();
  for (const Patience patience; patience.Lasts() && !enough(kills);) {
    usleep(static_cast<useconds_t>(Between(random, 100, 6000)));
    const int64_t whom = Between(random, 0, 2);  // decoder, selector, both
    if (whom != 1) {
      EXPECT_TRUE(chain.decoder().KillAndReap());
      ++kills.decoder;
    }
    if (whom != 0) {
      EXPECT_TRUE(chain.selector().KillAndReap());
      ++kills.selector;
    }
    if (whom != 0) chain.StartSelector();
    if (whom != 1) chain.StartDecoder();
    if (::testing::Test::HasFailure()) break;
  }
  const uint64_t verified = chain.evidence()->verified;
  for (const Patience patience; patience.Lasts() && chain.evidence()->verified < verified + 100;)
    usleep(1000);
  return kills;
}

TEST(RingKill, TheChainLosesAndRepeatsNothingWhoeverDies) {
  constexpr uint64_t kKills = 500;
  std::mt19937_64 random = SeededRandom();
  Chain chain(false);
  const auto& evidence = chain.evidence();
  const Kills kills = Torment(chain, random, [&](const Kills& so_far) {
    return so_far.decoder >= kKills && so_far.selector >= kKills && evidence->verified >= 10'000;
  });

  std::printf("%lu decoders and %lu selectors killed, %lu units verified\n", kills.decoder, kills.selector,
              evidence->verified.load());
  EXPECT_EQ(evidence->duplicates, 0u);
  EXPECT_EQ(evidence->losses, 0u);
  EXPECT_EQ(evidence->corrupt, 0u);
  EXPECT_EQ(evidence->unreadable, 0u);
  EXPECT_GE(kills.decoder, kKills);
  EXPECT_GE(kills.selector, kKills);
  EXPECT_GE(evidence->verified, 10'000u);
}

// That the test above can tell: the same torment breaks a selector that trusts its own stored cursor.
TEST(RingKill, ASelectorThatTrustedItsStoredCursorWouldRepeatUnits) {
  std::mt19937_64 random = SeededRandom();
  Chain chain(true);
  const Kills kills = Torment(chain, random, [&](const Kills&) { return chain.evidence()->duplicates > 0; });
  std::printf("%lu duplicates after %lu selector kills\n", chain.evidence()->duplicates.load(),
              kills.selector);
  EXPECT_GT(chain.evidence()->duplicates, 0u);
}

}  // namespace
}  // namespace air

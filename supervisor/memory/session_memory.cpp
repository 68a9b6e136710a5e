#include "supervisor/memory/session_memory.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace air {
namespace {

constexpr char kPrefix[] = "air.";
constexpr char kTemporary[] = "tmp.";
constexpr char kPageSuffix[] = ".page";
constexpr int kAllocatorNice = 5;

uint32_t SlotsFor(const HouseFormat& format, double seconds) {
  const double slots = std::ceil(seconds * format.rate.num / format.rate.den);
  return static_cast<uint32_t>(std::clamp(slots, 8.0, 1024.0));
}

size_t FreeSharedMemory() {
  struct statvfs info {};
  return statvfs("/dev/shm", &info) == 0 ? size_t{info.f_bavail} * info.f_frsize : SIZE_MAX;
}

// The maker's process id in "air.<pid>-<random>.page"; 0 when the name is not of that form.
pid_t MakerOf(const std::string& name) {
  std::vector<std::string> parts = absl::StrSplit(name, absl::ByAnyChar(".-"));
  pid_t pid = 0;
  return parts.size() >= 3 && absl::SimpleAtoi(parts[1], &pid) ? pid : 0;
}

// "air.<pid>-<random>" of "air.<pid>-<random>.page" or "tmp.air.<pid>-<random>.page".
std::string SessionOf(const std::string& name) {
  const std::string bare = absl::StartsWith(name, kTemporary) ? name.substr(sizeof kTemporary - 1) : name;
  return bare.substr(0, bare.find('.', sizeof kPrefix - 1));
}

bool SessionIsDead(const std::string& prefix) {
  absl::StatusOr<SharedSegment> page = SharedSegment::OpenNamed(prefix + kPageSuffix, Access::kReadOnly);
  if (page.ok()) return flock(page->fd(), LOCK_EX | LOCK_NB) == 0;
  const pid_t maker = MakerOf(prefix);  // still building, or killed while building
  return maker == 0 || kill(maker, 0) != 0;
}

}  // namespace

std::array<uint64_t, 2> RandomId() {
  std::array<uint64_t, 2> id{};
  [[maybe_unused]] ssize_t n = getrandom(id.data(), sizeof id, 0);
  return id;
}

size_t SessionMemory::BytesNeeded(const HouseFormat& format, uint32_t decoder_rings, double ring_seconds) {
  const size_t ring = RingBytes(format, SlotsFor(format, ring_seconds));
  return ring * (1 + size_t{decoder_rings}) + kPage * decoder_rings + kSessionBytes + kTimelineBytes +
         SlateCardBytes(format);
}

absl::StatusOr<std::unique_ptr<SessionMemory>> SessionMemory::Create(const Plan& plan) {
  const size_t needed = BytesNeeded(plan.facts.format, plan.decoder_rings, plan.ring_seconds);
  if (const size_t free = FreeSharedMemory(); needed > free) {
    return absl::ResourceExhaustedError(
        absl::StrCat("a session of ", plan.facts.format.width, "x", plan.facts.format.height, " needs ",
                     needed >> 20, " MB of shared memory, /dev/shm has ", free >> 20,
                     " MB; make it larger (docker: --shm-size) or --ring-seconds smaller"));
  }
  std::unique_ptr<SessionMemory> memory(new SessionMemory);
  if (absl::Status s = memory->Build(plan); !s.ok()) return s;
  return memory;
}

absl::Status SessionMemory::Build(const Plan& plan) {
  prefix_ = absl::StrCat(kPrefix, getpid(), "-", absl::Hex(plan.facts.session_id[0], absl::kZeroPad16));
  auto named = [&](SharedSegment& segment, const char* suffix, size_t bytes, auto format,
                   Allocation allocation = Allocation::kNow) -> absl::Status {
    absl::StatusOr<SharedSegment> made = SharedSegment::CreateNamed(prefix_ + suffix, bytes, allocation);
    if (!made.ok()) return made.status();
    segment = *std::move(made);
    format(segment.bytes());
    return segment.Publish();
  };
  const HouseFormat& format = plan.facts.format;
  RingSpec spec{.format = format,
                .policy = RingPolicy::kOverwrite,
                .slot_count = SlotsFor(format, plan.ring_seconds),
                .generation = 1,
                .instance_id = RandomId()};
  facts_ = plan.facts;
  absl::Status s = named(page_, kPageSuffix, kSessionBytes, [&](auto bytes) {
    FormatSession(bytes, facts_);
    flock(page_.fd(), LOCK_SH);  // the sign of life of this session; the rings' locks are their writers'
  });
  if (s.ok()) s = named(timeline_, ".timeline", kTimelineBytes, [](auto bytes) { FormatTimeline(bytes); });
  if (s.ok()) {
    s = named(
        program_, ".program", RingBytes(format, spec.slot_count),
        [&](auto bytes) { FormatRing(bytes, spec); }, Allocation::kLater);
  }
  if (!s.ok()) return s;
  if (s = MakeSlate(); !s.ok()) return s;
  rings_.resize(plan.decoder_rings);
  for (size_t i = 0; i < rings_.size(); ++i) {
    if (s = MakeRing(i, spec.slot_count); !s.ok()) return s;
  }
  absl::StatusOr<RingView> view = RingView::Attach(program_.bytes(), RingPolicy::kOverwrite);
  if (!view.ok()) return view.status();
  program_view_ = std::make_unique<RingView>(*view);
  return SetEpoch(plan.facts.epoch);
}

absl::Status SessionMemory::MakeSlate() {
  absl::StatusOr<SharedSegment> slate =
      SharedSegment::CreateSealed("air-slate", SlateCardBytes(facts_.format));
  if (slate.ok()) slate_ = *std::move(slate);
  return slate.status();
}

absl::Status SessionMemory::MakeRing(size_t index, uint32_t slot_count) {
  absl::StatusOr<SharedSegment> ring = SharedSegment::CreateSealed(
      absl::StrCat("air-ring-", index), RingBytes(facts_.format, slot_count), Allocation::kLater);
  if (!ring.ok()) return ring.status();
  absl::StatusOr<SharedSegment> reader =
      SharedSegment::CreateSealed(absl::StrCat("air-reader-", index), kPage);
  if (!reader.ok()) return reader.status();
  DecoderRing& pooled = rings_[index];
  FormatRing(ring->bytes(), {.format = facts_.format,
                             .policy = RingPolicy::kBackpressure,
                             .slot_count = slot_count,
                             .generation = pooled.generation + 1,
                             .instance_id = RandomId()});
  pooled.ring = *std::move(ring);
  pooled.reader_page = *std::move(reader);
  pooled.is_new = true;
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<SessionMemory>> SessionMemory::Adopt(
    const std::string& prefix, std::vector<UniqueFd> slate, const std::vector<uint64_t>& generations,
    std::vector<std::vector<UniqueFd>> rings) {
  std::unique_ptr<SessionMemory> memory(new SessionMemory);
  if (absl::Status s = memory->Open(prefix); !s.ok()) return s;
  if (slate.size() == 1) {
    absl::StatusOr<SharedSegment> card =
        SharedSegment::Map(std::move(slate[0]), Access::kReadWrite, SlateCardBytes(memory->facts_.format));
    if (!card.ok()) return card.status();
    memory->slate_ = *std::move(card);
  } else if (absl::Status s = memory->MakeSlate(); !s.ok()) {
    return s;
  }
  memory->rings_.resize(generations.size());
  rings.resize(generations.size());
  for (size_t i = 0; i < rings.size(); ++i) {
    DecoderRing& pooled = memory->rings_[i];
    // The predecessor may have emptied a ring and not lived to record it.
    pooled.generation = generations[i] + 1;
    const uint32_t slots = memory->program_view_->slot_count();
    if (rings[i].size() != 2) {
      if (absl::Status s = memory->MakeRing(i, slots); !s.ok()) return s;
      continue;
    }
    absl::StatusOr<SharedSegment> ring = SharedSegment::Map(std::move(rings[i][0]), Access::kReadWrite,
                                                            RingBytes(memory->facts_.format, slots));
    if (!ring.ok()) return ring.status();
    absl::StatusOr<SharedSegment> reader =
        SharedSegment::Map(std::move(rings[i][1]), Access::kReadWrite, kPage);
    if (!reader.ok()) return reader.status();
    pooled.ring = *std::move(ring);
    pooled.reader_page = *std::move(reader);
  }
  memory->prefix_ = prefix;  // from here on its names are ours to remove
  return memory;
}

absl::Status SessionMemory::Open(const std::string& prefix) {
  struct Part {
    SharedSegment& segment;
    const char* suffix;
  };
  for (const Part& part :
       {Part{page_, kPageSuffix}, Part{timeline_, ".timeline"}, Part{program_, ".program"}}) {
    absl::StatusOr<SharedSegment> opened = SharedSegment::OpenNamed(prefix + part.suffix, Access::kReadWrite);
    if (!opened.ok()) return absl::FailedPreconditionError(std::string(opened.status().message()));
    part.segment = *std::move(opened);
  }
  flock(page_.fd(),
        LOCK_SH);  // as the maker did; another supervisor's sweep holds it exclusively for a look at most
  absl::StatusOr<SessionPage> session = SessionPage::Attach(page_.bytes());
  if (!session.ok()) return session.status();
  session_ = std::make_unique<SessionPage>(*session);
  facts_ = session->facts();
  absl::StatusOr<RingView> view = RingView::Attach(program_.bytes(), RingPolicy::kOverwrite);
  if (!view.ok()) return view.status();
  if (view->format() != facts_.format)
    return absl::FailedPreconditionError("the program ring is not of the session's house format");
  program_view_ = std::make_unique<RingView>(*view);
  return absl::OkStatus();
}

void SessionMemory::AllocateRings(std::function<void(const absl::Status&)> on_failed) {
  allocator_ = std::jthread([this, on_failed = std::move(on_failed)](std::stop_token stop) {
    // Behind the stages that are starting: what they touch first is allocated by touching it.
    setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kAllocatorNice);
    absl::Status status = program_.AllocateAll(stop);
    for (const DecoderRing& ring : rings_) {
      if (status.ok()) status = ring.ring.AllocateAll(stop);
    }
    if (!status.ok()) on_failed(status);
  });
}

absl::Status SessionMemory::SetEpoch(const Epoch& epoch) {
  facts_.epoch = epoch;
  FormatSession(page_.bytes(), facts_);
  absl::StatusOr<SessionPage> session = SessionPage::Attach(page_.bytes());
  if (!session.ok()) return session.status();
  session_ = std::make_unique<SessionPage>(*session);
  return absl::OkStatus();
}

SessionMemory::~SessionMemory() {
  if (!prefix_.empty()) RemoveSessionNames(prefix_);
}

absl::StatusOr<SharedSegment> SessionMemory::CreateJournal(uint64_t serial,
                                                           const JournalGeometry& geometry) const {
  RemoveNamedSegment(JournalName(serial));  // of a supervisor that was killed before it recorded its sink
  if (const size_t needed = geometry.SegmentBytes(), free = FreeSharedMemory(); needed > free) {
    return absl::ResourceExhaustedError(absl::StrCat("a stream needs ", (needed >> 20) + 1,
                                                     " MB of shared memory, /dev/shm has ", free >> 20,
                                                     " MB; detach another one or make /dev/shm larger"));
  }
  // What is free now may be taken at the next moment.
  absl::StatusOr<SharedSegment> journal = SharedSegment::CreateNamed(
      JournalName(serial), geometry.SegmentBytes(), Allocation::kLater, kJournalHeadBytes);
  if (!journal.ok()) return journal;
  if (absl::Status s = FormatJournal(journal->bytes(), geometry, RandomId()); !s.ok()) return s;
  if (absl::Status s = journal->Publish(); !s.ok()) return s;
  return journal;
}

absl::StatusOr<SharedSegment> SessionMemory::OpenJournal(uint64_t serial) const {
  return SharedSegment::OpenNamed(JournalName(serial), Access::kReadWrite);
}

std::string SessionMemory::JournalName(uint64_t serial) const {
  return absl::StrCat(prefix_, ".journal-", serial);
}

SourceRef SessionMemory::ResetRing(uint32_t index, uint64_t first_unit) {
  DecoderRing& pooled = rings_[index];
  const HouseFormat& format = session_->facts().format;
  auto* reader = new (pooled.reader_page.bytes().data()) ReaderPage{};
  reader->next_wanted.store(first_unit, std::memory_order_relaxed);
  FormatRing(pooled.ring.bytes(), {.format = format,
                                   .policy = RingPolicy::kBackpressure,
                                   .slot_count = program_view_->slot_count(),
                                   .generation = ++pooled.generation,
                                   .first_index = first_unit,
                                   .instance_id = RandomId()});
  return {.ring = index, .reserved = 0, .generation = pooled.generation};
}

const WriterPage& SessionMemory::WriterOf(const SourceRef& source) const {
  return *reinterpret_cast<const WriterPage*>(rings_[source.ring].ring.bytes().data() + kPage);
}

// What a decoder could have scribbled on is looked at with suspicion.
bool SessionMemory::Holds(const SourceRef& source) const {
  if (source.ring >= rings_.size() || source.generation == 0) return false;
  absl::StatusOr<RingView> view =
      RingView::Attach(rings_[source.ring].ring.bytes(), RingPolicy::kBackpressure);
  return view.ok() && view->generation() == source.generation && view->format() == facts_.format &&
         view->slot_count() == program_view_->slot_count();
}

void RemoveSessionNames(const std::string& prefix) {
  for (const std::string& name : ListNamedSegments(absl::StrCat(prefix, "."))) RemoveNamedSegment(name);
}

bool SessionLives(const std::string& prefix) { return !SessionIsDead(prefix); }

size_t SweepDeadSessions() {
  std::set<std::string> dead;
  std::vector<std::string> names = ListNamedSegments(kPrefix);
  for (const std::string& name : ListNamedSegments(absl::StrCat(kTemporary, kPrefix))) names.push_back(name);
  for (const std::string& name : names) {
    if (const std::string prefix = SessionOf(name); SessionIsDead(prefix)) dead.insert(prefix);
  }
  size_t removed = 0;
  for (const std::string& name : names) {
    if (!dead.contains(SessionOf(name))) continue;
    RemoveNamedSegment(name);
    ++removed;
  }
  return removed;
}

}  // namespace air

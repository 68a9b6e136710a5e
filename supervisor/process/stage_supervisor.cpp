#include "supervisor/process/stage_supervisor.h"

#include <unistd.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "base/stage_log.h"
#include "link/stage_sockets.h"

namespace air {
namespace {

constexpr int64_t kRetryNs = 5 * kNanosPerSecond;
constexpr int64_t kRefillDelayNs = 250 * kNanosPerMs;
constexpr int64_t kWarmNs = 5 * kNanosPerSecond;
constexpr int64_t kSpareLookNs = 250 * kNanosPerMs;
constexpr int kStoppedLooks = 3;

// Names all that a decoder has to open for it.
template <class Holder>
std::string FilesOf(const std::string& asset_uri, const Holder& holder) {
  std::string files = asset_uri;
  for (const stage::Enricher& enricher : holder.enrichers())
    absl::StrAppend(&files, std::string(1, '\0'), enricher.SerializeAsString());
  return files;
}

}  // namespace

StageSupervisor::StageSupervisor(EventLoop& loop, StageEnvironment environment)
    : loop_(loop), environment_(std::move(environment)), graveyard_(loop) {
  // Of stages that were killed after their supervisor. A stage that lives and has no work leaves by itself.
  RemoveDeadStageSockets(environment_.runtime_dir);
  LookAtSpares();
}

// A sandboxed spare of a predecessor has left since, and could not remove its name.
StageSupervisor::~StageSupervisor() { RemoveDeadStageSockets(environment_.runtime_dir); }

void StageSupervisor::EndStrays(const record::Session& session, Nanos deadline) {
  std::set<std::string> named = {session.selector().id()};
  for (const record::Sink& sink : session.sinks()) named.insert(sink.encoder().id());
  for (const record::Run& run : session.runs()) named.insert(run.decoder().id());
  const bool waits = deadline > clock().Now();
  const StagesStopped stopped = StopStages(environment_.runtime_dir, named, clock(), deadline);
  if (stopped.told > 0) Log().warn("{} stages that no record names are told to end", stopped.told);
  if (waits && stopped.left > 0)
    Log().error("{} of them do not end when told to; they leave when their grace is over", stopped.left);
}

void StageSupervisor::Describe(record::Counters& counters) const {
  record(StageKind::kDecoder).Describe(*counters.mutable_decoder());
  record(StageKind::kSelector).Describe(*counters.mutable_selector());
  record(StageKind::kEncoder).Describe(*counters.mutable_encoder());
  counters.set_stuck(stuck_);
  counters.set_segments_given_up(given_up_);
  counters.set_spawned(spawned_);
}

void StageSupervisor::Restore(const record::Counters& counters) {
  records_[static_cast<size_t>(StageKind::kDecoder)].Restore(counters.decoder());
  records_[static_cast<size_t>(StageKind::kSelector)].Restore(counters.selector());
  records_[static_cast<size_t>(StageKind::kEncoder)].Restore(counters.encoder());
  stuck_ = counters.stuck();
  given_up_ = counters.segments_given_up();
  spawned_ = counters.spawned();
}

// A spare has no data loop that could beat; what may happen to it is a SIGSTOP.
void StageSupervisor::LookAtSpares() {
  for (Spare& spare : spares_) {
    const bool stopped = spare.process != nullptr && spare.process->IsStopped();
    spare.stopped_looks = stopped ? spare.stopped_looks + 1 : 0;
    if (spare.stopped_looks == kStoppedLooks) spare.process->KillHung("stopped");
    if (spare.process != nullptr && spare.process->HasTooManyThreads())
      spare.process->KillHung("killed: it has too many threads");
    if (spare.process == nullptr || !spare.warming_since.has_value()) continue;
    if (loop_.clock().Now() - *spare.warming_since > kWarmNs) spare.process->KillHung("hung over its asset");
  }
  look_ = loop_.After(kSpareLookNs, [this] { LookAtSpares(); });
}

absl::StatusOr<std::unique_ptr<StageProcess>> StageSupervisor::Spawn(StageKind kind) {
  const std::string name = ProgramOf(kind) + sizeof("air-") - 1;
  // Never the id of one that a predecessor spawned and did not live to record.
  std::string id;
  do {
    id = absl::StrCat(name, "-", ++spawned_);
  } while (access(StageSocketPath(environment_.runtime_dir, id).c_str(), F_OK) == 0);
  return StageProcess::Spawn(loop_, kind, id, environment_, graveyard_);
}

void StageSupervisor::KeepSpare(StageKind kind) {
  spares_[static_cast<size_t>(kind)].wanted = true;
  Refill(kind);
}

absl::StatusOr<std::unique_ptr<StageProcess>> StageSupervisor::Take(StageKind kind) {
  Spare& spare = spares_[static_cast<size_t>(kind)];
  if (spare.process == nullptr) return Spawn(kind);
  std::unique_ptr<StageProcess> process = std::move(spare.process);
  spare.confined_to.clear();
  // Its successor is loaded behind the one that has work now, not in competition with it.
  spare.retry = loop_.After(kRefillDelayNs, [this, kind] { Refill(kind); });
  return process;
}

void StageSupervisor::KeepWarm(const std::string& asset_uri, const std::vector<std::string>& media_roots,
                               const stage::Treatment& treatment) {
  if (FilesOf(warm_.warm().asset_uri(), warm_.warm()) == FilesOf(asset_uri, treatment)) return;
  warm_.mutable_warm()->set_asset_uri(asset_uri);
  warm_.mutable_warm()->mutable_media_roots()->Assign(media_roots.begin(), media_roots.end());
  *warm_.mutable_warm()->mutable_enrichers() = treatment.enrichers();
  warm_fits_ = true;
  Warm();
}

absl::StatusOr<std::unique_ptr<StageProcess>> StageSupervisor::TakeDecoder(
    const std::string& asset_uri, const stage::Treatment& treatment) {
  const std::string& confined_to = spares_[static_cast<size_t>(StageKind::kDecoder)].confined_to;
  const bool fits = confined_to.empty() || confined_to == FilesOf(asset_uri, treatment);
  return fits ? Take(StageKind::kDecoder) : TakeFresh(StageKind::kDecoder);
}

void StageSupervisor::Warm() {
  Spare& spare = spares_[static_cast<size_t>(StageKind::kDecoder)];
  if (spare.process == nullptr || !warm_fits_) return;
  if (!spare.confined_to.empty()) {  // to what was on the air before: another one takes its place
    spare.process.reset();
    spare.confined_to.clear();
    spare.retry = loop_.After(kRefillDelayNs, [this] { Refill(StageKind::kDecoder); });
    return;
  }
  spare.confined_to = FilesOf(warm_.warm().asset_uri(), warm_.warm());
  spare.warming_since = loop_.clock().Now();
  if (absl::Status s = spare.process->Send(warm_); !s.ok())
    Log().warn("{} (idle spare): {}", spare.process->id(), s.ToString());
}

void StageSupervisor::AppendSpares(std::vector<StageSnapshot>& stages) const {
  for (const Spare& spare : spares_) {
    if (spare.process != nullptr) stages.push_back(SnapshotOf(*spare.process));
  }
}

void StageSupervisor::Refill(StageKind kind) {
  Spare& spare = spares_[static_cast<size_t>(kind)];
  if (!spare.wanted || spare.process != nullptr) return;
  absl::StatusOr<std::unique_ptr<StageProcess>> process = Spawn(kind);
  if (!process.ok()) {
    Log().error("no spare {}: {}", ProgramOf(kind), process.status().ToString());
    spare.retry = loop_.After(kRetryNs, [this, kind] { Refill(kind); });
    return;
  }
  spare.process = *std::move(process);
  spare.warming_since.reset();
  if (kind == StageKind::kDecoder) Warm();
  spare.process->Watch(
      [&spare](const stage::FromStage& message) {
        if (message.loaded().warm()) spare.warming_since.reset();
      },
      [this, kind](const StageDeath& death) { OnSpareDeath(kind, death.text); });
}

void StageSupervisor::OnSpareDeath(StageKind kind, const std::string& cause) {
  Spare& spare = spares_[static_cast<size_t>(kind)];
  Log().warn("{} (idle spare): {}", spare.process->id(), cause);
  // Not with this asset again: the next spare would go the same way.
  if (spare.warming_since.has_value()) warm_fits_ = false;
  spare.process.reset();
  spare.confined_to.clear();
  const std::optional<int64_t> delay = spare.policy.OnDeath(loop_.clock().Now(), false);
  spare.retry = loop_.After(delay.value_or(kRetryNs), [this, kind] { Refill(kind); });
}

}  // namespace air

#include "supervisor/evidence/evidence_office.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "base/stage_log.h"
#include "evidence/evidence_files.h"
#include "supervisor/evidence/evidence_ledger.h"

namespace air {
namespace {

// Messages that the control plane of that session has not acknowledged.
bool HasUnsent(const std::string& folder) {
  const absl::StatusOr<evidence::Session> session = ReadEvidenceSession(folder);
  if (!session.ok() || session->endpoint().empty()) return false;
  const std::vector<std::string> files = ListEvidenceFiles(folder);
  const uint64_t acknowledged = ReadAcknowledged(folder);
  return std::any_of(files.rbegin(), files.rend(), [&](const std::string& name) {
    const EvidenceFile file = ReadEvidenceFile(folder + "/" + name);
    return !file.records.empty() && file.records.back().state().sequence() > acknowledged;
  });
}

}  // namespace

EvidenceOffice::EvidenceOffice(MasterClock& clock, const std::string& runtime_dir)
    : clock_(clock), folder_(EvidenceFolderOf(runtime_dir)) {}

EvidenceOffice::Opened EvidenceOffice::Open(const evidence::Session& session) {
  std::erase_if(couriers_, [](const auto& entry) { return entry.second->IsDone(); });
  Opened opened{.session = session};
  absl::StatusOr<std::unique_ptr<EvidenceSpool>> spool =
      EvidenceSpool::Open(absl::StrCat(folder_, "/", session.playout_session_id()), session, {});
  if (!spool.ok()) {
    Log().error("no evidence of this session: {}", std::string(spool.status().message()));
    return opened;
  }
  opened.last_state = (*spool)->last_state();
  opened.session = (*spool)->session();
  couriers_.emplace_back(session.playout_session_id(),
                         std::make_unique<EvidenceCourier>(clock_, *std::move(spool)));
  opened.courier = couriers_.back().second.get();
  return opened;
}

void EvidenceOffice::TakeCareOfThePast() {
  std::vector<std::string> folders = ListEvidenceSessions(folder_);
  std::erase_if(folders, [&](const std::string& folder) {
    const std::string id = std::filesystem::path(folder).filename().string();
    return std::ranges::any_of(couriers_, [&](const auto& entry) { return entry.first == id; });
  });
  caretaker_ = std::jthread([this, folders](const std::stop_token& stop) {
    for (size_t i = 0; i < folders.size() && !stop.stop_requested(); ++i) {
      std::error_code ignored;
      if (i >= kUnsentSessionsKept || (i >= kSessionsKept && !HasUnsent(folders[i]))) {
        std::filesystem::remove_all(folders[i], ignored);
      } else {
        TakeCareOf(folders[i]);
      }
    }
  });
}

void EvidenceOffice::TakeCareOf(const std::string& folder) {
  absl::StatusOr<std::unique_ptr<EvidenceSpool>> spool = EvidenceSpool::Open(folder, {}, {});
  if (!spool.ok()) return;
  const evidence::LedgerState state = (*spool)->last_state().value_or(evidence::LedgerState());
  const evidence::Session session = (*spool)->session();
  const bool unsent = !session.endpoint().empty() && (*spool)->acknowledged() < (*spool)->last_sequence();
  if (state.terminated() && !unsent) return;
  auto courier = std::make_unique<EvidenceCourier>(clock_, *std::move(spool));
  EvidenceLedger ledger(session,
                        {.on_record = [&](evidence::Record record) { courier->Submit(std::move(record)); },
                         .utc_now = [this] { return clock_.UtcNow(); }});
  ledger.Restore(state);
  ledger.Terminate("error", "the session was lost with its processes");
  const std::lock_guard lock(mutex_);
  past_.emplace_back(session.playout_session_id(), std::move(courier));
}

EvidenceSnapshot EvidenceOffice::Snapshot() const {
  return couriers_.empty() ? EvidenceSnapshot() : couriers_.back().second->Snapshot();
}

void EvidenceOffice::Finish(std::chrono::milliseconds limit) {
  const Nanos end = clock_.Now() + std::chrono::nanoseconds(limit).count();
  caretaker_ = {};
  const std::lock_guard lock(mutex_);
  for (auto& entry : past_) couriers_.insert(couriers_.begin(), std::move(entry));
  past_.clear();
  for (const auto& [id, courier] : couriers_) {
    const int64_t left_ms = std::max<int64_t>((end - clock_.Now()) / kNanosPerMs, 0);
    courier->Finish(std::chrono::milliseconds(left_ms));
  }
  couriers_.clear();
}

}  // namespace air

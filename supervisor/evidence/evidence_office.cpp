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

EvidenceCourier& EvidenceOffice::Open(const evidence::Session& session) {
  std::erase_if(couriers_, [](const auto& entry) { return entry.second->HasEnded(); });
  const std::string& id = session.playout_session_id();
  {
    const std::lock_guard lock(mutex_);
    ours_.insert(id);
  }
  couriers_.emplace_back(id,
                         std::make_unique<EvidenceCourier>(clock_, absl::StrCat(folder_, "/", id), session));
  return *couriers_.back().second;
}

bool EvidenceOffice::IsOurs(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  return ours_.contains(std::filesystem::path(folder).filename().string());
}

void EvidenceOffice::TakeCareOfThePast() {
  caretaker_ = std::jthread([this](const std::stop_token& stop) {
    std::vector<std::string> folders = ListEvidenceSessions(folder_);
    std::erase_if(folders, [this](const std::string& folder) { return IsOurs(folder); });
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

#include "supervisor/evidence/session_evidence.h"

#include "absl/strings/str_cat.h"
#include "base/stage_log.h"

namespace air {

evidence::Session SessionEvidence::Describe(const SessionPage& page, MasterClock& clock,
                                            const std::string& channel_name, const std::string& endpoint) {
  const SessionFacts& facts = page.facts();
  evidence::Session session;
  session.set_playout_session_id(SessionUuid(facts.session_id));
  session.set_channel_id(facts.channel_id);
  session.set_channel_name(channel_name.empty() ? absl::StrCat(facts.channel_id) : channel_name);
  session.set_endpoint(endpoint);
  session.set_epoch_utc_ms(facts.epoch.utc.value());
  session.set_rate_num(facts.format.rate.num);
  session.set_rate_den(facts.format.rate.den);
  session.set_started_utc_ms(clock.UtcNow().value());
  return session;
}

SessionEvidence::SessionEvidence(EvidenceOffice& office, MasterClock& clock, const SessionPage& page,
                                 Origin origin, const std::string& channel_name, const std::string& endpoint)
    : courier_(office.Open(Describe(page, clock, channel_name, endpoint))),
      log_(page.aired()),
      ledger_(Describe(page, clock, channel_name, endpoint),
              {.on_record = [this](evidence::Record record) { courier_.Submit(std::move(record)); },
               .utc_now = [&clock] { return clock.UtcNow(); }}),
      has_begun_(origin == Origin::kBegins) {}

void SessionEvidence::Know(const Rundown& rundown) {
  for (const PlannedBlock& block : rundown.blocks()) ledger_.Know(block);
  for (const LiveInsert& insert : rundown.inserts()) ledger_.Know(insert);
}

bool SessionEvidence::HasBegun() {
  if (has_begun_) return true;
  const std::optional<EvidenceCourier::Found> found = courier_.found();
  if (!found.has_value()) return false;
  ledger_.GoOnFrom(found->session, found->last_state);
  return has_begun_ = true;
}

void SessionEvidence::Look() {
  if (HasBegun()) ledger_.Advance(log_);
}

void SessionEvidence::Terminate(const std::string& reason, const std::string& detail) {
  if (!HasBegun())
    return Log().error(
        "evidence: the session ends before the disk has said what there is of it; its last part is missing");
  Look();
  ledger_.Terminate(reason, detail);
}

}  // namespace air

#include "supervisor/evidence/session_evidence.h"

#include "absl/strings/str_cat.h"

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
                                 const std::string& channel_name, const std::string& endpoint)
    : opened_(office.Open(Describe(page, clock, channel_name, endpoint))),
      log_(page.aired()),
      ledger_(opened_.session, {.on_record =
                                    [courier = opened_.courier](evidence::Record record) {
                                      if (courier != nullptr) courier->Submit(std::move(record));
                                    },
                                .utc_now = [&clock] { return clock.UtcNow(); }}) {
  if (opened_.last_state.has_value()) ledger_.Restore(*opened_.last_state);
}

void SessionEvidence::Know(const Rundown& rundown) {
  for (const PlannedBlock& block : rundown.blocks()) ledger_.Know(block);
  for (const LiveInsert& insert : rundown.inserts()) ledger_.Know(insert);
}

void SessionEvidence::Terminate(const std::string& reason, const std::string& detail) {
  Look();
  ledger_.Terminate(reason, detail);
}

}  // namespace air

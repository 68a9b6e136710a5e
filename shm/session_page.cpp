#include "shm/session_page.h"

#include "absl/strings/str_cat.h"

namespace air {

void FormatSession(std::span<std::byte> memory, const SessionFacts& facts) {
  auto* session = new (memory.data()) SessionPageMemory{};
  SessionHeader& h = session->header;
  h.layout_version = kSessionLayoutVersion;
  h.header_size = sizeof(SessionHeader);
  h.session_id = facts.session_id;
  h.width = facts.format.width;
  h.height = facts.format.height;
  h.rate_num = facts.format.rate.num;
  h.rate_den = facts.format.rate.den;
  h.sample_rate = facts.format.sample_rate;
  h.channels = facts.format.channels;
  h.epoch_mono_ns = facts.epoch.mono.value();
  h.epoch_utc_ms = facts.epoch.utc.value();
  h.pts_origin = facts.pts_origin;
  h.channel_id = facts.channel_id;
  h.magic.store(kSessionMagic, std::memory_order_release);
}

absl::StatusOr<SessionPage> SessionPage::Attach(std::span<std::byte> memory) {
  if (memory.size() < kSessionBytes)
    return absl::FailedPreconditionError("session page refused: segment too short");
  SessionPage page;
  page.memory_ = reinterpret_cast<SessionPageMemory*>(memory.data());
  const SessionHeader& h = page.memory_->header;
  if (h.magic.load(std::memory_order_acquire) != kSessionMagic || h.layout_version != kSessionLayoutVersion) {
    return absl::FailedPreconditionError("session page refused: magic or layout version");
  }
  page.facts_.session_id = h.session_id;
  page.facts_.format = {h.width, h.height, {h.rate_num, h.rate_den}, h.sample_rate, h.channels};
  page.facts_.epoch = {Nanos(h.epoch_mono_ns), UtcMs(h.epoch_utc_ms)};
  page.facts_.pts_origin = h.pts_origin;
  page.facts_.channel_id = h.channel_id;
  if (absl::Status s = Validate(page.facts_.format); !s.ok()) {
    return absl::FailedPreconditionError(absl::StrCat("session page refused: ", s.message()));
  }
  return page;
}

}  // namespace air

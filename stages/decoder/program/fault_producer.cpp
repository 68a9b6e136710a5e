#include "stages/decoder/program/fault_producer.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace air {

absl::StatusOr<FaultSpec> ParseFaultUri(const std::string& uri) {
  const std::vector<std::string> parts = absl::StrSplit(uri, absl::MaxSplits(':', 2));
  const std::vector<std::string> words = absl::StrSplit(parts.size() == 3 ? parts[1] : "", '=');
  FaultSpec spec;
  bool understood = words.size() == 2 && !parts[2].empty();
  if (understood) {
    spec.asset_uri = parts[2];
    if (words[1] == "open") {
      spec.unit = FaultSpec::kAtOpen;
    } else {
      understood = absl::SimpleAtoi(words[1], &spec.unit) && spec.unit >= 0;
    }
    if (words[0] == "hang_at") {
      spec.fault = FaultSpec::Fault::kHang;
    } else if (words[0] == "exit_at") {
      spec.fault = FaultSpec::Fault::kExit;
    } else if (words[0] == "kill_at") {
      spec.fault = FaultSpec::Fault::kKill;
    } else {
      understood = understood && words[0] == "crash_at";
    }
  }
  if (understood) return spec;
  return absl::InvalidArgumentError(absl::StrCat(
      "asset_uri: \"", uri.substr(0, 80),
      "\"; give fault:FAULT=WHERE:ASSET, FAULT one of crash_at, hang_at, exit_at and kill_at, WHERE a unit's "
      "number or \"open\""));
}

void FaultProducer::Strike() const {
  switch (spec_.fault) {
    case FaultSpec::Fault::kCrash:
      std::raise(SIGSEGV);
      break;
    case FaultSpec::Fault::kHang:
      while (true) pause();
    case FaultSpec::Fault::kKill:
      std::raise(SIGKILL);
      break;
    case FaultSpec::Fault::kExit:
      _exit(0);
  }
}

absl::Status FaultProducer::Open(const std::string& asset_uri, const std::function<void()>& on_progress) {
  const char* allowed = std::getenv(kFaultsVariable);
  if (allowed == nullptr || std::string_view(allowed) != "1") {
    return absl::PermissionDeniedError(absl::StrCat(
        "asset '", asset_uri, "': a plan alone may not bring a decoder down; start air-supervisor with ",
        kFaultsVariable, "=1 in its environment"));
  }
  if (spec_.unit == FaultSpec::kAtOpen) Strike();
  return asset_->Open(spec_.asset_uri, on_progress);
}

absl::Status FaultProducer::Start(const ProducerRequest& request) {
  ProducerRequest inner = request;
  inner.asset_uri = spec_.asset_uri;
  if (request.first_unit.value() == spec_.unit && !request.skips) Strike();
  return asset_->Start(inner);
}

absl::StatusOr<Rendered> FaultProducer::Render(UnitIndex i, const UnitBuffer& out, UnitInfo& info) {
  if (i.value() == spec_.unit) Strike();
  return asset_->Render(i, out, info);
}

}  // namespace air

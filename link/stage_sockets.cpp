#include "link/stage_sockets.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "absl/strings/match.h"
#include "link/seqpacket.h"
#include "protos/stage.pb.h"

namespace air {

int RemoveDeadStageSockets(const std::string& folder, const std::string& prefix) {
  int alive = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!absl::StartsWith(name, prefix) || !absl::EndsWith(name, ".sock")) continue;
    if (IsBound(entry.path().string())) {
      ++alive;
    } else {
      unlink(entry.path().c_str());
    }
  }
  return alive;
}

StagesStopped StopAllStages(const std::string& folder, MasterClock& clock, Nanos deadline) {
  stage::ToStage stop;
  stop.mutable_stop();
  std::vector<UniqueFd> links;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!absl::StartsWith(name, "stage-") || !absl::EndsWith(name, ".sock")) continue;
    absl::StatusOr<UniqueFd> link = DialSeqpacket(entry.path().string());
    if (link.ok() && SendMessage(link->get(), stop.SerializeAsString()).ok())
      links.push_back(*std::move(link));
  }
  for (const UniqueFd& link : links) {
    pollfd ended{link.get(), 0, 0};  // POLLHUP is always reported
    poll(&ended, 1, static_cast<int>(std::max<int64_t>(deadline - clock.Now(), 0) / kNanosPerMs));
  }
  return {static_cast<int>(links.size()), RemoveDeadStageSockets(folder)};
}

}  // namespace air

#include "link/stage_sockets.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "link/seqpacket.h"
#include "protos/stage.pb.h"

namespace air {
namespace {

constexpr char kPrefix[] = "stage-";
constexpr char kSuffix[] = ".sock";

// The paths of those names in the folder that are stages' sockets and begin with `prefix`.
std::vector<std::filesystem::path> StageSockets(const std::string& folder, const std::string& prefix) {
  std::vector<std::filesystem::path> sockets;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (absl::StartsWith(name, prefix) && absl::EndsWith(name, kSuffix)) sockets.push_back(entry.path());
  }
  return sockets;
}

std::string IdOf(const std::filesystem::path& socket) {
  const std::string name = socket.filename().string();
  return std::string(absl::StripSuffix(absl::StripPrefix(name, kPrefix), kSuffix));
}

}  // namespace

int RemoveDeadStageSockets(const std::string& folder, const std::string& prefix) {
  int alive = 0;
  for (const std::filesystem::path& socket : StageSockets(folder, prefix)) {
    if (IsBound(socket.string())) {
      ++alive;
    } else {
      unlink(socket.c_str());
    }
  }
  return alive;
}

StagesStopped StopStages(const std::string& folder, const std::set<std::string>& spared, MasterClock& clock,
                         Nanos deadline) {
  stage::ToStage stop;
  stop.mutable_stop();
  std::vector<UniqueFd> links;
  for (const std::filesystem::path& socket : StageSockets(folder, kPrefix)) {
    if (spared.contains(IdOf(socket))) continue;
    absl::StatusOr<UniqueFd> link = DialSeqpacket(socket.string());
    if (link.ok() && SendMessage(link->get(), stop.SerializeAsString()).ok())
      links.push_back(*std::move(link));
  }
  StagesStopped stopped{.told = static_cast<int>(links.size())};
  for (const UniqueFd& link : links) {
    pollfd ended{link.get(), 0, 0};  // POLLHUP is always reported
    poll(&ended, 1, static_cast<int>(std::max<int64_t>(deadline - clock.Now(), 0) / kNanosPerMs));
    if ((ended.revents & POLLHUP) == 0) ++stopped.left;
  }
  RemoveDeadStageSockets(folder);
  return stopped;
}

}  // namespace air

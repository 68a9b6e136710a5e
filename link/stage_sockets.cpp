#include "link/stage_sockets.h"

#include <unistd.h>

#include <filesystem>

#include "absl/strings/match.h"
#include "link/seqpacket.h"

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

}  // namespace air

#include "supervisor/process/stage_graveyard.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include <algorithm>
#include <utility>

namespace air {
namespace {

constexpr int64_t kLastWaitNs = 500 * kNanosPerMs;

void ReapNow(const UniqueFd& pidfd) {
  siginfo_t info{};
  waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG);
}

}  // namespace

void StageGraveyard::Bury(const std::string& id, UniqueFd pidfd) {
  const auto grave = graves_.insert(graves_.end(), {id, std::move(pidfd), {}});
  grave->death = loop_.OnIo(grave->pidfd.get(), EPOLLIN, [this, grave](uint32_t) {
    ReapNow(grave->pidfd);
    graves_.erase(grave);
  });
}

StageGraveyard::~StageGraveyard() {
  const Nanos deadline = loop_.clock().Now() + kLastWaitNs;
  for (const Grave& grave : graves_) {
    pollfd ended{grave.pidfd.get(), POLLIN, 0};
    const int64_t left_ms = std::max<int64_t>(deadline - loop_.clock().Now(), 0) / kNanosPerMs;
    if (poll(&ended, 1, static_cast<int>(left_ms)) == 1) ReapNow(grave.pidfd);
  }
}

}  // namespace air

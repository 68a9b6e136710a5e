// StageGraveyard: stages that were killed and have no owner any more, until they are dead and reaped. The
// event loop never waits for one: a process in a kernel call that does not return dies when it likes.
#pragma once

#include <sys/types.h>

#include <list>
#include <string>

#include "base/unique_fd.h"
#include "supervisor/loop/event_loop.h"

namespace air {

class StageGraveyard {
 public:
  explicit StageGraveyard(EventLoop& loop) : loop_(loop) {}
  // Waits for the last ones, but not for long: init takes what is left.
  ~StageGraveyard();
  StageGraveyard(const StageGraveyard&) = delete;
  StageGraveyard& operator=(const StageGraveyard&) = delete;

  // A child that has been sent SIGKILL.
  void Bury(const std::string& id, UniqueFd pidfd);
  size_t size() const { return graves_.size(); }

 private:
  struct Grave {
    std::string id;
    UniqueFd pidfd;
    EventSource death;
  };
  EventLoop& loop_;
  std::list<Grave> graves_;
};

}  // namespace air

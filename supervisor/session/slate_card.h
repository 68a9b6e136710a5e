// SlateCard: has the session's slate drawn. The supervisor touches no picture, so a decoder of its own does
// it, soon after the session has begun; one that fails over the file is followed by one that draws the plain
// card.
#pragma once

#include <memory>
#include <string>

#include "supervisor/memory/session_memory.h"
#include "supervisor/process/stage_supervisor.h"

namespace air {

struct SlateSettings {
  std::string file;             // a picture of any format; empty: the plain card
  std::string title, subtitle;  // of the plain card
};

class SlateCard {
 public:
  SlateCard(EventLoop& loop, StageSupervisor& stages, SessionMemory& memory, SlateSettings settings);

 private:
  void Draw();
  void OnEnd(const StageDeath& death);

  EventLoop& loop_;
  StageSupervisor& stages_;
  SessionMemory& memory_;
  SlateSettings settings_;
  int attempts_ = 0;
  std::unique_ptr<StageProcess> painter_;
  EventSource timer_;
};

}  // namespace air

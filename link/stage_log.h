// The log of a process: lines to stderr through a queue, so that a reader of stderr who stalls cannot stall
// AIR. When the queue is full the oldest lines are lost. A message is one line of text that is safe for a terminal, whatever
// names and errors it quotes (base/one_line.h).
#pragma once

#include <spdlog/spdlog.h>

#include <string>

namespace air {

// Once, at the start of main. `level`: trace, debug, info, warn, err, critical, off.
void InitLog(const std::string& process, const std::string& level = "info");
spdlog::logger& Log();

}  // namespace air

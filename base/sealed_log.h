// The log of a process that may open no file: it writes on to the file it began with, and at most LogBounds::bytes of it.
#pragma once

#include <string>

namespace air {

// In place of InitLog (base/stage_log.h).
void InitSealedLog(const std::string& process);

}  // namespace air

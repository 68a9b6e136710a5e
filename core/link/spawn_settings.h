// How Core starts a process that outlives it: with posix_spawn (gRPC's threads rule out fork).
#pragma once

#include <spawn.h>

#include <string>

namespace retrovue {

// posix_spawn's actions and attributes, freed together. The process has nothing to read, appends what it writes to a log
// (mode 0600), inherits no other descriptor, blocks no signal, and leads a session of its own: a Ctrl-C and the end of a terminal
// do not reach it, and a kernel that shares the processors between sessions (sched_autogroup) gives it a share of its own, whatever
// runs beside it. For one thread.
class SpawnSettings {
 public:
  static constexpr int kFirstPassed = 3;
  static constexpr int kNoDescriptor = -1;

  // `passed`: becomes descriptor kFirstPassed of the process; it must stay open until the spawn.
  explicit SpawnSettings(const std::string& log_path, int passed = kNoDescriptor);
  ~SpawnSettings();
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

}  // namespace retrovue

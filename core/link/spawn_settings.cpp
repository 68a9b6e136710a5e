#include "core/link/spawn_settings.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

namespace retrovue {

SpawnSettings::SpawnSettings(const std::string& log_path, int passed) {
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                   0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  int free = kFirstPassed;
  // Onto itself, too: that takes close-on-exec from it.
  if (passed != kNoDescriptor) posix_spawn_file_actions_adddup2(&actions, passed, free++);
  posix_spawn_file_actions_addclosefrom_np(&actions, free);

  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
}

SpawnSettings::~SpawnSettings() {
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
}

}  // namespace retrovue

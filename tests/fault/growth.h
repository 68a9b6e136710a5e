// How large the processes of a channel are, and whether that grows from one calm moment to another.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace air::e2e {

struct ProcessSize {
  pid_t pid = 0;
  std::string program;
  // By PSS: a page that n processes map counts 1/n for each. `own_kb` is what no file and no shared memory is behind: how much
  // of the rings falls to which process depends on who has touched them.
  int64_t pss_kb = 0, own_kb = 0;
  int64_t descriptors = 0, threads = 0;
};

struct Size {
  double minute = 0;  // since the session began
  std::vector<ProcessSize> processes;
  int64_t shared_names = 0;  // in /dev/shm

  int64_t PssKb() const;
};

// Of living processes; one that ends meanwhile is left out. Linux 5.4 or later: Pss_Anon.
Size SizeOf(const std::vector<std::pair<pid_t, std::string>>& processes);

struct GrowthLimits {
  // Of the largest supervisor, selector and encoder. A decoder lives as long as its asset.
  int64_t own_kb = 64 << 10, descriptors = 24, threads = 8;
  int64_t all_pss_kb = 128 << 10;  // of all processes together, decoders and shared memory too
  int64_t processes = 6;           // spares and decoders that get ready
  int64_t shared_names = 0;
};

// What has grown too much, in words; empty: nothing.
std::vector<std::string> Grown(const Size& first, const Size& last, const GrowthLimits& limits = {});

// One line.
std::string Describe(const Size& size);

}  // namespace air::e2e

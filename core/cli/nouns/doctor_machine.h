// What the doctor looks at beside the database: the machine the network is to run on.
#pragma once

#include <sys/timex.h>

#include <cstdint>

#include "core/cli/nouns/findings.h"
#include "core/home/home.h"
#include "core/model/time.h"

namespace retrovue::cli {

void CheckPrograms(Findings& findings);
// The home: whether it is ours, and has room.
void CheckHome(const Home& home, Findings& findings);
// What AIR's processes share lies in /dev/shm.
void CheckSharedMemory(Findings& findings);
// The clock decides what is on. `ntp_state` and `ntp_status`: as ntp_adjtime(2) answers and fills them in.
void CheckClock(Instant machine_now, int ntp_state, int ntp_status, Findings& findings);
void CheckClock(Findings& findings);
// The network that runs; without one, whether the usual addresses are free.
void CheckNetwork(const Home& home, Findings& findings);

}  // namespace retrovue::cli

#include "core/cli/nouns/doctor_machine.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "base/master_clock.h"
#include "base/program_beside.h"
#include "core/cli/guardian/child.h"
#include "core/cli/guardian/listening.h"
#include "core/cli/guardian/network_lock.h"
#include "core/cli/guardian/page_fetch.h"
#include "core/cli/guardian/status_line.h"
#include "core/cli/nouns/running.h"

namespace retrovue::cli {
namespace {

constexpr std::chrono::seconds kStatusLimit{2};
constexpr std::uint64_t kLittleSpace = 500'000'000;
constexpr std::uint64_t kSharedOfAChannel = 480'000'000;  // of 1280x720; docs/measurements.md
constexpr const char* kShared = "/dev/shm";
const Instant kBuiltAfter = FromUtcMs(1'767'225'600'000);  // 2026-01-01: no clock is right before that
// What the network is made of, beside retrovue itself.
constexpr const char* kPrograms[] = {"program-director", "channel-manager", "air-supervisor", "air-decoder",
                                     "air-selector",     "air-encoder",     "asset-probe"};

std::string Megabytes(std::uint64_t bytes) { return absl::StrCat(bytes / 1'000'000, " MB"); }

}  // namespace

void CheckPrograms(Findings& findings) {
  bool all = true;
  for (const char* name : kPrograms) {
    const std::string path = air::ProgramBeside(name);
    if (access(path.c_str(), X_OK) == 0) continue;
    all = false;
    findings.Error("PROGRAM_MISSING",
                   absl::StrCat(path, " is not there: install all of the network's programs in one folder"));
  }
  if (all) findings.Fine("all programs are there");
}

void CheckHome(const Home& home, Findings& findings) {
  struct stat folder = {};
  if (stat(home.folder.c_str(), &folder) != 0) return;  // not made yet
  if (access(home.folder.c_str(), W_OK | X_OK) != 0) {
    findings.Error("HOME_UNUSABLE",
                   absl::StrCat(home.folder, ": ", std::strerror(errno),
                                ": run retrovue as the user the home belongs to, or give another --home"));
  } else if ((folder.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    findings.Warn("HOME_OPEN",
                  absl::StrCat("other users may write to ", home.folder, ": chmod go-w ", home.folder));
  }
  std::error_code error;
  const auto space = std::filesystem::space(home.folder, error);
  if (error) return;
  if (space.available < kLittleSpace) {
    findings.Warn("DISK_FULL", absl::StrCat("there are ", Megabytes(space.available), " left in ",
                                            home.folder, ": make room, the database needs it"));
  } else {
    findings.Fine(absl::StrCat("there is room in ", home.folder));
  }
}

void CheckSharedMemory(Findings& findings) {
  struct statvfs shared = {};
  if (statvfs(kShared, &shared) != 0 || access(kShared, W_OK | X_OK) != 0) {
    findings.Error("SHARED_MEMORY_UNUSABLE",
                   absl::StrCat(kShared, ": ", std::strerror(errno),
                                ": mount a tmpfs there that this user may write to, channels need it"));
    return;
  }
  const std::uint64_t free = std::uint64_t{shared.f_bavail} * shared.f_frsize;
  if (free < kSharedOfAChannel) {
    findings.Error("SHARED_MEMORY_FULL",
                   absl::StrCat("there are ", Megabytes(free), " left in ", kShared, ", and a channel takes ",
                                Megabytes(kSharedOfAChannel),
                                ": make it larger (mount -o remount,size=…, docker run --shm-size=1g)"));
  } else {
    findings.Fine(absl::StrCat("there is shared memory for about ", free / kSharedOfAChannel, " channels"));
  }
}

void CheckClock(Instant machine_now, int ntp_state, int ntp_status, Findings& findings) {
  if (machine_now < kBuiltAfter) {
    findings.Error("CLOCK_WRONG", absl::StrCat("the machine's clock shows ", ToRfc3339(machine_now),
                                               ": set it, it decides what is on (timedatectl set-ntp true)"));
  } else if (ntp_state == TIME_ERROR || (ntp_status & STA_UNSYNC) != 0) {
    findings.Warn("CLOCK_UNSYNCED",
                  "no time service keeps the machine's clock: guides of other machines will drift away from "
                  "what is on (timedatectl set-ntp true)");
  } else {
    findings.Fine("a time service keeps the clock");
  }
}

void CheckClock(Findings& findings) {
  timex answer = {};  // modes 0: it is asked, and not set
  const int state = ntp_adjtime(&answer);
  CheckClock(FromUtcMs(air::SystemClock().UtcNow().value()), state, answer.status, findings);
}

void CheckNetwork(const Home& home, Findings& findings) {
  const std::optional<RunningNetwork> network = NetworkOf(home.LockPath());
  if (network) {
    const absl::StatusOr<std::string> page = FetchPage(network->control, kStatusPath, kStatusLimit);
    if (page.ok()) {
      findings.Fine(absl::StrCat("the network runs: ", StatusLine(*page)));
    } else {
      findings.Error("DIRECTOR_AWAY", absl::StrCat("the network runs, but its director does not answer: see ",
                                                   home.LogPath()));
    }
    return;
  }
  findings.Fine("no network runs on this home: retrovue start runs it");
  const RunningOptions usual;
  for (const auto& [address, option] :
       {std::pair(usual.http, std::string("--http")), std::pair(usual.control, std::string("--control"))}) {
    if (const auto bound = ListenOn(address, option); !bound.ok())
      findings.Warn(CodeOf(bound.status()), std::string(bound.status().message()));
  }
}

}  // namespace retrovue::cli

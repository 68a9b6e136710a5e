// Sandbox: what a decoder may still do once it has its asset open. The decoder closes the sandbox before it reads the first
// byte of the asset, because a hostile file attacks the code that probes it first. From then on the decoder can
// read what is open, compute, write its own ring and talk to its supervisor over the link. A decoder that was taken over can
// put wrong pictures into its own ring and say untrue things over the link: the supervisor bounds what it says in
// number and length (supervisor/process/stage_process.cpp) and believes no count of units beyond what the ring holds.
//
//   files         none can be opened, looked for, changed or removed: EACCES, because libraries look for
//                 locale and time zone data and do well without
//   descriptors   written only to stdout and stderr; none is made but by the link
//   memory        at most kDecoderDataBytes of it; none is ever executable that was not before
//   processes     threads of its own and no other process; signals to itself alone. A filter cannot count: the
//                 supervisor kills a decoder of more than 256 threads (StageProcess::HasTooManyThreads)
//   intrusions    to execute, to trace, to signal or to look into another process is nothing a decoder does
//                 by mistake: it is killed at once (SIGSYS), before it puts another picture into its ring
//
// A seccomp filter on all threads, no new privileges, RLIMIT_DATA. Needs no privilege and takes none for
// granted: root is confined the same. There is no limit on processor time, for a segment may last for days:
// one that computes and delivers nothing is ended by its deadlines (supervisor/process/phase_deadlines.h).
//
// In a sanitizer's build RLIMIT_DATA is left out (their shadow memory alone is terabytes); what kills here is
// refused there with EACCES, since their reports start a symbolizer; and pipes may be made and written, which
// is how they find out whether memory can be read.
#pragma once

#include <cstdint>

#include "absl/status/status.h"

namespace air {

// This is a sanitizer's build: see above.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

// Private writable memory: heap, stacks, FFmpeg's frames. The ring is not counted.
inline constexpr uint64_t kDecoderDataBytes = uint64_t{2} << 30;

// Closes the sandbox around every thread of this process, for good. Errors: Unavailable, naming the system's
// reason: such a process must not touch an asset.
absl::Status LockIn();

}  // namespace air

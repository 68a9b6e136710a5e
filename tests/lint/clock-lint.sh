#!/bin/bash
# Contract: MasterClock alone reads a system clock. Everything else is told the time, so that a test can tell it another.
set -euo pipefail
cd "${1:-.}"

reads='clock_gettime|clock_nanosleep|gettimeofday|timespec_get|_clock::now|absl::Now\(|\btime\((nullptr|NULL|0|&)'
found=$(find base media stream shm link plans stages supervisor core/model core/schedule core/planning -name '*.cpp' -o -name '*.h' -o -name '*.inc' |
  grep -v '^base/master_clock\.cpp$' |
  while read -r file; do
    # What a comment or a string says about a clock is not a call.
    sed -E 's#"[^"]*"##g; s#//.*##' "$file" | grep -nE "$reads" | sed "s#^#$file:#" || true
  done)
if [[ -n $found ]]; then
  echo "Only base/master_clock.cpp may read a system clock:" >&2
  echo "$found" >&2
  exit 1
fi

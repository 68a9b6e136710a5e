#!/bin/bash
# The source is formatted as .clang-format says.
set -euo pipefail
cd "${1:-.}"
if ! command -v clang-format >/dev/null; then
  echo "clang-format is not installed (scripts/install-packages): nothing was checked" >&2
  exit 1
fi
find base bench client core ctl evidence link media plans shm stages stream supervisor tests \( -name '*.cpp' -o -name '*.h' \) -print0 |
  xargs -0 clang-format --dry-run -Werror

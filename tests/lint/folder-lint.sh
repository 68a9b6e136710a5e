#!/bin/bash
# Contract: a folder is a room. What a file may include follows from where it stands.
set -euo pipefail
cd "${1:-.}"

# room: the folders its files may include from
rooms="
base:             base
shm:              shm base
link:             link shm base protos
format:           format shm base protos
stages/decoder:   stages/decoder link shm base protos
stages/selector:  stages/selector link shm base protos
stages/encoder:   stages/encoder link shm base protos
supervisor:       supervisor format link shm base protos
protos:           protos base
ctl:              ctl format base protos
core:             core base protos
"
# Rooms whose programs must stay free of a library: the selector starts in milliseconds, the supervisor touches no frame.
no_ffmpeg="base shm link format stages/selector supervisor protos ctl"
no_grpc="base shm link format stages/decoder stages/selector stages/encoder"

bad=0
complain() {
  echo "$1" >&2
  bad=1
}
sources() { find "$1" -name '*.cpp' -o -name '*.h' -o -name '*.inc'; }

while IFS=: read -r room allowed; do
  [[ -n $room ]] || continue
  pattern="^($(xargs <<<"$allowed" | sed 's/ /|/g'))/"
  while IFS=: read -r file line include; do
    path=$(sed -E 's/.*"([^"]*)".*/\1/' <<<"$include")
    [[ -d ${path%%/*} ]] || continue  # a library's
    [[ $path =~ $pattern ]] || complain "$file:$line: $room may not include $path (only from $(xargs <<<"$allowed"))"
  done < <(sources "$room" | xargs -r grep -HnE '^ *# *include +"' || true)
done <<<"$rooms"

for room in $no_ffmpeg; do
  while read -r hit; do complain "$hit: $room does without FFmpeg"; done \
    < <(sources "$room" | xargs -r grep -HnE '^ *# *include +[<"]lib(av|sw)' || true)
done
for room in $no_grpc; do
  while read -r hit; do complain "$hit: $room does without gRPC"; done \
    < <(sources "$room" | xargs -r grep -HnE '^ *# *include +[<"](grpc|protos/.*\.grpc\.pb\.h)' || true)
done
exit "$bad"

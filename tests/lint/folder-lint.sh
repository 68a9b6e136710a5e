#!/bin/bash
# Contract: a folder is a room. What a file may include follows from where it stands.
set -euo pipefail
cd "${1:-.}"

# room: the folders its files may include from
rooms="
shm:              shm
link:             link shm protos
net:              net
format:           format shm protos
stages/decoder:   stages/decoder link shm protos
stages/selector:  stages/selector link shm protos
stages/encoder:   stages/encoder link shm protos
supervisor:       supervisor format link net shm protos
protos:           protos
ctl:              ctl format protos
core:             core protos
"
# Rooms whose programs must stay free of a library: the selector starts in milliseconds, the supervisor touches no frame.
no_ffmpeg="shm link net format stages/selector supervisor protos ctl"
no_grpc="shm link net format stages/decoder stages/selector stages/encoder"

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

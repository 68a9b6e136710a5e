#!/bin/bash
# Contract: a folder is a room. What a file may include follows from where it stands.
set -euo pipefail
cd "${1:-.}"

# room: the folders its files may include from
rooms="
shm:              shm
link:             link shm protos
format:           format shm protos
stages/decoder:   stages/decoder link shm protos
stages/selector:  stages/selector link shm protos
stages/encoder:   stages/encoder link shm protos
supervisor:       supervisor format link shm protos
protos:           protos
ctl:              ctl format protos
core:             core protos
core/model:       core/model
core/schedule:    core/schedule core/model
"
# Rooms whose programs must stay free of a library: the selector starts in milliseconds, the supervisor touches no frame.
no_ffmpeg="shm link format stages/selector supervisor protos ctl core/model core/schedule"
no_grpc="shm link format stages/decoder stages/selector stages/encoder core/model core/schedule"
# The one room that may speak SQL.
sql_room="core/store"

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
while read -r hit; do complain "$hit: only $sql_room includes a database"; done \
  < <(sources . | grep -vE "^./($sql_room|build[^/]*)/" |
      xargs -r grep -HnE '^ *# *include +[<"](soci|sqlite3|libpq|postgresql/|pqxx)' || true)
exit "$bad"

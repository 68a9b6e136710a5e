#!/bin/bash
# Contract: a folder is a room. What a file may include follows from where it stands.
set -euo pipefail
cd "${1:-.}"

# ROOM: the rooms its files may include from, beside its own. A room is a folder without those in it, or one file.
# A room uses only rooms that stand above it here, so that there is no circle.
rooms="
protos:
base:
media:                       base
shm:                         base media
stream:                      base media shm
link:                        base protos
plans:                       base media stream protos
evidence:                    base protos
net:                         base
client:                      base
web:

stages/decoder:              base media
stages/decoder/pattern:      base media stages/decoder
stages/decoder/media:        base media stages/decoder
stages/decoder/picture:      base media stages/decoder stages/decoder/media
stages/decoder/sound:        base media stages/decoder stages/decoder/media
stages/decoder/file:         base media shm stages/decoder stages/decoder/media stages/decoder/picture stages/decoder/sound
stages/decoder/dress:        base media protos stages/decoder/pattern stages/decoder/media stages/decoder/picture stages/decoder/file
stages/decoder/program:      base media shm link protos stages/decoder stages/decoder/pattern stages/decoder/file stages/decoder/dress
stages/decoder/main.cpp:     base media stages/decoder/program

stages/selector:             base media shm link protos

stages/encoder/ts:           base media shm stream
stages/encoder/send:         base media shm stream stages/encoder/ts
stages/encoder/codec:        base media stream
stages/encoder/sink:         base media shm stream stages/encoder/ts stages/encoder/codec
stages/encoder:              base media shm stream link protos stages/encoder/send stages/encoder/sink

supervisor/loop:             base
supervisor/process:          base media shm link protos supervisor/loop
supervisor/memory:           base media shm stream
supervisor/handover:         base protos supervisor/loop supervisor/process
supervisor/plan:             base media shm protos plans
supervisor/playout:          base media shm protos supervisor/loop supervisor/process supervisor/memory supervisor/handover supervisor/plan
supervisor/output:           base media shm net protos plans supervisor/loop supervisor/process supervisor/memory supervisor/handover
supervisor/evidence:         base media shm protos evidence supervisor/plan
supervisor/session:          base media shm protos plans supervisor/loop supervisor/process supervisor/memory supervisor/handover supervisor/plan supervisor/playout supervisor/evidence
supervisor/metrics:          base media shm net supervisor/process supervisor/evidence supervisor/session
supervisor/control:          base media shm net protos plans supervisor/loop supervisor/process supervisor/memory supervisor/handover supervisor/plan supervisor/output supervisor/session supervisor/metrics
supervisor:                  base media net supervisor/loop supervisor/memory supervisor/handover supervisor/metrics supervisor/control

ctl:                         base net protos plans evidence client
core/model:
core/schedule:               core/model
core/guide:                  core/model
core/store:                  core/model
core/planning:               core/model core/schedule core/store
core/ingest/probe:           base protos stages/decoder/media stages/decoder/program
core/ingest:                 base protos core/model core/store
core/demo:                   base media core/model core/store core/ingest stages/decoder/pattern
core/home:
core/link:                   base link protos core/model
core/channel:                base net link protos core/model core/link
core/director/http:          base net core/model
core/director/decisions:     core/model core/schedule core/director/http
core/director/data:          core/model core/schedule core/guide core/store core/planning core/director/decisions
core/director/evidence:      base protos core/model core/director/data
core/director/channels:      base core/model core/link core/director/decisions
core/director/pages:         base core/model core/director/http
core/director:               base net web core/model core/schedule core/guide core/home core/link core/director/http core/director/decisions core/director/data core/director/evidence core/director/channels core/director/pages
core/cli/frame:              base core/model core/home core/store core/planning
core/cli/guardian:           base net core/model core/home core/cli/frame
core/cli/nouns:              base core/model core/schedule core/guide core/store core/planning core/ingest core/demo core/home core/cli/frame core/cli/guardian
core/cli:                    base core/cli/frame core/cli/nouns
"
# Libraries that only these rooms may use: the selector starts in milliseconds, the supervisor touches no frame, and gRPC is
# where calls come in or go out.
ffmpeg="stages/decoder/media stages/decoder/picture stages/decoder/sound stages/decoder/file stages/decoder/dress
        stages/decoder/program stages/encoder/codec stages/encoder/sink stages/encoder core/ingest/probe"
grpc="supervisor/control supervisor/evidence ctl core/channel core/director/evidence"
sql="core/store"

bad=0
complain() {
  echo "$1" >&2
  bad=1
}
stands_in() { [[ " ${2//$'\n'/ } " == *" $1 "* ]]; }

# The sources of a room: those in the folder itself that are no room of their own.
sources() {
  if [[ -f $1 ]]; then
    echo "$1"
  else
    find "$1" -maxdepth 1 \( -name '*.cpp' -o -name '*.h' -o -name '*.inc' \) | while read -r file; do
      stands_in "$file" "$names" || echo "$file"
    done
  fi
}
includes() { xargs -r grep -HnE "^ *# *include +$1" || true; }

names=$(grep -oE '^[^:]+' <<<"$rooms")
above=""
while IFS=: read -r room allowed; do
  [[ -n $room ]] || continue
  [[ -e $room ]] || complain "$room: no such room; take it off the list"
  for other in $allowed; do
    stands_in "$other" "$above" || complain "$room may not use $other, which stands below it or nowhere"
  done
  above+=" $room"
  while IFS=: read -r file line include; do
    path=${include#*\"}
    path=${path%%\"*}
    [[ -d ${path%%/*} ]] || continue  # a library's
    stands_in "${path%/*}" "$room $allowed" ||
      complain "$file:$line: $room may not include $path (only from $room$allowed)"
  done < <(sources "$room" | includes '"')
  stands_in "$room" "$ffmpeg" ||
    while read -r hit; do complain "$hit: $room does without FFmpeg"; done < <(sources "$room" | includes '[<"]lib(av|sw)')
  stands_in "$room" "$grpc" ||
    while read -r hit; do complain "$hit: $room does without gRPC"; done \
      < <(sources "$room" | includes '[<"](grpc|protos/.*\.grpc\.pb\.h)')
  stands_in "$room" "$sql" ||
    while read -r hit; do complain "$hit: $room does without a database"; done \
      < <(sources "$room" | includes '[<"](soci|sqlite3|libpq|postgresql/|pqxx)')
done <<<"$rooms"

# Every folder of the product is a room.
while read -r folder; do
  stands_in "$folder" "$names" || complain "$folder: no room; give it a line in $0"
done < <(find . \( -path './build*' -o -path ./tests -o -path ./bench -o -path './.*' \) -prune -o \
              \( -name '*.cpp' -o -name '*.h' -o -name '*.inc' \) -printf '%h\n' | sed 's#^\./##' | sort -u)
exit "$bad"

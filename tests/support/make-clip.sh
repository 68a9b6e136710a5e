#!/bin/sh
# Makes a test clip: the moving test picture with its counter strip, flash and beep, coded by the ffmpeg command.
#
#   make-clip.sh OUT SIZE RATE SECONDS CLIP [FFMPEG-ARGUMENT...]
#   make-clip.sh a.mp4 640x360 30000/1001 10 3
#   make-clip.sh b.mkv 1280x720 25 10 4 -c:v libx265 -c:a libopus
#
# Further arguments go to ffmpeg behind the defaults, so they win. AIR_PATTERN names the air-pattern program when it is
# neither in build/bin of this source tree nor in PATH.
set -eu

if [ $# -lt 5 ]; then
  sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
out=$1 size=$2 rate=$3 seconds=$4 clip=$5
shift 5

built=$(dirname "$0")/../../build/bin/air-pattern
if [ -z "${AIR_PATTERN:-}" ]; then
  if [ -x "$built" ]; then AIR_PATTERN=$built; else AIR_PATTERN=air-pattern; fi
fi
case ${size#*x} in
  [1-6]?? | 7[01]? | ??) colour=smpte170m ;;  # below 720 lines BT.601, as the picture was drawn
  *) colour=bt709 ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
pattern() { "$AIR_PATTERN" --size "$size" --rate "$rate" --seconds "$seconds" --clip "$clip" "$@"; }

pattern --wav "$work/sound.wav"
pattern --y4m - | ffmpeg -hide_banner -v error -y -f yuv4mpegpipe -i - -i "$work/sound.wav" \
  -c:v libx264 -preset veryfast -crf 20 -g 60 -pix_fmt yuv420p \
  -color_range tv -colorspace "$colour" -color_primaries "$colour" -color_trc "$colour" \
  -c:a aac -b:a 160k "$@" "$out"

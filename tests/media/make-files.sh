#!/bin/sh
# A folder with files of many kinds, whole and broken, for tests that need no others: make-files.sh FOLDER
set -eu
cd "$1"
ff() { ffmpeg -nostdin -v error -y "$@"; }
picture="-f lavfi -i testsrc2=s=320x240:r=25:d=4"
sound="-f lavfi -i sine=440:d=4:r=48000"
# shellcheck disable=SC2086  # two words each
{
  ff $picture $sound -c:v libx264 -preset superfast -g 50 -c:a aac film.mp4
  ff $picture $sound -c:v mpeg2video -c:a mp2 capture.ts
  ff $picture $sound -c:v mpeg4 -c:a mp3 -q:a 5 old.avi
  ff $picture $sound -c:v libvpx -deadline realtime -c:a libopus web.webm
  ff $picture $sound -c:v libx265 -preset ultrafast -x265-params log-level=none -c:a flac anime.mkv
  ff $sound -c:a libvorbis music.ogg
  ff $sound -c:a pcm_s24le speech.wav
  ff $picture -frames:v 1 still.png
  ff $picture -frames:v 1 photo.jpg
}
head -c 60000 film.mp4 >cut.mp4
head -c 50000 capture.ts >cut.ts
: >empty.mp4
echo "This is not a film." >text.mp4
head -c 100000 /dev/urandom >noise.ts
printf '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n%s/capture.ts\n#EXT-X-ENDLIST\n' "$PWD" >playlist.m3u8
mkfifo pipe.mp4
ln -s /dev/zero device.mp4
ln -s /etc/passwd outside.mp4
ln -s film.mp4 link.mp4

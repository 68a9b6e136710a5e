// AssetFile: the one file a decoder reads, as an AVIOContext over an already open descriptor. FFmpeg never
// opens anything itself: not the asset, and above all not what a playlist, a reference movie or a concat
// script inside the asset names (see Demuxer, which denies every further open).
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "shm/unique_fd.h"
#include "stages/decoder/ffmpeg_ptr.h"

namespace air {

class AssetFile {
 public:
  // `path` must name a regular, readable, non-empty file. Errors, each naming the path: NotFound (missing, or
  // a URL), PermissionDenied, InvalidArgument (directory, FIFO, device, socket, empty file), Unavailable (any
  // other errno). Never blocks on a FIFO.
  static absl::StatusOr<std::unique_ptr<AssetFile>> Open(const std::string& path);

  // Over a descriptor that is known to be a readable regular file; `path` only names it in messages.
  AssetFile(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  AssetFile(const AssetFile&) = delete;
  AssetFile& operator=(const AssetFile&) = delete;

  // A fresh AVIOContext at byte 0. The one before is invalid from then on: all share the descriptor's
  // position.
  absl::StatusOr<AvIoPtr> NewIo();
  const std::string& path() const { return path_; }

 private:
  static int ReadPacket(void* self, uint8_t* buffer, int size);
  static int64_t Seek(void* self, int64_t offset, int whence);

  std::string path_;
  UniqueFd fd_;
};

}  // namespace air

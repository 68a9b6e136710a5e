// AssetFile: the one file a decoder reads, as an AVIOContext over an already open descriptor. FFmpeg never
// opens anything itself: not the asset, and above all not what a playlist, a reference movie or a concat
// script inside the asset names (see Demuxer, which denies every further open).
//
// Opening it is the last thing a decoder does before its sandbox closes; not a byte of it is read here.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "stages/decoder/media/ffmpeg_ptr.h"

namespace air {

class AssetFile {
 public:
  // `path` must name a regular, readable, non-empty file that, with every symbolic link followed, lies under
  // one of the `roots` (none: anywhere). What is checked is the file that was opened, whatever becomes of its
  // name meanwhile; a device or a FIFO is looked at and not opened. Errors, each naming the path:
  //   PermissionDenied    AIR does not play such a thing: outside every root, a URL, a directory, a device, a
  //                       FIFO, a socket
  //   NotFound            nothing has that name
  //   FailedPrecondition  this user may not read it
  //   InvalidArgument     it is empty
  //   Unavailable         any other errno
  static absl::StatusOr<std::unique_ptr<AssetFile>> Open(const std::string& path,
                                                         std::span<const std::string> roots = {});

  // Over a descriptor that is known to be a readable regular file; `path` only names it in messages.
  AssetFile(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  AssetFile(const AssetFile&) = delete;
  AssetFile& operator=(const AssetFile&) = delete;

  // A fresh AVIOContext at byte 0. The one before is invalid from then on: all share the descriptor's
  // position.
  absl::StatusOr<AvIoPtr> NewIo();
  // Called whenever something was read.
  void OnRead(std::function<void()> on_read) { on_read_ = std::move(on_read); }
  const std::string& path() const { return path_; }

 private:
  static int ReadPacket(void* self, uint8_t* buffer, int size);
  static int64_t Seek(void* self, int64_t offset, int whence);

  std::string path_;
  UniqueFd fd_;
  std::function<void()> on_read_ = [] {};
};

}  // namespace air

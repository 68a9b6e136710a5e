// The folder that holds AIR's sockets and log while the channel runs.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace air {

class RuntimeFolder {
 public:
  // `wanted` empty: a new folder under $XDG_RUNTIME_DIR or /tmp, removed at the end. Otherwise that one, made
  // if need be, and left alone at the end.
  static absl::StatusOr<std::unique_ptr<RuntimeFolder>> Prepare(const std::string& wanted);
  ~RuntimeFolder();
  RuntimeFolder(const RuntimeFolder&) = delete;
  RuntimeFolder& operator=(const RuntimeFolder&) = delete;

  // Absolute.
  const std::string& path() const { return path_; }
  // Somebody will want to read the log.
  void Keep() { temporary_ = false; }

 private:
  RuntimeFolder(std::string path, bool temporary) : path_(std::move(path)), temporary_(temporary) {}

  const std::string path_;
  bool temporary_;
};

}  // namespace air

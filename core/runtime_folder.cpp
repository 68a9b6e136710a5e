#include "core/runtime_folder.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"

namespace air {

absl::StatusOr<std::unique_ptr<RuntimeFolder>> RuntimeFolder::Prepare(const std::string& wanted) {
  if (wanted.empty()) {
    const char* base = std::getenv("XDG_RUNTIME_DIR");
    std::string path = absl::StrCat(base != nullptr && *base != '\0' ? base : "/tmp", "/air-XXXXXX");
    if (mkdtemp(path.data()) == nullptr) {
      return absl::UnavailableError(
          absl::StrCat("cannot make a runtime folder ", path, ": ", std::strerror(errno)));
    }
    return std::unique_ptr<RuntimeFolder>(new RuntimeFolder(path, true));
  }
  std::error_code error;
  const std::filesystem::path path = std::filesystem::absolute(wanted);
  if (!std::filesystem::is_directory(path)) {
    std::filesystem::create_directories(path, error);
    if (!error) chmod(path.c_str(), 0700);  // what is said on the sockets in it concerns nobody else
  }
  if (error) return absl::InvalidArgumentError(absl::StrCat("--runtime-dir ", wanted, ": ", error.message()));
  return std::unique_ptr<RuntimeFolder>(new RuntimeFolder(path.string(), false));
}

RuntimeFolder::~RuntimeFolder() {
  if (!temporary_) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace air

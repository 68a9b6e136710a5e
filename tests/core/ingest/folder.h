// A folder of its own for one test, gone when the test is.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

namespace retrovue {

class Folder {
 public:
  Folder() {
    std::string name = testing::TempDir() + "retrovue-ingest-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::string& path() const { return path_; }

  // Makes the file, and the folders above it.
  std::string Put(const std::string& name, const std::string& content = "what") {
    const std::filesystem::path file = path_ + "/" + name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }
  void Link(const std::string& name, const std::string& target) {
    std::filesystem::create_symlink(target, path_ + "/" + name);
  }
  void Move(const std::string& from, const std::string& to) {
    std::filesystem::create_directories(std::filesystem::path(path_ + "/" + to).parent_path());
    std::filesystem::rename(path_ + "/" + from, path_ + "/" + to);
  }
  void Remove(const std::string& name) { std::filesystem::remove_all(path_ + "/" + name); }
  // Another time of its last change.
  void Touch(const std::string& name, int seconds = 60) {
    const std::filesystem::path file = path_ + "/" + name;
    std::filesystem::last_write_time(file,
                                     std::filesystem::last_write_time(file) + std::chrono::seconds(seconds));
  }

 private:
  std::string path_;
};

}  // namespace retrovue

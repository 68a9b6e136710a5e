// The source tree the running test was built of: its folder of programs stands in it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace retrovue::cli {

inline std::filesystem::path SourceTree() {
  std::filesystem::path folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  while (folder.has_relative_path() && !std::filesystem::exists(folder / "core/cli/main.cpp"))
    folder = folder.parent_path();
  EXPECT_TRUE(folder.has_relative_path()) << "the programs do not stand in a source tree";
  return folder;
}

// All of a file; empty if it cannot be read.
inline std::string Content(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace retrovue::cli

// Files that can be played, made by hand.
#pragma once

#include <filesystem>
#include <string>

namespace retrovue {

// Raw pictures of 16 x 16 at a rate such as "25:1". `shade` makes files differ.
inline std::string Pictures(const std::string& rate, int count, char shade = '\x80') {
  std::string file = "YUV4MPEG2 W16 H16 F" + rate + " Ip C420mpeg2\n";
  for (int i = 0; i < count; ++i) file += "FRAME\n" + std::string(16 * 16 * 3 / 2, shade);
  return file;
}

inline std::string ProgramBesideTest(const std::string& name) {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / name).string();
}

}  // namespace retrovue

#include "tests/media/mutator.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace air::media {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLargestFile = size_t{8} << 20;
constexpr size_t kHeaderBytes = 4096;

}  // namespace

Mutator::Mutator(unsigned seed, const std::vector<std::string>& paths) : random_(seed) {
  for (const std::string& path : paths) {
    std::error_code error;
    const auto size = fs::is_regular_file(path) ? fs::file_size(path, error) : 0;
    if (error || size < 64 || size > kLargestFile) continue;
    std::ifstream file(path, std::ios::binary);
    originals_.push_back({fs::path(path).filename().string(),
                          {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()}});
  }
}

std::string Mutator::Next(const std::string& folder) {
  const auto& [name, bytes] = originals_[Below(originals_.size())];
  std::string mutated = bytes;
  for (size_t times = 1 + Below(3); times > 0 && mutated.size() > 64; --times) Mutate(mutated);
  const std::string path = absl::StrCat(folder, "/", ++made_, "-", name);
  std::ofstream(path, std::ios::binary) << mutated;
  return path;
}

void Mutator::Mutate(std::string& bytes) {
  const size_t at = Below(bytes.size());
  const size_t length = std::min(bytes.size() - at, size_t{1} + Below(size_t{1} << Below(17)));
  switch (Below(8)) {
    case 0:  // bits here and there
      for (size_t n = 1 + Below(200); n > 0; --n)
        bytes[Below(bytes.size())] ^= static_cast<char>(1 << Below(8));
      break;
    case 1:  // bits of the header
      for (size_t n = 1 + Below(20); n > 0; --n)
        bytes[Below(std::min(bytes.size(), kHeaderBytes))] ^= static_cast<char>(1 << Below(8));
      break;
    case 2:  // a number somewhere near the beginning, or the end, where indices are
      Number(bytes, Below(2) == 0 ? Below(std::min(bytes.size(), kHeaderBytes))
                                  : bytes.size() - 1 - Below(std::min(bytes.size(), kHeaderBytes)));
      break;
    case 3:
      bytes.resize(at + 1);
      break;
    case 4:
      bytes.erase(at, length);
      break;
    case 5:
      bytes.insert(at, bytes.substr(Below(bytes.size()), length));
      break;
    case 6:
      std::fill_n(bytes.begin() + static_cast<ptrdiff_t>(at), length, Below(2) == 0 ? '\0' : '\xff');
      break;
    default: {  // a piece of another file
      const std::string& other = originals_[Below(originals_.size())].second;
      bytes.replace(at, length, other.substr(Below(other.size()), length));
    }
  }
}

void Mutator::Number(std::string& bytes, size_t at) {
  const uint64_t values[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffffffff, random_()};
  const uint64_t value = values[Below(std::size(values))];
  const size_t width = size_t{1} << Below(4);
  for (size_t i = 0; i < width && at + i < bytes.size(); ++i)
    bytes[at + i] = static_cast<char>(value >> 8 * (width - 1 - i));
}

}  // namespace air::media

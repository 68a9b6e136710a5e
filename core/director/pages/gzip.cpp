#include "core/director/pages/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

namespace retrovue {
namespace {

constexpr int kGzipWindow = MAX_WBITS + 16;  // zlib's way to say gzip
constexpr int kLevel = 6;
constexpr int kMemory = 8;
constexpr std::size_t kStep = 64 * 1024;

Bytef* Bytes(const char* text) { return reinterpret_cast<Bytef*>(const_cast<char*>(text)); }

// zlib counts in 32 bits.
uInt Portion(std::size_t left) {
  return static_cast<uInt>(std::min<std::size_t>(left, std::numeric_limits<uInt>::max()));
}

}  // namespace

std::string Gzip(absl::string_view text) {
  z_stream stream{};
  if (deflateInit2(&stream, kLevel, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
  std::string packed;
  std::size_t at = 0;
  int result = Z_OK;
  while (result != Z_STREAM_END) {
    if (stream.avail_in == 0) {
      stream.next_in = Bytes(text.data() + at);
      stream.avail_in = Portion(text.size() - at);
      at += stream.avail_in;
    }
    const std::size_t before = packed.size();
    packed.resize(before + kStep);
    stream.next_out = Bytes(packed.data() + before);
    stream.avail_out = kStep;
    result = deflate(&stream, at == text.size() ? Z_FINISH : Z_NO_FLUSH);
    packed.resize(packed.size() - stream.avail_out);
  }
  deflateEnd(&stream);
  return packed;
}

absl::StatusOr<std::string> Gunzip(absl::string_view packed, std::size_t most) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) throw std::bad_alloc();
  std::string text;
  int result = Z_OK;
  std::size_t at = 0;
  while (result == Z_OK && text.size() <= most) {
    if (stream.avail_in == 0) {
      if (at == packed.size()) break;
      stream.next_in = Bytes(packed.data() + at);
      stream.avail_in = Portion(packed.size() - at);
      at += stream.avail_in;
    }
    const std::size_t before = text.size();
    text.resize(before + kStep);
    stream.next_out = Bytes(text.data() + before);
    stream.avail_out = kStep;
    result = inflate(&stream, Z_NO_FLUSH);
    text.resize(text.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (result != Z_STREAM_END || text.size() > most)
    return absl::DataLossError("this is no gzip, or too much of it");
  return text;
}

}  // namespace retrovue

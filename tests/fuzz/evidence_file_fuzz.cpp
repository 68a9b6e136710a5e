// A file of evidence that another process, a killed one or a full disk left behind.
//
// The rule: what is read is what can be written again: the whole frames at its beginning.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/unique_fd.h"
#include "evidence/evidence_files.h"
#include "tests/fuzz/fuzz_input.h"

namespace air {
namespace {

EvidenceFile Read(const std::string& bytes) {
  const UniqueFd file(memfd_create("evidence", MFD_CLOEXEC));
  Require(write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  return ReadEvidenceFile("/proc/self/fd/" + std::to_string(file.get()));
}

// As the input is, and as frames: a checksum is not something a fuzzer guesses.
void Run(FuzzInput input) {
  const bool framed = input.Take<uint8_t>() % 2 == 0;
  std::string bytes;
  size_t frames = 0;
  if (framed) {
    while (!input.is_empty()) {
      const std::span<const uint8_t> message = input.TakeBytes(input.Take<uint8_t>());
      evidence::Record record;
      if (!record.ParseFromArray(message.data(), static_cast<int>(message.size()))) continue;
      bytes += EncodeEvidenceFrame(record);
      ++frames;
    }
  } else {
    bytes = input.TakeRest();
  }
  const EvidenceFile file = Read(bytes);
  Require(file.good_bytes <= bytes.size());
  if (framed) Require(file.records.size() == frames && file.good_bytes == bytes.size());
}

}  // namespace
}  // namespace air

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  air::Run(air::FuzzInput(data, size));
  return 0;
}

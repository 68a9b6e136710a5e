// Messages on the link between the supervisor and its stages: a hijacked decoder sends what it likes.
//
// The rule: what does not parse is refused, and descriptors are given out only where names and counts add up.
#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "link/kept_descriptors.h"
#include "protos/stage.pb.h"
#include "tests/fuzz/fuzz_input.h"

namespace air {
namespace {

void Run(FuzzInput input) {
  std::vector<UniqueFd> fds;
  for (int i = input.Take<uint8_t>() % 8; i > 0; --i)
    fds.emplace_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const size_t sent = fds.size();
  const std::string bytes = input.TakeRest();

  stage::FromStage from_stage;
  if (from_stage.ParseFromString(bytes)) {
    Require(from_stage.ByteSizeLong() <= 2 * bytes.size());
    size_t given = 0;
    for (const auto& [name, items] : KeptDescriptors::Unpack(from_stage.kept(), std::move(fds))) {
      given += items.size();
    }
    Require(given <= sent);
  }
  stage::ToStage to_stage;
  if (to_stage.ParseFromString(bytes)) {
    KeptDescriptors kept;
    kept.Keep(to_stage.keep().name(), {});
    stage::Kept list;
    Require(kept.List(list).empty());
    kept.Drop(to_stage.drop().name());
  }
}

}  // namespace
}  // namespace air

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  air::Run(air::FuzzInput(data, size));
  return 0;
}

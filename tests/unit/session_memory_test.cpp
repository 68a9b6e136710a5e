// Journals in a session's shared memory: refused when there is no room for one.
#include "supervisor/memory/session_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace air {
namespace {

using ::testing::HasSubstr;

class Journals : public ::testing::Test {
 protected:
  Journals()
      : memory_(*SessionMemory::Create({.facts = {.session_id = RandomId(),
                                                  .format = {.width = 64, .height = 36, .rate = {25, 1}},
                                                  .channel_id = 1},
                                        .decoder_rings = 1,
                                        .ring_seconds = 0.5})) {}
  size_t Names() const { return ListNamedSegments(memory_->prefix() + ".journal-").size(); }

  std::unique_ptr<SessionMemory> memory_;
};

TEST_F(Journals, AreRefusedInWordsWhenThereIsNoMemory) {
  const JournalGeometry vast{.packet_capacity = uint32_t{1} << 31};  // some 400 GB
  const absl::StatusOr<SharedSegment> none = memory_->CreateJournal(1, vast);
  EXPECT_TRUE(absl::IsResourceExhausted(none.status())) << none.status();
  EXPECT_THAT(std::string(none.status().message()), HasSubstr("MB of shared memory, /dev/shm has"));
  EXPECT_EQ(Names(), 0u);
}

}  // namespace
}  // namespace air

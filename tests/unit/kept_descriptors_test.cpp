// Second copies of descriptors, kept for a process that may be killed.
#include "link/kept_descriptors.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link/seqpacket.h"

namespace air {
namespace {

std::vector<UniqueFd> Pipe() {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  std::vector<UniqueFd> fds;
  fds.emplace_back(ends[0]);
  fds.emplace_back(ends[1]);
  return fds;
}

// Over a real link and back.
std::map<std::string, std::vector<UniqueFd>> GivenBack(const KeptDescriptors& keeper) {
  int link[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, link), 0);
  const UniqueFd here(link[0]), there(link[1]);
  stage::Kept kept;
  const std::vector<int> all = keeper.List(kept);
  EXPECT_TRUE(SendMessage(here.get(), kept.SerializeAsString() + " ", all).ok());
  absl::StatusOr<SeqpacketMessage> message = ReceiveMessage(there.get());
  EXPECT_TRUE(message.ok());
  return KeptDescriptors::Unpack(kept, std::move(message->fds));
}

TEST(KeptDescriptors, KeepsTheOtherEndOpenAndGivesItBack) {
  std::vector<UniqueFd> pipe = Pipe();
  UniqueFd reader(dup(pipe[0].get()));
  KeptDescriptors keeper;
  std::vector<UniqueFd> write_end;
  write_end.push_back(std::move(pipe[1]));
  keeper.Keep("sink-1", std::move(write_end));
  std::map<std::string, std::vector<UniqueFd>> back = GivenBack(keeper);
  ASSERT_EQ(back["sink-1"].size(), 1u);
  ASSERT_EQ(write(back["sink-1"][0].get(), "x", 1), 1);
  back.clear();
  char c = 0;
  EXPECT_EQ(read(reader.get(), &c, 1), 1);
  keeper.Drop("sink-1");
  EXPECT_EQ(read(reader.get(), &c, 1), 0) << "the last copy is closed with the drop";
}

TEST(KeptDescriptors, GivesEveryNameItsOwnInTheirOrder) {
  KeptDescriptors keeper;
  keeper.Keep("b", Pipe());
  keeper.Keep("a", Pipe());
  keeper.Keep("b", Pipe());  // in place of the first
  std::map<std::string, std::vector<UniqueFd>> back = GivenBack(keeper);
  ASSERT_EQ(back.size(), 2u);
  for (const char* name : {"a", "b"}) {
    ASSERT_EQ(back[name].size(), 2u);
    EXPECT_EQ(write(back[name][1].get(), name, 1), 1);
    char c = 0;
    EXPECT_EQ(read(back[name][0].get(), &c, 1), 1);
    EXPECT_EQ(c, *name);
  }
}

TEST(KeptDescriptors, KeepsNoMoreThanOneMessageCanGiveBack) {
  KeptDescriptors keeper;
  for (size_t i = 0; i < kMaxMessageFds; ++i) keeper.Keep("pipe-" + std::to_string(i), Pipe());
  EXPECT_EQ(keeper.size(), kMaxMessageFds);
  EXPECT_EQ(GivenBack(keeper).size(), kMaxMessageFds / 2);
}

TEST(KeptDescriptors, BelievesNoCountThatDoesNotAddUp) {
  stage::Kept kept;
  kept.add_items()->set_name("a");
  kept.mutable_items(0)->set_descriptors(3);
  EXPECT_TRUE(KeptDescriptors::Unpack(kept, Pipe()).empty());
}

}  // namespace
}  // namespace air

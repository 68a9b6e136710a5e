#include "link/stage_sockets.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <filesystem>

#include "link/seqpacket.h"
#include "tests/support/test_channel.h"

namespace air {
namespace {

TEST(StageSockets, AreRemovedWhenNobodyListensAnyMoreAndNoOthers) {
  const e2e::TestFolder folder;
  absl::StatusOr<UniqueFd> alive = ListenSeqpacket(folder.Path("stage-decoder-1.sock"));
  absl::StatusOr<UniqueFd> selector = ListenSeqpacket(folder.Path("stage-selector-1.sock"));
  ASSERT_TRUE(ListenSeqpacket(folder.Path("stage-decoder-2.sock")).ok());  // and closed
  ASSERT_TRUE(ListenSeqpacket(folder.Path("control.sock")).ok());
  EXPECT_EQ(RemoveDeadStageSockets(folder.path(), kDecoderSocketPrefix), 1);
  EXPECT_TRUE(std::filesystem::exists(folder.Path("stage-decoder-1.sock")));
  EXPECT_FALSE(std::filesystem::exists(folder.Path("stage-decoder-2.sock")));
  EXPECT_TRUE(std::filesystem::exists(folder.Path("control.sock")));
  EXPECT_EQ(RemoveDeadStageSockets(folder.path()), 2);
  alive->Reset();
  EXPECT_EQ(RemoveDeadStageSockets(folder.path()), 1);
  EXPECT_EQ(RemoveDeadStageSockets(folder.Path("missing")), 0);
}

TEST(StageSockets, AreLookedAtWithoutTheirOwnersNotice) {
  const e2e::TestFolder folder;
  const absl::StatusOr<UniqueFd> listener = ListenSeqpacket(folder.Path("stage-decoder-1.sock"));
  EXPECT_TRUE(IsBound(folder.Path("stage-decoder-1.sock")));
  EXPECT_FALSE(IsBound(folder.Path("stage-decoder-2.sock")));
  pollfd seen{listener->get(), POLLIN, 0};
  EXPECT_EQ(poll(&seen, 1, 50), 0) << "a decoder would take it for a new supervisor";
}

TEST(StageSockets, TellStagesToEndButForThoseThatAreSpared) {
  const e2e::TestFolder folder;
  SystemClock clock;
  const absl::StatusOr<UniqueFd> spared = ListenSeqpacket(folder.Path("stage-encoder-1.sock"));
  const absl::StatusOr<UniqueFd> stray = ListenSeqpacket(folder.Path("stage-decoder-11.sock"));
  const absl::StatusOr<UniqueFd> other = ListenSeqpacket(folder.Path("stage-decoder-1.sock"));
  const StagesStopped stopped = StopStages(folder.path(), {"", "encoder-1", "decoder-1"}, clock, clock.Now());
  EXPECT_EQ(stopped.told, 1);
  EXPECT_EQ(stopped.left, 1) << "it has not read it";
  for (const auto& [listener, dialled] : {std::pair(&spared, 0), {&other, 0}, {&stray, 1}}) {
    pollfd seen{(*listener)->get(), POLLIN, 0};
    EXPECT_EQ(poll(&seen, 1, 0), dialled);
  }
}

}  // namespace
}  // namespace air

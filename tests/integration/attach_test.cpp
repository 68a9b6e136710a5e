// The viewer's end: streams attached, detached and attached again while the channel runs on, over both
// transports; viewers that hang up; and a first byte that can be decoded every time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/test_channel.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;

constexpr size_t kSomeBytes = 100'000;  // a second and more

// A session of the endless test picture: each tick shows its own number, whenever a viewer looks.
class Attach : public ::testing::Test {
 protected:
  // The first viewer is attached, the session runs.
  void StartSession(StreamViewer& first) {
    channel_.Attach(first);
    schedule_.emplace(format_, NowUtcMs());
    schedule_->AddBlock("a", {Pad(1500), ShowPattern(1, 60'000)});
    schedule_->AddBlock("b", {ShowPattern(2, 60'000)});
    channel_.Begin(*schedule_);
  }
  std::unique_ptr<StreamViewer> UnixViewer(const std::string& name) {
    return StreamViewer::OnUnixSocket(channel_.Path(name));
  }

  // The capture is clean from its first byte and shows what the channel had on the air then. Returns it.
  Judged ExpectGood(const std::vector<uint8_t>& stream) {
    Judged judged = Judge(WholeTicks(stream), format_);
    ExpectCleanStructure(judged);
    EXPECT_EQ(judged.content.complaints.count, 0);
    const Losses losses = LossesOf(judged.aired, schedule_->expected());
    EXPECT_EQ(losses.wrong, std::vector<std::string>());
    const bool cold = judged.aired.first_tick() < format_.TickAt(1500);  // may lack its first pictures
    EXPECT_TRUE(cold || losses.pad == 0) << losses.pad << " pictures were pad";
    return judged;
  }
  double Frames() { return channel_.Metrics().Value("air_program_frames_total").value_or(-1); }

  const ChannelFormat format_{.num = 30000, .den = 1001};
  TestChannel channel_;
  std::optional<Schedule> schedule_;
};

TEST_F(Attach, RunsTheChannelOnWhileNobodyWatchesAndIsHotWhenSomebodyDoesAgain) {
  const auto first = UnixViewer("first.sock"), second = UnixViewer("second.sock");
  StartSession(*first);
  ASSERT_TRUE(first->WaitForBytes(0, kSomeBytes));
  EXPECT_TRUE(channel_.Detach().success());
  EXPECT_TRUE(first->WaitForEnd(0));
  EXPECT_TRUE(channel_.Detach().success()) << "detaching is idempotent";

  std::this_thread::sleep_for(1500ms);
  channel_.Attach(*second);
  ASSERT_TRUE(second->WaitForBytes(0, kSomeBytes));
  channel_.Stop();
  ASSERT_TRUE(second->WaitForEnd(0));

  const Judged before = ExpectGood(first->Received(0)), after = ExpectGood(second->Received(0));
  EXPECT_GE(after.aired.first_tick(), before.aired.end_tick() + format_.TickAt(1000))
      << "the channel stood still";
}

TEST_F(Attach, SendsOverTcp) {
  const auto viewer = StreamViewer::OnTcp();
  StartSession(*viewer);
  ASSERT_TRUE(viewer->WaitForBytes(0, kSomeBytes));
  channel_.Stop();
  ASSERT_TRUE(viewer->WaitForEnd(0));
  ExpectGood(viewer->Received(0));
}

TEST_F(Attach, SurvivesAViewerThatHangsUpAndTakesTheNextOne) {
  const auto first = UnixViewer("first.sock"), second = StreamViewer::OnTcp();
  StartSession(*first);
  ASSERT_TRUE(first->WaitForBytes(0, kSomeBytes));
  first->HangUp(0);
  // The sink is gone as soon as this is noticed; the channel is not.
  EXPECT_EQ(channel_.AwaitMetric("air_sinks", [](double sinks) { return sinks == 0; }), 0);
  const double frames = Frames();
  std::this_thread::sleep_for(600ms);
  EXPECT_GT(Frames(), frames);

  channel_.Attach(*second);
  ASSERT_TRUE(second->WaitForBytes(0, kSomeBytes));
  channel_.Stop();
  ASSERT_TRUE(second->WaitForEnd(0));
  ExpectGood(second->Received(0));
}

// Each has a journal of some megabytes in shared memory while it watches, and no longer.
TEST_F(Attach, LeavesNothingOfViewersThatCameAndWent) {
  const auto first = UnixViewer("first.sock"), guest = UnixViewer("guest.sock");
  StartSession(*first);
  ASSERT_TRUE(first->WaitForBytes(0, kSomeBytes));
  const auto journals = [this] {
    std::vector<std::string> names;
    const std::string prefix = "air." + std::to_string(channel_.supervisor().pid()) + "-";
    for (const auto& entry : std::filesystem::directory_iterator("/dev/shm")) {
      const std::string name = entry.path().filename().string();
      if (name.rfind(prefix, 0) == 0 && name.find(".journal-") != std::string::npos) names.push_back(name);
    }
    return names;
  };
  ASSERT_EQ(journals().size(), 1u);
  wire::DetachStreamRequest detach;
  detach.set_channel_id(kTestChannelId);
  detach.set_endpoint(guest->endpoint());
  for (int i = 0; i < 100; ++i) {
    channel_.Attach(*guest);
    if (i % 10 == 0) {
      EXPECT_EQ(journals().size(), 2u);
    }
    ASSERT_TRUE(channel_.Detach(detach).success());
  }
  EXPECT_EQ(journals().size(), 1u);
  // And of one that hangs up.
  channel_.Attach(*guest);
  ASSERT_TRUE(guest->WaitForConnection(100));
  guest->HangUp(100);
  for (int i = 0; i < 200 && journals().size() != 1; ++i) std::this_thread::sleep_for(50ms);
  EXPECT_EQ(journals().size(), 1u);
  channel_.Stop();
  ASSERT_TRUE(first->WaitForEnd(0));
  ExpectGood(first->Received(0));
}

TEST_F(Attach, RefusesASecondStreamToTheSameListener) {
  const auto viewer = UnixViewer("first.sock");
  StartSession(*viewer);
  ASSERT_TRUE(viewer->WaitForBytes(0, kSomeBytes));
  wire::AttachStreamRequest request;
  request.set_channel_id(kTestChannelId);
  request.set_transport(viewer->transport());
  request.set_endpoint(viewer->endpoint());
  const wire::AttachStreamResponse refused = channel_.Attach(request);
  EXPECT_FALSE(refused.success());
  EXPECT_THAT(refused.error_message(), ::testing::HasSubstr("replace_existing"));
}

TEST_F(Attach, EndsTheOtherStreamsWhenOneReplacesThem) {
  const auto first = UnixViewer("first.sock"), second = UnixViewer("second.sock"),
             third = UnixViewer("third.sock");
  StartSession(*first);
  channel_.Attach(*second);
  ASSERT_TRUE(first->WaitForBytes(0, kSomeBytes));
  ASSERT_TRUE(second->WaitForBytes(0, kSomeBytes));

  const wire::AttachStreamResponse replaced = channel_.Attach(*third, true);
  EXPECT_EQ(replaced.negotiated_transport(), wire::STREAM_TRANSPORT_UNIX_DOMAIN_SOCKET);
  EXPECT_EQ(replaced.negotiated_endpoint(), third->endpoint());
  ASSERT_TRUE(first->WaitForEnd(0));
  ASSERT_TRUE(second->WaitForEnd(0));
  ASSERT_TRUE(third->WaitForBytes(0, kSomeBytes));
  channel_.Stop();
  ASSERT_TRUE(third->WaitForEnd(0));
  for (const auto& viewer : {&first, &second, &third}) ExpectGood((*viewer)->Received(0));
}

TEST_F(Attach, StartsAnotherSessionAfterTheFirst) {
  for (const char* name : {"first.sock", "second.sock"}) {
    const auto viewer = UnixViewer(name);
    StartSession(*viewer);
    ASSERT_TRUE(viewer->WaitForBytes(0, kSomeBytes));
    channel_.Stop();
    ASSERT_TRUE(viewer->WaitForEnd(0));
    ExpectGood(viewer->Received(0));
  }
}

}  // namespace
}  // namespace air::e2e

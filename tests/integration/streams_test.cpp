// Several streams of one channel at once: each with its own encoder, its own settings and its own fate. And
// the port on which a channel serves each viewer that connects.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/test_channel.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr size_t kSomeBytes = 100'000;

class Streams : public ::testing::Test {
 protected:
  std::unique_ptr<StreamViewer> UnixViewer(const std::string& name) {
    return StreamViewer::OnUnixSocket(channel_.Path(name));
  }
  wire::AttachStreamRequest RequestFor(const StreamViewer& viewer, const std::string& output_json = "") {
    wire::AttachStreamRequest request;
    request.set_channel_id(kTestChannelId);
    request.set_transport(viewer.transport());
    request.set_endpoint(viewer.endpoint());
    request.set_output_json(output_json);
    return request;
  }
  Schedule EndlessPattern() {
    Schedule schedule(format_, NowUtcMs());
    schedule.AddBlock("a", {Pad(1500), ShowPattern(1, 60'000)});
    schedule.AddBlock("b", {ShowPattern(2, 60'000)});
    return schedule;
  }
  Judged ExpectGood(const StreamViewer& viewer, const Schedule& schedule) {
    Judged judged = Judge(WholeTicks(viewer.Received(0)), format_);
    ExpectCleanStructure(judged);
    EXPECT_EQ(LossesOf(judged.aired, schedule.expected()).wrong, std::vector<std::string>());
    return judged;
  }
  // A plan file of the endless pattern, relative: it starts when it is sent.
  std::string PlanFile(const std::string& name) {
    const std::string path = channel_.Path(name);
    std::ofstream(path) << R"({"program_format": )" << format_.Json() << R"(,
      "blocks": [{"block_id": "a", "start_utc_ms": 0, "end_utc_ms": 60000, "segments": [
                   {"segment_duration_ms": 1500},
                   {"asset_uri": "pattern:clip=1", "segment_duration_ms": 58500}]}]})";
    return path;
  }
  wire::StartChannelResponse StartChannel(const std::string& plan, int port) {
    wire::StartChannelRequest request;
    request.set_channel_id(kTestChannelId);
    request.set_plan_handle(plan);
    request.set_port(port);
    return channel_.StartChannel(request);
  }

  const ChannelFormat format_{.num = 25, .den = 1};
  TestChannel channel_;
};

TEST_F(Streams, AreIndependentOfEachOther) {
  const auto first = UnixViewer("first.sock"), second = StreamViewer::OnTcp(),
             third = UnixViewer("third.sock");
  const Schedule schedule = EndlessPattern();
  channel_.Attach(*first);
  EXPECT_TRUE(channel_.Attach(RequestFor(*second, R"({"encoder": {"gop_seconds": 0.4}})")).success());
  channel_.Begin(schedule);
  ASSERT_TRUE(first->WaitForBytes(0, 2 * kSomeBytes));
  EXPECT_TRUE(channel_.Attach(RequestFor(*third, R"({"encoder": {"bitrate_kbps": 100}})")).success());
  ASSERT_TRUE(third->WaitForBytes(0, kSomeBytes));

  wire::DetachStreamRequest detach;
  detach.set_channel_id(kTestChannelId);
  detach.set_endpoint(first->endpoint());
  EXPECT_TRUE(channel_.Detach(detach).success());
  ASSERT_TRUE(first->WaitForEnd(0));
  const size_t seen = third->Received(0).size();
  ASSERT_TRUE(third->WaitForBytes(0, seen + kSomeBytes)) << "the others go on";
  third->HangUp(0);
  ASSERT_TRUE(second->WaitForBytes(0, second->Received(0).size() + kSomeBytes / 10))
      << "the last one goes on";
  channel_.Stop();
  ASSERT_TRUE(second->WaitForEnd(0));

  const Judged a = ExpectGood(*first, schedule), b = ExpectGood(*second, schedule),
               c = ExpectGood(*third, schedule);
  EXPECT_LT(b.structure.idr_ms.max, 450) << "it has its own distance of random access points";
  EXPECT_LT(c.structure.kbit_s, a.structure.kbit_s * 0.8) << "it has its own bit rate";
}

TEST_F(Streams, AreRefusedWithSettingsThatAreWrong) {
  const auto viewer = UnixViewer("viewer.sock");
  const auto refused = [&](const std::string& json, const std::string& field) {
    const wire::AttachStreamResponse response = channel_.Attach(RequestFor(*viewer, json));
    EXPECT_FALSE(response.success()) << json;
    EXPECT_THAT(response.error_message(), HasSubstr(field));
  };
  refused("{", "output_json: not understood");
  refused(R"({"encoder": {"preset": "placebo"}})", "output_json: encoder.preset");
  refused(R"({"mux": {"pts_origin": 1}})", "mux.pts_origin");
  refused(R"({"video": {"width": 320}})", "belong to the session");
  EXPECT_FALSE(viewer->WaitForConnection(0, 50ms)) << "nothing is connected for a refused call";
}

TEST_F(Streams, AreLimitedInNumber) {
  std::vector<std::unique_ptr<StreamViewer>> viewers;
  for (int i = 0; i < 8; ++i) {
    viewers.push_back(UnixViewer("viewer-" + std::to_string(i)));
    channel_.Attach(*viewers.back());
  }
  const auto one_more = UnixViewer("one-more");
  const wire::AttachStreamResponse refused = channel_.Attach(RequestFor(*one_more));
  EXPECT_FALSE(refused.success());
  EXPECT_THAT(refused.error_message(), HasSubstr("8 streams"));
}

TEST_F(Streams, AreServedOnThePortOfTheChannelOneViewerAtATime) {
  const int port = FreePort();
  const std::string plan = PlanFile("plan.json");
  const wire::StartChannelResponse started = StartChannel("file://" + plan, port);
  ASSERT_TRUE(started.success()) << started.error_message();
  EXPECT_TRUE(StartChannel("file://" + plan, port).success()) << "the same call again changes nothing";
  EXPECT_FALSE(StartChannel(plan, port).success()) << "another plan is another session";

  const auto first = StreamViewer::ToPort(port);
  ASSERT_TRUE(first->WaitForBytes(0, kSomeBytes));
  const auto second = StreamViewer::ToPort(port);
  EXPECT_TRUE(second->WaitForEnd(0)) << "one is being served";
  EXPECT_TRUE(second->Received(0).empty());
  EXPECT_THAT(channel_.Log(), HasSubstr("turned away"));

  first->HangUp(0);
  std::unique_ptr<StreamViewer> third;
  for (int i = 0; i < 50; ++i) {  // until the first one's end is noticed
    third = StreamViewer::ToPort(port);
    if (third->WaitForBytes(0, kSomeBytes, 2s)) break;
  }
  wire::StopChannelRequest stop;
  stop.set_channel_id(kTestChannelId);
  EXPECT_TRUE(channel_.StopChannel(stop).success());
  ASSERT_TRUE(third->WaitForEnd(0));
  EXPECT_EQ(StreamViewer::ToPort(port), nullptr) << "the port is closed with its session";
  for (const StreamViewer* viewer : {first.get(), third.get()})
    ExpectCleanStructure(Judge(WholeTicks(viewer->Received(0)), format_));
}

TEST_F(Streams, ARefusedChannelLeavesThePortFree) {
  const int port = FreePort();
  const auto refused = [&](const std::string& plan, int at, const std::string& why) {
    const wire::StartChannelResponse response = StartChannel(plan, at);
    EXPECT_FALSE(response.success()) << plan;
    EXPECT_THAT(response.error_message(), HasSubstr(why));
  };
  refused("", port, "plan_handle: empty");
  refused("/nowhere/plan.json", port, "cannot read /nowhere/plan.json");
  refused(PlanFile("plan.json"), 70'000, "port: 70000");
  const std::string empty = channel_.Path("empty.json");
  std::ofstream(empty) << "{}";
  refused(empty, port, "blocks: the plan has none");
  EXPECT_EQ(StreamViewer::ToPort(port), nullptr);
  EXPECT_TRUE(StartChannel(PlanFile("plan.json"), port).success());
}

}  // namespace
}  // namespace air::e2e

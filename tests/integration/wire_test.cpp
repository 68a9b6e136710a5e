// The wire itself: a client that knows the interface by its numbers (numbers.proto) and by the paths of its
// methods talks to a channel, through every call and every value of every enum.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <gtest/gtest.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "integration/numbers.pb.h"
#include "tests/support/test_channel.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;

constexpr int kChannel = 3;

class Wire : public ::testing::Test {
 protected:
  Wire() : viewer_(StreamViewer::OnUnixSocket(air_.Path("viewer.sock"))) {
    connection_ =
        grpc::CreateChannel("unix:" + air_.Path("control.sock"), grpc::InsecureChannelCredentials());
  }

  template <class Answer, class Request>
  Answer Call(const std::string& method, const Request& request) {
    const std::string path = "/retrovue.playout.PlayoutControl/" + method;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 20s);
    Answer answer;
    const grpc::internal::RpcMethod rpc(path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC, connection_);
    const grpc::Status status = grpc::internal::BlockingUnaryCall<Request, Answer>(
        connection_.get(), rpc, &context, request, &answer);
    EXPECT_TRUE(status.ok()) << method << ": " << status.error_message();
    EXPECT_TRUE(answer.GetReflection()->GetUnknownFields(answer).empty()) << method;
    return answer;
  }
  // What the session has to tell, until it has ended.
  // Those of a kind that has a number. Newer kinds mean nothing to such a client.
  std::vector<numbers::Event> Events() {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 20s);
    numbers::Subscribe request;
    request.set_channel(kChannel);
    const grpc::internal::RpcMethod rpc("/retrovue.playout.PlayoutControl/SubscribeBlockEvents",
                                        grpc::internal::RpcMethod::SERVER_STREAMING, connection_);
    const std::unique_ptr<grpc::ClientReader<numbers::Event>> reader(
        grpc::internal::ClientReaderFactory<numbers::Event>::Create(connection_.get(), rpc, &context,
                                                                    request));
    std::vector<numbers::Event> events;
    numbers::Event event;
    while (reader->Read(&event)) {
      if (event.what_case() != numbers::Event::WHAT_NOT_SET) events.push_back(event);
    }
    subscribed_ = reader->Finish();
    return events;
  }

  static numbers::Block Block(const std::string& id, int64_t start_ms, int64_t duration_ms) {
    numbers::Block block;
    block.set_id(id);
    block.set_channel(kChannel);
    block.set_start_ms(start_ms);
    block.set_end_ms(start_ms + duration_ms);
    block.set_date("2026-02-02");
    block.set_day_ms(start_ms);
    for (const numbers::Kind kind : {numbers::KIND_CONTENT, numbers::KIND_FILLER, numbers::KIND_PAD}) {
      numbers::Segment& segment = *block.add_segments();
      segment.set_index(block.segments_size() - 1);
      if (kind != numbers::KIND_PAD) segment.set_asset("pattern:clip=1");
      segment.set_kind(kind);
      segment.set_duration_ms(kind == numbers::KIND_CONTENT ? duration_ms - 800 : 400);
      segment.set_event(id + "/e");
      segment.set_uuid(id + "/u");
      segment.set_asset_uuid("a");
      segment.set_gain_db(-3);
      segment.set_fade_in(kind == numbers::KIND_FILLER ? numbers::FADE_FADE : numbers::FADE_NONE);
      segment.set_fade_in_ms(kind == numbers::KIND_FILLER ? 100 : 0);
      segment.set_fade_out(segment.fade_in());
      segment.set_fade_out_ms(segment.fade_in_ms());
    }
    return block;
  }
  numbers::Session Session() const {
    numbers::Session session;
    session.set_channel(kChannel);
    *session.mutable_a() = Block("a", join_ms_, 2000);
    *session.mutable_b() = Block("b", join_ms_ + 2000, 60'000);
    session.set_join_ms(join_ms_);
    session.set_format(ChannelFormat().Json());
    session.set_depth(3);
    session.set_name("three");
    return session;
  }
  numbers::Fed Feed(const numbers::Block& block) {
    numbers::Feed feed;
    feed.set_channel(kChannel);
    *feed.mutable_block() = block;
    return Call<numbers::Fed>("FeedBlockPlan", feed);
  }
  numbers::Attached Attach(numbers::Transport transport, const std::string& endpoint) {
    numbers::Attach attach;
    attach.set_channel(kChannel);
    attach.set_transport(transport);
    attach.set_endpoint(endpoint);
    return Call<numbers::Attached>("AttachStream", attach);
  }
  numbers::Load LoadRequest(const std::string& asset) const {
    numbers::Load load;
    load.set_channel(kChannel);
    load.set_asset(asset);
    load.set_first(10);
    load.set_count(25);
    load.set_rate_num(25);
    load.set_rate_den(1);
    load.set_offset_ms(40);
    load.set_stop_ms(join_ms_ + 50'000);
    return load;
  }
  numbers::Switched Switch(int64_t target_ms) {
    numbers::Switch request;
    request.set_channel(kChannel);
    request.set_target_ms(target_ms);
    request.set_issued_ms(NowUtcMs());
    return Call<numbers::Switched>("SwitchToLive", request);
  }
  void ExpectSessionRefused(const numbers::Session& session, numbers::BlockCode code) {
    const auto answer = Call<numbers::SessionStarted>("StartBlockPlanSession", session);
    EXPECT_FALSE(answer.ok());
    EXPECT_EQ(answer.code(), code) << answer.why();
  }

  TestChannel air_;
  std::unique_ptr<StreamViewer> viewer_;
  std::shared_ptr<grpc::Channel> connection_;
  int64_t join_ms_ = NowUtcMs();
  grpc::Status subscribed_;
};

TEST_F(Wire, CarriesASessionOfBlocks) {
  EXPECT_EQ(Call<numbers::Version>("GetVersion", numbers::Nothing()).text(), "1.0.0");
  EXPECT_EQ(Feed(Block("x", join_ms_, 2000)).code(), numbers::BLOCK_NO_SESSION);
  EXPECT_TRUE(Events().empty());
  EXPECT_EQ(subscribed_.error_code(), grpc::StatusCode::NOT_FOUND);

  ExpectSessionRefused(Session(), numbers::BLOCK_NOT_ATTACHED);
  EXPECT_FALSE(Attach(numbers::TRANSPORT_0, viewer_->endpoint()).ok());
  const numbers::Attached attached = Attach(numbers::TRANSPORT_UNIX, viewer_->endpoint());
  EXPECT_TRUE(attached.ok()) << attached.why();
  EXPECT_EQ(attached.transport(), numbers::TRANSPORT_UNIX);
  EXPECT_EQ(attached.endpoint(), viewer_->endpoint());
  const auto tcp = StreamViewer::OnTcp();
  EXPECT_EQ(Attach(numbers::TRANSPORT_TCP, tcp->endpoint()).transport(), numbers::TRANSPORT_TCP);

  join_ms_ = NowUtcMs();
  numbers::Session apart = Session(), invalid = Session();
  apart.mutable_b()->set_start_ms(apart.b().start_ms() + 1);
  ExpectSessionRefused(apart, numbers::BLOCK_NOT_CONTIGUOUS);
  invalid.mutable_b()->mutable_segments(1)->set_index(7);
  ExpectSessionRefused(invalid, numbers::BLOCK_INVALID);
  const auto started = Call<numbers::SessionStarted>("StartBlockPlanSession", Session());
  EXPECT_TRUE(started.ok()) << started.why();
  EXPECT_EQ(started.code(), numbers::BLOCK_OK);
  ExpectSessionRefused(Session(), numbers::BLOCK_ALREADY_ACTIVE);

  for (int i = 0; i < 3; ++i)  // far ahead: they wait
    EXPECT_EQ(Feed(Block(absl::StrCat("later-", i), join_ms_ + 600'000 + i * 2000, 2000)).code(),
              numbers::BLOCK_OK);
  EXPECT_EQ(Feed(Block("early", join_ms_ + 3000, 2000)).code(), numbers::BLOCK_NOT_CONTIGUOUS);
  const numbers::Fed full = Feed(Block("late", join_ms_ + 700'000, 2000));
  EXPECT_EQ(full.code(), numbers::BLOCK_QUEUE_FULL);
  EXPECT_TRUE(full.full());

  std::this_thread::sleep_for(std::chrono::milliseconds(join_ms_ + 2600 - NowUtcMs()));
  numbers::StopSession stop;
  stop.set_channel(kChannel);
  stop.set_reason("the test is over");
  std::vector<numbers::Event> events;
  std::thread listener([&] { events = Events(); });
  std::this_thread::sleep_for(200ms);
  const auto stopped = Call<numbers::SessionStopped>("StopBlockPlanSession", stop);
  listener.join();
  EXPECT_TRUE(stopped.ok());
  EXPECT_GE(stopped.ct_ms(), 2500);
  EXPECT_EQ(stopped.blocks(), 1);
  EXPECT_EQ(Call<numbers::SessionStopped>("StopBlockPlanSession", stop).blocks(), 0);
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0].channel(), kChannel);
  EXPECT_EQ(events[0].started().id(), "a");
  EXPECT_EQ(events[1].completed().id(), "a");
  EXPECT_EQ(events[1].completed().start_ms(), join_ms_);
  EXPECT_EQ(events[1].completed().end_ms(), join_ms_ + 2000);
  EXPECT_EQ(events[1].completed().ct_ms(), 2000);
  EXPECT_EQ(events[1].completed().blocks(), 1);
  EXPECT_EQ(events[2].started().id(), "b");
  EXPECT_EQ(events[2].started().end_ms(), join_ms_ + 62'000);
  EXPECT_EQ(events[3].ended().reason(), "stopped");
  EXPECT_EQ(events[3].ended().blocks(), 1);
  EXPECT_EQ(events[3].ended().ct_ms(), stopped.ct_ms());
}

TEST_F(Wire, CarriesAChannelWithPreviewAndLive) {
  const auto plan = [&](const std::string& name, int clip) {
    std::ofstream(air_.Path(name)) << R"({"segments": [{"asset_uri": "pattern:clip=)" << clip
                                   << R"(", "segment_duration_ms": 60000}]})";
    return air_.Path(name);
  };
  numbers::Start start;
  start.set_channel(kChannel);
  start.set_plan("file:" + plan("one.json", 1));
  start.set_port(FreePort());
  start.set_format(ChannelFormat().Json());
  EXPECT_EQ(Switch(0).code(), numbers::CODE_NOT_READY);
  const auto started = Call<numbers::Done>("StartChannel", start);
  ASSERT_TRUE(started.ok()) << started.why();
  join_ms_ = NowUtcMs();

  numbers::Update update;
  update.set_channel(kChannel);
  update.set_plan(plan("two.json", 2));
  EXPECT_TRUE(Call<numbers::Done>("UpdatePlan", update).ok());

  numbers::Load bad = LoadRequest("pattern:clip=3"), gone = LoadRequest("/nonexistent.mp4");
  bad.set_rate_den(0);
  EXPECT_EQ(Call<numbers::Loaded>("LoadPreview", bad).code(), numbers::CODE_VIOLATION);
  EXPECT_EQ(Call<numbers::Loaded>("LoadPreview", gone).code(), numbers::CODE_FAILED);
  const auto loaded = Call<numbers::Loaded>("LoadPreview", LoadRequest("pattern:clip=3"));
  EXPECT_EQ(loaded.code(), numbers::CODE_OK) << loaded.why();
  EXPECT_TRUE(loaded.decoding());
  const numbers::Switched late = Switch(join_ms_ - 10'000);
  EXPECT_EQ(late.code(), numbers::CODE_VIOLATION);
  EXPECT_NE(late.violation(), "");
  const int64_t target_ms = NowUtcMs() + 20'000;
  const numbers::Switched switched = Switch(target_ms);
  EXPECT_EQ(switched.code(), numbers::CODE_OK) << switched.why();
  EXPECT_TRUE(switched.contiguous());
  EXPECT_GT(switched.pts(), 900'000u);
  EXPECT_NEAR(static_cast<double>(switched.completed_ms()), static_cast<double>(target_ms), 40);
  EXPECT_EQ(Switch(target_ms + 1000).code(), numbers::CODE_BUSY);

  numbers::Detach detach;
  detach.set_channel(kChannel);
  detach.set_force(true);
  EXPECT_TRUE(Call<numbers::Done>("DetachStream", detach).ok());
  numbers::Stop stop;
  stop.set_channel(kChannel);
  EXPECT_TRUE(Call<numbers::Done>("StopChannel", stop).ok());
  EXPECT_TRUE(Call<numbers::Done>("StopChannel", stop).ok()) << "idempotent";
}

}  // namespace
}  // namespace air::e2e

// Every call in every state, over gRPC: an engine with its server in this process, its stages beside it. The
// state is forced, so that also the ones that last an instant are asked; the plan is pad, so that nothing
// that comes on the air changes it meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <future>
#include <thread>

#include "absl/strings/str_cat.h"
#include "supervisor/control/control_listener.h"
#include "supervisor/control/playout_interface.h"
#include "tests/support/test_channel.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using S = PlayoutState;

// An air-supervisor, as its main() puts it together.
class EngineInProcess {
 public:
  explicit EngineInProcess(const TestFolder& folder) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before gRPC starts its threads
    loop_ = *EventLoop::Create(clock_);
    record_ = std::make_unique<SessionRecord>(folder.path());
    stages_ = std::make_unique<StageSupervisor>(
        *loop_, StageEnvironment{.program_dir = Built(""), .runtime_dir = folder.path()});
    engine_ = std::make_unique<PlayoutEngine>(*loop_, *stages_, store_, *record_, control_,
                                              EngineSettings{.ring_seconds = 1});
    interface_ = std::make_unique<PlayoutInterface>(*loop_, *engine_);
    const std::string address = "unix:" + folder.Path("control.sock");
    sockets_ = *ControlListener::Bind({address}, {.connections = 8, .of_one_peer = 8});
    server_ = *PlayoutServer::Create(*interface_);
    thread_ = std::thread([this] {
      engine_->Open();
      sockets_->Start(*loop_, [this](UniqueFd connection) { server_->Serve(std::move(connection)); });
      loop_->Run();
    });
    stub_ = wire::PlayoutControl::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  }
  ~EngineInProcess() {
    OnLoop([this] {
      sockets_->Stop();
      engine_->Shutdown();
    });
    stub_.reset();
    server_->Shutdown(100);
    loop_->Post([this] { loop_->Exit(0); });
    thread_.join();
    server_.reset();
    engine_.reset();
    stages_.reset();
  }

  void Force(S state) {
    OnLoop([&] { control_.Restore(state, kTestChannelId); });
  }
  S state() {
    S state{};
    OnLoop([&] { state = control_.state(); });
    return state;
  }
  wire::PlayoutControl::Stub& stub() { return *stub_; }

 private:
  void OnLoop(const std::function<void()>& work) {
    std::promise<void> done;
    loop_->Post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  SystemClock clock_;
  std::unique_ptr<EventLoop> loop_;
  DescriptorStore store_;
  PlayoutControl control_;
  std::unique_ptr<SessionRecord> record_;
  std::unique_ptr<StageSupervisor> stages_;
  std::unique_ptr<PlayoutEngine> engine_;
  std::unique_ptr<PlayoutInterface> interface_;
  std::unique_ptr<ControlListener> sockets_;
  std::unique_ptr<PlayoutServer> server_;
  std::unique_ptr<wire::PlayoutControl::Stub> stub_;
  std::thread thread_;
};

// What came of a call: "" is success; else its error, with its result code's name in front where it has one.
class ControlTable : public ::testing::Test {
 protected:
  using Stub = wire::PlayoutControl::Stub;

  template <class Request, class Response>
  Response Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                const Request& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 20s);
    Response response;
    const grpc::Status status = (air_.stub().*method)(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  template <class Response>
  static std::string Told(const Response& response) {
    return response.success() ? "" : response.error_message();
  }
  template <class Response>
  static std::string Told(const Response& response, const std::string& code) {
    return response.success() ? "" : code + ": " + response.error_message();
  }

  // A plan of pad. Another one every time: the plan in force would change nothing.
  std::string Plan() {
    const std::string path = folder_.Path(absl::StrCat("plan-", ++plans_, ".json"));
    std::ofstream(path) << R"({"program_format": )" << ChannelFormat().Json()
                        << R"(, "segments": [{"segment_duration_ms": 600000}]})";
    return path;
  }
  wire::BlockPlan Block(const std::string& id, int64_t start_ms) {
    Schedule schedule(ChannelFormat(), start_ms);
    return schedule.AddBlock(id, {Pad(60'000)});
  }
  std::string StartChannel() {
    wire::StartChannelRequest request;
    request.set_channel_id(kTestChannelId);
    request.set_plan_handle(Plan());
    return Told(Call(&Stub::StartChannel, request));
  }
  std::string Subscribe() {
    wire::SubscribeBlockEventsRequest request;
    request.set_channel_id(kTestChannelId);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 20s);
    const auto reader = air_.stub().SubscribeBlockEvents(&context, request);
    wire::BlockEvent event;
    if (reader->Read(&event)) return "";  // the first block has begun
    return absl::StrCat("NOT_FOUND: ", reader->Finish().error_message());
  }
  std::string Attach() {
    wire::AttachStreamRequest request;
    request.set_channel_id(kTestChannelId);
    request.set_transport(viewer_->transport());
    request.set_endpoint(viewer_->endpoint());
    return Told(Call(&Stub::AttachStream, request));
  }
  template <class Request, class Response>
  std::string Simple(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*)) {
    Request request;
    request.set_channel_id(kTestChannelId);
    return Told(Call(method, request));
  }

  std::string Do(ControlCall call);
  std::string LoadPreview();
  std::string SwitchToLive();
  std::string StartBlocks();
  std::string Feed();

  TestFolder folder_;
  std::unique_ptr<StreamViewer> viewer_ = StreamViewer::OnUnixSocket(folder_.Path("viewer.sock"));
  EngineInProcess air_{folder_};
  int plans_ = 0;
};

std::string ControlTable::LoadPreview() {
  wire::LoadPreviewRequest request;
  request.set_channel_id(kTestChannelId);
  request.set_asset_path("pattern:clip=1");
  request.set_frame_count(-1);
  request.set_fps_numerator(25);
  request.set_fps_denominator(1);
  const wire::LoadPreviewResponse response = Call(&Stub::LoadPreview, request);
  return Told(response, wire::ResultCode_Name(response.result_code()));
}

std::string ControlTable::SwitchToLive() {
  wire::SwitchToLiveRequest request;
  request.set_channel_id(kTestChannelId);
  request.set_target_boundary_time_ms(NowUtcMs() + 600'000);  // never comes
  const wire::SwitchToLiveResponse response = Call(&Stub::SwitchToLive, request);
  return Told(response, wire::ResultCode_Name(response.result_code()));
}

std::string ControlTable::StartBlocks() {
  Attach();  // or its refusal would be STREAM_NOT_ATTACHED
  wire::StartBlockPlanSessionRequest request;
  request.set_channel_id(kTestChannelId);
  *request.mutable_block_a() = Block("a", NowUtcMs());
  *request.mutable_block_b() = Block("b", request.block_a().end_utc_ms());
  request.set_program_format_json(ChannelFormat().Json());
  const wire::StartBlockPlanSessionResponse response = Call(&Stub::StartBlockPlanSession, request);
  return Told(response, wire::BlockPlanResultCode_Name(response.result_code()));
}

std::string ControlTable::Feed() {
  wire::FeedBlockPlanRequest request;
  request.set_channel_id(kTestChannelId);
  *request.mutable_block() = Block("fed", NowUtcMs() + 3'600'000);
  const wire::FeedBlockPlanResponse response = Call(&Stub::FeedBlockPlan, request);
  return Told(response, wire::BlockPlanResultCode_Name(response.result_code()));
}

std::string ControlTable::Do(ControlCall call) {
  switch (call) {
    case ControlCall::kGetVersion:
      return Call(&Stub::GetVersion, wire::ApiVersionRequest()).version() == "1.0.0" ? "" : "no version";
    case ControlCall::kStartChannel:
      return StartChannel();
    case ControlCall::kUpdatePlan: {
      wire::UpdatePlanRequest request;
      request.set_channel_id(kTestChannelId);
      request.set_plan_handle(Plan());
      return Told(Call(&Stub::UpdatePlan, request));
    }
    case ControlCall::kStopChannel:
      return Simple(&Stub::StopChannel);
    case ControlCall::kLoadPreview:
      return LoadPreview();
    case ControlCall::kSwitchToLive:
      return SwitchToLive();
    case ControlCall::kAttachStream:
      return Attach();
    case ControlCall::kDetachStream:
      return Simple(&Stub::DetachStream);
    case ControlCall::kStartBlockPlanSession:
      return StartBlocks();
    case ControlCall::kFeedBlockPlan:
      return Feed();
    case ControlCall::kStopBlockPlanSession:
      return Simple(&Stub::StopBlockPlanSession);
    default:
      return Subscribe();
  }
}

struct Answers {
  ControlCall call;
  const char *idle, *active, *stopping;  // a part of what is said; "" is success
};
using C = ControlCall;
constexpr Answers kAnswers[] = {
    {C::kGetVersion, "", "", ""},
    {C::kStartChannel, "", "is active; give UpdatePlan", "is ending"},
    {C::kUpdatePlan, "no session of channel 7", "", "is ending"},
    {C::kStopChannel, "", "", ""},
    {C::kLoadPreview, "RESULT_CODE_NOT_READY: no session", "", "RESULT_CODE_REJECTED_BUSY: the session is"},
    {C::kSwitchToLive, "RESULT_CODE_NOT_READY: no session", "", "RESULT_CODE_REJECTED_BUSY: the session is"},
    {C::kAttachStream, "", "", "is ending"},
    {C::kDetachStream, "", "", ""},
    {C::kStartBlockPlanSession, "", "BLOCKPLAN_RESULT_ALREADY_ACTIVE: a session of channel 7 is active",
     "BLOCKPLAN_RESULT_ALREADY_ACTIVE: the session is ending"},
    {C::kFeedBlockPlan, "BLOCKPLAN_RESULT_NO_SESSION", "", "BLOCKPLAN_RESULT_NO_SESSION: the session is"},
    {C::kStopBlockPlanSession, "", "", ""},
    {C::kSubscribeBlockEvents, "NOT_FOUND: no session", "", "NOT_FOUND: the session is ending"},
};
static_assert(std::size(kAnswers) == static_cast<size_t>(ControlCall::kCount));

void Expect(const std::string& told, const std::string& expected, const std::string& where) {
  if (expected.empty()) {
    EXPECT_EQ(told, "") << where;
  } else {
    EXPECT_THAT(told, HasSubstr(expected)) << where;
  }
}

TEST_F(ControlTable, IsWhatIsAnsweredWithoutASession) {
  for (const bool after_a_failed_start : {false, true}) {
    for (const Answers& answers : kAnswers) {
      if (after_a_failed_start) {
        wire::StartChannelRequest request;
        request.set_channel_id(kTestChannelId);
        request.set_plan_handle("/no/such/plan.json");
        EXPECT_THAT(Told(Call(&Stub::StartChannel, request)), HasSubstr("/no/such/plan.json"));
        EXPECT_EQ(air_.state(), S::kError);
      }
      Expect(Do(answers.call), answers.idle, absl::StrCat(ToString(answers.call), ", Idle"));
      Simple(&Stub::StopChannel);
      Simple(&Stub::DetachStream);
    }
  }
}

TEST_F(ControlTable, IsWhatIsAnsweredInASession) {
  for (const S state : {S::kBuffering, S::kReady, S::kPlaying, S::kPaused, S::kError, S::kStopping}) {
    EXPECT_EQ(StartChannel(), "");
    for (const Answers& answers : kAnswers) {
      air_.Force(state);
      const char* expected = state == S::kStopping ? answers.stopping : answers.active;
      Expect(Do(answers.call), expected, absl::StrCat(ToString(answers.call), ", ", ToString(state)));
      if (air_.state() == S::kIdle) {
        EXPECT_EQ(StartChannel(), "");
      }
    }
    air_.Force(S::kPlaying);
    EXPECT_EQ(Simple(&Stub::StopChannel), "");
    EXPECT_EQ(air_.state(), S::kIdle);
  }
}

TEST_F(ControlTable, RefusesEveryCallForAnotherChannel) {
  EXPECT_EQ(StartChannel(), "");
  const auto refused = [&](auto method, auto request) {
    request.set_channel_id(kTestChannelId + 1);
    const auto response = Call(method, request);
    EXPECT_FALSE(response.success());
    EXPECT_THAT(response.error_message(), HasSubstr("channel 7"));
  };
  refused(&Stub::StartChannel, wire::StartChannelRequest());
  refused(&Stub::UpdatePlan, wire::UpdatePlanRequest());
  refused(&Stub::StopChannel, wire::StopChannelRequest());
  refused(&Stub::LoadPreview, wire::LoadPreviewRequest());
  refused(&Stub::SwitchToLive, wire::SwitchToLiveRequest());
  refused(&Stub::AttachStream, wire::AttachStreamRequest());
  refused(&Stub::DetachStream, wire::DetachStreamRequest());
  refused(&Stub::StartBlockPlanSession, wire::StartBlockPlanSessionRequest());
  refused(&Stub::FeedBlockPlan, wire::FeedBlockPlanRequest());
  refused(&Stub::StopBlockPlanSession, wire::StopBlockPlanSessionRequest());
  EXPECT_NE(air_.state(), S::kIdle) << "and the session goes on";
}

}  // namespace
}  // namespace air::e2e

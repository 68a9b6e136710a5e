#include "core/channel/air_line.h"

#include <grpcpp/create_channel.h>

#include <boost/asio/post.hpp>
#include <mutex>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/one_line.h"

namespace retrovue {
namespace {

using namespace playout;  // NOLINT: this file speaks that interface throughout

constexpr std::chrono::seconds kAttachLimit(5);
constexpr std::chrono::seconds kStartLimit(10);
constexpr std::chrono::seconds kFeedLimit(5);
constexpr std::chrono::seconds kStopLimit(3);

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  // The address is meant literally, whatever http_proxy says.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Each AirLine has a connection of its own: an old connection to a supervisor that has ended is of no use to it.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // A supervisor that has just been started is there within milliseconds; the usual back-off starts at a second.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 10);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);  // how long an attempt may take
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

// gRPC's thread for callbacks ends with the last channel that uses it. Where the last one to let go of that channel is a call that
// ends on this thread, the thread waits for its own end (grpc 1.51). A channel that is kept for ever keeps the thread, too.
void KeepCallbackThread() {
  struct Kept {
    std::unique_ptr<PlayoutControl::Stub> stub;
    grpc::ClientContext context;
    ApiVersionRequest request;
    ApiVersion response;
  };
  // Never read: volatile keeps the pointer, so that a leak checker finds it.
  [[maybe_unused]] static Kept* volatile kept = [] {
    auto* call = new Kept{.stub = PlayoutControl::NewStub(Connect("unix:/nowhere")),
                          .context = {},
                          .request = {},
                          .response = {}};
    call->context.set_deadline(std::chrono::system_clock::now());
    call->stub->async()->GetVersion(&call->context, &call->request, &call->response,
                                    [](const grpc::Status&) {});
    return call;
  }();
}

absl::Status FromGrpc(const char* call, const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                      absl::StrCat(call, ": ", air::OneLine(status.error_message())));
}

template <typename Response>
absl::Status Refusal(const char* call, const Response& response) {
  if (response.success()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(call, " refused: ", air::OneLine(response.error_message())));
}

}  // namespace

// What calls in progress share with the line, which they may outlive.
struct AirLine::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& l, const std::string& address)
      : loop(l), stub(PlayoutControl::NewStub(Connect(address))) {}

  // From any thread; false: the line is gone.
  bool Enter(grpc::ClientContext* context) {
    const std::lock_guard lock(mutex);
    if (is_over) return false;
    in_progress.insert(context);
    return true;
  }
  void Leave(grpc::ClientContext* context) {
    const std::lock_guard lock(mutex);
    in_progress.erase(context);
  }
  void End() {
    const std::lock_guard lock(mutex);
    is_over = true;
    for (grpc::ClientContext* context : in_progress) context->TryCancel();
  }
  // On the loop's thread, unless the line has been destroyed by then: the loop may be gone, too.
  void Tell(std::function<void()> what) {
    const std::lock_guard lock(mutex);
    if (is_over) return;
    boost::asio::post(loop, [self = shared_from_this(), what = std::move(what)] {
      if (!self->is_over) what();
    });
  }

  boost::asio::io_context& loop;
  const std::unique_ptr<PlayoutControl::Stub> stub;
  std::mutex mutex;
  std::set<grpc::ClientContext*> in_progress;
  bool is_over = false;  // written on the loop's thread, under the mutex
};

template <typename Request, typename Response>
struct AirLine::Call {
  std::shared_ptr<State> state;
  grpc::ClientContext context;
  Request request;
  Response response;
};

template <typename Request, typename Response, typename Method, typename Judge>
void AirLine::Make(const char* name, const Request& request, std::chrono::milliseconds limit,
                   bool wait_for_ready, Method method, Judge judge, Answer answer) {
  auto call = std::make_shared<Call<Request, Response>>();
  call->state = state_;
  call->request = request;
  call->context.set_deadline(std::chrono::system_clock::now() + limit);
  call->context.set_wait_for_ready(wait_for_ready);
  if (!state_->Enter(&call->context)) return;
  method(state_->stub->async(), &call->context, &call->request, &call->response,
         [call, name, judge, answer = std::move(answer)](const grpc::Status& status) {
           call->state->Leave(&call->context);
           const absl::Status result = status.ok() ? judge(call->response) : FromGrpc(name, status);
           call->state->Tell([answer, result] { answer(result); });
         });
}

AirLine::AirLine(boost::asio::io_context& loop, const std::string& address, std::int32_t channel_id)
    : channel_id_(channel_id), state_(std::make_shared<State>(loop, address)) {
  KeepCallbackThread();
}

AirLine::~AirLine() { state_->End(); }

void AirLine::AskReady(std::chrono::milliseconds limit, Answer answer) {
  Make<ApiVersionRequest, ApiVersion>(
      "GetVersion", ApiVersionRequest(), limit, true,
      [](auto* stub, auto... arguments) { stub->GetVersion(arguments...); },
      [](const ApiVersion&) { return absl::OkStatus(); }, std::move(answer));
}

void AirLine::Attach(const std::string& socket_path, std::chrono::milliseconds patience, Answer answer) {
  AttachStreamRequest request;
  request.set_channel_id(channel_id_);
  request.set_transport(STREAM_TRANSPORT_UNIX_DOMAIN_SOCKET);
  request.set_endpoint(socket_path);
  request.set_replace_existing(true);
  Make<AttachStreamRequest, AttachStreamResponse>(
      "AttachStream", request, kAttachLimit + patience, patience.count() > 0,
      [](auto* stub, auto... arguments) { stub->AttachStream(arguments...); },
      [](const AttachStreamResponse& response) { return Refusal("AttachStream", response); },
      std::move(answer));
}

void AirLine::Start(const StartBlockPlanSessionRequest& request, Answer answer) {
  Make<StartBlockPlanSessionRequest, StartBlockPlanSessionResponse>(
      "StartBlockPlanSession", request, kStartLimit, false,
      [](auto* stub, auto... arguments) { stub->StartBlockPlanSession(arguments...); },
      [](const StartBlockPlanSessionResponse& response) {
        return Refusal("StartBlockPlanSession", response);
      },
      std::move(answer));
}

void AirLine::Feed(const BlockPlan& block, Answer answer) {
  FeedBlockPlanRequest request;
  request.set_channel_id(channel_id_);
  *request.mutable_block() = block;
  Make<FeedBlockPlanRequest, FeedBlockPlanResponse>(
      "FeedBlockPlan", request, kFeedLimit, false,
      [](auto* stub, auto... arguments) { stub->FeedBlockPlan(arguments...); },
      [](const FeedBlockPlanResponse& response) {
        const std::string why = air::OneLine(response.error_message());
        if (response.queue_full()) return absl::ResourceExhaustedError(why);
        if (response.result_code() == BLOCKPLAN_RESULT_NO_SESSION) return absl::NotFoundError(why);
        return Refusal("FeedBlockPlan", response);
      },
      std::move(answer));
}

void AirLine::Stop(const std::string& reason, Answer answer) {
  StopBlockPlanSessionRequest request;
  request.set_channel_id(channel_id_);
  request.set_reason(reason);
  Make<StopBlockPlanSessionRequest, StopBlockPlanSessionResponse>(
      "StopBlockPlanSession", request, kStopLimit, false,
      [](auto* stub, auto... arguments) { stub->StopBlockPlanSession(arguments...); },
      [](const StopBlockPlanSessionResponse& response) { return Refusal("StopBlockPlanSession", response); },
      std::move(answer));
}

// Lives until the stream is done.
struct AirLine::EventReader final : grpc::ClientReadReactor<BlockEvent> {
  EventReader(std::shared_ptr<State> s, std::function<void(const BlockEvent&)> tell, Answer e)
      : state(std::move(s)), on_event(std::move(tell)), ended(std::move(e)) {}

  void OnReadDone(bool ok) override {
    if (!ok) return;  // OnDone follows
    state->Tell([tell = on_event, event = event] { tell(event); });
    StartRead(&event);
  }
  void OnDone(const grpc::Status& status) override {
    state->Leave(&context);
    state->Tell([tell = ended, result = FromGrpc("SubscribeBlockEvents", status)] { tell(result); });
    delete this;
  }

  const std::shared_ptr<State> state;
  const std::function<void(const BlockEvent&)> on_event;
  const Answer ended;
  grpc::ClientContext context;
  SubscribeBlockEventsRequest request;
  BlockEvent event;
};

void AirLine::Follow(std::function<void(const BlockEvent&)> on_event, Answer ended) {
  auto reader = std::make_unique<EventReader>(state_, std::move(on_event), std::move(ended));
  reader->request.set_channel_id(channel_id_);
  if (!state_->Enter(&reader->context)) return;
  EventReader* const raw = reader.release();  // deletes itself in OnDone
  state_->stub->async()->SubscribeBlockEvents(&raw->context, &raw->request, raw);
  raw->StartRead(&raw->event);
  raw->StartCall();
}

}  // namespace retrovue

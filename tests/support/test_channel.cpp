#include "tests/support/test_channel.h"

#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace air::e2e {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto kCallLimit = 10s;
constexpr auto kReadyLimit = 20s;
constexpr auto kEndLimit = 10s;
constexpr auto kWireDelay = 500ms;  // from the program to the viewer, on a busy machine
constexpr double kMostAvOffsetMs = 1;

std::string Describe(const wire::BlockEvent& event) {
  if (event.has_block_started()) return "started " + event.block_started().block_id();
  if (event.has_block_completed()) return "completed " + event.block_completed().block_id();
  if (event.has_session_ended()) return "ended " + event.session_ended().reason();
  if (event.has_lookahead_low()) return "low " + event.lookahead_low().block_id();
  if (event.has_plan_hole()) return "hole";
  if (event.has_segment_failed()) {
    const wire::SegmentFailed& failed = event.segment_failed();
    return absl::StrCat("failed ", failed.block_id(), "[", failed.segment_index(), "] ", failed.cause());
  }
  if (event.has_enricher_dropped()) return "dropped " + event.enricher_dropped().block_id();
  return "drift";
}

template <class Condition>
bool Eventually(std::chrono::milliseconds limit, Condition condition,
                std::chrono::microseconds pause = 10ms) {
  for (const auto deadline = steady_clock::now() + limit; !condition(); std::this_thread::sleep_for(pause)) {
    if (steady_clock::now() > deadline) return false;
  }
  return true;
}

// What a supervisor of this process id has named in shared memory.
std::vector<std::string> SharedMemoryOf(pid_t supervisor) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator("/dev/shm")) {
    const std::string name = entry.path().filename().string();
    if (name.find(absl::StrCat("air.", supervisor, "-")) != std::string::npos) names.push_back(name);
  }
  return names;
}

std::vector<std::string> StageSocketsIn(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind("stage-", 0) == 0) names.push_back(name);
  }
  return names;
}

std::vector<std::string> Describe(const std::vector<MarkedProcess>& processes) {
  std::vector<std::string> texts;
  for (const MarkedProcess& process : processes)
    texts.push_back(absl::StrCat(process.program, " ", process.pid));
  return texts;
}

}  // namespace

int64_t NowUtcMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

TestFolder::TestFolder() {
  path_ = ::testing::TempDir() + "air-e2e-XXXXXX";
  if (mkdtemp(path_.data()) == nullptr) std::abort();
}

TestFolder::~TestFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

EventLog::EventLog(wire::PlayoutControl::StubInterface& stub, int channel_id)
    : thread_([this, &stub, channel_id] { Run(stub, channel_id); }) {}

EventLog::~EventLog() {
  context_.TryCancel();
  thread_.join();
}

void EventLog::Run(wire::PlayoutControl::StubInterface& stub, int channel_id) {
  wire::SubscribeBlockEventsRequest request;
  request.set_channel_id(channel_id);
  const auto reader = stub.SubscribeBlockEvents(&context_, request);
  for (wire::BlockEvent event; reader->Read(&event);) {
    const std::lock_guard lock(mutex_);
    const bool life = !event.has_lookahead_low() && !event.has_plan_hole() && !event.has_clock_drift() &&
                      !event.has_segment_failed();
    (life ? messages_ : news_).push_back(event);
    changed_.notify_all();
  }
  const grpc::Status status = reader->Finish();
  const std::lock_guard lock(mutex_);
  status_ = status;
  changed_.notify_all();
}

bool EventLog::WaitFor(const std::string& event, std::chrono::milliseconds limit) const {
  std::unique_lock lock(mutex_);
  const auto seen = [&] {
    return std::any_of(messages_.begin(), messages_.end(),
                       [&](const wire::BlockEvent& message) { return Describe(message) == event; });
  };
  changed_.wait_for(lock, limit, [&] { return seen() || status_.has_value(); });
  return seen();
}

bool EventLog::WaitForNews(const std::string& news, std::chrono::milliseconds limit) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [&] {
    return std::any_of(news_.begin(), news_.end(),
                       [&](const wire::BlockEvent& event) { return Describe(event) == news; });
  });
}

std::vector<std::string> EventLog::news() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> texts;
  for (const wire::BlockEvent& event : news_) texts.push_back(Describe(event));
  return texts;
}

bool EventLog::WaitForEnd(std::chrono::milliseconds limit) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [&] { return status_.has_value(); });
}

std::vector<std::string> EventLog::all() const {
  std::vector<std::string> texts;
  for (const wire::BlockEvent& message : messages()) texts.push_back(Describe(message));
  return texts;
}

std::vector<wire::BlockEvent> EventLog::messages() const {
  const std::lock_guard lock(mutex_);
  return messages_;
}

grpc::StatusCode EventLog::code() const {
  const std::lock_guard lock(mutex_);
  return status_ ? status_->error_code() : grpc::StatusCode::OK;
}

namespace {

// A gRPC client whose first attempt is refused does not try again for seconds, whatever it is told: so a
// plain socket first.
bool IsListening(const std::string& path) {
  const UniqueFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{.sun_family = AF_UNIX};
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

int FreePort() {
  const UniqueFd probe(socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{
      .sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  socklen_t size = sizeof address;
  bind(probe.get(), reinterpret_cast<sockaddr*>(&address), size);
  getsockname(probe.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

TestChannel::TestChannel(const std::vector<std::string>& flags, const std::string& program)
    : runtime_dir_(folder_.Path("run")),
      mark_(folder_.path()),
      command_({program, "--listen", "unix:" + folder_.Path("control.sock"), "--runtime-dir", runtime_dir_}),
      address_("unix:" + folder_.Path("control.sock")) {
  command_.insert(command_.end(), flags.begin(), flags.end());
  setenv("AIR_ALLOW_FAULTS", "1", /*overwrite=*/0);  // for its stages
  StartSupervisor();
}

bool TestChannel::IsReady() {
  if (supervisor_->WaitForEnd(0ms)) return true;
  if (!IsListening(folder_.Path("control.sock"))) return false;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + 1s);
  wire::ApiVersion version;
  const grpc::Status status = stub_->GetVersion(&context, {}, &version);
  if (!status.ok())
    last_refusal_ =
        absl::StrCat(status.error_code(), " ", status.error_message(), " at ", NowUtcMs() % 100'000);
  return status.ok();
}

void TestChannel::StartSupervisor(bool wait) {
  executed_at_ = steady_clock::now();
  supervisor_ = std::make_unique<ChildProgram>(command_, folder_.Path("supervisor.log"), mark_);
  supervisors_.push_back(supervisor_->pid());
  if (!wait) return;
  // A client whose first attempt fails waits a second for the next, unless told otherwise.
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 1);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);  // how long an attempt may take
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1);
  // Not a connection of before.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  stub_ = wire::PlayoutControl::NewStub(
      grpc::CreateCustomChannel(address_, grpc::InsecureChannelCredentials(), arguments));
  const bool answers = Eventually(
      kReadyLimit, [this] { return IsReady(); }, 500us);
  EXPECT_TRUE(answers && !supervisor_->WaitForEnd(0ms)) << last_refusal_ << "\n" << Log();
}

void TestChannel::KillSupervisor() {
  supervisor_->Signal(SIGKILL);
  EXPECT_EQ(supervisor_->WaitForEnd(5s), 128 + SIGKILL);
}

TestChannel::~TestChannel() {
  End();
  if (::testing::Test::HasFailure()) std::fprintf(stderr, "---- air-supervisor\n%s----\n", Log().c_str());
}

template <class Request, class Response>
Response TestChannel::Call(grpc::Status (wire::PlayoutControl::StubInterface::*method)(grpc::ClientContext*,
                                                                                       const Request&,
                                                                                       Response*),
                           const Request& request) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallLimit);
  Response response;
  const grpc::Status status = ((*stub_).*method)(&context, request, &response);
  EXPECT_TRUE(status.ok()) << Request::descriptor()->name() << ": " << status.error_message();
  return response;
}

wire::AttachStreamResponse TestChannel::Attach(const wire::AttachStreamRequest& request) {
  return Call(&wire::PlayoutControl::StubInterface::AttachStream, request);
}

wire::AttachStreamResponse TestChannel::Attach(const StreamViewer& viewer, bool replace) {
  wire::AttachStreamRequest request;
  request.set_channel_id(kTestChannelId);
  request.set_transport(viewer.transport());
  request.set_endpoint(viewer.endpoint());
  request.set_replace_existing(replace);
  wire::AttachStreamResponse response = Attach(request);
  EXPECT_TRUE(response.success()) << response.error_message();
  return response;
}

wire::DetachStreamResponse TestChannel::Detach() {
  wire::DetachStreamRequest request;
  request.set_channel_id(kTestChannelId);
  return Detach(request);
}

wire::DetachStreamResponse TestChannel::Detach(const wire::DetachStreamRequest& request) {
  return Call(&wire::PlayoutControl::StubInterface::DetachStream, request);
}

wire::StartChannelResponse TestChannel::StartChannel(const wire::StartChannelRequest& request) {
  return Call(&wire::PlayoutControl::StubInterface::StartChannel, request);
}

wire::StopChannelResponse TestChannel::StopChannel(const wire::StopChannelRequest& request) {
  return Call(&wire::PlayoutControl::StubInterface::StopChannel, request);
}

wire::StartBlockPlanSessionResponse TestChannel::Start(const wire::StartBlockPlanSessionRequest& request) {
  return Call(&wire::PlayoutControl::StubInterface::StartBlockPlanSession, request);
}

wire::FeedBlockPlanResponse TestChannel::Feed(const wire::BlockPlan& block) {
  wire::FeedBlockPlanRequest request;
  request.set_channel_id(kTestChannelId);
  *request.mutable_block() = block;
  return Call(&wire::PlayoutControl::StubInterface::FeedBlockPlan, request);
}

wire::StopBlockPlanSessionResponse TestChannel::Stop() {
  wire::StopBlockPlanSessionRequest request;
  request.set_channel_id(kTestChannelId);
  request.set_reason("the test has seen enough");
  return Call(&wire::PlayoutControl::StubInterface::StopBlockPlanSession, request);
}

wire::StartBlockPlanSessionRequest TestChannel::StartRequest(const Schedule& schedule) {
  wire::StartBlockPlanSessionRequest request;
  request.set_channel_id(kTestChannelId);
  *request.mutable_block_a() = schedule.blocks().at(0);
  *request.mutable_block_b() = schedule.blocks().at(1);
  request.set_join_utc_ms(schedule.join_utc_ms());
  request.set_program_format_json(schedule.format().Json());
  return request;
}

void TestChannel::Begin(const Schedule& schedule) { Begin(StartRequest(schedule)); }

void TestChannel::Begin(const wire::StartBlockPlanSessionRequest& request) {
  const wire::StartBlockPlanSessionResponse started = Start(request);
  EXPECT_TRUE(started.success()) << started.error_message();
  EXPECT_EQ(started.result_code(), wire::BLOCKPLAN_RESULT_OK);
  tick_0_ = steady_clock::now();
  Subscribe();
}

void TestChannel::FeedRest(const Schedule& schedule) {
  const std::vector<wire::BlockPlan>& blocks = schedule.blocks();
  for (size_t i = 2; i < blocks.size(); ++i) {
    EXPECT_TRUE(events_->WaitFor("started " + blocks[i - 2].block_id())) << blocks[i - 2].block_id();
    const wire::FeedBlockPlanResponse fed = Feed(blocks[i]);
    EXPECT_TRUE(fed.success()) << fed.error_message();
  }
  AwaitEndOf(blocks.back());
}

void TestChannel::AwaitEndOf(const wire::BlockPlan& block) const {
  const std::chrono::milliseconds left(std::max<int64_t>(block.end_utc_ms() - NowUtcMs(), 0));
  EXPECT_TRUE(events_->WaitFor("completed " + block.block_id(), left + kEndLimit));
  std::this_thread::sleep_for(kWireDelay);
}

void TestChannel::Play(const Schedule& schedule) {
  Begin(schedule);
  FeedRest(schedule);
}

void TestChannel::Subscribe(int channel_id) { events_ = std::make_unique<EventLog>(*stub_, channel_id); }

void TestChannel::SleepUntil(int64_t ms_since_tick_0) const {
  std::this_thread::sleep_until(tick_0_ + std::chrono::milliseconds(ms_since_tick_0));
}

MetricsPage TestChannel::Metrics() const {
  std::string address;
  std::ifstream(runtime_dir_ + "/metrics.address") >> address;
  absl::StatusOr<MetricsPage> page = FetchMetricsPage(address, 2s);
  EXPECT_TRUE(page.ok()) << page.status();
  return page.ok() ? *page : MetricsPage();
}

double TestChannel::AwaitMetric(absl::string_view name, const std::function<bool(double)>& suits) const {
  for (int i = 0;; ++i) {
    const double value = Metrics().Sum(name).value_or(-1);
    if (suits(value) || i == 100) return value;
    std::this_thread::sleep_for(50ms);
  }
}

std::vector<MarkedProcess> TestChannel::Stages() const {
  std::vector<MarkedProcess> stages = ProcessesMarked(mark_);
  std::erase_if(stages, [&](const MarkedProcess& process) { return process.pid == supervisor_->pid(); });
  return stages;
}

pid_t TestChannel::Stage(const std::string& program, const std::string& file) const {
  pid_t found = 0;
  Eventually(5s, [&] {
    for (const MarkedProcess& stage : Stages()) {
      const auto has = [&](const std::string& name) {
        return std::any_of(stage.open_files.begin(), stage.open_files.end(),
                           [&](const std::string& path) { return path.find(name) != std::string::npos; });
      };
      // The spare decoder has the file on the air open, too, but no ring.
      const bool works = program != "air-decoder" || has("air-ring-");
      if (stage.program == program && works && has(file)) found = stage.pid;
    }
    return found != 0;
  });
  // A caller that signals process 0 would kill its own process group: ctest, and all it runs.
  if (found == 0) {
    throw std::runtime_error(absl::StrCat("no ", program, " that has ", file.empty() ? "a file" : file,
                                          " open; the log:\n", Log()));
  }
  return found;
}

void TestChannel::End() {
  if (std::exchange(ended_, true)) return;
  events_.reset();
  stub_.reset();  // an idle client's connection would be waited for
  const bool was_running = !supervisor_->WaitForEnd(0ms).has_value();
  if (was_running) {
    supervisor_->Signal(SIGTERM);
    EXPECT_EQ(supervisor_->WaitForEnd(kEndLimit), 0) << "air-supervisor did not end in order";
  }
  // One that ended in order has ended its stages first.
  ExpectNothingLeft(was_running ? 0ms : 5s);
}

void TestChannel::ExpectNothingLeft(std::chrono::milliseconds limit) const {
  const auto memory = [&] {
    std::vector<std::string> names;
    for (const pid_t supervisor : supervisors_) {
      for (const std::string& name : SharedMemoryOf(supervisor)) names.push_back(name);
    }
    return names;
  };
  Eventually(limit, [&] { return ProcessesMarked(mark_).empty() && memory().empty(); });
  EXPECT_EQ(Describe(ProcessesMarked(mark_)), std::vector<std::string>()) << "processes are left";
  EXPECT_EQ(memory(), std::vector<std::string>()) << "shared memory is left";
  EXPECT_EQ(StageSocketsIn(runtime_dir_), std::vector<std::string>()) << "sockets are left";
}

Judged Judge(const std::vector<uint8_t>& stream, const ChannelFormat& format) {
  Judged judged;
  judged.structure = analyser::AnalyseTs(stream, {.rate_num = format.num,
                                                  .rate_den = format.den,
                                                  .constant_bps = int64_t{1000} * format.constant_kbps,
                                                  .t_std = true});
  absl::StatusOr<analyser::ContentReport> content = analyser::CheckContent(stream);
  EXPECT_TRUE(content.ok()) << content.status();
  if (content.ok()) judged.content = *std::move(content);
  judged.aired = Aired(judged.content, format);
  EXPECT_FALSE(judged.aired.stretches().empty()) << "nothing was captured";
  return judged;
}

void ExpectCleanStructure(const Judged& judged) {
  EXPECT_TRUE(judged.structure.Clean()) << analyser::DescribeTs(judged.structure, {});
}

void ExpectSoundInPlace(const Judged& judged) {
  const std::vector<std::string> failures =
      analyser::Failures(judged.content, {.clean_sound = true, .max_av_offset_ms = kMostAvOffsetMs});
  EXPECT_EQ(failures, std::vector<std::string>()) << analyser::DescribeContent(judged.content);
}

void ExpectAired(const Judged& judged, const Program& expected) {
  if (judged.aired.stretches().empty()) return;
  EXPECT_EQ(judged.aired.stretches(),
            expected.Between(judged.aired.first_tick(), judged.aired.end_tick()).stretches());
}

}  // namespace air::e2e

// Calls that no control plane makes in its right mind. Each of them is refused, in the answer or by gRPC itself.
#include <sys/stat.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "absl/strings/str_cat.h"
#include "tests/fault/hostile_deeds.h"
#include "tests/support/test_channel.h"

namespace air::e2e {
namespace {

namespace fs = std::filesystem;
using Stub = wire::PlayoutControl::StubInterface;

constexpr int64_t kMost = std::numeric_limits<int64_t>::max(), kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kYearMs = int64_t{365} * 24 * 3600 * 1000;
constexpr int64_t kSparseBytes = int64_t{1} << 40;

class Absurd : public HostileActor {
 public:
  Absurd(HostileWorld& world, unsigned seed)
      : HostileActor(world, seed),
        caller_("unix:" + world.control_path),
        by_port_(absl::StrCat("127.0.0.1:", world.control_port)) {
    const auto in = [&](const char* name) { return absl::StrCat(world.folder, "/absurd-", name); };
    paths_ = {"",
              "/dev/zero",
              "/dev/stdin",
              "/dev/shm",
              "/proc/self/mem",
              "/proc/kmsg",
              "relative/path",
              "/no/such/folder/plan.json",
              "pattern:clip=9",
              std::string(1000, '/'),
              std::string(100'000, 'x'),
              std::string("/tmp/\0/x", 8),
              "/tmp/\n\r\x1b[31m",
              "../../../../../../etc/passwd",
              in("fifo"),
              in("sparse"),
              in("deep"),
              in("text")};
    mkfifo(in("fifo").c_str(), 0600);
    std::ofstream(in("sparse")).put('{');
    fs::resize_file(in("sparse"), kSparseBytes);
    std::ofstream(in("deep")) << std::string(500'000, '[');
    std::ofstream(in("text")) << R"({"blocks": [{"block_id": 7, "segments": "none"}]})";
  }

 protected:
  void Act() override {
    switch (Random(0, 8)) {
      case 0:
        return StartChannel();
      case 1:
        return UpdatePlan();
      case 2:
        return LoadPreview();
      case 3:
        return SwitchToLive();
      case 4:
        return Attach();
      case 5:
        return StartSession();
      case 6:
        return StopOfAnother();
      case 7:
        return Large();
      default:
        return Feed();
    }
  }

 private:
  template <class Request, class Response>
  void Refused(const std::string& what,
               grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
               const Request& request) {
    Response response;
    const int before = world_.deaths;
    const grpc::Status status = (Random(0, 1) == 0 ? caller_ : by_port_).Call(method, request, response);
    const bool unanswered = status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                            status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
    if (unanswered && (before % 2 == 1 || before != world_.deaths))
      return world_.account.Did("absurd call into a death");
    world_.account.Did("absurd " + what);
    const std::string called = absl::StrCat(what, " of ", request.ShortDebugString().substr(0, 300), ": ");
    if (unanswered) return world_.account.Fault(called + "not answered: " + status.error_message());
    if (!status.ok()) return;  // by gRPC itself
    if (response.success()) return world_.account.Fault(called + "accepted");
    if (response.error_message().empty()) world_.account.Fault(called + "refused without a word");
  }

  // Not of the channel that is on the air.
  int32_t AnotherChannel() {
    return OneOf(std::vector<int32_t>{0, -1, 8, std::numeric_limits<int32_t>::max(),
                                      std::numeric_limits<int32_t>::min()});
  }
  int64_t AbsurdNumber() { return OneOf(std::vector<int64_t>{-1, kLeast, kMost, kMost - 1, -1'000'000}); }
  std::string AbsurdJson() {
    return OneOf(std::vector<std::string>{
        "{", "[]", "null", std::string(200'000, '['), R"({"encoder": {"bitrate_kbps": 1e300}})",
        R"({"encoder": {"gop_seconds": -1}})", R"({"mux": {"delay_ms": 999999999999}})",
        R"({"encoder": "fast"})"});
  }

  void StartChannel() {
    wire::StartChannelRequest request;
    request.set_channel_id(Random(0, 1) == 0 ? kTestChannelId : AnotherChannel());
    request.set_plan_handle(OneOf(paths_));
    request.set_port(static_cast<int32_t>(Random(-1, 70'000)));
    request.set_program_format_json(AbsurdJson());
    Refused("StartChannel", &Stub::StartChannel, request);
  }

  void UpdatePlan() {
    wire::UpdatePlanRequest request;
    request.set_channel_id(Random(0, 4) > 0 ? kTestChannelId : AnotherChannel());
    request.set_plan_handle(OneOf(paths_));
    Refused("UpdatePlan", &Stub::UpdatePlan, request);
  }

  void LoadPreview() {
    wire::LoadPreviewRequest request;
    request.set_channel_id(kTestChannelId);
    request.set_asset_path(world_.clip);
    request.set_frame_count(-1);
    request.set_fps_numerator(static_cast<int32_t>(world_.format.num));
    request.set_fps_denominator(static_cast<int32_t>(world_.format.den));
    switch (Random(0, 7)) {
      case 0:
        request.set_channel_id(AnotherChannel());
        break;
      case 1:
        request.set_start_frame(AbsurdNumber());
        break;
      case 2:
        request.set_frame_count(OneOf(std::vector<int64_t>{0, -2, kLeast, kMost}));
        break;
      case 3:
        request.set_fps_numerator(static_cast<int32_t>(Random(-5, 0)));
        break;
      case 4:
        request.set_fps_denominator(static_cast<int32_t>(Random(-5, 0)));
        break;
      case 5:
        request.set_start_offset_ms(AbsurdNumber());
        break;
      case 6:
        request.set_hard_stop_time_ms(AbsurdNumber());
        break;
      default:
        // "pattern:" is no path, but it can be played.
        do request.set_asset_path(OneOf(paths_));
        while (request.asset_path().starts_with("pattern:"));
    }
    Refused("LoadPreview", &Stub::LoadPreview, request);
  }

  void SwitchToLive() {  // nothing is in PREVIEW
    wire::SwitchToLiveRequest request;
    request.set_channel_id(Random(0, 1) == 0 ? kTestChannelId : AnotherChannel());
    request.set_target_boundary_time_ms(Random(0, 1) == 0 ? 0 : AbsurdNumber());
    request.set_issued_at_time_ms(AbsurdNumber());
    Refused("SwitchToLive", &Stub::SwitchToLive, request);
  }

  void Attach() {
    wire::AttachStreamRequest request;
    request.set_channel_id(Random(0, 4) > 0 ? kTestChannelId : AnotherChannel());
    request.set_transport(static_cast<wire::StreamTransport>(Random(-1, 4)));
    request.set_endpoint(Random(0, 1) == 0 ? OneOf(paths_)
                                           : OneOf(std::vector<std::string>{
                                                 "127.0.0.1:0", "127.0.0.1:99999", "::1", "192.0.2.1:9000",
                                                 "localhost", ":", "127.0.0.1:-1"}));
    request.set_replace_existing(Random(0, 1) == 0);  // it does not come to that
    if (Random(0, 1) == 0) request.set_output_json(AbsurdJson());
    Refused("AttachStream", &Stub::AttachStream, request);
  }

  wire::BlockPlan Block(int64_t start_utc_ms, int64_t duration_ms) {
    wire::BlockPlan block;
    block.set_block_id(absl::StrCat("absurd-", ++made_));
    block.set_channel_id(kTestChannelId);
    block.set_start_utc_ms(start_utc_ms);
    block.set_end_utc_ms(start_utc_ms + duration_ms);
    wire::BlockSegment& segment = *block.add_segments();
    segment.set_asset_uri(world_.clip);
    segment.set_segment_duration_ms(duration_ms);
    return block;
  }

  void StartSession() {
    wire::StartBlockPlanSessionRequest request;
    request.set_channel_id(Random(0, 1) == 0 ? kTestChannelId : AnotherChannel());
    *request.mutable_block_a() = Block(NowUtcMs(), 1000);
    *request.mutable_block_b() = Block(NowUtcMs() + 1000, 1000);
    request.set_program_format_json(world_.format.Json());
    request.set_max_queue_depth(static_cast<int32_t>(Random(-5, 1'000'000)));
    Refused("StartBlockPlanSession", &Stub::StartBlockPlanSession, request);
  }

  void Feed() {
    // An hour ahead: it would be taken, were it not for what is wrong with it.
    wire::BlockPlan block = Block(NowUtcMs() + 3'600'000, 1000);
    wire::BlockSegment& segment = *block.mutable_segments(0);
    switch (Random(0, 13)) {
      case 0:  // behind the year 2200, in microseconds, at the end of numbers
        block = Block(NowUtcMs() + 500 * kYearMs, 1000);
        break;
      case 1:
        block = Block(NowUtcMs() * 1000, 1000);
        break;
      case 2:
        block = Block(kMost - 2000, 1000);
        break;
      case 3:
        block = Block(AbsurdNumber() / 2, 1000);
        break;
      case 4:
        block.set_end_utc_ms(block.start_utc_ms() - Random(0, 5000));
        break;
      case 5:
        block = Block(NowUtcMs() - Random(0, 100'000), 50);  // that is planned
        break;
      case 6:
        block.set_channel_id(AnotherChannel());
        break;
      case 7:
        block.set_block_id(Random(0, 1) == 0 ? "" : std::string(1'000'000, 'b'));
        break;
      case 8:
        for (int i = 1; i < 20'000; ++i) block.add_segments()->set_segment_index(i);
        break;
      case 9:
        segment.set_segment_duration_ms(AbsurdNumber());
        break;
      case 10:
        segment.set_asset_start_offset_ms(AbsurdNumber());
        break;
      case 11:
        segment.set_gain_db(Random(0, 1) == 0 ? std::nanf("") : 1e30f);
        break;
      case 12:
        segment.set_asset_uri(std::string(100'000, 'u'));
        break;
      default:
        segment.set_segment_index(static_cast<int32_t>(Random(1, 1000)));
    }
    wire::FeedBlockPlanRequest request;
    request.set_channel_id(kTestChannelId);
    *request.mutable_block() = block;
    Refused("FeedBlockPlan", &Stub::FeedBlockPlan, request);
  }

  void StopOfAnother() {
    if (Random(0, 1) == 0) {
      wire::StopChannelRequest request;
      request.set_channel_id(AnotherChannel());
      return Refused("StopChannel", &Stub::StopChannel, request);
    }
    wire::StopBlockPlanSessionRequest request;
    request.set_channel_id(AnotherChannel());
    request.set_reason(std::string(static_cast<size_t>(Random(0, 1'000'000)), '\n'));
    Refused("StopBlockPlanSession", &Stub::StopBlockPlanSession, request);
  }

  // More than a call may be.
  void Large() {
    wire::UpdatePlanRequest request;
    request.set_channel_id(kTestChannelId);
    request.set_plan_handle(std::string(20'000'000, '/'));
    Refused("call of 20 MB", &Stub::UpdatePlan, request);
  }

  Caller caller_, by_port_;
  std::vector<std::string> paths_;
  int made_ = 0;
};

}  // namespace

std::unique_ptr<HostileActor> AbsurdCaller(HostileWorld& world, unsigned seed) {
  return std::make_unique<Absurd>(world, seed);
}

}  // namespace air::e2e

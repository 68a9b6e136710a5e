#include "ctl/commands.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/metrics_page.h"
#include "ctl/as_run.h"
#include "ctl/control_client.h"
#include "ctl/status_report.h"
#include "plans/plan_file_loader.h"

namespace air {
namespace {

using namespace retrovue::playout;  // NOLINT: this file speaks that interface throughout

constexpr std::chrono::seconds kMetricsLimit(3);

absl::StatusOr<std::string> MetricsAddress(const MetricsSource& source) {
  if (!source.address.empty()) return source.address;
  if (source.runtime_dir.empty()) {
    return absl::NotFoundError("where is its metrics page? Add --metrics HOST:PORT or --runtime-dir DIR.");
  }
  const std::string path = source.runtime_dir + "/metrics.address";
  std::ifstream file(path);
  std::string address;
  if (!std::getline(file, address) || address.empty()) {
    return absl::NotFoundError(
        absl::StrCat("cannot read ", path, ". Is ", source.runtime_dir,
                     " the --runtime-dir of a running air-supervisor? Its metrics address can also be given "
                     "with --metrics HOST:PORT."));
  }
  return address;
}

absl::StatusOr<PlanFile> ReadyPlan(const PlanOptions& options) {
  absl::StatusOr<PlanFile> plan = LoadPlanFile(options.path);
  if (!plan.ok()) return plan;
  if (options.at_utc_ms != 0) {
    MovePlanTo(options.at_utc_ms, *plan);
  } else if (options.now || IsRelative(*plan)) {
    MovePlanTo(absl::ToUnixMillis(absl::Now()), *plan);
  }
  return plan;
}

absl::StatusOr<StartBlockPlanSessionRequest> StartRequest(const PlanFile& plan) {
  const auto format = ProgramFormatJson(plan);
  if (!format.ok()) return format.status();
  if (plan.blocks_size() < 2) {
    return absl::InvalidArgumentError("blocks: a session starts with two, the plan has one");
  }
  StartBlockPlanSessionRequest request;
  request.set_channel_id(plan.channel_id());
  *request.mutable_block_a() = plan.blocks(0);
  *request.mutable_block_b() = plan.blocks(1);
  request.set_join_utc_ms(plan.join_utc_ms());
  request.set_program_format_json(*format);
  // A plan that does not say otherwise gets a queue it fits in.
  request.set_max_queue_depth(plan.max_queue_depth() > 0 ? plan.max_queue_depth() : plan.blocks_size());
  request.set_evidence_endpoint(plan.evidence_endpoint());
  request.set_channel_id_str(plan.channel_name());
  return request;
}

std::string Span(const BlockPlan& block) {
  return absl::StrCat(block.block_id(), "  ", FormatUtc(block.start_utc_ms()), " to ",
                      FormatUtc(block.end_utc_ms()));
}

}  // namespace

std::string DefaultRuntimeDir(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || address.rfind("unix:", 0) == 0) return "";
  const char* base = std::getenv("XDG_RUNTIME_DIR");
  return absl::StrCat(base != nullptr && *base != '\0' ? base : "/tmp", "/air-", getuid(), "-",
                      address.substr(colon + 1));
}

std::string FormatUtc(std::int64_t utc_ms) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::FromUnixMillis(utc_ms), absl::UTCTimeZone());
}

absl::StatusOr<AttachStreamRequest> ParseEndpoint(const std::string& endpoint) {
  AttachStreamRequest request;
  absl::string_view rest = endpoint;
  if (absl::ConsumePrefix(&rest, "unix:")) {
    request.set_transport(STREAM_TRANSPORT_UNIX_DOMAIN_SOCKET);
  } else if (absl::ConsumePrefix(&rest, "tcp:") && rest.find(':') != absl::string_view::npos) {
    request.set_transport(STREAM_TRANSPORT_TCP_LOOPBACK);
  } else {
    rest = "";
  }
  if (rest.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", endpoint, "' is no endpoint: write unix:PATH or tcp:HOST:PORT of a listener"));
  }
  request.set_endpoint(std::string(rest));
  return request;
}

ExitStatus Commands::Misused(const std::string& what) {
  err_ << "air-ctl: " << what << "\n";
  return ExitStatus::kUsage;
}

ExitStatus Commands::Unanswered(const absl::Status& status) {
  err_ << "air-ctl: " << status.message() << "\n";
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return ExitStatus::kUsage;
    case absl::StatusCode::kUnimplemented:
      return ExitStatus::kRefused;
    default:
      return ExitStatus::kUnreachable;
  }
}

ExitStatus Commands::Refused(const std::string& what, const std::string& code, const std::string& why) {
  err_ << "air-ctl: AIR refuses to " << what << ": " << (why.empty() ? "no reason given" : why);
  if (!code.empty()) err_ << " [" << code << "]";
  err_ << "\n";
  return ExitStatus::kRefused;
}

ExitStatus Commands::Version() {
  const auto version = client_.GetVersion();
  if (!version.ok()) return Unanswered(version.status());
  out_ << version->version() << "\n";
  return ExitStatus::kDone;
}

ExitStatus Commands::Status(const MetricsSource& source) {
  const auto version = client_.GetVersion();
  if (!version.ok()) return Unanswered(version.status());
  out_ << "AIR         interface " << version->version() << "\n";
  const auto address = MetricsAddress(source);
  if (!address.ok()) return Unanswered(address.status());
  const auto page = FetchMetricsPage(*address, kMetricsLimit);
  if (!page.ok()) return Unanswered(page.status());
  out_ << StatusReport(*page);
  return ExitStatus::kDone;
}

ExitStatus Commands::AsRun(const std::string& runtime_dir, const std::string& session, bool json) {
  if (runtime_dir.empty()) return Misused("as-run: give --runtime-dir DIR, that of air-supervisor");
  const absl::StatusOr<evidence::AsRun> as_run = ReadAsRun(runtime_dir, session);
  if (!as_run.ok()) return Misused(std::string(as_run.status().message()));
  out_ << (json ? AsRunJson(*as_run) : AsRunTable(*as_run));
  return ExitStatus::kDone;
}

ExitStatus Commands::Start(const PlanOptions& options) {
  const auto plan = ReadyPlan(options);
  if (!plan.ok()) return Misused(std::string(plan.status().message()));
  const auto request = StartRequest(*plan);
  if (!request.ok()) return Misused(absl::StrCat(options.path, ": ", request.status().message()));
  const auto answer = client_.Start(*request);
  if (!answer.ok()) return Unanswered(answer.status());
  if (!answer->success()) {
    return Refused("start the session", BlockPlanResultCode_Name(answer->result_code()),
                   answer->error_message());
  }
  out_ << "started  " << Span(plan->blocks(0)) << "\nqueued   " << Span(plan->blocks(1)) << "\n";
  return FeedFrom(2, *plan, options.path);
}

ExitStatus Commands::Feed(const PlanOptions& options) {
  const auto plan = ReadyPlan(options);
  if (!plan.ok()) return Misused(std::string(plan.status().message()));
  const absl::StatusOr<int> first = options.from_block.empty() ? 0 : FindBlock(options.from_block, *plan);
  if (!first.ok()) return Misused(absl::StrCat(options.path, ": ", first.status().message()));
  return FeedFrom(*first, *plan, options.path);
}

ExitStatus Commands::FeedFrom(int first, const PlanFile& plan, const std::string& path) {
  for (int i = first; i < plan.blocks_size(); ++i) {
    const std::string& id = plan.blocks(i).block_id();
    FeedBlockPlanRequest request;
    request.set_channel_id(plan.channel_id());
    *request.mutable_block() = plan.blocks(i);
    const auto answer = client_.Feed(request);
    if (!answer.ok()) return Unanswered(answer.status());
    if (!answer->success()) {
      Refused(absl::StrCat("take block ", id), BlockPlanResultCode_Name(answer->result_code()),
              answer->error_message());
      if (answer->queue_full()) {
        err_ << "When the next block has started, go on with: air-ctl feed " << path << " --at "
             << plan.blocks(0).start_utc_ms() << " --from " << id << "\n";
      }
      return ExitStatus::kRefused;
    }
    out_ << "queued   " << Span(plan.blocks(i)) << "\n";
  }
  return ExitStatus::kDone;
}

ExitStatus Commands::Channel(int channel_id, const std::string& plan, int port) {
  // Read here first: what is wrong with it is wrong usage of this command, and AIR need not be asked.
  if (const auto read = LoadPlanFile(plan); !read.ok()) return Misused(std::string(read.status().message()));
  StartChannelRequest request;
  request.set_channel_id(channel_id);
  request.set_plan_handle(std::filesystem::absolute(plan).string());
  request.set_port(port);
  const auto answer = client_.StartChannel(request);
  if (!answer.ok()) return Unanswered(answer.status());
  if (!answer->success()) return Refused(absl::StrCat("channel ", plan), "", answer->error_message());
  out_ << "started  channel " << channel_id;
  if (port != 0) out_ << ", watch it at tcp://127.0.0.1:" << port;
  out_ << "\n";
  return ExitStatus::kDone;
}

ExitStatus Commands::Attach(int channel_id, const std::string& endpoint, bool replace,
                            const std::string& output_json) {
  auto request = ParseEndpoint(endpoint);
  if (!request.ok()) return Misused(std::string(request.status().message()));
  request->set_channel_id(channel_id);
  request->set_replace_existing(replace);
  request->set_output_json(output_json);
  const auto answer = client_.Attach(*request);
  if (!answer.ok()) return Unanswered(answer.status());
  if (!answer->success()) return Refused(absl::StrCat("attach ", endpoint), "", answer->error_message());
  out_ << "attached " << endpoint << "\n";
  return ExitStatus::kDone;
}

ExitStatus Commands::Detach(int channel_id, const std::string& endpoint) {
  DetachStreamRequest request;
  request.set_channel_id(channel_id);
  if (!endpoint.empty()) {
    const auto stream = ParseEndpoint(endpoint);
    if (!stream.ok()) return Misused(std::string(stream.status().message()));
    request.set_endpoint(stream->endpoint());
  }
  const auto answer = client_.Detach(request);
  if (!answer.ok()) return Unanswered(answer.status());
  if (!answer->success()) return Refused("detach", "", answer->error_message());
  out_ << "detached\n";
  return ExitStatus::kDone;
}

ExitStatus Commands::Stop(int channel_id) {
  StopBlockPlanSessionRequest request;
  request.set_channel_id(channel_id);
  request.set_reason("operator");
  const auto answer = client_.Stop(request);
  if (!answer.ok()) return Unanswered(answer.status());
  if (!answer->success()) return Refused("stop", "", answer->error_message());
  out_ << "stopped after " << answer->blocks_executed() << " blocks, " << answer->final_ct_ms()
       << " ms of programme\n";
  return ExitStatus::kDone;
}

ExitStatus Commands::Events(int channel_id) {
  const absl::Status ended = client_.Events(channel_id, [this](const BlockEvent& event) {
    switch (event.event_case()) {
      case BlockEvent::kBlockStarted:
        out_ << "block_started    " << event.block_started().block_id() << "  "
             << FormatUtc(event.block_started().block_start_utc_ms()) << " to "
             << FormatUtc(event.block_started().block_end_utc_ms()) << std::endl;
        break;
      case BlockEvent::kBlockCompleted:
        out_ << "block_completed  " << event.block_completed().block_id() << "  at "
             << event.block_completed().final_ct_ms() << " ms, "
             << event.block_completed().blocks_executed_total() << " blocks so far" << std::endl;
        break;
      case BlockEvent::kSessionEnded:
        out_ << "session_ended    " << event.session_ended().reason() << "  at "
             << event.session_ended().final_ct_ms() << " ms, "
             << event.session_ended().blocks_executed_total() << " blocks" << std::endl;
        break;
      case BlockEvent::kEnricherDropped:
        out_ << "enricher_dropped " << event.enricher_dropped().block_id() << "  segment "
             << event.enricher_dropped().segment_index() << ": " << event.enricher_dropped().reason()
             << std::endl;
        break;
      case BlockEvent::kSegmentFailed: {
        const auto& failed = event.segment_failed();
        out_ << "segment_failed   " << (failed.block_id().empty() ? "LIVE" : failed.block_id());
        if (failed.segment_index() >= 0) out_ << "  segment " << failed.segment_index();
        out_ << "  " << failed.asset_uri() << "  " << failed.cause() << ": " << failed.reason() << std::endl;
        break;
      }
      case BlockEvent::kLookaheadLow:
        out_ << "lookahead_low    " << event.lookahead_low().block_id() << "  came "
             << event.lookahead_low().lead_ms() << " ms before its start" << std::endl;
        break;
      case BlockEvent::kPlanHole:
        out_ << "plan_hole        " << FormatUtc(event.plan_hole().start_utc_ms()) << " to "
             << FormatUtc(event.plan_hole().end_utc_ms()) << std::endl;
        break;
      case BlockEvent::kClockDrift:
        out_ << "clock_drift      " << event.clock_drift().drift_ms() << " ms" << std::endl;
        break;
      case BlockEvent::EVENT_NOT_SET:
        break;
    }
  });
  if (ended.ok()) return ExitStatus::kDone;
  if (ended.code() != absl::StatusCode::kNotFound) return Unanswered(ended);
  return Refused("send events", "NOT_FOUND", std::string(ended.message()));
}

}  // namespace air

#include "tests/media/file_channel.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "shm/frame_ring_buffer.h"
#include "shm/shared_segment.h"
#include "tests/support/test_channel.h"

namespace air::media {
namespace {

using namespace std::chrono_literals;

constexpr int64_t kLeadInMs = 3000;
constexpr size_t kFilesInABlock = 10;
constexpr int kPatternClip = 1;

// Every tick's journal, copied out of the program ring while the session runs.
class ProgramLog {
 public:
  explicit ProgramLog(pid_t supervisor) : reader_([this, supervisor] { Read(supervisor); }) {}
  ~ProgramLog() { End(); }
  ProgramLog(const ProgramLog&) = delete;
  ProgramLog& operator=(const ProgramLog&) = delete;

  void End() {
    ending_ = true;
    if (reader_.joinable()) reader_.join();
  }
  const std::map<int64_t, SlotMeta>& ticks() const { return ticks_; }

 private:
  void Read(pid_t supervisor) {
    SharedSegment segment;
    while (!ending_ && !Find(supervisor, segment)) std::this_thread::sleep_for(5ms);
    if (ending_) return;
    const absl::StatusOr<RingView> view = RingView::Attach(segment.bytes(), RingPolicy::kOverwrite);
    if (!view.ok()) return;
    const OverwriteReader reader(*view, nullptr);
    for (uint64_t i = reader.oldest(); !ending_;) {
      for (; i < reader.next(); ++i) {
        SlotMeta meta;
        if (reader.ReadMeta(i, meta) == ReadResult::kOk) ticks_[static_cast<int64_t>(i)] = meta;
      }
      std::this_thread::sleep_for(20ms);
    }
  }
  static bool Find(pid_t supervisor, SharedSegment& segment) {
    for (const std::string& name : ListNamedSegments(absl::StrCat("air.", supervisor, "-"))) {
      if (!name.ends_with(".program")) continue;
      absl::StatusOr<SharedSegment> opened = SharedSegment::OpenNamed(name, Access::kReadOnly);
      if (opened.ok()) segment = *std::move(opened);
      return opened.ok();
    }
    return false;
  }

  std::atomic<bool> ending_ = false;
  std::map<int64_t, SlotMeta> ticks_;
  std::thread reader_;  // last: it uses the others
};

e2e::Schedule Plan(const std::vector<std::string>& files, int64_t segment_ms,
                   const e2e::ChannelFormat& format) {
  e2e::Schedule schedule(format, e2e::NowUtcMs());
  schedule.AddBlock("lead-in", {e2e::Pad(kLeadInMs)});
  for (size_t i = 0; i < files.size(); i += kFilesInABlock) {
    std::vector<e2e::Entry> block;
    for (size_t k = i; k < std::min(i + kFilesInABlock, files.size()); ++k) {
      block.push_back(files[k].empty() ? e2e::ShowPattern(kPatternClip, segment_ms)
                                       : e2e::ShowFile(files[k], segment_ms));
    }
    schedule.AddBlock(absl::StrCat("files-", i), block);
  }
  return schedule;
}

void Lateness(const std::map<int64_t, SlotMeta>& ticks, int64_t period_ns, ChannelRun& run) {
  std::vector<double> late;
  for (const auto& [tick, meta] : ticks) {
    late.push_back(static_cast<double>(meta.opened_ns - meta.deadline_ns) / 1e6);
    run.late_ticks += meta.opened_ns - meta.deadline_ns > period_ns ? 1 : 0;
  }
  if (late.empty()) return;
  std::sort(late.begin(), late.end());
  run.worst_late_ms = late.back();
  run.usual_late_ms = late[late.size() * 99 / 100];
}

AiredFile AiredIn(const std::map<int64_t, SlotMeta>& ticks, int64_t from, int64_t to) {
  AiredFile aired{.ticks = to - from};
  for (auto at = ticks.lower_bound(from); at != ticks.end() && at->first < to; ++at) {
    const SlotMeta& meta = at->second;
    aired.content += (meta.flags & kFlagContent) != 0 ? 1 : 0;
    aired.slate += (meta.flags & kFlagSlate) != 0 ? 1 : 0;
    if ((meta.flags & kFlagPad) != 0) ++aired.pad[ToString(meta.journal.pad_cause)];
  }
  return aired;
}

void ComplainOfStages(const MetricsPage& metrics, pid_t supervisor, e2e::TestChannel& channel,
                      ChannelRun& run) {
  for (const char* stage : {"air-selector", "air-encoder", "air-decoder"}) {
    double deaths = 0;
    for (const char* cause : {"exit", "signal", "hang", "spawn", "unknown"}) {
      deaths +=
          metrics
              .Value("air_stage_restarts_total",
                     {{"channel", std::to_string(e2e::kTestChannelId)}, {"stage", stage}, {"cause", cause}})
              .value_or(0);
    }
    if (stage == std::string("air-decoder"))
      run.decoder_deaths = static_cast<int64_t>(deaths);
    else if (deaths > 0)
      run.complaints.push_back(absl::StrCat(deaths, " deaths of the ", stage));
  }
  if (channel.supervisor().WaitForEnd(0ms).has_value() || channel.supervisor().pid() != supervisor)
    run.complaints.push_back("the supervisor has died");
}

}  // namespace

std::string AiredFile::Pad() const {
  if (pad.empty()) return "-";
  return absl::StrJoin(pad, ", ",
                       [](std::string* out, const auto& p) { absl::StrAppend(out, p.second, " ", p.first); });
}

ChannelRun PlayInChannel(const std::vector<std::string>& files, const ChannelSettings& settings) {
  const e2e::ChannelFormat format{.num = 25, .den = 1};
  ChannelRun run;
  e2e::TestChannel channel(settings.flags);
  const pid_t supervisor = channel.supervisor().pid();
  const auto viewer = e2e::StreamViewer::OnUnixSocket(channel.Path("viewer.sock"));
  channel.Attach(*viewer);
  const e2e::Schedule schedule = Plan(files, settings.segment_ms, format);
  ProgramLog log(supervisor);
  channel.Begin(schedule);
  channel.FeedRest(schedule);
  const MetricsPage metrics = channel.Metrics();
  channel.Stop();
  log.End();
  viewer->WaitForEnd(0);

  run.ticks = format.TickAt(schedule.end_ms());
  int64_t missing = 0;
  for (int64_t tick = 0; tick < run.ticks; ++tick) missing += log.ticks().contains(tick) ? 0 : 1;
  if (missing > 0) run.complaints.push_back(absl::StrCat(missing, " program frames are missing"));
  Lateness(log.ticks(), 1'000'000'000 * format.den / format.num, run);
  for (size_t i = 0; i < files.size(); ++i) {
    const int64_t from = kLeadInMs + static_cast<int64_t>(i) * settings.segment_ms;
    run.files.push_back(AiredIn(log.ticks(), format.TickAt(from), format.TickAt(from + settings.segment_ms)));
    const AiredFile& aired = run.files.back();
    if (files[i].empty() && aired.content != aired.ticks)
      run.complaints.push_back(absl::StrCat("an ordinary segment lacks frames: ", aired.Pad()));
  }
  ComplainOfStages(metrics, supervisor, channel, run);
  const e2e::Judged judged = e2e::Judge(e2e::WholeTicks(viewer->Received(0)), format);
  if (!judged.structure.Clean()) run.complaints.push_back(analyser::DescribeTs(judged.structure, {}));
  if (judged.content.sound_gaps > 0) run.complaints.push_back("the sound has gaps");
  run.log = channel.Log();
  channel.End();
  return run;
}

}  // namespace air::media

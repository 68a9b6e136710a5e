#include "supervisor/metrics/metrics_exporter.h"

#include <prometheus/text_serializer.h>

#include <array>

#include "absl/strings/str_cat.h"

namespace air {
namespace {

constexpr int64_t kLongestSilenceNs = 2 * kNanosPerSecond;  // as WatchdogSec in systemd/

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

class Families {
 public:
  // Appends one sample to the family `name`, opening it if need be.
  void Add(const char* name, const char* help, MetricType type, double value, Labels labels = {}) {
    if (all_.empty() || all_.back().name != name) all_.push_back({name, help, type, {}});
    ClientMetric metric;
    metric.label = std::move(labels);
    (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    all_.back().metric.push_back(std::move(metric));
  }
  std::vector<MetricFamily> Take() { return std::move(all_); }

 private:
  std::vector<MetricFamily> all_;
};

// Family by family: a family's samples stand together on the page.
void AddSinks(const MetricsSnapshot& m, const std::string& channel, Families& f) {
  struct Column {
    const char* name;
    const char* help;
    MetricType type;
    uint64_t SinkSnapshot::*value;
  };
  constexpr Column kColumns[] = {
      {"air_sink_ticks_total", "Ticks coded and committed for the sink", MetricType::Counter,
       &SinkSnapshot::ticks},
      {"air_sink_lag_ticks", "Ticks the program has made and the sink's encoder has not coded yet",
       MetricType::Gauge, &SinkSnapshot::lag_ticks},
      {"air_sink_padded_ticks_total", "Ticks coded as pad because their content had brought encoders down",
       MetricType::Counter, &SinkSnapshot::padded_ticks},
      {"air_program_overruns_total", "Ticks an encoder found lost and coded as a repeat", MetricType::Counter,
       &SinkSnapshot::overruns},
      {"air_sink_pcrs_total", "PCRs coded", MetricType::Counter, &SinkSnapshot::pcrs},
      {"air_sink_time_stamps_total", "PTS coded, of pictures and sound units", MetricType::Counter,
       &SinkSnapshot::stamps},
      {"air_sink_null_packets_total", "Packets that only keep a constant rate", MetricType::Counter,
       &SinkSnapshot::null_packets},
      {"air_sink_late_pictures_total", "Pictures whose last byte came after their time at a constant rate",
       MetricType::Counter, &SinkSnapshot::late_pictures},
      {"air_sink_backlog_packets", "Packets of pictures that wait for their place in a constant-rate stream",
       MetricType::Gauge, &SinkSnapshot::backlog_packets},
      {"air_sink_sent_bytes_total", "Bytes the viewer's transport has taken", MetricType::Counter,
       &SinkSnapshot::sent_bytes},
      {"air_sink_pending_packets", "Packets committed and not yet sent", MetricType::Gauge,
       &SinkSnapshot::pending_packets},
      {"air_sink_dropped_packets_total", "Packets jumped over for a viewer that did not read",
       MetricType::Counter, &SinkSnapshot::dropped_packets},
      {"air_sink_rejoins_total", "Jumps to a later IDR for a viewer that did not read", MetricType::Counter,
       &SinkSnapshot::rejoins},
  };
  for (const Column& column : kColumns) {
    for (const SinkSnapshot& sink : m.sinks) {
      f.Add(column.name, column.help, column.type, double(sink.*column.value),
            {{"channel", channel}, {"sink", absl::StrCat(sink.sink)}, {"endpoint", sink.endpoint}});
    }
  }
}

void AddLiving(const MetricsSnapshot& m, const std::string& channel, Families& f) {
  const auto labels = [&](const StageSnapshot& s) {
    return Labels{
        {"channel", channel}, {"stage", s.stage}, {"id", s.id}, {"role", s.spare ? "spare" : "work"}};
  };
  for (const StageSnapshot& s : m.stages)
    f.Add("air_stage_up", "1 for every stage process that lives", MetricType::Gauge, 1, labels(s));
  for (const StageSnapshot& s : m.stages)
    f.Add("air_stage_pid", "Its process id", MetricType::Gauge, double(s.pid), labels(s));
  for (const StageSnapshot& s : m.stages) {
    if (s.spare) continue;
    f.Add("air_stage_heartbeat_age_seconds", "Since its data loop's last sign of life", MetricType::Gauge,
          s.silent_seconds, labels(s));
  }
}

void AddStages(const MetricsSnapshot& m, const std::string& channel, Families& f) {
  AddLiving(m, channel, f);
  const auto labels = [&](const std::string& stage) {
    return Labels{{"channel", channel}, {"stage", stage}};
  };
  for (const auto& [stage, record] : m.records) {
    for (size_t cause = 0; cause < static_cast<size_t>(StageDeath::Kind::kCount); ++cause) {
      const auto kind = static_cast<StageDeath::Kind>(cause);
      f.Add("air_stage_restarts_total", "Stages that died while they had work, and were replaced, by cause",
            MetricType::Counter, double(record.deaths(kind)),
            {{"channel", channel}, {"stage", stage}, {"cause", ToString(kind)}});
    }
  }
  for (const auto& [stage, record] : m.records)
    f.Add("air_stage_recoveries_total", "Successors that have delivered", MetricType::Counter,
          double(record.recoveries()), labels(stage));
  for (const auto& [stage, record] : m.records)
    f.Add("air_stage_recovery_last_seconds", "From the last death to the successor's first output",
          MetricType::Gauge, double(record.last_recovery_ns()) / 1e9, labels(stage));
  for (const auto& [stage, record] : m.records)
    f.Add("air_stage_recovery_max_seconds", "The longest recovery so far", MetricType::Gauge,
          double(record.longest_recovery_ns()) / 1e9, labels(stage));
  for (const auto& [stage, record] : m.records) {
    if (record.last_death().empty()) continue;
    f.Add("air_stage_last_death_timestamp_seconds", "When a stage died last, and of what", MetricType::Gauge,
          double(record.last_utc().value()) / 1e3,
          {{"channel", channel},
           {"stage", stage},
           {"cause", ToString(record.last_cause())},
           {"what", record.last_death()}});
  }
  f.Add("air_stages_stuck_total", "Killed stages that did not die within half a second", MetricType::Counter,
        double(m.stuck_stages), {{"channel", channel}});
  f.Add("air_stages_dying", "Killed stages that are not dead yet", MetricType::Gauge, double(m.dying_stages),
        {{"channel", channel}});
}

}  // namespace

void MetricsExporter::Update(const MetricsSnapshot& snapshot, const ClientCounts& clients) {
  updated_at_ = clock_.Now().value();
  std::lock_guard lock(mutex_);
  snapshot_ = snapshot;
  clients_ = clients;
}

std::vector<MetricFamily> MetricsExporter::Collect() const {
  MetricsSnapshot m;
  ClientCounts clients;
  {
    std::lock_guard lock(mutex_);
    m = snapshot_;
    clients = clients_;
  }
  const std::string channel = absl::StrCat(m.channel_id);
  const Labels by_channel = {{"channel", channel}};
  Families f;
  for (const char* state : {"ready", "buffering", "error", "stopped"}) {
    f.Add("retrovue_playout_channel_state", "1 for the state the channel is in", MetricType::Gauge,
          std::string(MetricWord(m.state)) == state ? 1 : 0, {{"channel", channel}, {"state", state}});
  }
  f.Add("retrovue_playout_frame_gap_seconds", "Publication of the last program frame after its deadline",
        MetricType::Gauge, m.frame_gap_seconds, by_channel);
  f.Add("retrovue_playout_buffer_depth_frames", "Frames prepared ahead for the segment on air",
        MetricType::Gauge, double(m.buffer_depth), by_channel);
  f.Add("air_program_frames_total", "Program frames made, one per tick", MetricType::Counter,
        double(m.frames), by_channel);
  f.Add("air_content_frames_total", "Program frames that showed content", MetricType::Counter,
        double(m.content_frames), by_channel);
  for (size_t cause = 0; cause < m.pad_frames.size(); ++cause) {
    f.Add("air_pad_frames_total", "Program frames that showed pad, by cause (PLANNED: the plan asked for it)",
          MetricType::Counter, double(m.pad_frames[cause]),
          {{"channel", channel}, {"cause", ToString(static_cast<PadCause>(cause))}});
  }
  f.Add("air_slate_frames_total", "Program frames that showed the slate", MetricType::Counter,
        double(m.slate_frames), by_channel);
  f.Add("air_segments_given_up_total", "Segments whose content was given up", MetricType::Counter,
        double(m.segments_given_up), by_channel);
  f.Add("air_ring_depth_min_frames", "Lowest depth of the ring on air within the last minute",
        MetricType::Gauge, double(m.lowest_depth), by_channel);
  f.Add("air_prepared_ahead_seconds",
        "How long before its tick the first frame of the segment on air was ready", MetricType::Gauge,
        m.prepared_ahead_seconds, by_channel);
  f.Add("air_prepared_ahead_min_seconds", "The least of that within the last minute", MetricType::Gauge,
        m.least_prepared_ahead_seconds, by_channel);
  f.Add("air_adoptions_total", "Times a new supervisor has taken the session up from one that was killed",
        MetricType::Counter, double(m.adoptions), by_channel);
  f.Add("air_late_ticks_total", "Ticks made more than one frame period after their deadline",
        MetricType::Counter, double(m.late_ticks), by_channel);
  f.Add("air_discontinuities_total", "Declared discontinuities of the program", MetricType::Counter,
        double(m.discontinuities), by_channel);
  if (m.in_session) {
    f.Add("air_lookahead_seconds", "Until the plan is used up; negative: since it is", MetricType::Gauge,
          m.lookahead_seconds, by_channel);
    f.Add("air_lookahead_low", "1 while the plan ends within 10 s", MetricType::Gauge,
          m.lookahead_seconds < 10 ? 1 : 0, by_channel);
    f.Add("air_lookahead_low_total", "Blocks that came later than 10 s before they were needed",
          MetricType::Counter, double(m.lookahead_low), by_channel);
    f.Add("air_clock_drift_seconds", "The clock on the wall ahead of where the session has it",
          MetricType::Gauge, m.clock_drift_seconds, by_channel);
  }
  f.Add("air_waiting_blocks", "Accepted blocks whose preparation has not started", MetricType::Gauge,
        double(m.waiting_blocks), by_channel);
  f.Add("air_sinks", "Viewer transports attached", MetricType::Gauge, double(m.sinks.size()), by_channel);
  f.Add("air_evidence_messages_total", "Messages of evidence made in the last session", MetricType::Counter,
        double(m.evidence.messages), by_channel);
  if (m.evidence.configured) {
    f.Add("air_evidence_acknowledged_total", "Of them, acknowledged by the control plane",
          MetricType::Counter, double(m.evidence.acknowledged), by_channel);
    f.Add("air_evidence_connected", "1 while the control plane takes evidence", MetricType::Gauge,
          m.evidence.connected ? 1 : 0, by_channel);
    f.Add("air_evidence_attempts_total", "Attempts to reach the control plane with evidence",
          MetricType::Counter, double(m.evidence.attempts), by_channel);
  }
  f.Add("air_evidence_unwritten", "Records of evidence that wait in memory for room on the disk",
        MetricType::Gauge, double(m.evidence.unwritten), by_channel);
  f.Add("air_session_record_stale",
        "1 while the session record could not be written: a supervisor that took over would know an older "
        "state",
        MetricType::Gauge, m.record_stale ? 1 : 0, by_channel);
  f.Add("air_evidence_dropped_total", "Records of evidence for which there was no room", MetricType::Counter,
        double(m.evidence.dropped), by_channel);
  f.Add("air_event_subscribers", "Clients that are subscribed to block events", MetricType::Gauge,
        double(clients.event_subscribers), by_channel);
  f.Add("air_event_subscribers_dropped_total", "Subscribers dropped because they did not read their events",
        MetricType::Counter, double(clients.subscribers_dropped), by_channel);
  f.Add("air_event_subscribers_refused_total", "Subscribers refused because there were too many",
        MetricType::Counter, double(clients.subscribers_refused), by_channel);
  f.Add("air_control_connections", "Open connections to the control interface", MetricType::Gauge,
        double(clients.control_connections), by_channel);
  f.Add("air_control_connections_refused_total", "Control connections closed because there were too many",
        MetricType::Counter, double(clients.control_refused), by_channel);
  f.Add("air_metrics_connections_refused_total", "Metrics connections closed because there were too many",
        MetricType::Counter, double(clients.metrics_refused), by_channel);
  AddSinks(m, channel, f);
  AddStages(m, channel, f);
  if (!m.block.empty()) {
    f.Add(
        "air_on_air", "What is on air; the value is always 1", MetricType::Gauge, 1,
        {{"channel", channel}, {"block", m.block}, {"segment", absl::StrCat(m.segment)}, {"asset", m.asset}});
  }
  return f.Take();
}

std::optional<HttpPage> MetricsExporter::Page(const std::string& path) const {
  if (path == "/metrics") {
    return HttpPage{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                    .body = prometheus::TextSerializer().Serialize(Collect())};
  }
  const bool lives = clock_.Now() - Nanos(updated_at_.load()) < kLongestSilenceNs;
  if (path == "/healthz") {
    if (lives) return HttpPage{.body = "ok\n"};
    return HttpPage{.status = 503, .body = "the event loop has been silent for two seconds\n"};
  }
  if (path == "/readyz") {
    if (lives && ready_) return HttpPage{.body = "ready\n"};
    return HttpPage{.status = 503, .body = "control calls are not answered: starting, ending or silent\n"};
  }
  return std::nullopt;
}

}  // namespace air

#include "core/director/pages/director_snapshot.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/str_cat.h"

namespace retrovue {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;
using Json = nlohmann::ordered_json;

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
  void Gauge(const char* name, const char* help, double value) { Add(name, help, MetricType::Gauge, value); }
  void Counter(const char* name, const char* help, double value) {
    Add(name, help, MetricType::Counter, value);
  }
  std::string Text() const { return prometheus::TextSerializer().Serialize(all_); }

 private:
  std::vector<MetricFamily> all_;
};

struct Column {
  const char* name;
  const char* help;
  MetricType type;
  double (*value)(const ChannelSnapshot&);
};
constexpr Column kColumns[] = {
    {"retrovue_channel_up", "1 while the channel's stream is on the air", MetricType::Gauge,
     [](const ChannelSnapshot& c) { return c.is_up ? 1.0 : 0.0; }},
    {"retrovue_channel_viewers", "Viewers served, or waiting for the channel to start", MetricType::Gauge,
     [](const ChannelSnapshot& c) { return double(c.viewers); }},
    {"retrovue_channel_viewers_total", "Viewers handed to the channel's managers", MetricType::Counter,
     [](const ChannelSnapshot& c) { return double(c.viewers_taken); }},
    {"retrovue_channel_schedule_ahead_seconds", "From now to the end of the last schedule day that is made",
     MetricType::Gauge, [](const ChannelSnapshot& c) { return double(c.schedule_ahead_ms) / 1e3; }},
    {"retrovue_channel_playlog_ahead_seconds", "From now to the first hole in the stored playlog",
     MetricType::Gauge, [](const ChannelSnapshot& c) { return double(c.playlog_ahead_ms) / 1e3; }},
    {"retrovue_channel_fed_ahead_seconds", "How long the manager can play without the director",
     MetricType::Gauge, [](const ChannelSnapshot& c) { return double(c.fed_ahead_ms) / 1e3; }},
    {"retrovue_channel_blocks_late_total", "Blocks fed less than ten seconds before they began",
     MetricType::Counter, [](const ChannelSnapshot& c) { return double(c.blocks_late); }},
    {"retrovue_channel_manager_failures_total", "Managers that died unasked, or could not be started",
     MetricType::Counter, [](const ChannelSnapshot& c) { return double(c.manager_failures); }},
    {"retrovue_channel_manager_takeovers_total", "Managers found running and taken up", MetricType::Counter,
     [](const ChannelSnapshot& c) { return double(c.manager_takeovers); }},
};

Json ChannelJson(const ChannelSnapshot& c) {
  Json json;
  json["slug"] = c.slug;
  json["title"] = c.title;
  json["phase"] = c.phase;
  json["up"] = c.is_up;
  json["viewers"] = c.viewers;
  json["always_on"] = c.always_on;
  json["manager_pid"] = c.manager_pid;
  json["air_pid"] = c.air_pid;
  json["air_metrics"] = c.air_metrics;
  json["block_on_air"] = c.block_on_air;
  json["schedule_ahead_ms"] = c.schedule_ahead_ms;
  json["playlog_ahead_ms"] = c.playlog_ahead_ms;
  json["fed_ahead_ms"] = c.fed_ahead_ms;
  json["blocks_late"] = c.blocks_late;
  json["manager_failures"] = c.manager_failures;
  json["last_error"] = c.last_error;
  return json;
}

}  // namespace

std::string MetricsText(const DirectorSnapshot& s) {
  Families f;
  const auto up = std::count_if(s.channels.begin(), s.channels.end(), [](const auto& c) { return c.is_up; });
  f.Gauge("retrovue_channels", "Channels there are", double(s.channels.size()));
  f.Gauge("retrovue_channels_up", "Channels whose stream is on the air", double(up));
  for (const Column& column : kColumns)
    for (const ChannelSnapshot& c : s.channels)
      f.Add(column.name, column.help, column.type, column.value(c), {{"channel", c.slug}});
  f.Gauge("retrovue_starts_waiting", "Channels that wait for their turn to start", s.starts_waiting);
  f.Gauge("retrovue_starts_running", "Channels that are starting", s.starts_running);
  f.Counter("retrovue_horizon_failures_total", "Attempts to carry a schedule on that failed",
            double(s.horizon_failures));
  f.Gauge("retrovue_database_up", "1 while the database answers", s.database_answers ? 1 : 0);
  f.Gauge("retrovue_database_writable", "1 while what is written to it is stored",
          s.write_error.empty() ? 1 : 0);
  f.Counter("retrovue_database_errors_total", "Calls the database failed", double(s.database_errors));
  f.Gauge("retrovue_evidence_streams", "AIR sessions whose evidence comes in", s.evidence_streams);
  f.Counter("retrovue_evidence_received_total", "Messages of evidence that were dealt with",
            double(s.evidence_received));
  f.Counter("retrovue_evidence_stored_total", "Messages of evidence that are stored",
            double(s.evidence_stored));
  f.Counter("retrovue_evidence_refused_total", "Messages of evidence that were answered with an error",
            double(s.evidence_refused));
  f.Counter("retrovue_evidence_failed_writes_total", "Batches of evidence the database did not take",
            double(s.evidence_failed_writes));
  f.Gauge("retrovue_evidence_behind", "Messages that AIR has emitted and that are not stored yet",
          double(s.evidence_behind));
  for (const auto& [thread, waiting] : s.waiting_jobs)
    f.Add("retrovue_jobs_waiting", "Jobs that wait for a thread", MetricType::Gauge, double(waiting),
          {{"thread", thread}});
  for (const auto& [status, count] : s.answers)
    f.Add("retrovue_http_answers_total", "HTTP requests answered here, by status", MetricType::Counter,
          double(count), {{"status", absl::StrCat(status)}});
  f.Counter("retrovue_http_connections_refused_total", "Connections closed because there were too many",
            double(s.connections_refused));
  return f.Text();
}

std::string StatusJson(const DirectorSnapshot& s) {
  int viewers = 0;
  int up = 0;
  std::uint64_t late = 0;
  std::optional<std::int64_t> ahead;
  for (const ChannelSnapshot& c : s.channels) {
    viewers += c.viewers;
    up += c.is_up ? 1 : 0;
    late += c.blocks_late;
    ahead = std::min(c.schedule_ahead_ms, ahead.value_or(c.schedule_ahead_ms));
  }
  const std::vector<std::string> why_not = WhyNotReady(s);
  Json json;
  json["status"] = "ok";
  json["now"] = ToRfc3339(s.now);
  json["now_utc_ms"] = UtcMs(s.now);
  json["clock_shift_ms"] = s.clock_shift_ms;
  json["starting"] = !s.database_was_asked;
  json["ready"] = why_not.empty();
  json["why_not_ready"] = why_not;
  json["channels"] = s.channels.size();
  json["channels_up"] = up;
  json["viewers"] = viewers;
  if (ahead.has_value()) json["horizon_hours"] = std::max<std::int64_t>(*ahead, 0) / 3'600'000;
  json["blocks_late"] = late;
  json["database_up"] = s.database_answers;
  json["database_errors"] = s.database_errors;
  json["database_error"] = s.database_error;
  json["database_writable"] = s.write_error.empty();
  json["write_error"] = s.write_error;
  json["evidence_streams"] = s.evidence_streams;
  json["evidence_stored"] = s.evidence_stored;
  json["evidence_behind"] = s.evidence_behind;
  json["starts_running"] = s.starts_running;
  json["starts_waiting"] = s.starts_waiting;
  json["each_channel"] = Json::array();
  for (const ChannelSnapshot& c : s.channels) json["each_channel"].push_back(ChannelJson(c));
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::vector<std::string> WhyNotReady(const DirectorSnapshot& s) {
  std::vector<std::string> why;
  if (!s.database_was_asked) return {"starting"};
  if (!s.channels_known) why.push_back("the channels have not been read yet");
  if (!s.database_answers)
    why.push_back(
        absl::StrCat("the database does not answer", s.database_error.empty() ? "" : ": ", s.database_error));
  else if (!s.write_error.empty())
    why.push_back(absl::StrCat("the database cannot be written, and evidence waits: ", s.write_error));
  return why;
}

}  // namespace retrovue

#include "absl/strings/str_format.h"
#include "tests/support/json_line.h"
#include "tests/support/ts_analyser.h"

namespace air::analyser {
namespace {

constexpr TableCheck::Table kAllTables[] = {TableCheck::kPat, TableCheck::kPmt, TableCheck::kSdt};

template <class T>
std::string Range(const Measured<T>& range, const char* unit) {
  return range.empty() ? "-" : absl::StrFormat("%.7g..%.7g %s", double(range.min), double(range.max), unit);
}

template <class T>
void AddRange(JsonLine& json, const char* key, const Measured<T>& range) {
  if (range.empty()) return json.AddNull(key);
  json.BeginArray(key);
  json.Add("", range.min);
  json.Add("", range.max);
  json.EndArray();
}

void AddBuffers(JsonLine& json, const std::optional<TStdUse>& use) {
  if (!use) return;
  json.BeginObject("t_std");
  json.Add("main_bytes", use->main_bytes);
  json.Add("fullest_main", use->fullest_main);
  json.Add("fullest_transport", use->fullest_transport);
  AddRange(json, "ready_before_ms", use->ready_before_ms);
  json.EndObject();
}

void AddStream(JsonLine& json, const StreamStats& stats, const Measured<double>& delay_ms,
               const std::optional<TStdUse>& buffers) {
  json.Add("units", stats.units);
  json.Add("pes_packets", stats.pes_packets);
  json.Add("first_pts", stats.first_pts);
  json.Add("last_pts", stats.last_pts);
  AddRange(json, "pts_step", stats.pts_step);
  AddRange(json, "delay_ms", delay_ms);
  AddBuffers(json, buffers);
}

}  // namespace

std::string DescribeTs(const TsReport& r, const std::set<Rule>& ignored) {
  std::string out;
  auto line = [&](const std::string& text) { out += text + "\n"; };
  line(absl::StrFormat("packets   %d (%d null), %.3f s, %.1f kbit/s, service \"%s\"", r.packets,
                       r.null_packets, r.seconds, r.kbit_s, r.program.service_name));
  for (TableCheck::Table table : kAllTables) {
    line(absl::StrFormat("%-9s every %s", Name(table), Range(r.table_ms[table], "ms")));
  }
  line(absl::StrFormat("PCR       %d on PID %#x, every %s", r.pcr_count, r.program.pcr_pid,
                       Range(r.pcr_ms, "ms")));
  if (r.sps) {
    line(
        absl::StrFormat("video     PID %#x, H.264 profile %d level %.1f, %dx%d, %d pictures, %d IDR every %s",
                        r.video_pid, r.sps->profile, r.sps->level / 10.0, r.sps->width, r.sps->height,
                        r.video.units, r.idr_pictures, Range(r.idr_ms, "ms")));
    line(absl::StrFormat("          PTS step %s, delay %s", Range(r.video.pts_step, "ticks"),
                         Range(r.video_delay_ms, "ms")));
  }
  if (r.audio.units > 0) {
    line(absl::StrFormat("audio     PID %#x, AAC-LC %d Hz, %d channels, %d frames", r.audio_pid,
                         r.audio_sample_rate, r.audio_channels, r.audio.units));
    line(absl::StrFormat("          PTS step %s, delay %s", Range(r.audio.pts_step, "ticks"),
                         Range(r.audio_delay_ms, "ms")));
  }
  if (r.time_bases > 1) line(absl::StrFormat("breaks    %d time bases", r.time_bases));
  if (!r.pcr_error_ns.empty()) {
    line(absl::StrFormat("constant  PCR off by %s, %s packets in a second", Range(r.pcr_error_ns, "ns"),
                         Range(r.packets_a_second, "")));
  }
  for (auto [name, use] : {std::pair{"video", &r.video_buffers}, {"audio", &r.audio_buffers}}) {
    if (!*use) continue;
    line(absl::StrFormat("T-STD     %s: %.0f of %.0f bytes at most, TB %.0f of 512, ready %s before DTS",
                         name, (*use)->fullest_main, (*use)->main_bytes, (*use)->fullest_transport,
                         Range((*use)->ready_before_ms, "ms")));
  }
  if (r.table_buffers)
    line(absl::StrFormat("T-STD     tables: TB %.0f of 512 bytes at most",
                         r.table_buffers->fullest_transport));
  for (const Finding& finding : r.findings.kept()) {
    if (ignored.contains(finding.rule)) continue;
    line(absl::StrFormat("%-14s packet %d: %s", Name(finding.rule), finding.packet, finding.text));
  }
  line(absl::StrFormat("structure %d findings", r.findings.CountWithout(ignored)));
  return out;
}

std::string TsReportJson(const TsReport& r, const std::set<Rule>& ignored) {
  JsonLine json;
  json.BeginObject();
  json.Add("clean", r.Clean(ignored));
  json.Add("packets", r.packets);
  json.Add("null_packets", r.null_packets);
  json.Add("seconds", r.seconds);
  json.Add("kbit_s", r.kbit_s);
  json.Add("service", r.program.service_name);
  json.Add("time_bases", r.time_bases);
  AddRange(json, "pcr_error_ns", r.pcr_error_ns);
  AddRange(json, "packets_a_second", r.packets_a_second);
  AddRange(json, "pcr_ms", r.pcr_ms);
  for (TableCheck::Table table : kAllTables) AddRange(json, Name(table), r.table_ms[table]);
  json.BeginObject("video");
  json.Add("pid", r.video_pid);
  if (r.sps) json.Add("width", r.sps->width), json.Add("height", r.sps->height);
  json.Add("idr_pictures", r.idr_pictures);
  AddRange(json, "idr_ms", r.idr_ms);
  AddStream(json, r.video, r.video_delay_ms, r.video_buffers);
  json.EndObject();
  json.BeginObject("audio");
  json.Add("pid", r.audio_pid);
  json.Add("sample_rate", r.audio_sample_rate);
  json.Add("channels", r.audio_channels);
  AddStream(json, r.audio, r.audio_delay_ms, r.audio_buffers);
  json.EndObject();
  json.BeginObject("counts");
  for (int rule = 0; rule < static_cast<int>(Rule::kCount); ++rule) {
    if (!ignored.contains(Rule(rule))) json.Add(Name(Rule(rule)), r.findings.Count(Rule(rule)));
  }
  json.EndObject();
  json.BeginArray("findings");
  for (const Finding& finding : r.findings.kept()) {
    if (ignored.contains(finding.rule)) continue;
    json.BeginObject();
    json.Add("rule", Name(finding.rule));
    json.Add("packet", finding.packet);
    json.Add("text", finding.text);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return json.text();
}

}  // namespace air::analyser

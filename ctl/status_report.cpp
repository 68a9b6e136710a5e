#include "ctl/status_report.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace air {
namespace {

std::string Label(const MetricSample& sample, const char* name) {
  const auto found = sample.labels.find(name);
  return found == sample.labels.end() ? "" : found->second;
}

void AppendRow(std::string& report, const char* title, const std::string& text) {
  if (!text.empty()) absl::StrAppendFormat(&report, "%-12s%s\n", title, text);
}

std::string Count(double value) { return absl::StrCat(static_cast<std::int64_t>(value)); }

std::string OnAir(const MetricsPage& page) {
  for (const MetricSample& sample : page.Named("air_on_air")) {
    if (sample.value != 1) continue;
    const std::string asset = Label(sample, "asset");
    return absl::StrCat(asset.empty() ? "pad" : asset, "  (block ", Label(sample, "block"), ", segment ",
                        Label(sample, "segment"), ")");
  }
  return "";
}

// "12 = 10 LATE + 2 EOF"; causes that never happened are left out.
std::string PadFrames(const MetricsPage& page) {
  const auto total = page.Sum("air_pad_frames_total");
  if (!total) return "";
  std::vector<std::string> causes;
  for (const MetricSample& sample : page.Named("air_pad_frames_total")) {
    if (sample.value > 0) causes.push_back(absl::StrCat(Count(sample.value), " ", Label(sample, "cause")));
  }
  return causes.empty() ? Count(*total) : absl::StrCat(Count(*total), " = ", absl::StrJoin(causes, " + "));
}

// "air-decoder          decoder-3  pid 4711"
std::string StageLine(const MetricSample& pid) {
  std::string line =
      absl::StrFormat("%-20s %-12s pid %s", Label(pid, "stage"), Label(pid, "id"), Count(pid.value));
  if (Label(pid, "role") == "spare") absl::StrAppend(&line, "  spare");
  return line;
}

// "air-decoder          3 = 2 signal + 1 hang, last recovery 0.061 s"; one line for each kind of stage.
std::vector<std::string> RestartLines(const MetricsPage& page) {
  std::map<std::string, double> totals;
  std::map<std::string, std::vector<std::string>> causes;
  for (const MetricSample& sample : page.Named("air_stage_restarts_total")) {
    const std::string stage = Label(sample, "stage"), cause = Label(sample, "cause");
    totals[stage] += sample.value;
    if (sample.value > 0 && !cause.empty())
      causes[stage].push_back(absl::StrCat(Count(sample.value), " ", cause));
  }
  std::vector<std::string> lines;
  for (const auto& [stage, total] : totals) {
    std::string line = absl::StrFormat("%-20s %s", stage, Count(total));
    if (!causes[stage].empty()) absl::StrAppend(&line, " = ", absl::StrJoin(causes[stage], " + "));
    const auto recovery = page.Value("air_stage_recovery_last_seconds", {{"stage", stage}});
    if (total > 0 && recovery) absl::StrAppendFormat(&line, ", last recovery %.3f s", *recovery);
    lines.push_back(line);
  }
  return lines;
}

}  // namespace

std::string StatusReport(const MetricsPage& page) {
  std::string report;
  AppendRow(report, "state", ChannelState(page));
  AppendRow(report, "on air", OnAir(page));
  if (const auto frames = page.Sum("air_program_frames_total")) AppendRow(report, "frames", Count(*frames));
  AppendRow(report, "pad frames", PadFrames(page));
  if (const auto attached = page.Sum("air_sinks")) AppendRow(report, "sinks", Count(*attached));
  for (const MetricSample& pid : page.Named("air_stage_pid")) AppendRow(report, "stage", StageLine(pid));
  for (const std::string& line : RestartLines(page)) AppendRow(report, "restarts", line);
  for (const MetricSample& death : page.Named("air_stage_last_death_timestamp_seconds"))
    AppendRow(report, "last death", Label(death, "what"));
  return report;
}

}  // namespace air

#include "ctl/status_report.h"

#include <cstdint>

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

std::string StageLine(const MetricsPage& page, const MetricSample& pid) {
  const std::string stage = Label(pid, "stage");
  std::string line = absl::StrFormat("%-20s pid %s", stage, Count(pid.value));
  if (const auto restarts = page.Value("air_stage_restarts_total", {{"stage", stage}})) {
    absl::StrAppend(&line, "  restarts ", Count(*restarts));
  }
  return line;
}

}  // namespace

std::string StatusReport(const MetricsPage& page) {
  std::string report;
  AppendRow(report, "state", ChannelState(page));
  AppendRow(report, "on air", OnAir(page));
  if (const auto frames = page.Sum("air_program_frames_total")) AppendRow(report, "frames", Count(*frames));
  AppendRow(report, "pad frames", PadFrames(page));
  if (const auto attached = page.Sum("air_sinks")) AppendRow(report, "sinks", Count(*attached));
  const std::vector<MetricSample> stages = page.Named("air_stage_pid");
  for (const MetricSample& pid : stages) AppendRow(report, "stage", StageLine(page, pid));
  if (stages.empty()) {
    for (const MetricSample& restarts : page.Named("air_stage_restarts_total")) {
      AppendRow(report, "stage",
                absl::StrFormat("%-20s restarts %s", Label(restarts, "stage"), Count(restarts.value)));
    }
  }
  return report;
}

}  // namespace air

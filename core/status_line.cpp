#include "core/status_line.h"

#include <cstdint>
#include <filesystem>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace air {
namespace {

std::string Label(const MetricSample& sample, const char* name) {
  const auto found = sample.labels.find(name);
  return found == sample.labels.end() ? "" : found->second;
}

std::string Count(double value) { return absl::StrCat(static_cast<std::int64_t>(value)); }

// "clip.mp4 (block-3)"
std::string OnAir(const MetricsPage& page) {
  for (const MetricSample& sample : page.Named("air_on_air")) {
    if (sample.value != 1) continue;
    const std::string name = std::filesystem::path(Label(sample, "asset")).filename().string();
    const std::string block = Label(sample, "block");
    return absl::StrCat(name.empty() ? "pad" : name, block.empty() ? "" : absl::StrCat(" (", block, ")"));
  }
  return "";
}

// "pad 12 (10 LATE, 2 EOF)"
std::string Pad(const MetricsPage& page) {
  const auto total = page.Sum("air_pad_frames_total");
  if (!total) return "";
  std::vector<std::string> causes;
  for (const MetricSample& sample : page.Named("air_pad_frames_total")) {
    if (sample.value > 0) causes.push_back(absl::StrCat(Count(sample.value), " ", Label(sample, "cause")));
  }
  return absl::StrCat("pad ", Count(*total),
                      causes.empty() ? "" : absl::StrCat(" (", absl::StrJoin(causes, ", "), ")"));
}

}  // namespace

std::string StatusLine(const ChannelView& view) {
  std::vector<std::string> parts = {view.phase};
  const auto add = [&parts](const std::string& part) {
    if (!part.empty()) parts.push_back(part);
  };
  if (view.page) {
    if (const std::string state = ChannelState(*view.page); state == "error") add("AIR reports an error");
    add(OnAir(*view.page));
    if (const auto frames = view.page->Sum("air_program_frames_total"))
      add(absl::StrCat("frames ", Count(*frames)));
    add(Pad(*view.page));
    const auto restarts = view.page->Sum("air_stage_restarts_total");
    if (restarts.value_or(0) > 0) add(absl::StrCat("restarts ", Count(*restarts)));
  }
  add(absl::StrCat("viewers ", view.viewers));
  return absl::StrJoin(parts, " | ");
}

}  // namespace air

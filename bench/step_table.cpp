#include "bench/step_table.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"

namespace air::bench {
namespace {

constexpr char kStep[] = ": step ", kAt[] = " at ";

std::int64_t SizeOf(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<std::int64_t>(size);
}

}  // namespace

void StepLogs::SkipToEnd() {
  for (const std::string& path : paths_) ends_[path] = SizeOf(path);
}

std::map<std::string, std::chrono::nanoseconds> StepLogs::Read(
    std::chrono::steady_clock::time_point from) const {
  const std::int64_t begin = std::chrono::nanoseconds(from.time_since_epoch()).count();
  std::map<std::string, std::chrono::nanoseconds> steps;
  for (const std::string& path : paths_) {
    std::ifstream file(path);
    if (const auto end = ends_.find(path); end != ends_.end()) file.seekg(end->second);
    for (std::string line; std::getline(file, line);) {
      const std::size_t step = line.find(kStep), at = line.rfind(kAt);
      if (step == std::string::npos || at == std::string::npos || at < step + sizeof kStep - 1) continue;
      const std::size_t name = step + sizeof kStep - 1;
      std::int64_t time = 0;
      if (!absl::SimpleAtoi(absl::StripSuffix(line.substr(at + sizeof kAt - 1), " ns"), &time)) continue;
      if (time >= begin) steps.try_emplace(line.substr(name, at - name), time - begin);
    }
  }
  return steps;
}

void StepTable::Add(const std::string& step, std::chrono::nanoseconds after) {
  steps_.try_emplace(step, step).first->second.Add(after);
}

void StepTable::Print() const {
  std::vector<const Distribution*> in_order;
  for (const auto& [step, times] : steps_) in_order.push_back(&times);
  std::sort(in_order.begin(), in_order.end(),
            [](const auto* a, const auto* b) { return a->Percentile(50) < b->Percentile(50); });
  for (const Distribution* times : in_order) times->Print();
}

}  // namespace air::bench

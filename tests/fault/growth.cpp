#include "tests/fault/growth.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace air::e2e {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kLasting = {"air-supervisor", "air-selector", "air-encoder"};

int64_t Entries(const std::string& folder) {
  std::error_code gone;
  int64_t entries = 0;
  for (auto entry = fs::directory_iterator(folder, gone); entry != fs::directory_iterator();
       entry.increment(gone))
    ++entries;
  return entries;
}

// "Pss:   123 kB"
std::map<std::string, int64_t> Rollup(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/smaps_rollup"));
  std::map<std::string, int64_t> kb;
  for (std::string line; std::getline(file, line);) {
    if (const size_t colon = line.find(':'); line.starts_with("Pss") && colon != std::string::npos)
      kb[line.substr(0, colon)] = std::atoll(line.c_str() + colon + 1);
  }
  return kb;
}

ProcessSize Largest(const Size& size, const std::string& program) {
  ProcessSize largest;
  for (const ProcessSize& process : size.processes) {
    if (process.program != program) continue;
    largest.own_kb = std::max(largest.own_kb, process.own_kb);
    largest.descriptors = std::max(largest.descriptors, process.descriptors);
    largest.threads = std::max(largest.threads, process.threads);
  }
  return largest;
}

class Comparison {
 public:
  void Of(const std::string& what, int64_t before, int64_t after, int64_t most) {
    if (after - before <= most) return;
    grown_.push_back(absl::StrFormat("%s: %d, and later %d; %d more are allowed", what, before, after, most));
  }
  void Of(const std::string& program, const ProcessSize& before, const ProcessSize& after,
          const GrowthLimits& limits) {
    Of(program + ", KB", before.own_kb, after.own_kb, limits.own_kb);
    Of(program + ", descriptors", before.descriptors, after.descriptors, limits.descriptors);
    Of(program + ", threads", before.threads, after.threads, limits.threads);
  }
  const std::vector<std::string>& grown() const { return grown_; }

 private:
  std::vector<std::string> grown_;
};

}  // namespace

int64_t Size::PssKb() const {
  int64_t sum = 0;
  for (const ProcessSize& process : processes) sum += process.pss_kb;
  return sum;
}

Size SizeOf(const std::vector<std::pair<pid_t, std::string>>& processes) {
  Size size;
  for (const auto& [pid, program] : processes) {
    std::map<std::string, int64_t> kb = Rollup(pid);
    if (kb["Pss"] == 0) continue;
    size.processes.push_back({.pid = pid,
                              .program = program,
                              .pss_kb = kb["Pss"],
                              .own_kb = kb["Pss_Anon"],
                              .descriptors = Entries(absl::StrCat("/proc/", pid, "/fd")),
                              .threads = Entries(absl::StrCat("/proc/", pid, "/task"))});
  }
  return size;
}

std::vector<std::string> Grown(const Size& first, const Size& last, const GrowthLimits& limits) {
  Comparison comparison;
  for (const std::string& program : kLasting)
    comparison.Of(program, Largest(first, program), Largest(last, program), limits);
  comparison.Of("all processes, KB", first.PssKb(), last.PssKb(), limits.all_pss_kb);
  comparison.Of("processes", static_cast<int64_t>(first.processes.size()),
                static_cast<int64_t>(last.processes.size()), limits.processes);
  comparison.Of("names in /dev/shm", first.shared_names, last.shared_names, limits.shared_names);
  return comparison.grown();
}

std::string Describe(const Size& size) {
  std::string text = absl::StrFormat("%5.1f min:", size.minute);
  for (const std::string& program : kLasting) {
    const ProcessSize largest = Largest(size, program);
    absl::StrAppendFormat(&text, " %s %.1f MB, %d fds, %d threads;", program.substr(4),
                          static_cast<double>(largest.own_kb) / 1024, largest.descriptors, largest.threads);
  }
  absl::StrAppendFormat(&text, " all %d processes %.1f MB PSS; %d names", size.processes.size(),
                        static_cast<double>(size.PssKb()) / 1024, size.shared_names);
  return text;
}

}  // namespace air::e2e

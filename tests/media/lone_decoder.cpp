#include "tests/media/lone_decoder.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "stages/decoder/file/file_producer.h"
#include "stages/decoder/program/sandbox.h"

extern "C" {
#include <libavutil/log.h>
}

namespace air::media {
namespace {

using std::chrono::steady_clock;

constexpr int kLookMs = 10;
constexpr char kUnit = 'u', kEnd = '.', kRefused = '!';  // then the text

[[noreturn]] void Say(char what, const std::string& text = "") {
  const std::string line = what + text.substr(0, 2000);
  [[maybe_unused]] const ssize_t n = write(STDOUT_FILENO, line.data(), line.size());
  _exit(0);
}

[[noreturn]] void Decode(const std::string& path, const HouseFormat& format, int64_t most_units) {
  av_log_set_level(AV_LOG_QUIET);
  FileProducer producer;
  if (absl::Status s = producer.OpenFiles(path, {}); !s.ok()) Say(kRefused, std::string(s.message()));
  if (absl::Status s = LockIn(); !s.ok()) Say(kRefused, std::string(s.message()));
  ProducerRequest request;
  request.asset_uri = path;
  request.format = format;
  if (absl::Status s = producer.Start(request); !s.ok()) Say(kRefused, std::string(s.message()));
  std::vector<uint8_t> video(format.VideoBytes()), side_data(3584);
  std::vector<int16_t> audio(size_t{format.MaxUnitSamples()} * format.channels);
  for (UnitIndex i = producer.Next(); i.value() < most_units; ++i) {
    UnitInfo info;
    const auto rendered = producer.Render(i, {video, audio, side_data}, info);
    if (!rendered.ok()) Say(kRefused, std::string(rendered.status().message()));
    if (*rendered == Rendered::kEndOfStream) break;
    [[maybe_unused]] const ssize_t n = write(STDOUT_FILENO, &kUnit, 1);
  }
  Say(kEnd);
}

int64_t DataBytesOf(pid_t pid) {
  std::ifstream status(absl::StrCat("/proc/", pid, "/status"));
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmData:", 0) == 0) return std::strtoll(line.c_str() + 7, nullptr, 10) * 1024;
  return 0;
}

int64_t MsSince(steady_clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - begin).count();
}

}  // namespace

LoneRun RunAlone(const std::string& path, const HouseFormat& format, const LoneLimits& limits) {
  int ends[2];
  LoneRun run;
  if (pipe(ends) != 0) return run;
  const auto begin = steady_clock::now();
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    Decode(path, format, limits.most_units);
  }
  close(ends[1]);

  std::string said;
  auto last_unit = begin;
  bool killed = false, open = true;
  while (open) {
    pollfd readable{ends[0], POLLIN, 0};
    poll(&readable, 1, kLookMs);
    run.peak_data_bytes = std::max(run.peak_data_bytes, DataBytesOf(child));
    if (readable.revents != 0) {
      char buffer[4096];
      const ssize_t n = read(ends[0], buffer, sizeof buffer);
      open = n > 0;
      for (ssize_t i = 0; i < n; ++i) {
        if (!said.empty() || buffer[i] != kUnit) {
          said += buffer[i];
          continue;
        }
        if (run.units++ == 0) run.first_unit_ms = MsSince(begin);
        last_unit = steady_clock::now();
      }
    }
    if (!killed && said.empty() &&
        (MsSince(last_unit) > limits.most_silent_seconds * 1000 ||
         MsSince(begin) > limits.most_seconds * 1000)) {
      kill(child, SIGKILL);
      killed = true;
    }
  }
  close(ends[0]);
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  run.peak_rss_bytes = usage.ru_maxrss * 1024;
  if (killed) {
    run.end = LoneRun::End::kHung;
    run.text = absl::StrCat("hung behind unit ", run.units);
  } else if (!WIFEXITED(status) || said.empty()) {
    run.end = LoneRun::End::kDied;
    run.text = WIFSIGNALED(status) ? absl::StrCat("died of signal ", WTERMSIG(status), " (",
                                                  strsignal(WTERMSIG(status)), ") behind unit ", run.units)
                                   : absl::StrCat("ended with status ", WEXITSTATUS(status));
  } else {
    run.end = said[0] == kEnd ? LoneRun::End::kPlayed : LoneRun::End::kRefused;
    run.text = said.substr(1);
  }
  return run;
}

}  // namespace air::media

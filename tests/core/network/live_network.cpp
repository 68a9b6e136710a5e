#include "tests/core/network/live_network.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/support/test_channel.h"

namespace retrovue {
namespace {

using namespace std::chrono_literals;
using air::e2e::Built;

std::string Content(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string Body(const std::string& answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  return end == std::string::npos ? "" : answer.substr(end + 4);
}

std::string NewMark() {
  static int count = 0;
  return absl::StrCat("network-", getpid(), "-", ++count);
}

}  // namespace

bool Within(std::chrono::milliseconds limit, const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(50ms);
  }
  return true;
}

Instant MachineNow() { return std::chrono::floor<Millis>(std::chrono::system_clock::now()); }

LiveNetwork::LiveNetwork(LiveOptions options)
    : options_(std::move(options)), port_(air::e2e::FreePort()), mark_(NewMark()) {
  std::vector<std::string> command = {Built("retrovue"),
                                      "start",
                                      "--home",
                                      options_.home,
                                      "--db",
                                      options_.database_url,
                                      "--http",
                                      absl::StrCat("127.0.0.1:", port_),
                                      "--control",
                                      absl::StrCat("unix:", options_.home, "/control")};
  if (options_.shift != Millis(0)) {
    command.insert(command.end(), {"--now", ToRfc3339(MachineNow() + options_.shift)});
  }
  guardian_ = std::make_unique<air::e2e::ChildProgram>(command, options_.home + "/guardian.log", mark_);
  EXPECT_TRUE(Within(30s, [this] { return IsReady(); })) << Logs();
  const Json status = Status();
  if (status.contains("clock_shift_ms")) shift_ = Millis(status["clock_shift_ms"].get<std::int64_t>());
}

LiveNetwork::~LiveNetwork() { End(); }

void LiveNetwork::End() {
  if (guardian_ == nullptr) return;
  guardian_->Signal(SIGTERM);
  const std::optional<int> status = guardian_->WaitForEnd(40s);
  EXPECT_EQ(status.value_or(-1), 0) << Logs();
  guardian_.reset();
  EXPECT_TRUE(Within(10s, [this] { return Processes().empty(); }));
  for (const air::e2e::MarkedProcess& left : Processes()) {
    ADD_FAILURE() << left.program << " (" << left.pid << ") is left";
    kill(left.pid, SIGKILL);
  }
}

LiveNetwork::Json LiveNetwork::GetJson(const std::string& path) const {
  return Json::parse(Body(Get(path)), nullptr, /*allow_exceptions=*/false);
}

LiveNetwork::Json LiveNetwork::ChannelStatus(const std::string& slug) const {
  const Json status = Status();
  if (!status.contains("each_channel")) return Json::object();
  for (const Json& channel : status["each_channel"])
    if (channel["slug"] == slug) return channel;
  return Json::object();
}

bool LiveNetwork::IsReady() const { return absl::StartsWith(Get("/readyz"), "HTTP/1.1 200"); }

std::optional<double> LiveNetwork::Metric(const std::string& name) const {
  for (const absl::string_view line : absl::StrSplit(Body(Get("/metrics")), '\n')) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    double value = 0;
    if (words.size() == 2 && words[0] == name && absl::SimpleAtod(words[1], &value)) return value;
  }
  return std::nullopt;
}

std::unique_ptr<HttpViewer> LiveNetwork::Tune(const std::string& slug) const {
  return std::make_unique<HttpViewer>(port_, absl::StrCat("/channel/", slug, ".ts"));
}

pid_t LiveNetwork::Director() const {
  for (const air::e2e::MarkedProcess& process : Processes())
    if (absl::StartsWith("program-director", process.program) && process.program.size() > 7)
      return process.pid;
  return 0;
}

std::string LiveNetwork::Logs() const {
  std::string text;
  for (const auto& file : std::filesystem::recursive_directory_iterator(options_.home)) {
    if (file.path().extension() == ".log")
      absl::StrAppend(&text, "---- ", file.path().string(), "\n", Content(file.path()));
  }
  return text;
}

}  // namespace retrovue

// Everything that listens, and everything a stranger may do to it, with a channel on the air: the viewer's
// bytes are what they would have been, the channel still takes orders, and nothing has grown.
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "net/host_port.h"
#include "tests/support/faulted_channel.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

// Sends what it can without waiting for a peer that does not read.
void SendSome(const UniqueFd& socket, const std::string& bytes) {
  for (size_t at = 0; at < bytes.size();) {
    // A seqpacket socket takes 64 KB at once.
    const ssize_t sent = send(socket.get(), bytes.data() + at, std::min<size_t>(bytes.size() - at, 32768),
                              MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) return;
    at += static_cast<size_t>(sent);
  }
}

UniqueFd DialPath(const std::string& path, int kind) {
  UniqueFd socket(::socket(AF_UNIX, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  return socket;
}

UniqueFd DialPort(int port) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  return socket;
}

std::string Random(size_t bytes) {
  std::mt19937 random(4711);
  std::string text(bytes, '\0');
  for (char& byte : text) byte = static_cast<char>(random());
  return text;
}

const std::string kTlsHello =
    std::string("\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03", 11) + std::string(194, '\x2a');
const std::string kHttp1 = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const std::string kHttp2 =
    std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + std::string("\x00\x00\x00\x04\x00\x00\x00\x00\x00", 9);

using Dial = std::function<UniqueFd()>;

// What a stranger does. The connections that are returned stay open for the rest of the test.
struct Deed {
  const char* name;
  std::function<std::vector<UniqueFd>(const Dial&)> act;
};

Deed Says(const char* name, std::string bytes) {
  return {name, [bytes](const Dial& dial) {
            SendSome(dial(), bytes);
            std::vector<UniqueFd> stays;
            stays.push_back(dial());
            SendSome(stays.back(), bytes);
            return stays;
          }};
}

std::vector<Deed> Deeds() {
  return {Says("garbage", Random(100'000)),
          Says("half a request", "GET /metr"),
          Says("half of the opening of HTTP/2", kHttp2.substr(0, 12)),
          Says("the hello of TLS", kTlsHello),
          Says("HTTP/1", kHttp1),
          Says("HTTP/2", kHttp2),
          Says("a byte", std::string(1, '\0')),
          {"flood",
           [](const Dial& dial) {
             for (int i = 0; i < 300; ++i) SendSome(dial(), kHttp1);
             return std::vector<UniqueFd>();
           }},
          {"reset",
           [](const Dial& dial) {
             for (int i = 0; i < 30; ++i) {
               const UniqueFd socket = dial();
               const linger at_once{1, 0};
               setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
               SendSome(socket, kHttp1);
             }
             return std::vector<UniqueFd>();
           }},
          {"idle", [](const Dial& dial) {
             std::vector<UniqueFd> idle;
             for (int i = 0; i < 40; ++i) idle.push_back(dial());
             return idle;
           }}};
}

struct Grown {
  size_t descriptors = 0, threads = 0;
};
Grown Of(pid_t pid) {
  const auto count = [&](const char* what) {
    std::error_code gone;
    size_t entries = 0;
    for (auto entry = fs::directory_iterator(absl::StrCat("/proc/", pid, "/", what), gone);
         entry != fs::directory_iterator(); entry.increment(gone))
      ++entries;
    return entries;
  };
  return {count("fd"), count("task")};
}

class Strangers : public FaultedChannel {
 protected:
  Strangers() : FaultedChannel({"--port", std::to_string(ControlPort())}) {}
  static int ControlPort() {
    static const int port = FreePort();
    return port;
  }
  int MetricsPort() const {
    std::string address;
    std::ifstream(channel_.runtime_dir() + "/metrics.address") >> address;
    return ParseHostPort(address, PortRange::kNotZero)->port;
  }
  std::vector<std::string> StageSockets() const {
    std::vector<std::string> paths;
    for (const auto& entry : fs::directory_iterator(channel_.runtime_dir())) {
      if (entry.path().extension() == ".sock") paths.push_back(entry.path());
    }
    return paths;
  }
  std::vector<pid_t> Pids() const {
    std::vector<pid_t> pids;
    for (const MarkedProcess& stage : channel_.Stages()) pids.push_back(stage.pid);
    return pids;
  }
  // Every deed, again and again until `ms` of the programme: at least once.
  void VisitUntil(int64_t ms, const std::vector<Dial>& listeners) {
    std::vector<UniqueFd> stay;
    for (bool first = true; first || !IsPast(ms); first = false) {
      for (const Deed& deed : Deeds()) {
        for (const Dial& dial : listeners) {
          for (UniqueFd& connection : deed.act(dial)) {
            if (stay.size() < 500) stay.push_back(std::move(connection));
          }
          ++signals_;
        }
      }
    }
  }
  bool IsPast(int64_t ms) const { return NowUtcMs() > began_utc_ms_ + ms; }
  Schedule Begin() {
    Schedule schedule(format_, NowUtcMs());
    schedule.AddBlock("a", {Pad(kLeadInMs), ShowPattern(1, 3000), ShowPattern(2, 2000)});
    schedule.AddBlock("b", {ShowPattern(3, 3000)});
    schedule.AddBlock("c", {ShowPattern(4, 2000)});
    channel_.Begin(schedule);
    began_utc_ms_ = NowUtcMs();
    channel_.SleepUntil(kLeadInMs + 500);
    before_ = Of(channel_.supervisor().pid());
    return schedule;
  }
  void ExpectNothingHappened(const Schedule& schedule) {
    EXPECT_FALSE(channel_.supervisor().WaitForEnd(0ms).has_value()) << "the supervisor has died";
    channel_.FeedRest(schedule);
    // What has hung up is noticed in a moment; spares and rings come and go by a few.
    Grown after;
    for (int i = 0; i < 100; ++i) {
      after = Of(channel_.supervisor().pid());
      if (after.descriptors <= before_.descriptors + 10) break;
      std::this_thread::sleep_for(100ms);
    }
    EXPECT_LE(after.descriptors, before_.descriptors + 10);
    EXPECT_LE(after.threads, before_.threads + 8);
    const Losses losses = StopAndJudge(schedule);
    EXPECT_EQ(losses.pad, 0);
    EXPECT_EQ(metrics_.Sum("air_stage_restarts_total").value_or(-1), 0);
    EXPECT_FALSE(viewer_->WaitForConnection(1, 0ms)) << "there was a second connection";
  }

  int64_t began_utc_ms_ = 0;
  Grown before_;
};

TEST_F(Strangers, AtTheMetricsPortAreNotNoticed) {
  const Schedule schedule = Begin();
  VisitUntil(kLeadInMs + 2500, {[this] { return DialPort(MetricsPort()); }});
  ExpectNothingHappened(schedule);
}

TEST_F(Strangers, AtTheControlPortsAreNotNoticed) {
  const Schedule schedule = Begin();
  VisitUntil(kLeadInMs + 2500, {[] { return DialPort(ControlPort()); },
                                [this] { return DialPath(channel_.Path("control.sock"), SOCK_STREAM); }});
  ExpectNothingHappened(schedule);
}

// One process has all the connections it can get, and keeps them; another one calls.
TEST_F(Strangers, ThatTakeAllTheirConnectionsKeepNoOtherProcessFromCalling) {
  const Schedule schedule = Begin();
  const std::string socket = channel_.Path("control.sock");
  std::vector<UniqueFd> idle;
  for (int tries = 0; idle.size() < 300 && tries < 3000; ++tries) {
    UniqueFd connection = DialPath(socket, SOCK_STREAM);
    if (connection.valid()) {
      idle.push_back(std::move(connection));
    } else {
      std::this_thread::sleep_for(10ms);  // so many wait to be taken
    }
  }
  ASSERT_EQ(idle.size(), 300u);
  for (int i = 0; i < 3; ++i) {
    const Finished called =
        RunProgram({Built("air-ctl"), "--address", "unix:" + socket, "version"}, channel_.Path("called.log"));
    EXPECT_EQ(called.status, 0) << called.output;
  }
  EXPECT_GT(channel_.Metrics().Value("air_control_connections_refused_total").value_or(0), 0);
  idle.clear();
  ExpectNothingHappened(schedule);
}

TEST_F(Strangers, AtTheSocketsOfTheStagesAreNotNoticed) {
  const Schedule schedule = Begin();
  std::vector<Dial> listeners;
  for (const std::string& path : StageSockets())
    listeners.emplace_back([path] { return DialPath(path, SOCK_SEQPACKET); });
  ASSERT_GE(listeners.size(), 3u);
  VisitUntil(kLeadInMs + 2500, listeners);
  ExpectNothingHappened(schedule);
}

}  // namespace
}  // namespace air::e2e

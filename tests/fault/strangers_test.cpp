// Everything that listens, and everything a stranger may do to it, with a channel on the air: the viewer's
// bytes are what they would have been, the channel still takes orders, and nothing has grown.
#include <sys/socket.h>

#include <filesystem>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/support/faulted_channel.h"
#include "tests/support/stranger_deeds.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

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
  // Every deed, again and again until `ms` of the programme: at least once.
  void VisitUntil(int64_t ms, const std::vector<Dial>& listeners) {
    std::vector<UniqueFd> stay;
    for (bool first = true; first || !IsPast(ms); first = false) {
      for (const Deed& deed : StrangerDeeds()) {
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
  VisitUntil(kLeadInMs + 2500, {[this] { return DialPort(MetricsPortIn(channel_.runtime_dir())); }});
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
  EXPECT_GT(channel_.AwaitMetric("air_control_connections_refused_total", [](double n) { return n > 0; }), 0);
  idle.clear();
  ExpectNothingHappened(schedule);
}

TEST_F(Strangers, AtTheSocketsOfTheStagesAreNotNoticed) {
  const Schedule schedule = Begin();
  const std::vector<Dial> listeners = StageDialsIn(channel_.runtime_dir());
  ASSERT_GE(listeners.size(), 3u);
  VisitUntil(kLeadInMs + 2500, listeners);
  ExpectNothingHappened(schedule);
}

// A spare has no work yet, and its supervisor nothing to say.
TEST_F(Strangers, AtTheSocketsOfTheSparesKeepNoSpareFromItsWork) {
  const Schedule schedule = Begin();
  std::vector<UniqueFd> stay;
  for (const Dial& dial : StageDialsIn(channel_.runtime_dir())) {
    stay.push_back(dial());
    SendSome(stay.back(), "garbage");
  }
  SignalAt(kLeadInMs + 1200, SIGKILL, "air-encoder", ".journal-");
  SignalAt(kLeadInMs + 1800, SIGKILL, "air-selector", ".program");
  SignalAt(kLeadInMs + 2400, SIGKILL, "air-decoder", "air-ring-");
  channel_.FeedRest(schedule);
  EXPECT_EQ(StopAndJudge(schedule).pad, 0);
  EXPECT_EQ(metrics_.Sum("air_stage_restarts_total").value_or(-1), 3) << "a spare was of no use";
}

}  // namespace
}  // namespace air::e2e

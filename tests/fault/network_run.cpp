// A network of two channels with a viewer on each, for as long as one likes, undisturbed or not; and everything they got judged from
// outside, picture by picture, against the guide, the playlog and the as-run log.
//
//   network_run [--minutes 20] [--seed 1] [--victims director,manager,supervisor,stage] [--least-gap-ms 1000] [--most-gap-ms 3000]
//               [--outage postgres|lock|disk] [--outage-seconds 120] [--keep DIR]
//
// It runs by `retrovue start`; the network's clock begins 30 s before a boundary of the grid, so that each run has one. Programmes and
// fillers are clips of 5 to 20 s. Victims get SIGKILL at random instants, a director at most every twelve seconds (its guardian waits longer
// from death to death). In an outage the database is away for a while: a PostgreSQL that is stopped, an SQLite file that another process
// has locked, or one on a disk that is full. The second viewer comes in the middle of it.
//
// pictures:  every clip of the playlog at its instant, whole, no picture lost, repeated or black; the guide's episodes where it says
// structure: every rule of the independent analyser
// responses: none is closed. One whose own manager was killed is, within five seconds, and the viewer that dials again is served
// as-run:    a row for every event, all of its pictures, to the picture; no number of the evidence missing
//
// Exit status 0: all of it holds. 77: this machine cannot do it.
#include <gtest/gtest.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/store/as_run.h"
#include "tests/core/network/live_network.h"
#include "tests/core/network/one_truth.h"
#include "tests/core/network/programme_home.h"
#include "tests/fault/database_outage.h"
#include "tests/support/ts_analyser.h"

namespace retrovue {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr auto kClosedWithin = 5s;  // of the death of its manager
// Of that; the guardian may be waiting, 30 s at most, and AIR have to be taken up.
constexpr auto kServedWithin = 60s;
constexpr auto kDirectorRests = 12s;  // between its deaths
constexpr auto kManagerRests = 4s;
constexpr auto kReadyWithin = 30s;  // of the end of an outage
constexpr int kCannot = 77;

struct Options {
  unsigned seed = 1;
  double minutes = 20;
  std::vector<std::string> victims;
  std::int64_t least_gap_ms = 1000, most_gap_ms = 3000;
  std::string outage, keep;
  double outage_seconds = 120;
};

// What works, and not an idle spare, by what it has open.
const std::map<std::string, std::string> kWorksOn = {
    {"air-decoder", "air-ring-"}, {"air-selector", ".program"}, {"air-encoder", ".journal-"}};

// One answer to a viewer.
struct Answer {
  std::unique_ptr<HttpViewer> viewer;
  bool began_with_it = false;
};

// A viewer of one channel, who dials again when the answer ends.
struct Seat {
  std::string slug;
  std::vector<Answer> answers;
  std::optional<Steady::time_point> manager_killed;  // and the answer has not ended since
  std::optional<Steady::time_point> dialing_since;
  std::chrono::milliseconds longest_absence{0};
};

class NetworkRun {
 public:
  explicit NetworkRun(const Options& options) : options_(options), random_(options.seed) {}
  // The exit status.
  int Run() {
    if (!options_.outage.empty()) outage_ = std::make_unique<DatabaseOutage>(options_.outage);
    if (outage_ && !outage_->cannot().empty()) {
      std::printf("SKIPPED: %s\n", outage_->cannot().c_str());
      return kCannot;
    }
    MakeHome();
    LiveNetwork network({home_->folder(), home_->url(), shift_});
    network_ = &network;
    began_ = Steady::now();
    const auto end = began_ + std::chrono::milliseconds(static_cast<std::int64_t>(options_.minutes * 60'000));
    Dial(seats_[0], true);
    if (options_.outage.empty()) Dial(seats_[1], true);
    for (const Seat& seat : seats_) {
      if (seat.answers.empty()) continue;
      EXPECT_TRUE(seat.answers.back().viewer->WaitForMore(100'000, 30s))
          << seat.answers.back().viewer->beginning(300);
    }
    if (!options_.outage.empty()) HaveAnOutage();
    while (Steady::now() < end) {
      if (Steady::now() >= next_strike_ && Steady::now() < end - 6s) Strike();
      for (Seat& seat : seats_) Look(seat);
      std::this_thread::sleep_for(20ms);
    }
    // The viewers that are dialing are served, too.
    EXPECT_TRUE(Within(kServedWithin, [&] {
      for (Seat& seat : seats_) Look(seat);
      return std::none_of(seats_.begin(), seats_.end(),
                          [](const Seat& seat) { return seat.dialing_since.has_value(); });
    }));
    std::this_thread::sleep_for(1500ms);
    for (Seat& seat : seats_) {
      Look(seat);
      if (!seat.answers.empty()) seat.answers.back().viewer->HangUp();
    }
    EXPECT_TRUE(Within(40s, [&] {
      const auto status = network.Status();
      return status.is_object() && status["evidence_behind"] == 0 && status["evidence_streams"] == 0;
    })) << network.Status();
    for (Seat& seat : seats_) Judge(seat);
    PrintStrikes();
    const bool good = !testing::UnitTest::GetInstance()->ad_hoc_test_result().Failed();
    if (!good) std::printf("%s", network.Logs().c_str());
    network.End();
    return testing::UnitTest::GetInstance()->ad_hoc_test_result().Failed() ? 1 : 0;
  }

 private:
  void MakeHome() {
    shift_ = At("2026-06-10T12:14:30Z") - MachineNow();
    home_ = std::make_unique<ProgrammeHome>(
        HomeOptions{.episodes = MakeClips(clips_.path(), {{1, 5}, {2, 5}, {3, 5}}),
                    .fillers = MakeClips(clips_.path(), {{4, 5}, {5, 10}, {6, 20}}),
                    .film_minutes = {},
                    .now = [this] { return MachineNow() + shift_; },
                    .database_url = outage_ ? outage_->url() : ""});
    for (const auto& [slug, zone] :
         {std::pair("one", "America/New_York"), std::pair("two", "Australia/Lord_Howe")}) {
      Channel channel;
      channel.slug = slug;
      channel.time_zone = zone;
      channel.grid = {15, {0, 15, 30, 45}, 0};
      home_->AddChannel(channel);
      seats_.push_back({slug, {}, {}, {}, {}});
    }
    shift_ = At("2026-06-10T12:14:30Z") - MachineNow();
  }

  // ---- viewers

  void Dial(Seat& seat, bool began_with_it) {
    seat.answers.push_back({network_->Tune(seat.slug), began_with_it});
  }

  void Look(Seat& seat) {
    if (seat.answers.empty()) return;
    const auto now = Steady::now();
    Answer& answer = seat.answers.back();
    const bool is_served =
        absl::StartsWith(answer.viewer->status_line(), "HTTP/1.1 200") && answer.viewer->size() > 10'000;
    if (is_served && seat.dialing_since.has_value()) {
      seat.longest_absence =
          std::max(seat.longest_absence,
                   std::chrono::duration_cast<std::chrono::milliseconds>(now - *seat.dialing_since));
      seat.dialing_since.reset();
    }
    if (!answer.viewer->is_over()) {
      const bool is_late = seat.manager_killed.has_value() && now - *seat.manager_killed > kClosedWithin;
      EXPECT_FALSE(is_late) << seat.slug << ": its manager is dead, and the answer goes on";
      if (is_late) seat.manager_killed.reset();
      return;
    }
    if (!seat.dialing_since.has_value()) {
      EXPECT_TRUE(seat.manager_killed.has_value())
          << seat.slug << ": its answer was closed for no reason: " << answer.viewer->beginning(300);
      seat.dialing_since = now;
    } else {
      std::this_thread::sleep_for(100ms);  // refused, or no process listened
      seat.answers.pop_back();
    }
    seat.manager_killed.reset();
    EXPECT_LT(now - *seat.dialing_since, kServedWithin) << seat.slug << " is not served again";
    Dial(seat, false);
  }

  // ---- strikes

  std::int64_t Random(std::int64_t from, std::int64_t to) {
    return std::uniform_int_distribution<std::int64_t>(from, to)(random_);
  }

  void Strike() {
    next_strike_ =
        Steady::now() + std::chrono::milliseconds(Random(options_.least_gap_ms, options_.most_gap_ms));
    if (options_.victims.empty()) return;
    if (Steady::now() - began_ < 14s) return;  // both are on the air first, and settled
    const std::string& kind = options_.victims[static_cast<std::size_t>(
        Random(0, static_cast<std::int64_t>(options_.victims.size()) - 1))];
    Seat& seat = seats_[static_cast<std::size_t>(Random(0, 1))];
    const auto rests = [&](const std::string& who, std::chrono::milliseconds time) {
      const auto last = last_strikes_.find(who);
      if (last != last_strikes_.end() && Steady::now() - last->second < time) return true;
      last_strikes_[who] = Steady::now();
      return false;
    };
    pid_t pid = 0;
    if (kind == "director") {
      if (!rests(kind, kDirectorRests)) pid = network_->Director();
    } else if (kind == "manager") {
      // While the manager is away already, or its viewer is, a kill takes nothing from a viewer.
      if (seat.dialing_since.has_value() || seat.manager_killed.has_value() ||
          rests(kind + seat.slug, kManagerRests))
        return;
      pid = ProcessOf("channel-manager", seat.slug);
      if (pid > 0) seat.manager_killed = Steady::now();
    } else if (kind == "supervisor") {
      if (!rests(kind + seat.slug, 1500ms)) pid = ProcessOf("air-supervisor", seat.slug);
    } else {
      // Of a session without a supervisor the stages are all there is. While its manager is dead, too, and the guardian waits to
      // start the director, they are not replaced: killing all of them ends the session.
      for (const Seat& one : seats_)
        if (ProcessOf("air-supervisor", one.slug) == 0) return;
      std::vector<pid_t> stages;
      for (const air::e2e::MarkedProcess& process : network_->Processes()) {
        const auto works = kWorksOn.find(process.program);
        if (works == kWorksOn.end()) continue;
        if (std::any_of(process.open_files.begin(), process.open_files.end(),
                        [&](const std::string& file) { return absl::StrContains(file, works->second); }))
          stages.push_back(process.pid);
      }
      if (!stages.empty() && !rests(kind, 1500ms))
        pid = stages[static_cast<std::size_t>(Random(0, static_cast<std::int64_t>(stages.size()) - 1))];
    }
    if (pid <= 0) return;
    if (kill(pid, SIGKILL) != 0) return;
    ++strikes_[kind];
    std::printf("%s  SIGKILL of a %s (pid %d)\n", ToRfc3339(network_->Now()).c_str(), kind.c_str(), pid);
  }

  // 0: there is none at the moment.
  pid_t ProcessOf(const std::string& program, const std::string& slug) const {
    for (const air::e2e::MarkedProcess& process : network_->Processes()) {
      if (process.program != program) continue;
      if (std::any_of(process.open_files.begin(), process.open_files.end(), [&](const std::string& file) {
            return absl::StrContains(file, absl::StrCat("/channel/", slug, "/"));
          }))
        return process.pid;
    }
    return 0;
  }

  void PrintStrikes() const {
    std::vector<std::string> texts;
    for (const auto& [kind, count] : strikes_) texts.push_back(absl::StrCat(count, " of a ", kind));
    std::printf("strikes: %s\n", texts.empty() ? "none" : absl::StrJoin(texts, ", ").c_str());
    for (const std::string& victim : options_.victims)
      EXPECT_TRUE(strikes_.contains(victim) || options_.minutes < 2) << victim << " was never struck";
  }

  // ---- an outage

  void HaveAnOutage() {
    LiveNetwork& network = *network_;
    EXPECT_TRUE(Within(20s, [&] {
      return network.Status()["evidence_stored"] > 0 &&
             network.ChannelStatus("two")["playlog_ahead_ms"] > 3'600'000;
    })) << network.Status();
    EXPECT_TRUE(absl::StartsWith(network.Get("/guide.xml"), "HTTP/1.1 200"));
    const double errors = network.Metric("retrovue_database_errors_total").value_or(-1);
    outage_->Begin();
    const auto over =
        Steady::now() + std::chrono::milliseconds(static_cast<std::int64_t>(options_.outage_seconds * 1000));
    std::printf("%s  the outage begins\n", ToRfc3339(network.Now()).c_str());
    // It says so, and does not take it back as long as it lasts.
    EXPECT_TRUE(Within(40s, [&] { return !network.IsReady(); })) << network.Status();
    Dial(seats_[1], true);
    EXPECT_TRUE(seats_[1].answers.back().viewer->WaitForMore(50'000, 30s))
        << "whoever comes during the outage is not let in: "
        << seats_[1].answers.back().viewer->beginning(500);
    do {
      EXPECT_TRUE(absl::StartsWith(network.Get("/guide.xml"), "HTTP/1.1 200"))
          << "the guide is that of before";
      EXPECT_FALSE(network.IsReady());
      EXPECT_GT(network.Metric("retrovue_database_errors_total").value_or(-1), errors);
      for (Seat& seat : seats_) Look(seat);
      std::this_thread::sleep_for(500ms);
    } while (Steady::now() < over);
    EXPECT_GT(network.Metric("retrovue_evidence_behind").value_or(0), 0);
    EXPECT_EQ(network.Metric("retrovue_database_writable").value_or(-1), 0);
    const std::string says = network.Get("/readyz");
    std::printf("%s  it said: %s\n", ToRfc3339(network.Now()).c_str(),
                says.substr(says.find("\r\n\r\n") + 4).c_str());
    outage_->End();
    std::printf("%s  the outage is over\n", ToRfc3339(network.Now()).c_str());
    EXPECT_TRUE(Within(kReadyWithin, [&] { return network.IsReady(); })) << network.Status();
    EXPECT_TRUE(Within(kReadyWithin, [&] { return network.Status()["evidence_behind"] == 0; }))
        << network.Status();
    EXPECT_EQ(network.Metric("retrovue_database_writable").value_or(-1), 1);
    EXPECT_EQ(network.Metric("retrovue_evidence_refused_total").value_or(-1), 0);
  }

  // ---- the verdict

  void Judge(Seat& seat) {
    const StoredTruth truth = ReadTruth(*home_, seat.slug, At("2026-06-10T12:00:00Z"), home_->Now() + 1h);
    const auto guide = network_->GetJson(absl::StrCat(
        "/api/v1/guide?from=", UtcMs(At("2026-06-10T12:00:00Z")), "&to=", UtcMs(home_->Now() + 1h)));
    int pictures = 0, clips = 0, entries = 0, rows = 0, number = 0;
    std::chrono::milliseconds silence{0};
    for (Answer& answer : seat.answers) {
      SCOPED_TRACE(absl::StrCat(seat.slug, ", answer ", ++number, " of ", seat.answers.size()));
      const std::vector<std::uint8_t> stream = air::e2e::WholeTicks(answer.viewer->stream());
      if (!options_.keep.empty()) {
        std::ofstream(absl::StrCat(options_.keep, "/", seat.slug, "-", number, ".ts"), std::ios::binary)
            .write(reinterpret_cast<const char*>(stream.data()), static_cast<std::streamsize>(stream.size()));
      }
      silence = std::max(silence, answer.viewer->longest_silence());
      if (stream.size() < 100'000) continue;  // its manager died at once
      air::analyser::TsLimits limits;
      limits.rate_num = kClipRate;
      const auto structure = air::analyser::AnalyseTs(stream, limits);
      EXPECT_TRUE(structure.Clean()) << air::analyser::DescribeTs(structure, {});
      const auto content = air::analyser::CheckContent(stream);
      if (!content.ok()) {
        ADD_FAILURE() << content.status();
        continue;
      }
      EXPECT_EQ(air::analyser::Failures(*content, {}), std::vector<std::string>());
      const Instant first_byte =
          std::chrono::floor<Millis>(answer.viewer->first_byte_at()) + (network_->Now() - MachineNow());
      const Watched watched =
          WatchedAgainst(*content, truth, home_->clip_ids(), first_byte, answer.began_with_it);
      EXPECT_EQ(watched.faults, Faults()) << air::analyser::DescribeContent(*content);
      EXPECT_EQ(GuideSeenFaults(guide, seat.slug, watched, entries), Faults());
      pictures += static_cast<int>(content->pictures);
      clips += static_cast<int>(watched.clips.size());
    }
    EXPECT_GT(clips, 0) << seat.slug;
    if (options_.outage.empty()) {
      EXPECT_GT(entries, 0) << seat.slug << ": no boundary of the guide was seen";
    }
    EXPECT_FALSE(truth.rows.empty());
    if (truth.rows.empty()) return;
    Instant last = truth.rows.front().actual_start;
    std::set<std::string> sessions;
    for (const AsRunRow& row : truth.rows) {
      sessions.insert(row.session_id);
      if (row.actual_end.has_value() && row.status == "AIRED") last = std::max(last, *row.actual_end);
    }
    EXPECT_EQ(AsRunFaults(truth, truth.rows.front().actual_start + kSettledAfter, last, rows), Faults());
    EXPECT_EQ(sessions.size(), 1u) << seat.slug << ": the channel has begun anew";
    for (const std::string& session : sessions) ExpectNoGap(session);
    std::printf(
        "%s: %zu answers, longest absence %d ms, longest silence %d ms; %d pictures, %d clips begun, %d "
        "boundaries of the guide, %d rows of "
        "as-run\n",
        seat.slug.c_str(), seat.answers.size(), static_cast<int>(seat.longest_absence.count()),
        static_cast<int>(silence.count()), pictures, clips, entries, rows);
  }

  void ExpectNoGap(const std::string& session) {
    const absl::Status read = home_->store().Read([&](const Snapshot& snapshot) -> absl::Status {
      const auto evidence = snapshot.as_run().OfSession(session);
      if (!evidence.ok()) return evidence.status();
      std::int64_t number = 0;
      for (const Evidence& one : *evidence) EXPECT_EQ(one.seq, ++number) << "evidence is missing";
      return absl::OkStatus();
    });
    EXPECT_TRUE(read.ok()) << read;
  }

  const Options& options_;
  std::mt19937 random_;
  air::e2e::TestFolder clips_;
  std::unique_ptr<DatabaseOutage> outage_;
  Millis shift_{0};
  std::unique_ptr<ProgrammeHome> home_;
  std::vector<Seat> seats_;
  LiveNetwork* network_ = nullptr;
  Steady::time_point began_, next_strike_;
  std::map<std::string, Steady::time_point> last_strikes_;
  std::map<std::string, int> strikes_;
};

}  // namespace
}  // namespace retrovue

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  signal(SIGPIPE, SIG_IGN);
  CLI::App app(
      "Runs a network of two channels, kills its processes or takes its database away, and judges what its "
      "viewers got.");
  retrovue::Options options;
  double seconds = 0;
  app.add_option("--seed", options.seed)->capture_default_str();
  app.add_option("--minutes", options.minutes)->capture_default_str();
  app.add_option("--seconds", seconds, "instead of minutes");
  app.add_option("--victims", options.victims, "what gets SIGKILL at random instants")
      ->delimiter(',')
      ->check(CLI::IsMember({"director", "manager", "supervisor", "stage"}));
  app.add_option("--least-gap-ms", options.least_gap_ms, "between strikes")->capture_default_str();
  app.add_option("--most-gap-ms", options.most_gap_ms, "between strikes")->capture_default_str();
  app.add_option("--outage", options.outage, "how the database is away for a while")
      ->check(CLI::IsMember({"postgres", "lock", "disk"}));
  app.add_option("--outage-seconds", options.outage_seconds)->capture_default_str();
  app.add_option("--keep", options.keep, "a folder the captures go to");
  CLI11_PARSE(app, argc, argv);
  if (seconds > 0) options.minutes = seconds / 60;
  return retrovue::NetworkRun(options).Run();
}

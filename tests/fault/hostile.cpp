// Hostile life: a channel on the air with all that may happen to one at once, and every byte its viewer got judged from
// outside.
//
//   air_hostile [--seed 1] [--minutes 60] [--size 320x180] [--rate 30000/1001] [--max-arrival-gap-ms 2000]
//               [--keep FILE] [--log FILE]
//
// At random instants from a seed, several at a time: strangers at everything that listens, viewers and subscribers of every
// kind, absurd calls (hostile_deeds.h); files in the plan that cannot be played (bad_files.h); stages and the supervisor
// killed; /dev/shm nearly full, on a small one of this program's own, where the machine allows that. Now and then there is
// calm, and the channel is measured (growth.h). In the middle third of a run of three minutes or more only decoders are
// killed, so that what grows has the time to.
//
// structure: every rule of the independent analyser
// content:   each picture of the plan on its tick; where a bad file is due, pad, slate or what can be played of it, and
//            nothing of that a tick before or behind; sound without a gap
// arrival:   the connection is never closed, the longest time without a byte stays below the limit
// calls:     what must be refused is refused with a word, while what is right is taken
// growth:    none beyond GrowthLimits, from the first calm to the last
//
// Exit status 0: all of that holds.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/fault/bad_files.h"
#include "tests/fault/growth.h"
#include "tests/fault/hostile_deeds.h"
#include "tests/support/test_channel.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr int64_t kLeadInMs = 3000;  // planned pad, in which the first decoders get ready
constexpr int kClips = 2;
constexpr int64_t kClipSeconds = 12;
constexpr int kQueued = 4;                                // blocks that may wait
constexpr int64_t kQuietEndMs = 3000;                     // before the end of the programme
constexpr int64_t kLeastGapMs = 1000, kMostGapMs = 3000;  // between two strikes
constexpr int64_t kLongRunMs = 180'000;                   // from here on the middle third is for what grows
constexpr const char* kMemory = "/dev/shm";
constexpr int kMemoryMb = 64;

struct Options {
  unsigned seed = 1;
  double minutes = 60;
  std::string size = "320x180", rate = "30000/1001", keep, log;
  int64_t max_arrival_gap_ms = 2000;
  ChannelFormat format;
  bool own_memory = false;  // /dev/shm is a small one of this program's own
};

// Not one that the kernel gives to clients: one of them, dialling it while no supervisor has it, would reach itself.
int PortOfNoClient(std::mt19937& random) {
  while (true) {
    const int port = std::uniform_int_distribution<int>(20'000, 30'000)(random);
    const UniqueFd probe(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address{.sin_family = AF_INET,
                              .sin_port = htons(static_cast<uint16_t>(port)),
                              .sin_addr = {htonl(INADDR_LOOPBACK)},
                              .sin_zero = {}};
    if (bind(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return port;
  }
}

class Hostile {
 public:
  explicit Hostile(const Options& options)
      : options_(options),
        random_(options.seed),
        port_(PortOfNoClient(random_)),
        channel_({"--orphan-grace", "10", "--port", std::to_string(port_)}),
        viewer_(StreamViewer::OnUnixSocket(channel_.Path("viewer.sock"))) {
    supervisors_.push_back(channel_.supervisor().pid());
  }

  bool Run() {
    const Schedule schedule = Begin();
    std::thread feeder([&] { Feed(schedule); });
    std::vector<std::unique_ptr<HostileActor>> actors = HostileActors(world_, options_.seed);
    std::vector<std::thread> threads;
    for (const auto& actor : actors) threads.emplace_back([&actor] { actor->Run(); });
    Live(schedule, static_cast<int>(actors.size()));
    world_.unrest.End();
    for (std::thread& thread : threads) thread.join();
    feeder.join();
    channel_.SleepUntil(schedule.end_ms());
    const bool kept = !viewer_->WaitForEnd(0, 0ms) && !viewer_->WaitForConnection(1, 0ms);
    if (!kept) world_.account.Fault("the viewer's connection was closed");
    const MetricsPage metrics = channel_.Metrics();
    std::printf("the channel counts %d stages that were replaced, %d refused control connections\n",
                static_cast<int>(metrics.Sum("air_stage_restarts_total").value_or(-1)),
                static_cast<int>(metrics.Sum("air_control_connections_refused_total").value_or(-1)));
    for (const MetricSample& pad : metrics.Named("air_pad_frames_total"))
      std::printf("the channel counts %d ticks of pad, %s\n", static_cast<int>(pad.value),
                  pad.labels.at("cause").c_str());
    EXPECT_TRUE(channel_.Stop().success());
    EXPECT_TRUE(viewer_->WaitForEnd(0));
    Judge(schedule);
    channel_.End();
    if (!options_.log.empty()) std::ofstream(options_.log) << channel_.Log();
    return Verdict();
  }

 private:
  int64_t Random(int64_t from, int64_t to) {
    return std::uniform_int_distribution<int64_t>(from, to)(random_);
  }

  Schedule Begin() {
    const ClipMaker maker(options_.format, channel_.folder());
    std::vector<Clip> clips;
    for (int id = 1; id <= kClips; ++id)
      clips.push_back(maker.Make(id, kClipSeconds * options_.format.num / options_.format.den));
    world_.folder = channel_.folder();
    world_.runtime_dir = channel_.runtime_dir();
    world_.control_path = channel_.Path("control.sock");
    world_.control_port = port_;
    world_.format = options_.format;
    world_.clip = clips.front().path;
    if (options_.own_memory) world_.memory = kMemory;
    const std::vector<std::vector<Entry>> blocks = Plan(clips);
    channel_.Attach(*viewer_);
    Schedule schedule(options_.format, NowUtcMs());
    for (const std::vector<Entry>& block : blocks)
      schedule.AddBlock("block-" + std::to_string(schedule.blocks().size()), block);
    wire::StartBlockPlanSessionRequest request = TestChannel::StartRequest(schedule);
    request.set_max_queue_depth(kQueued);
    channel_.Begin(request);
    return schedule;
  }

  // Segments of random lengths from random pictures of the clips, endless patterns, and in between what cannot be played.
  std::vector<std::vector<Entry>> Plan(const std::vector<Clip>& clips) {
    BadFiles files(options_.format, channel_.folder(), options_.seed);
    const auto length_ms = static_cast<int64_t>(options_.minutes * 60'000);
    std::vector<std::vector<Entry>> blocks;
    int64_t at = 0;
    const auto add = [&](std::vector<Entry>& block, const Entry& entry) {
      block.push_back(entry);
      at += entry.duration_ms;
    };
    while (at < length_ms || blocks.size() < 2) {
      std::vector<Entry> block;
      if (blocks.empty()) add(block, Pad(kLeadInMs));
      for (int64_t i = Random(1, 3); i > 0 && (at < length_ms || block.empty()); --i) {
        const int64_t duration = Random(2000, 5000);
        if (Random(0, 2) == 0) {
          add(block, ShowPattern(kClips + static_cast<int>(Random(1, 2)), duration));
        } else {
          const Clip& clip = clips[static_cast<size_t>(Random(0, kClips - 1))];
          const int64_t last = clip.pictures - options_.format.TickAt(duration) - 1;
          add(block, Show(clip, duration, options_.format.MsOfPicture(Random(0, last))));
        }
        if (Random(0, 3) == 0) continue;
        BadFile file = files.Next();
        const int64_t bad_ms = Random(600, 2000);
        due_.push_back({options_.format.TickAt(at), options_.format.TickAt(at + bad_ms), file});
        world_.account.Did("file in the plan: " + file.what);
        add(block, file.playable == Playable::kPart
                       ? Show({file.clip.id, file.clip.pictures, file.path}, bad_ms)
                       : ShowFile(file.path, bad_ms));
      }
      blocks.push_back(std::move(block));
    }
    return blocks;
  }

  // As a control plane feeds: again, until it is answered.
  void Feed(const Schedule& schedule) {
    Caller caller("unix:" + world_.control_path);
    for (size_t i = 2; i < schedule.blocks().size(); ++i) {
      wire::FeedBlockPlanRequest request;
      request.set_channel_id(kTestChannelId);
      *request.mutable_block() = schedule.blocks()[i];
      wire::FeedBlockPlanResponse response;
      while (!response.success()) {
        if (NowUtcMs() > request.block().start_utc_ms())
          return world_.account.Fault("the plan cannot be fed");
        response.Clear();
        const grpc::Status status =
            caller.Call(&wire::PlayoutControl::StubInterface::FeedBlockPlan, request, response);
        if (!status.ok()) world_.account.Did("block that was fed into a death");
        if (status.ok() && !response.success() && !response.queue_full())
          return world_.account.Fault("a good block was refused: " + response.error_message());
        if (!response.success()) std::this_thread::sleep_for(status.ok() ? 500ms : 50ms);
      }
      world_.account.Did("block that was fed");
    }
  }

  // Strikes, and calms: the first after a minute or a quarter of the time, the last at the end.
  void Live(const Schedule& schedule, int actors) {
    const int64_t end = schedule.end_ms() - kQuietEndMs;
    const int64_t first = kLeadInMs + std::min<int64_t>(60'000, (end - kLeadInMs) / 4);
    const int64_t between = std::max<int64_t>((end - first) / 8, 5000);
    int64_t next_calm = first;
    for (int64_t at = kLeadInMs; at < end; at += Random(kLeastGapMs, kMostGapMs)) {
      for (; next_calm <= at && next_calm + between / 2 < end; next_calm += between) Calm(next_calm, actors);
      channel_.SleepUntil(at);
      const bool middle = schedule.end_ms() >= kLongRunMs && at > end / 3 && at < end * 2 / 3;
      Strike(middle ? "air-decoder" : NextVictim());
    }
    Calm(end, actors);
  }

  // Each kind in turn, in another order each time, and none twice in a row.
  std::string NextVictim() {
    if (victims_.empty()) {
      const std::string last = last_victim_;
      victims_ = {"air-decoder", "air-selector", "air-encoder", "air-supervisor"};
      do std::ranges::shuffle(victims_, random_);
      while (victims_.back() == last);
    }
    last_victim_ = victims_.back();
    victims_.pop_back();
    return last_victim_;
  }

  void Strike(const std::string& kind) {
    if (kind == "air-supervisor") {
      ++world_.deaths;
      channel_.KillSupervisor();
      channel_.StartSupervisor();
      ++world_.deaths;
      supervisors_.push_back(channel_.supervisor().pid());
    } else {
      std::vector<pid_t> pids;  // spares, too
      for (const MarkedProcess& stage : channel_.Stages()) {
        if (stage.program == kind) pids.push_back(stage.pid);
      }
      if (pids.empty()) return;
      kill(pids[static_cast<size_t>(Random(0, static_cast<int64_t>(pids.size()) - 1))], SIGKILL);
    }
    world_.account.Did("SIGKILL: " + kind);
  }

  // What has hung up is noticed in a moment; decoders and spares come and go by a few.
  void Calm(int64_t at_ms, int actors) {
    channel_.SleepUntil(at_ms);
    if (!world_.unrest.Calm(actors)) world_.account.Fault("those that are hostile did not come to rest");
    std::vector<std::string> grown;
    Size size;
    for (int i = 0; i < 20; ++i) {
      std::this_thread::sleep_for(i == 0 ? 1500ms : 300ms);
      size = Measure(at_ms);
      if (sizes_.empty()) break;
      grown = SinceThen(size);
      if (grown.empty()) break;
    }
    for (const std::string& text : grown) world_.account.Fault("growth: " + text);
    sizes_.push_back(std::move(size));
    world_.unrest.Resume();
  }
  // A process that was measured earlier is compared with what it was then.
  std::vector<std::string> SinceThen(const Size& size) const {
    for (const Size& earlier : sizes_) {
      if (std::vector<std::string> grown = Grown(earlier, size); !grown.empty()) return grown;
    }
    return {};
  }

  Size Measure(int64_t at_ms) const {
    std::vector<std::pair<pid_t, std::string>> processes = {{supervisors_.back(), "air-supervisor"}};
    for (const MarkedProcess& stage : channel_.Stages()) processes.emplace_back(stage.pid, stage.program);
    Size size = SizeOf(processes);
    size.minute = static_cast<double>(at_ms) / 60'000;
    for (const auto& entry : fs::directory_iterator(kMemory)) {
      const std::string name = entry.path().filename();
      size.shared_names += std::ranges::any_of(supervisors_, [&](pid_t pid) {
        return name.find(absl::StrCat("air.", pid, "-")) != std::string::npos;
      });
    }
    return size;
  }

  void Judge(const Schedule& schedule) {
    const std::vector<uint8_t> stream = WholeTicks(viewer_->Received(0));
    if (!options_.keep.empty()) {
      std::ofstream(options_.keep, std::ios::binary)
          .write(reinterpret_cast<const char*>(stream.data()), static_cast<std::streamsize>(stream.size()));
    }
    const Judged judged = e2e::Judge(stream, options_.format);
    std::vector<std::string> wrong = analyser::Failures(judged.content, {});
    const Losses losses = LossesOf(judged.aired, Tolerating(due_, judged.aired, schedule.expected()));
    wrong.insert(wrong.end(), losses.wrong.begin(), losses.wrong.end());
    if (losses.pad > 0)
      wrong.push_back(absl::StrFormat("%d pictures were pad that should not have been, first at tick %d",
                                      losses.pad, FirstLost(due_, judged.aired, schedule.expected())));
    if (judged.aired.end_tick() < schedule.expected().end_tick() - options_.format.TickAt(1000))
      wrong.push_back("the stream has ended too soon");
    const auto gap = static_cast<int64_t>(viewer_->LongestSilence(0).count());
    if (gap >= options_.max_arrival_gap_ms)
      wrong.push_back(
          absl::StrFormat("%d ms without a byte, the limit is %d", gap, options_.max_arrival_gap_ms));
    if (!judged.structure.Clean()) wrong.push_back(analyser::DescribeTs(judged.structure, {}));
    for (const std::string& text : judged.content.complaints.first) wrong.push_back("decoder: " + text);
    for (const std::string& text : wrong) world_.account.Fault("viewer: " + text);
    for (const std::string& line : SeenOf(due_, judged.aired)) std::printf("%s\n", line.c_str());
    std::printf("viewer: %d pictures, %d pad, longest time without a byte %d ms\n",
                static_cast<int>(judged.content.pictures), static_cast<int>(losses.pad),
                static_cast<int>(gap));
  }

  bool Verdict() {
    for (const auto& [what, times] : world_.account.deeds())
      std::printf("%6d  %s\n", static_cast<int>(times), what.c_str());
    for (const Size& size : sizes_) std::printf("%s\n", Describe(size).c_str());
    const std::vector<std::string> faults = world_.account.faults();
    for (const std::string& fault : faults) std::printf("FAULT  %s\n", fault.c_str());
    const bool good = faults.empty() && !::testing::UnitTest::GetInstance()->ad_hoc_test_result().Failed();
    std::printf("seed %u, %.1f minutes: %s\n", options_.seed, options_.minutes,
                good ? "the viewer has seen nothing, and nothing has grown" : "NOT GOOD");
    return good;
  }

  const Options& options_;
  std::mt19937 random_;
  const int port_;
  TestChannel channel_;
  std::unique_ptr<StreamViewer> viewer_;
  HostileWorld world_;
  std::vector<pid_t> supervisors_;  // all there have been
  std::vector<DueFile> due_;
  std::vector<Size> sizes_;  // at each calm
  std::vector<std::string> victims_;
  std::string last_victim_;
};

// A small /dev/shm that no other process sees. Errors: why there is none.
std::optional<std::string> MakeOwnMemory() {
  if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("tmpfs", kMemory, "tmpfs", 0, absl::StrCat("mode=1777,size=", kMemoryMb, "m").c_str()) != 0)
    return std::strerror(errno);
  return std::nullopt;
}

}  // namespace
}  // namespace air::e2e

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  CLI::App app("Puts a channel on the air among all that is hostile, and judges all that its viewer got.");
  air::e2e::Options options;
  double seconds = 0;
  app.add_option("--seed", options.seed)->capture_default_str();
  app.add_option("--minutes", options.minutes)->capture_default_str();
  app.add_option("--seconds", seconds, "instead of minutes");
  app.add_option("--size", options.size)->capture_default_str();
  app.add_option("--rate", options.rate)->capture_default_str();
  app.add_option("--max-arrival-gap-ms", options.max_arrival_gap_ms)->capture_default_str();
  app.add_option("--keep", options.keep, "where the capture goes");
  app.add_option("--log", options.log, "where the log of the channel's processes goes");
  CLI11_PARSE(app, argc, argv);
  if (seconds > 0) options.minutes = seconds / 60;
  if (!options.format.Parse(options.size, options.rate)) return 2;
  // Before there is a second thread: a namespace is a thread's own.
  const std::optional<std::string> none = air::e2e::MakeOwnMemory();
  options.own_memory = !none.has_value();
  if (none)
    std::printf("/dev/shm is not filled up: there can be no small one of its own here: %s\n", none->c_str());
  return air::e2e::Hostile(options).Run() ? 0 : 1;
}

// How long the channel's stages take to come back: from SIGKILL to the first newly committed slot of the
// successor, many times, at random instants (so near the end of a group of pictures, too).
//
//   recovery_bench [--kills N] [--size WxH] [--gop FRAMES] [--seed N]
//
// Prints the distribution for decoder, selector and encoder, and how fast a decoder fills its ring. Fails
// nothing: the figures are the machine's as much as the program's.
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "shm/frame_ring_buffer.h"
#include "shm/shared_segment.h"
#include "shm/transport_journal_layout.h"
#include "tests/support/test_channel.h"

namespace air::e2e {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

struct Options {
  int kills = 20;
  int width = 1280, height = 720;
  int gop = 60;
  unsigned seed = 1;
};

Options Parse(int argc, char** argv) {
  Options o;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i], value = argv[i + 1];
    if (flag == "--kills") o.kills = std::atoi(value.c_str());
    if (flag == "--size") std::sscanf(value.c_str(), "%dx%d", &o.width, &o.height);
    if (flag == "--gop") o.gop = std::atoi(value.c_str());
    if (flag == "--seed") o.seed = static_cast<unsigned>(std::atoi(value.c_str()));
  }
  return o;
}

// A segment of the session, as an onlooker maps it.
SharedSegment MapFile(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  absl::StatusOr<SharedSegment> segment = SharedSegment::Map(std::move(fd), Access::kReadOnly, kPage);
  if (!segment.ok()) {
    std::fprintf(stderr, "%s: %s\n", path.c_str(), segment.status().ToString().c_str());
    std::exit(1);
  }
  return *std::move(segment);
}

std::string NamedSegment(pid_t supervisor, const std::string& what) {
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm")) {
    const std::string name = entry.path().filename().string();
    if (absl::StartsWith(name, absl::StrCat("air.", supervisor, "-")) && absl::StrContains(name, what))
      return entry.path().string();
  }
  std::fprintf(stderr, "no segment %s\n", what.c_str());
  std::exit(1);
}

std::string DescriptorOf(pid_t process, const std::string& what) {
  std::error_code gone;
  for (const auto& entry :
       std::filesystem::directory_iterator(absl::StrCat("/proc/", process, "/fd"), gone)) {
    if (absl::StrContains(std::filesystem::read_symlink(entry.path(), gone).string(), what))
      return entry.path().string();
  }
  std::fprintf(stderr, "process %d has no %s open\n", process, what.c_str());
  std::exit(1);
}

void Print(const char* what, std::vector<double> ms) {
  std::sort(ms.begin(), ms.end());
  const auto at = [&](double q) { return ms[static_cast<size_t>(q * static_cast<double>(ms.size() - 1))]; };
  std::printf("%-10s %3zu kills   median %5.0f   p95 %5.0f   max %5.0f ms\n", what, ms.size(), at(0.5),
              at(0.95), ms.back());
  std::fflush(stdout);
}

class Bench {
 public:
  Bench(const Options& options, const std::vector<std::string>& flags)
      : options_(options),
        format_{.num = 30000, .den = 1001, .width = options.width, .height = options.height},
        channel_(flags),
        viewer_(StreamViewer::OnUnixSocket(channel_.Path("viewer.sock"))),
        random_(options.seed) {}

  void Run() {
    const int64_t ms = 3000 + 4 * int64_t{options_.kills} * 2500 + 5000;
    const Clip clip =
        ClipMaker(format_, channel_.folder())
            .Make(1, 1800, "mp4",
                  absl::StrCat("-g ", options_.gop, " -keyint_min ", options_.gop, " -sc_threshold 0"));
    channel_.Attach(*viewer_);
    Schedule schedule(format_, NowUtcMs());
    schedule.AddBlock("a", {Pad(3000), Show(clip, 59'000)});
    schedule.AddBlock("b", std::vector<Entry>(static_cast<size_t>(ms / 59'000 + 1), Show(clip, 59'000)));
    channel_.Begin(schedule);
    channel_.SleepUntil(2500);
    PrintRefill(clip);
    channel_.SleepUntil(4000);
    const pid_t supervisor = channel_.supervisor().pid();
    const SharedSegment program = MapFile(NamedSegment(supervisor, ".program"));
    const auto& program_page = *reinterpret_cast<const WriterPage*>(program.bytes().data() + kPage);
    Measure(
        "selector", [&] { return channel_.Stage("air-selector", ".program"); },
        [&] { return program_page.next.load(); });
    const SharedSegment journal = MapFile(NamedSegment(supervisor, ".journal-"));
    const auto& encoder_page = *reinterpret_cast<const EncoderPage*>(journal.bytes().data() + kJournalPage);
    Measure(
        "encoder", [&] { return channel_.Stage("air-encoder", ".journal-"); },
        [&] { return encoder_page.committed.load(); });
    MeasureDecoder(clip);
    channel_.Stop();
  }

 private:
  // The first ring that was filled, from its first unit to its last.
  void PrintRefill(const Clip& clip) {
    const pid_t decoder = channel_.Stage("air-decoder", clip.path);
    SharedSegment memory = MapFile(DescriptorOf(decoder, "air-ring-"));
    const RingView ring = RingView::Attach(memory.bytes(), RingPolicy::kBackpressure).value();
    const uint64_t next = ring.writer().next.load();
    const int64_t took = ring.slot(next - 1).meta.committed_ns - ring.slot(0).meta.committed_ns;
    std::printf("a ring of %" PRIu64 " units was filled at %.1f times real time\n", next,
                static_cast<double>(next - 1) * 1001 / 30000 / (static_cast<double>(took) / 1e9));
  }

  void Measure(const char* what, const std::function<pid_t()>& find,
               const std::function<uint64_t()>& committed) {
    std::vector<double> ms;
    for (int i = 0; i < options_.kills; ++i) {
      Pause();
      ms.push_back(KillAndWait(find(), committed));
    }
    Print(what, std::move(ms));
  }

  // The decoder's ring changes with the segment: found anew every time.
  void MeasureDecoder(const Clip& clip) {
    std::vector<double> ms;
    for (int i = 0; i < options_.kills; ++i) {
      Pause();
      const pid_t decoder = LiveDecoder(clip);
      if (decoder == 0) continue;
      const SharedSegment ring = MapFile(DescriptorOf(decoder, "air-ring-"));
      const auto& page = *reinterpret_cast<const WriterPage*>(ring.bytes().data() + kPage);
      ms.push_back(KillAndWait(decoder, [&] { return page.next.load(); }));
    }
    Print("decoder", std::move(ms));
  }

  // The decoder whose ring moves.
  pid_t LiveDecoder(const Clip& clip) {
    for (int i = 0; i < 100; ++i) {
      for (const MarkedProcess& stage : channel_.Stages()) {
        const auto has = [&](const std::string& what) {
          return std::any_of(stage.open_files.begin(), stage.open_files.end(),
                             [&](const std::string& path) { return absl::StrContains(path, what); });
        };
        if (stage.program != "air-decoder" || !has(clip.path) || !has("air-ring-")) continue;
        const SharedSegment ring = MapFile(DescriptorOf(stage.pid, "air-ring-"));
        const auto& page = *reinterpret_cast<const WriterPage*>(ring.bytes().data() + kPage);
        const uint64_t before = page.next.load();
        std::this_thread::sleep_for(150ms);
        if (page.next.load() > before) return stage.pid;
      }
    }
    return 0;
  }

  static double KillAndWait(pid_t stage, const std::function<uint64_t()>& committed) {
    const UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, stage, 0)));
    const auto killed = steady_clock::now();
    kill(stage, SIGKILL);
    pollfd ended{pidfd.get(), POLLIN, 0};
    poll(&ended, 1, 5000);
    const uint64_t before = committed();
    while (committed() == before && steady_clock::now() - killed < 10s) std::this_thread::sleep_for(500us);
    return std::chrono::duration<double, std::milli>(steady_clock::now() - killed).count();
  }

  // Long enough for a successor to have delivered its second: one that dies sooner is started again with a
  // delay, which is the restart policy's doing and not how long a recovery takes.
  void Pause() {
    std::this_thread::sleep_for(
        std::chrono::milliseconds(std::uniform_int_distribution<int>(1500, 2500)(random_)));
  }

  Options options_;
  ChannelFormat format_;
  TestChannel channel_;
  std::unique_ptr<StreamViewer> viewer_;
  std::mt19937 random_;
};

}  // namespace
}  // namespace air::e2e

int main(int argc, char** argv) { air::e2e::Bench(air::e2e::Parse(argc, argv), {}).Run(); }

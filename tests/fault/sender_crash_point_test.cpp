// The exactly-once sender, killed before and after every system call it makes.
//
// Between two system calls a sender only stores words, so their borders are all the crash points there are.
// The victim runs under ptrace and is stopped at each border in turn; what it leaves behind is taken over by
// a successor, which is killed at a random border too, and by a last one that may finish. The story they have
// to tell together is one rejoin, a tick in several chunks and some small ticks, to a viewer whose socket
// takes a few packets at a time.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <random>
#include <vector>

#include "base/master_clock.h"
#include "base/unique_fd.h"
#include "shm/transport_journal.h"
#include "stages/encoder/send/sender.h"

namespace air {
namespace {

constexpr JournalGeometry kGeometry{.packet_capacity = 2048, .checkpoint_slots = 64};
constexpr SendLimits kLimits{.backlog_ns = 10 * kNanosPerMs, .chunk_packets = 40};
constexpr int kToTheEnd = 300;  // borders; far more than the whole story takes
constexpr uint64_t kPrologueFlag = uint64_t{1} << 63;

TsPacket Numbered(uint64_t number) {
  TsPacket packet;
  for (size_t k = 0; k < packet.size(); ++k) packet[k] = static_cast<uint8_t>(number * 31 + k);
  std::memcpy(packet.data(), &number, 8);
  return packet;
}

std::vector<TsPacket> Prologue(const TransportCheckpoint& before) {
  return {Numbered(kPrologueFlag | before.packets), Numbered(kPrologueFlag | (before.packets + 1))};
}

// One journal with everything in it from the start, and a viewer that is read between the victim's steps.
class Stage {
 public:
  Stage() {
    memory_ =
        std::span(static_cast<std::byte*>(mmap(nullptr, kGeometry.SegmentBytes(), PROT_READ | PROT_WRITE,
                                               MAP_SHARED | MAP_ANONYMOUS, -1, 0)),
                  kGeometry.SegmentBytes());
    EXPECT_TRUE(FormatJournal(memory_, kGeometry, {1, 2}).ok());
    int sockets[2], pipe[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
    EXPECT_EQ(pipe2(pipe, 0), 0);
    socket_.Reset(sockets[0]);
    viewer_.Reset(sockets[1]);
    pipe_read_.Reset(pipe[0]);
    pipe_write_.Reset(pipe[1]);
    const int small = 4608;
    setsockopt(socket_.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    WriteJournal();
  }
  ~Stage() { munmap(memory_.data(), memory_.size()); }

  // Runs a sender until it has reached `border`, or the viewer has everything, then kills it. Returns whether
  // it got that far; nothing when this system does not allow tracing.
  std::optional<bool> RunTo(int border) {
    const pid_t victim = fork();
    if (victim == 0) {
      if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(9);
      raise(SIGSTOP);
      SystemClock clock;
      auto sender = ExactlyOnceSender::Create(memory_, {socket_.get(), pipe_read_.get(), pipe_write_.get()},
                                              Prologue, kLimits, clock);
      _exit(sender.ok() && (*sender)->Run({}).ok() ? 0 : 8);
    }
    int status = 0;
    waitpid(victim, &status, 0);
    if (!WIFSTOPPED(status)) return std::nullopt;
    ptrace(PTRACE_SETOPTIONS, victim, nullptr, PTRACE_O_EXITKILL);
    int borders = 0;
    for (; !Complete() && borders < border; ++borders) {
      ptrace(PTRACE_SYSCALL, victim, nullptr, nullptr);
      waitpid(victim, &status, 0);
      if (!WIFSTOPPED(status)) {
        ADD_FAILURE() << "the sender ended by itself, status " << status;
        return false;
      }
      View();
    }
    kill(victim, SIGKILL);
    waitpid(victim, &status, 0);
    View();
    return borders == border;
  }

  bool Complete() const { return seen_.size() >= expected_.size() * sizeof(TsPacket); }

  // The whole story, each packet once.
  void ExpectToldOnce() const {
    std::vector<uint8_t> told;
    for (uint64_t number : expected_) {
      const TsPacket packet = Numbered(number);
      told.insert(told.end(), packet.begin(), packet.end());
    }
    EXPECT_TRUE(seen_ == told) << seen_.size() << " bytes seen, " << told.size() << " told";
  }

 private:
  void WriteJournal() {
    JournalWriter writer = *JournalWriter::Attach(memory_);
    for (int tick = 0; tick < 30; ++tick) {
      const bool idr = tick % 20 == 0;
      for (int i = idr ? 100 : 7; i > 0; --i) {
        const TsPacket packet = Numbered(writer.next_packet());
        ASSERT_TRUE(writer.Append(std::as_bytes(std::span(packet))).ok());
      }
      TickCommit commit{
          .tick = Tick(tick), .deadline = Nanos(tick * kNanosPerMs), .idr = idr, .checkpoint = {}};
      commit.checkpoint.next_tick = tick + 1;
      commit.checkpoint.packets = writer.next_packet();
      ASSERT_TRUE(writer.Commit(commit).ok());
    }
    const uint64_t idr = 100 + 19 * 7;
    expected_ = {kPrologueFlag | idr, kPrologueFlag | (idr + 1)};
    for (uint64_t number = idr; number < writer.next_packet(); ++number) expected_.push_back(number);
  }

  void View() {
    uint8_t bytes[4096];
    for (ssize_t got; (got = recv(viewer_.get(), bytes, sizeof(bytes), MSG_DONTWAIT)) > 0;) {
      seen_.insert(seen_.end(), bytes, bytes + got);
    }
  }

  std::span<std::byte> memory_;
  UniqueFd socket_, viewer_, pipe_read_, pipe_write_;
  std::vector<uint64_t> expected_;
  std::vector<uint8_t> seen_;
};

TEST(SenderCrashPoints, EveryBorderOfEverySystemCallIsSafeToDieAt) {
  const char* text = std::getenv("AIR_TEST_SEED");
  const auto seed = text != nullptr ? static_cast<uint32_t>(std::strtoul(text, nullptr, 10)) : 1u;
  std::mt19937 random(seed);
  int borders = 0;
  for (bool reached = true; reached; ++borders) {
    Stage stage;
    const std::optional<bool> first = stage.RunTo(borders + 1);
    if (!first) GTEST_SKIP() << "ptrace is not allowed here";
    reached = *first;
    const int second = 1 + static_cast<int>(random() % 60);
    stage.RunTo(second);
    stage.RunTo(kToTheEnd);
    stage.ExpectToldOnce();
    if (HasFailure()) FAIL() << "killed at border " << borders + 1 << ", its successor at border " << second;
  }
  std::printf("seed %u: %d crash points, each followed by a second one at random\n", seed, borders);
  EXPECT_GT(borders, 50);
}

}  // namespace
}  // namespace air

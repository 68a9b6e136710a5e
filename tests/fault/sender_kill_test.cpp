// The exactly-once sender under SIGKILL, with real processes.
//
// An encoder process writes numbered packets into a journal, a sender process moves them to a socket, a
// viewer process checks every byte it gets. This process kills the sender every few milliseconds at random,
// the encoder now and then, and starts successors over the same journal, socket and pipe. Every committed
// packet must arrive, once, whole and in order; a tick that was not committed must never arrive.
//
// AIR_TEST_SEED=N repeats the kill intervals of a run (not the instants: those are the machine's).
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "base/master_clock.h"
#include "base/unique_fd.h"
#include "shm/transport_journal.h"
#include "stages/encoder/send/sender.h"

namespace air {
namespace {

constexpr int64_t kTickNs = kNanosPerMs;
constexpr int64_t kNever = 3600 * kNanosPerSecond;
constexpr int kTicksPerIdr = 8;
constexpr uint32_t kProloguePackets = 3;

uint32_t Seed() {
  const char* text = std::getenv("AIR_TEST_SEED");
  return text != nullptr ? static_cast<uint32_t>(std::strtoul(text, nullptr, 10)) : 1;
}

// ---- what a packet says about itself

struct Stamp {
  uint64_t number = 0;  // absolute; in a prologue: of the packet that follows it
  int64_t tick = 0;
  uint32_t index = 0;  // within the tick
  uint32_t count = 0;  // packets of the tick
  uint32_t epoch = 0;  // which encoder wrote it: a tick is never of two
  uint32_t kind = 0;   // kIdr, kPrologue
};
enum Kind : uint32_t { kPlain, kIdr, kPrologue };

TsPacket Stamped(const Stamp& stamp) {
  TsPacket packet;
  for (size_t k = 0; k < packet.size(); ++k) {
    packet[k] = static_cast<uint8_t>(stamp.number * 31 + stamp.epoch * 17 + k);
  }
  packet[0] = 0x47;
  std::memcpy(packet.data() + 4, &stamp, sizeof(stamp));
  return packet;
}

std::vector<TsPacket> Prologue(const TransportCheckpoint& before) {
  std::vector<TsPacket> packets;
  for (uint32_t i = 0; i < kProloguePackets; ++i) {
    packets.push_back(Stamped({.number = before.packets,
                               .tick = before.next_tick,
                               .index = i,
                               .count = kProloguePackets,
                               .epoch = 0,
                               .kind = kPrologue}));
  }
  return packets;
}

// ---- memory of all processes

template <class T>
T* SharedMemory(size_t bytes = sizeof(T)) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<T*>(memory);
}

// What the viewer saw, and the word that ends the encoder. Zero-filled by mmap.
struct Control {
  std::atomic<bool> encoder_stop;
  std::atomic<uint64_t> packets, duplicated, lost, torn;
  std::atomic<uint64_t> mixed_ticks;  // packets of a tick that was not committed as it arrived
  std::atomic<uint64_t> rejoins, dropped, cut_ticks, broken_prologues;
};

struct Scenario {
  std::string name;
  bool tcp = false;
  JournalGeometry geometry{};
  SendLimits limits;
  uint32_t largest_tick = 700;
  bool encoder_waits = true;      // for the sender, so that nothing has to be dropped
  size_t viewer_bytes = 1 << 18;  // at most, per read
  int viewer_pause_us = 0;        // after each read
  int viewer_nap_every = 0;       // reads; then it does not read for 150 ms
  int socket_buffer = 0;          // bytes; 0 = the system's
  uint64_t packets = 0;           // the run ends when the viewer has these,
  int kills = 0;                  // and these have happened
};
void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }

// ---- the three processes

// A chain of ticks whose sizes differ between encoders, so that a mixture of two would show.
void Encode(std::span<std::byte> memory, Control& control, const Scenario& scenario) {
  JournalWriter writer = *JournalWriter::Attach(memory);
  const SenderPage& sender = **AttachSenderPage(memory);
  const auto epoch = static_cast<uint32_t>(
      reinterpret_cast<EncoderPage*>(memory.data() + kJournalPage)->writer_epoch.load());
  std::mt19937 random(epoch * 7919 + Seed());
  int64_t tick = writer.last_commit() ? writer.last_commit()->tick + 1 : 0;
  for (; !control.encoder_stop; ++tick) {
    while (scenario.encoder_waits && writer.next_packet() - sender.written > 20000) {
      if (control.encoder_stop) return;
      usleep(200);
    }
    if (!scenario.encoder_waits) usleep(50);
    const bool large = random() % 32 == 0 && scenario.largest_tick > 40;
    const uint32_t count = large ? 300 + random() % (scenario.largest_tick - 300) : 1 + random() % 40;
    const bool idr = tick % kTicksPerIdr == 0;
    for (uint32_t i = 0; i < count; ++i) {
      const TsPacket packet = Stamped({.number = writer.next_packet(),
                                       .tick = tick,
                                       .index = i,
                                       .count = count,
                                       .epoch = epoch,
                                       .kind = idr ? kIdr : kPlain});
      if (!writer.Append(std::as_bytes(std::span(packet))).ok()) _exit(4);
    }
    TickCommit commit{.tick = Tick(tick), .deadline = Nanos(tick * kTickNs), .idr = idr, .checkpoint = {}};
    commit.checkpoint.next_tick = tick + 1;
    commit.checkpoint.packets = writer.next_packet();
    if (!writer.Commit(commit).ok()) _exit(5);
  }
}

void Send(std::span<std::byte> memory, SinkDescriptors sink, const Scenario& scenario) {
  SystemClock clock;
  auto sender = ExactlyOnceSender::Create(memory, sink, Prologue, scenario.limits, clock);
  const absl::Status ended = sender.ok() ? (*sender)->Run({}) : sender.status();
  std::fprintf(stderr, "sender ended: %s\n", ended.ToString().c_str());
}

class Viewer {
 public:
  Viewer(Control& control, const Scenario& scenario) : control_(control), scenario_(scenario) {}

  void Watch(int socket) {
    std::vector<uint8_t> buffer(scenario_.viewer_bytes);
    size_t held = 0;
    for (int reads = 1;; ++reads) {
      const ssize_t got = read(socket, buffer.data() + held, buffer.size() - held);
      if (got <= 0) break;
      held += static_cast<size_t>(got);
      size_t used = 0;
      for (; held - used >= sizeof(TsPacket); used += sizeof(TsPacket)) Take(buffer.data() + used);
      std::memmove(buffer.data(), buffer.data() + used, held -= used);
      if (scenario_.viewer_pause_us > 0) usleep(static_cast<useconds_t>(scenario_.viewer_pause_us));
      if (scenario_.viewer_nap_every > 0 && reads % scenario_.viewer_nap_every == 0) usleep(150'000);
    }
    control_.torn += held != 0;  // the stream ends on a packet border
  }

 private:
  void Take(const uint8_t* bytes) {
    Stamp stamp;
    std::memcpy(&stamp, bytes + 4, sizeof(stamp));
    if (std::memcmp(Stamped(stamp).data(), bytes, sizeof(TsPacket)) != 0) {
      ++control_.torn;
      return;
    }
    if (stamp.kind == kPrologue) {
      TakePrologue(stamp);
    } else {
      TakePacket(stamp);
    }
  }

  void TakePrologue(const Stamp& stamp) {
    // On a busy machine the sender may fall behind once more before it has sent a packet from there on.
    if (prologue_seen_ == kProloguePackets && stamp.index == 0 && stamp.number > rejoin_at_) {
      next_ = rejoin_at_;
      prologue_seen_ = 0;
    }
    if (stamp.index != prologue_seen_ || (prologue_seen_ > 0 && stamp.number != rejoin_at_))
      ++control_.broken_prologues;
    if (prologue_seen_ == 0) {
      control_.cut_ticks += tick_.index + 1 != tick_.count;
      rejoin_at_ = stamp.number;
    }
    if (++prologue_seen_ == kProloguePackets) {
      ++control_.rejoins;
      if (rejoin_at_ > next_) control_.dropped += rejoin_at_ - next_;
    }
  }

  void TakePacket(const Stamp& stamp) {
    if (prologue_seen_ > 0) {
      if (prologue_seen_ != kProloguePackets || stamp.kind != kIdr || stamp.index != 0 ||
          rejoin_at_ <= next_) {
        ++control_.broken_prologues;
      }
      next_ = rejoin_at_;
      tick_ = {.tick = stamp.tick - 1, .index = 0, .count = 1};
      prologue_seen_ = 0;
    }
    if (stamp.number < next_) ++control_.duplicated;
    if (stamp.number > next_) control_.lost += stamp.number - next_;
    const bool opens = tick_.index + 1 == tick_.count;
    const bool follows = opens ? stamp.index == 0 && stamp.tick == tick_.tick + 1
                               : stamp.index == tick_.index + 1 && stamp.tick == tick_.tick &&
                                     stamp.epoch == tick_.epoch && stamp.count == tick_.count;
    control_.mixed_ticks += stamp.number == next_ && !follows;
    next_ = stamp.number + 1;
    tick_ = stamp;
    ++control_.packets;
  }

  Control& control_;
  const Scenario& scenario_;
  uint64_t next_ = 0;
  Stamp tick_{.tick = -1, .index = 0, .count = 1};  // the last packet of a tick -1
  uint32_t prologue_seen_ = 0;
  uint64_t rejoin_at_ = 0;
};

// ---- the hand that kills

class Child {
 public:
  void Start(const std::function<void()>& body) {
    const pid_t parent = getpid();
    pid_ = fork();
    ASSERT_GE(pid_, 0);
    if (pid_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that is aborted leaves nothing behind
    if (getppid() == parent) body();
    _exit(0);
  }
  // Whether it was alive to be killed.
  bool Kill() {
    kill(pid_, SIGKILL);
    return WIFSIGNALED(Wait());
  }
  int Wait() {
    int status = 0;
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    pid_ = -1;
    return status;
  }
  ~Child() {
    if (pid_ > 0) Kill();
  }

 private:
  pid_t pid_ = -1;
};

void Connect(bool tcp, int socket_buffer, UniqueFd& sender_end, UniqueFd& viewer_end) {
  int fds[2];
  if (!tcp) {
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    sender_end.Reset(fds[0]);
    viewer_end.Reset(fds[1]);
  } else {
    const UniqueFd listener(socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    if (socket_buffer > 0) {  // inherited by the accepted socket, and effective only before the connection
      setsockopt(listener.get(), SOL_SOCKET, SO_RCVBUF, &socket_buffer, sizeof(socket_buffer));
    }
    ASSERT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
    ASSERT_EQ(listen(listener.get(), 1), 0);
    ASSERT_EQ(getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
    sender_end.Reset(socket(AF_INET, SOCK_STREAM, 0));
    ASSERT_EQ(connect(sender_end.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
    viewer_end.Reset(accept(listener.get(), nullptr, nullptr));
    const int on = 1;
    setsockopt(sender_end.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  if (socket_buffer > 0) {
    setsockopt(sender_end.get(), SOL_SOCKET, SO_SNDBUF, &socket_buffer, sizeof(socket_buffer));
  }
}

struct Outcome {
  int kills = 0;
  int encoder_kills = 0;
  int kills_over_full_pipe = 0;   // the pipe held bytes when the sender died
  int kills_before_the_note = 0;  // of those: the chunk was written and not yet noted
  int ended_by_themselves = 0;
  uint64_t committed = 0;  // packets
};

class Stage {
 public:
  explicit Stage(const Scenario& scenario) : scenario_(scenario), bytes_(scenario.geometry.SegmentBytes()) {
    memory_ = std::span(SharedMemory<std::byte>(bytes_), bytes_);
    control_ = SharedMemory<Control>();
  }
  ~Stage() {
    munmap(memory_.data(), bytes_);
    munmap(control_, sizeof(Control));
  }

  const Control& control() const { return *control_; }
  const SenderPage& page() const { return *page_; }

  void Run(Outcome& outcome) {
    ASSERT_TRUE(FormatJournal(memory_, scenario_.geometry, {1, 2}).ok());
    page_ = *AttachSenderPage(memory_);
    UniqueFd viewer_end;
    ASSERT_NO_FATAL_FAILURE(Connect(scenario_.tcp, scenario_.socket_buffer, socket_, viewer_end));
    int fds[2];
    ASSERT_EQ(pipe(fds), 0);
    pipe_read_.Reset(fds[0]);
    pipe_write_.Reset(fds[1]);

    Child viewer, encoder;
    viewer.Start([&] {
      socket_.Reset();
      Viewer(*control_, scenario_).Watch(viewer_end.get());
    });
    viewer_end.Reset();
    encoder.Start([&] { Encode(memory_, *control_, scenario_); });
    ASSERT_NO_FATAL_FAILURE(KillAtRandom(encoder, outcome));
    control_->encoder_stop = true;
    encoder.Wait();
    ASSERT_NO_FATAL_FAILURE(SendTheRest(outcome));
    shutdown(socket_.get(), SHUT_WR);
    viewer.Wait();
  }

 private:
  void KillAtRandom(Child& encoder, Outcome& outcome) {
    std::mt19937 random(Seed());
    const Nanos give_up = clock_.Now() + 60 * kNanosPerSecond;
    while (control_->packets < scenario_.packets || outcome.kills < scenario_.kills) {
      ASSERT_LT(clock_.Now(), give_up) << control_->packets << " packets, " << outcome.kills << " kills";
      Child sender;
      sender.Start([&] { Send(memory_, Sink(), scenario_); });
      usleep(300 + random() % 4000);
      ++(sender.Kill() ? outcome.kills : outcome.ended_by_themselves);
      const bool holds = BytesInPipe() > 0;
      outcome.kills_over_full_pipe += holds;
      outcome.kills_before_the_note += holds && page_->written != page_->intent;
      if (random() % 16 == 0) {
        encoder.Kill();
        ++outcome.encoder_kills;
        encoder.Start([&] { Encode(memory_, *control_, scenario_); });
      }
    }
  }

  void SendTheRest(Outcome& outcome) {
    const auto newest = JournalReader::Attach(memory_)->Newest();
    ASSERT_TRUE(newest);
    outcome.committed = newest->record.end_packet;
    Child sender;
    sender.Start([&] { Send(memory_, Sink(), scenario_); });
    const Nanos give_up = clock_.Now() + 20 * kNanosPerSecond;
    while (page_->written != outcome.committed || BytesInPipe() > 0) {
      ASSERT_LT(clock_.Now(), give_up) << "the last packets were not sent";
      usleep(2000);
    }
    outcome.ended_by_themselves += !sender.Kill();
  }

  SinkDescriptors Sink() const { return {socket_.get(), pipe_read_.get(), pipe_write_.get()}; }

  int BytesInPipe() const {
    int held = 0;
    EXPECT_EQ(ioctl(pipe_read_.get(), FIONREAD, &held), 0);
    return held;
  }

  const Scenario scenario_;
  const size_t bytes_;
  SystemClock clock_;
  std::span<std::byte> memory_;
  Control* control_ = nullptr;
  SenderPage* page_ = nullptr;
  UniqueFd socket_, pipe_read_, pipe_write_;
};

void Print(const Scenario& scenario, const Outcome& outcome, const Control& seen) {
  auto count = [](uint64_t n) { return static_cast<unsigned long long>(n); };
  std::printf(
      "%s: seed %u, sender killed %d times (%d with bytes in the pipe, %d of them between write and note), "
      "encoder %d "
      "times; %llu packets arrived: %llu duplicated, %llu lost, %llu torn, %llu of ticks not committed; "
      "%llu rejoins dropped %llu\n",
      scenario.name.c_str(), Seed(), outcome.kills, outcome.kills_over_full_pipe,
      outcome.kills_before_the_note, outcome.encoder_kills, count(seen.packets), count(seen.duplicated),
      count(seen.lost), count(seen.torn), count(seen.mixed_ticks), count(seen.rejoins), count(seen.dropped));
}

void ExpectExactlyOnce(const Outcome& outcome, const Control& seen) {
  EXPECT_EQ(seen.duplicated, 0u);
  EXPECT_EQ(seen.lost, 0u);
  EXPECT_EQ(seen.torn, 0u);
  EXPECT_EQ(seen.mixed_ticks, 0u);
  EXPECT_EQ(seen.broken_prologues, 0u);
  EXPECT_EQ(seen.packets + seen.dropped, outcome.committed);
  EXPECT_EQ(outcome.ended_by_themselves, 0);
  EXPECT_GT(outcome.encoder_kills, 0);
  EXPECT_GT(outcome.kills_over_full_pipe, 0)
      << "no kill left anything in the pipe, so this run proves nothing";
}

class SenderUnderKills : public ::testing::TestWithParam<Scenario> {};

TEST_P(SenderUnderKills, NeitherRepeatsNorLosesNorTearsAPacket) {
  const Scenario& scenario = GetParam();
  Stage stage(scenario);
  Outcome outcome;
  ASSERT_NO_FATAL_FAILURE(stage.Run(outcome));
  Print(scenario, outcome, stage.control());
  ExpectExactlyOnce(outcome, stage.control());
  EXPECT_EQ(stage.control().dropped, 0u);
  EXPECT_EQ(stage.page().rejoins, 0u);
}

// Four runs, more than a million packets together.
Scenario Faithful(const char* name, bool tcp, bool slow) {
  Scenario scenario{.name = name,
                    .tcp = tcp,
                    .geometry = {.packet_capacity = 65536, .checkpoint_slots = 8192},
                    .limits = {.backlog_ns = kNever},
                    .packets = 300'000,
                    .kills = 1000};
  if (slow) {
    scenario.viewer_bytes = 16384;
    scenario.viewer_pause_us = 500;
    scenario.socket_buffer = 65536;
  }
  return scenario;
}

INSTANTIATE_TEST_SUITE_P(Transports, SenderUnderKills,
                         ::testing::Values(Faithful("UnixFastViewer", false, false),
                                           Faithful("UnixSlowViewer", false, true),
                                           Faithful("TcpFastViewer", true, false),
                                           Faithful("TcpSlowViewer", true, true)),
                         [](const auto& run) { return run.param.name; });

TEST(SenderUnderKillsWithASleepyViewer, DropsWholeTicksAndAnnouncesEachRejoinExactlyOnce) {
  const Scenario scenario{.name = "SleepyViewer",
                          .geometry = {.packet_capacity = 8192, .checkpoint_slots = 1024},
                          .limits = {.backlog_ns = 150 * kTickNs},
                          .largest_tick = 40,
                          .encoder_waits = false,
                          .viewer_bytes = 65536,
                          .viewer_nap_every = 40,
                          .socket_buffer = 65536,
                          .packets = 60'000,
                          .kills = 500};
  Stage stage(scenario);
  Outcome outcome;
  ASSERT_NO_FATAL_FAILURE(stage.Run(outcome));
  Print(scenario, outcome, stage.control());
  ExpectExactlyOnce(outcome, stage.control());
  EXPECT_EQ(stage.control().cut_ticks, 0u);
  EXPECT_GT(stage.control().rejoins, 0u);
  EXPECT_GE(stage.control().rejoins, stage.page().rejoins);
}

}  // namespace
}  // namespace air

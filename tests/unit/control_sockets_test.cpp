// The sockets of the control interface: bound once, limited in number, patient without descriptors.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/control/control_listener.h"

namespace air {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr ControlLimits kFew{4, 4};

class ControlSockets : public testing::Test {
 protected:
  ControlSockets() : loop_(*EventLoop::Create(clock_)) {
    folder_ = testing::TempDir() + "air-cs-XXXXXX";
    if (mkdtemp(folder_.data()) == nullptr) std::abort();
    path_ = folder_ + "/control.sock";
  }
  ~ControlSockets() override { fs::remove_all(folder_); }

  std::string Address() const { return "unix:" + path_; }
  sockaddr_un Name() const {
    sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
    std::strncpy(name.sun_path, path_.c_str(), sizeof name.sun_path - 1);
    return name;
  }
  static UniqueFd Socket() { return UniqueFd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); }
  void Dial(const UniqueFd& socket) const {
    const sockaddr_un name = Name();
    ASSERT_EQ(connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
  }
  UniqueFd Client() const {
    UniqueFd socket = Socket();
    Dial(socket);
    return socket;
  }
  std::unique_ptr<ControlListener> Listener(size_t most, size_t of_one_peer) {
    return Listener(Address(), {most, of_one_peer});
  }
  std::unique_ptr<ControlListener> Listener(const std::string& address, ControlLimits limits) {
    auto listener = *ControlListener::Bind({address}, limits);
    listener->Start(*loop_, [this](UniqueFd connection) { taken_.push_back(std::move(connection)); });
    return listener;
  }
  void RunUntil(const std::function<bool()>& condition, int64_t look_every = kNanosPerMs) {
    const EventSource too_long = loop_->After(30 * kNanosPerSecond, [this] { loop_->Exit(1); });
    EventSource look;
    const std::function<void()> check = [&] {
      if (condition()) return loop_->Exit(0);
      look = loop_->After(look_every, check);
    };
    check();
    EXPECT_EQ(loop_->Run(), 0) << "what was waited for has not come";
    loop_ = nullptr;
  }

  SystemClock clock_;
  std::string folder_, path_;
  std::unique_ptr<EventLoop> loop_;
  std::vector<UniqueFd> taken_;
};

TEST_F(ControlSockets, ServeOneThatListensAlreadyAndThoseWhoDialedBefore) {
  UniqueFd passed = Socket();
  const sockaddr_un name = Name();
  ASSERT_EQ(bind(passed.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
  ASSERT_EQ(listen(passed.get(), 8), 0);
  const UniqueFd early = Client();
  auto listener = *ControlListener::Bind({"fd:" + std::to_string(passed.get())}, kFew);
  EXPECT_NE(fcntl(passed.get(), F_GETFD) & FD_CLOEXEC, 0) << "the stages would have it, too";
  passed.Release();  // the listener's now
  listener->Start(*loop_, [this](UniqueFd connection) { taken_.push_back(std::move(connection)); });
  const UniqueFd late = Client();
  RunUntil([&] { return taken_.size() == 2; });
  listener.reset();
  EXPECT_FALSE(fs::exists(path_)) << "its name is the listener's, too";
}

TEST_F(ControlSockets, AreRefusedWhereNothingListensOnWhatWasPassed) {
  const UniqueFd file(open("/dev/null", O_RDONLY | O_CLOEXEC)), silent = Socket();
  for (const int fd : {file.get(), silent.get(), 9999}) {
    const auto listener = ControlListener::Bind({"fd:" + std::to_string(fd)}, kFew);
    EXPECT_THAT(std::string(listener.status().message()), HasSubstr("it is no UNIX socket that listens"));
  }
}

TEST_F(ControlSockets, TakeSoManyConnectionsAndCountThoseTheyRefuse) {
  const auto listener = Listener(2, 2);
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(Client());
  bool let_one_go = false;
  RunUntil([&] {
    if (listener->refused() < 3) return false;
    if (!let_one_go) {
      EXPECT_EQ(listener->open(), 2u);
      taken_.erase(taken_.begin());
      EXPECT_EQ(listener->open(), 1u);
      clients.push_back(Client());
      let_one_go = true;
    }
    return taken_.size() == 2;
  });
  EXPECT_EQ(listener->open(), 2u);
  EXPECT_EQ(listener->refused(), 3u);
  char byte = 0;
  EXPECT_EQ(recv(clients[4].get(), &byte, 1, 0), 0) << "it was to be closed";
}

TEST_F(ControlSockets, LeaveRoomForOtherProcessesWhateverOneTakes) {
  const auto listener = Listener(4, 2);
  std::vector<UniqueFd> greedy;
  for (int i = 0; i < 5; ++i) greedy.push_back(Client());
  bool has_begun = false;
  pid_t other = 0;
  RunUntil([&] {
    if (listener->refused() < 3) return false;
    if (!std::exchange(has_begun, true)) {
      EXPECT_EQ(listener->open(), 2u);
      other = fork();
      if (other == 0) {  // another peer, until it is killed
        const UniqueFd client = Socket();
        const sockaddr_un name = Name();
        if (connect(client.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) _exit(1);
        for (;;) pause();
      }
    }
    return taken_.size() == 3;
  });
  EXPECT_EQ(listener->refused(), 3u);
  ASSERT_GT(other, 0);
  kill(other, SIGKILL);
  waitpid(other, nullptr, 0);
}

// A TCP port of 127.0.0.1 that is free.
sockaddr_in FreePort() {
  const UniqueFd probe(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(probe.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(probe.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  return address;
}

// From 127.0.0.`host`.
UniqueFd DialFrom(uint32_t host, const sockaddr_in& to) {
  UniqueFd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in from{};
  from.sin_family = AF_INET;
  from.sin_addr.s_addr = htonl((INADDR_LOOPBACK & ~0xffu) + host);
  EXPECT_EQ(bind(client.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from), 0);
  EXPECT_EQ(connect(client.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  return client;
}

TEST_F(ControlSockets, LeaveRoomForOtherAddressesWhateverOneTakesAndAskWhetherTheyAreThere) {
  const sockaddr_in port = FreePort();
  const auto listener = Listener("127.0.0.1:" + std::to_string(ntohs(port.sin_port)), {4, 2});
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(DialFrom(1, port));
  bool has_begun = false;
  RunUntil([&] {
    if (listener->refused() < 3) return false;
    if (!std::exchange(has_begun, true)) {
      EXPECT_EQ(listener->open(), 2u);
      clients.push_back(DialFrom(2, port));
    }
    return taken_.size() == 3;
  });
  EXPECT_EQ(listener->refused(), 3u);
  for (const UniqueFd& connection : taken_) {
    int asks = 0;
    socklen_t size = sizeof asks;
    EXPECT_EQ(getsockopt(connection.get(), SOL_SOCKET, SO_KEEPALIVE, &asks, &size), 0);
    EXPECT_EQ(asks, 1);
  }
}

TEST_F(ControlSockets, AreThereAgainWhenTheirNameWasRemoved) {
  const auto listener = Listener(4, 4);
  const UniqueFd before = Client();
  UniqueFd after;
  RunUntil([&] {
    if (taken_.size() == 1 && !after.valid()) {
      listener->KeepNames();
      EXPECT_TRUE(fs::remove(path_));
      listener->KeepNames();
      EXPECT_TRUE(fs::is_socket(path_));
      after = Client();
    }
    return taken_.size() == 2;
  });
  listener->Stop();
  fs::remove(path_);
  listener->KeepNames();
  EXPECT_FALSE(fs::exists(path_)) << "it has stopped";
}

TEST_F(ControlSockets, LeaveTheirAddressToTheProcessThatListensThereAndTakeOverADeadName) {
  {
    const UniqueFd dead = Socket();
    const sockaddr_un name = Name();
    ASSERT_EQ(bind(dead.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
  }
  ASSERT_TRUE(fs::is_socket(path_));
  const auto first = ControlListener::Bind({Address()}, kFew);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = ControlListener::Bind({Address()}, kFew);
  EXPECT_TRUE(absl::IsUnavailable(second.status()));
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(path_ + ": another process listens there"));
}

TEST_F(ControlSockets, RemoveNothingThatIsNoSocket) {
  std::ofstream(path_) << "precious";
  EXPECT_TRUE(absl::IsUnavailable(ControlListener::Bind({Address()}, kFew).status()));
  EXPECT_EQ(fs::file_size(path_), 8u);
}

TEST_F(ControlSockets, LeaveDescriptorsToTheChannel) {
  EXPECT_EQ(ControlLimitsFor(1 << 20).connections, 256u);
  EXPECT_EQ(ControlLimitsFor(256).connections, 64u);
  EXPECT_EQ(ControlLimitsFor(64).connections, 8u);
  for (const uint64_t descriptors : {64, 256, 1024, 1 << 20}) {
    const ControlLimits limits = ControlLimitsFor(descriptors);
    EXPECT_EQ(limits.of_one_peer, limits.connections / 2) << "the other half is for others";
  }
}

int64_t CpuNs() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return used.tv_sec * kNanosPerSecond + used.tv_nsec;
}

// The socket stays readable: a loop that tried again at once would do nothing else. We look seldom, so that what is measured
// is the listener's work and not ours.
TEST_F(ControlSockets, LookAwayWhileThereIsNoDescriptor) {
  const auto listener = Listener(8, 8);
  const UniqueFd client = Client();
  // UBSan asks the kernel, with a pipe of its own, about the type of the clock at the first call of it: here, while it can.
  loop_->After(0, [] {}).Cancel();
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const UniqueFd next(fcntl(client.get(), F_DUPFD_CLOEXEC, 0));  // the lowest that is free
  const rlimit none{static_cast<rlim_t>(next.get() + 1), before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const int64_t cpu = CpuNs();
  int64_t used = 0;
  const EventSource end = loop_->After(400 * kNanosPerMs, [&] {
    used = CpuNs() - cpu;
    EXPECT_TRUE(taken_.empty());
    setrlimit(RLIMIT_NOFILE, &before);
  });
  RunUntil([&] { return taken_.size() == 1; }, 100 * kNanosPerMs);
  EXPECT_GT(used, 0);
  EXPECT_LT(used, 150 * kNanosPerMs);
}

}  // namespace
}  // namespace air

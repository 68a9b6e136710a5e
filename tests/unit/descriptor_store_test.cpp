// What the service manager is told to keep, and what a supervisor makes of what it was passed. The manager's
// side is played by a socket here; under a real systemd it is tested by tests/systemd.
#include "supervisor/handover/descriptor_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "link/seqpacket.h"

namespace air {
namespace {

// The socket a service manager listens on.
class Manager {
 public:
  Manager() : path_(::testing::TempDir() + "air-notify-" + std::to_string(getpid())) {
    unlink(path_.c_str());
    socket_.Reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    setenv("NOTIFY_SOCKET", path_.c_str(), 1);
  }
  ~Manager() {
    unsetenv("NOTIFY_SOCKET");
    unlink(path_.c_str());
  }
  // What was said next, and the descriptor that came with it.
  SeqpacketMessage Next() {
    absl::StatusOr<SeqpacketMessage> message = ReceiveMessage(socket_.get());
    return message.ok() ? *std::move(message) : SeqpacketMessage{};
  }

 private:
  std::string path_;
  UniqueFd socket_;
};

ino_t FileOf(int fd) {
  struct stat info {};
  EXPECT_EQ(fstat(fd, &info), 0);
  return info.st_ino;
}

struct Pipe {
  Pipe() {
    int fds[2];
    EXPECT_EQ(pipe(fds), 0);
    read.Reset(fds[0]);
    write.Reset(fds[1]);
  }
  UniqueFd read, write;
};

TEST(DescriptorStore, TellsTheManagerWhatToKeepAndWhatToDrop) {
  Manager manager;
  DescriptorStore store;
  const Pipe one, other;
  store.Keep("sink-3", {one.read.get(), other.read.get()});
  const SeqpacketMessage first = manager.Next(), second = manager.Next();
  EXPECT_EQ(first.bytes, "FDSTORE=1\nFDPOLL=0\nFDNAME=sink-3.0");
  EXPECT_EQ(second.bytes, "FDSTORE=1\nFDPOLL=0\nFDNAME=sink-3.1");
  ASSERT_EQ(first.fds.size(), 1u);
  ASSERT_EQ(second.fds.size(), 1u);
  EXPECT_EQ(FileOf(first.fds[0].get()), FileOf(one.read.get()));
  EXPECT_EQ(FileOf(second.fds[0].get()), FileOf(other.read.get()));

  store.Keep("sink-30", {one.write.get()});
  EXPECT_EQ(manager.Next().bytes, "FDSTORE=1\nFDPOLL=0\nFDNAME=sink-30.0");
  store.Drop("sink-3");
  EXPECT_EQ(manager.Next().bytes, "FDSTOREREMOVE=1\nFDNAME=sink-3.0");
  EXPECT_EQ(manager.Next().bytes, "FDSTOREREMOVE=1\nFDNAME=sink-3.1");
  store.DropAll();
  EXPECT_EQ(manager.Next().bytes, "FDSTOREREMOVE=1\nFDNAME=sink-30.0");
  EXPECT_EQ(manager.Next().bytes, "") << "and nothing else";
}

TEST(DescriptorStore, IsNothingWhereNobodyKeepsDescriptors) {
  unsetenv("NOTIFY_SOCKET");
  DescriptorStore store;
  const Pipe pipe;
  store.Keep("ring-0", {pipe.read.get()});
  store.Drop("ring-0");
  EXPECT_TRUE(store.TakeAll().empty());
}

// In a process of its own: the descriptors passed begin with 3.
[[noreturn]] void CheckWhatWasPassed() {
  const Pipe one, other;
  const ino_t first = FileOf(one.read.get()), second = FileOf(other.read.get());
  const UniqueFd a(dup(one.read.get())), b(dup(other.read.get()));
  const std::vector<int> from = {dup(b.get()), dup(a.get()), dup(a.get())};
  for (size_t i = 0; i < from.size(); ++i)
    dup2(fcntl(from[i], F_DUPFD, 100), SD_LISTEN_FDS_START + static_cast<int>(i));
  setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
  setenv("LISTEN_FDS", "3", 1);
  setenv("LISTEN_FDNAMES", "sink-3.1:sink-3.0:ring-0.1", 1);
  Manager manager;
  DescriptorStore store;
  DescriptorStore::Items items = store.TakeAll();
  const bool complete = items.size() == 1 && items["sink-3"].size() == 2 &&
                        FileOf(items["sink-3"][0].get()) == first &&
                        FileOf(items["sink-3"][1].get()) == second;
  const bool private_now =
      std::getenv("LISTEN_FDS") == nullptr && (fcntl(items["sink-3"][0].get(), F_GETFD) & FD_CLOEXEC) != 0;
  store.DropAll();
  bool dropped = true;
  for (const char* name : {"ring-0.1", "sink-3.0", "sink-3.1"})
    dropped = dropped && manager.Next().bytes == std::string("FDSTOREREMOVE=1\nFDNAME=") + name;
  _exit(!complete ? 1 : !private_now ? 2 : !dropped ? 3 : 0);
}

TEST(DescriptorStoreDeathTest, GivesWhatItWasPassedByNameAndLeavesOutWhatIsNotWhole) {
  EXPECT_EXIT(CheckWhatWasPassed(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace air

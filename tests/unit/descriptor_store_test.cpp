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
#include <map>
#include <string>
#include <utility>
#include <vector>

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

// systemd's store, by its rules: what it has under any name is not added once more, and a name takes all that is under it.
class ManagersStore {
 public:
  explicit ManagersStore(Manager& manager) : manager_(manager) {}

  // What the manager has after so many of the messages that wait, and no more. Returns false when there was none.
  bool TakeOne() {
    const SeqpacketMessage message = manager_.Next();
    if (message.bytes.empty()) return false;
    const std::string name = message.bytes.substr(message.bytes.rfind('=') + 1);
    if (message.bytes.rfind("FDSTOREREMOVE=1", 0) == 0) {
      std::erase_if(kept_, [&](const auto& entry) { return entry.first == name; });
      return true;
    }
    const ino_t file = FileOf(message.fds.at(0).get());
    for (const auto& [other, stored] : kept_) {
      if (FileOf(stored.get()) == file) return true;
    }
    kept_.emplace_back(name, UniqueFd(dup(message.fds[0].get())));
    return true;
  }
  void TakeAll() {
    while (TakeOne()) {
    }
  }
  // The files of that item as a supervisor that is started now would be given them.
  std::vector<ino_t> GivenAs(const std::string& item) const {
    std::map<std::string, std::vector<UniqueFd>> items = Successor().TakeAll();
    std::vector<ino_t> files;
    for (const UniqueFd& fd : items[item]) files.push_back(FileOf(fd.get()));
    return files;
  }
  DescriptorStore Successor() const {
    std::map<std::string, UniqueFd> passed;
    for (const auto& [name, fd] : kept_) passed[name] = UniqueFd(dup(fd.get()));
    return DescriptorStore(std::move(passed));
  }
  size_t size() const { return kept_.size(); }

 private:
  Manager& manager_;
  std::vector<std::pair<std::string, UniqueFd>> kept_;
};

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
  const SeqpacketMessage second = manager.Next(), first = manager.Next();  // place 0 comes last
  EXPECT_EQ(second.bytes, "FDSTORE=1\nFDPOLL=0\nFDNAME=sink-3.1");
  EXPECT_EQ(first.bytes, "FDSTORE=1\nFDPOLL=0\nFDNAME=sink-3.0");
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

// A supervisor whose rings were lost keeps new ones; it is killed, with all processes of the channel, after any message.
TEST(DescriptorStore, HasAnItemWholeAtEveryInstantWhileAnotherTakesItsPlace) {
  const Pipe old_ring, old_page, ring, page;
  const std::vector<int> before = {old_ring.read.get(), old_page.read.get()};
  const std::vector<int> after = {ring.read.get(), page.read.get()};
  const std::vector<ino_t> was = {FileOf(before[0]), FileOf(before[1])};
  const std::vector<ino_t> is = {FileOf(after[0]), FileOf(after[1])};
  bool ended = false;
  for (int messages = 0; !ended; ++messages) {
    Manager manager;
    ManagersStore kept(manager);
    DescriptorStore store;
    store.Keep("ring-0", before);
    kept.TakeAll();
    ASSERT_EQ(kept.GivenAs("ring-0"), was);
    store.Keep("ring-0", after);
    for (int i = 0; i < messages; ++i) ended = !kept.TakeOne();
    const std::vector<ino_t> given = kept.GivenAs("ring-0");
    EXPECT_TRUE(given == was || given == is)
        << "after " << messages << " messages: " << given.size() << " files";
    if (ended) {
      EXPECT_EQ(given, is);
      EXPECT_EQ(kept.size(), 2u) << "what was replaced is gone";
    }
    // The next supervisor keeps what it was given, tidies up, and loses nothing by it.
    while (manager.Next().bytes != "") {
    }
    DescriptorStore next = kept.Successor();
    next.TakeAll();
    next.Keep("ring-0", given == is ? after : before);
    kept.TakeAll();
    EXPECT_EQ(kept.GivenAs("ring-0"), given);
    EXPECT_EQ(kept.size(), 2u) << "after " << messages << " messages";
  }
}

TEST(DescriptorStore, IsToldNothingOfAnItemThatItHas) {
  Manager manager;
  DescriptorStore store;
  const Pipe pipe;
  store.Keep("sink-3", {pipe.read.get(), pipe.write.get()});
  manager.Next();
  manager.Next();
  const UniqueFd copy(dup(pipe.read.get()));
  store.Keep("sink-3", {copy.get(), pipe.write.get()});
  EXPECT_EQ(manager.Next().bytes, "");
  store.Keep("sink-3", {pipe.write.get(), pipe.read.get()});
  EXPECT_EQ(manager.Next().bytes, "FDSTOREREMOVE=1\nFDNAME=sink-3.0") << "the two have changed places";
}

// Killed while it stored the first version of an item.
TEST(DescriptorStore, GivesNoItemOfWhichAPartIsMissing) {
  const Pipe one, other;
  for (int messages = 0; messages <= 2; ++messages) {
    Manager manager;
    ManagersStore kept(manager);
    DescriptorStore store;
    store.Keep("sink-3", {one.read.get(), other.read.get()});
    for (int i = 0; i < messages; ++i) kept.TakeOne();
    EXPECT_EQ(kept.GivenAs("sink-3").size(), messages < 2 ? 0u : 2u);
  }
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

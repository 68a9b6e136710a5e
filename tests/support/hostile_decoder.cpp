// air-decoder under an attacker's control: the real program, sandbox and all, around a producer that
// misbehaves as a decoder does that a hostile file has taken over.
//
// Asset URI: "hostile:WHAT@UNIT,WHAT@UNIT...:ASSET". Each WHAT is done before that unit is made (-1: before the
// first unit of each process). What is refused is said in the log ("DENIED what"), and the asset goes on. What
// succeeds is said, too ("ESCAPED what"), and nothing of the asset follows.
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "protos/stage.pb.h"
#include "shm/frame_ring_layout.h"
#include "stages/decoder/program/decoder_program.h"
#include "stages/decoder/program/decoder_stage.h"

namespace air {
namespace {

constexpr int kMostFds = 64;

struct Memory {
  uint8_t* begin = nullptr;
  size_t size = 0;
};

// What is mapped of files whose name contains this: one piece, header, slots and all.
Memory Mapped(const std::string& name) {
  std::ifstream maps("/proc/self/maps");
  Memory found;
  for (std::string line; std::getline(maps, line);) {
    unsigned long from = 0, to = 0;
    if (line.find(name) == std::string::npos || std::sscanf(line.c_str(), "%lx-%lx", &from, &to) != 2)
      continue;
    if (found.begin == nullptr) found.begin = reinterpret_cast<uint8_t*>(from);
    found.size = to - reinterpret_cast<unsigned long>(found.begin);
  }
  return found;
}

// The ring once more, so that its header can be written, too: what a decoder could get hold of that was taken
// over before it was given its ring.
Memory RingWithoutProtection() {
  for (int fd = 0; fd < kMostFds; ++fd) {
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    std::error_code error;
    const std::string target = std::filesystem::read_symlink(link, error).string();
    if (target.find("air-ring-") == std::string::npos) continue;
    const int writable = open(link.c_str(), O_RDWR);
    const off_t size = lseek(writable, 0, SEEK_END);
    void* memory = mmap(nullptr, static_cast<size_t>(size), PROT_READ | PROT_WRITE, MAP_SHARED, writable, 0);
    if (memory != MAP_FAILED) return {static_cast<uint8_t*>(memory), static_cast<size_t>(size)};
  }
  return {};
}

bool AnyFd(const std::function<bool(int)>& attempt) {
  bool worked = false;
  for (int fd = 0; fd < kMostFds; ++fd) worked = attempt(fd) || worked;
  return worked;
}

class HostileProducer : public IProducer {
 public:
  explicit HostileProducer(const std::string& uri) {
    const std::vector<std::string> parts = absl::StrSplit(uri, absl::MaxSplits(':', 2));
    for (const auto& deed : absl::StrSplit(parts[1], ',')) {
      const std::vector<std::string> words = absl::StrSplit(deed, '@');
      int64_t unit = 0;
      if (words.size() == 2 && absl::SimpleAtoi(words[1], &unit)) deeds_.emplace(unit, words[0]);
    }
    asset_uri_ = parts[2];
    asset_ = MakeProducer(asset_uri_);
  }

  absl::Status OpenFiles(const std::string&, std::span<const std::string> roots) override {
    ring_ = Mapped("air-ring-");
    reader_page_ = Mapped("air-reader-");
    whole_ring_ = RingWithoutProtection();
    return asset_->OpenFiles(asset_uri_, roots);
  }
  absl::Status Open(const std::string&, const std::function<void()>& on_progress) override {
    return asset_->Open(asset_uri_, on_progress);
  }
  absl::Status Start(const ProducerRequest& request) override {
    ProducerRequest inner = request;
    inner.asset_uri = asset_uri_;
    DoAllAt(kStart);
    return asset_->Start(inner);
  }
  bool Ready() const override { return asset_->Ready(); }
  UnitIndex Next() const override { return asset_->Next(); }
  absl::StatusOr<Rendered> Render(UnitIndex i, const UnitBuffer& out, UnitInfo& info) override {
    DoAllAt(i.value());
    return asset_->Render(i, out, info);
  }
  void Stop() override { asset_->Stop(); }

 private:
  static constexpr int64_t kStart = -1;  // before the first unit of each process

  void DoAllAt(int64_t unit) {
    const auto [first, last] = deeds_.equal_range(unit);
    for (auto deed = first; deed != last; ++deed) Do(deed->second);
  }
  void Do(const std::string& what) {
    const std::map<std::string, std::function<bool()>> attempts = {
        {"open", [] { return open("/etc/passwd", O_RDONLY) >= 0; }},
        {"create", [] { return open("/tmp/air-hostile", O_CREAT | O_RDWR, 0600) >= 0; }},
        {"remove", [] { return unlink("/tmp/air-hostile") == 0; }},
        {"socket", [] { return socket(AF_INET, SOCK_STREAM, 0) >= 0; }},
        {"truncate", [] { return AnyFd([](int fd) { return ftruncate(fd, 0) == 0; }); }},
        {"punch",
         [] {
           return AnyFd([](int fd) {
             return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1 << 20) == 0;
           });
         }},
        {"grow", [] { return AnyFd([](int fd) { return posix_fallocate(fd, 0, 1 << 30) == 0; }); }},
        {"write", [] { return AnyFd([](int fd) { return fd > 2 && write(fd, "x", 1) == 1; }); }},
        {"fork",
         [] {
           const pid_t child = fork();
           if (child == 0) _exit(0);
           return child > 0;
         }},
        {"code",
         [] {
           return mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
                  MAP_FAILED;
         }},
        {"unprotect",
         [this] {
           return mprotect(ring_.begin, 4096, PROT_READ | PROT_WRITE) == 0 ||
                  mprotect(reader_page_.begin, 4096, PROT_READ | PROT_WRITE) == 0;
         }},
        {"exec", [] { return execl("/bin/sh", "sh", "-c", "echo ESCAPED exec >&2", nullptr) == 0; }},
        {"kill", [] { return kill(getppid(), SIGKILL) == 0; }},
        {"trace", [] { return ptrace(PTRACE_ATTACH, getppid(), nullptr, nullptr) == 0; }},
        {"poke",
         [] {
           long word = 0;
           iovec here{&word, sizeof word}, there{&word, sizeof word};
           return process_vm_writev(getppid(), &here, 1, &there, 1, 0) >= 0;
         }},
        {"header",
         [this] {
           std::fill_n(ring_.begin, 4096, uint8_t{0xAA});
           return true;
         }},
        {"reader",
         [this] {
           std::fill_n(reader_page_.begin, 4096, uint8_t{0xAA});
           return true;
         }},
        {"memory",
         [] {
           std::vector<std::vector<char>> hoard;
           while (hoard.size() < 4096) hoard.emplace_back().reserve(size_t{16} << 20);
           return true;
         }},
    };
    if (what == "scribble") Scribble({ring_.begin + 4096, ring_.size - 4096});
    if (what == "scribble-all") Scribble(whole_ring_);
    if (what == "flood") Flood();
    if (what == "burn") Burn();
    if (what == "babble") Babble();
    if (what == "leap") Leap();
    if (what == "threads") MakeThreads();
    const auto attempt = attempts.find(what);
    if (attempt == attempts.end()) return;
    const bool worked = attempt->second();
    std::fprintf(stderr, "%s %s\n", worked ? "ESCAPED" : "DENIED", what.c_str());
    if (worked) std::_Exit(66);
  }

  // Its own to write: random words all over it, for a second, then random commit words and positions.
  static void Scribble(const Memory& memory) {
    std::mt19937_64 random(1);
    auto* words = reinterpret_cast<volatile uint64_t*>(memory.begin);
    const size_t count = memory.size / sizeof(uint64_t);
    for (int round = 0; round < 4'000'000; ++round) {
      // Every other one into the first words of a page, where headers are.
      const size_t at = random() % count;
      words[round % 2 == 0 ? at : at / 512 * 512 + at % 16] = round % 3 == 0 ? random() % 200 : random();
    }
    std::fprintf(stderr, "SCRIBBLED\n");
    std::raise(SIGSEGV);
  }

  static void Flood() {
    const std::string text(1000, '\x0f');
    for (int round = 0; round < 200'000; ++round) {
      AnyFd([&](int fd) { return fd > 2 && send(fd, text.data(), text.size(), MSG_DONTWAIT) > 0; });
      msghdr message{};
      iovec part{const_cast<char*>(text.data()), text.size()};
      message.msg_iov = &part;
      message.msg_iovlen = 1;
      for (int fd = 3; fd < 16; ++fd) sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    std::fprintf(stderr, "FLOODED\n");
  }

  // Well-formed messages for whatever segment this is: nothing of its picture could be drawn, for 20,000 reasons.
  static void Babble() {
    for (uint64_t serial = 1; serial <= 8; ++serial) {
      stage::FromStage message;
      message.mutable_decoder()->set_segment_serial(serial);
      message.mutable_decoder()->set_phase(stage::DecoderState::PRODUCING);
      for (int i = 0; i < 20'000; ++i) message.mutable_decoder()->add_dropped_enrichers();
      message.mutable_decoder()->set_dropped_enrichers(0, "\x1b[2J\nforged \xe3\x81");
      const std::string text = message.SerializeAsString();
      iovec part{const_cast<char*>(text.data()), text.size()};
      msghdr header{};
      header.msg_iov = &part;
      header.msg_iovlen = 1;
      for (int fd = 3; fd < 16; ++fd) {
        for (int attempt = 0; attempt < 200; ++attempt) {
          if (sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL) > 0 || errno != EAGAIN) break;
          std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
      }
    }
    std::fprintf(stderr, "BABBLED\n");
  }

  // Claims a million units, then dies: each process would seem to have delivered.
  void Leap() {
    reinterpret_cast<WriterPage*>(ring_.begin + kPage)->next += 1'000'000;
    std::raise(SIGSEGV);
  }

  // Not until nothing is left: the machine may be running other tests.
  static void MakeThreads() {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN);
    int made = 0;
    pthread_t thread;
    const auto wait = [](void*) -> void* {
      for (;;) pause();
    };
    while (made < 2000 && pthread_create(&thread, &attributes, wait, nullptr) == 0) ++made;
    std::fprintf(stderr, "MADE %d THREADS\n", made);
    for (;;) pause();
  }

  static void Burn() {
    for (int i = 0; i < 16; ++i)
      std::thread([] {
        for (std::atomic<uint64_t> n = 0;;) ++n;
      }).detach();
  }

  std::multimap<int64_t, std::string> deeds_;
  std::string asset_uri_;
  std::unique_ptr<IProducer> asset_;
  Memory ring_, reader_page_, whole_ring_;
};

std::unique_ptr<IProducer> MakeHostile(const std::string& uri) {
  if (absl::StartsWith(uri, "hostile:")) return std::make_unique<HostileProducer>(uri);
  return MakeProducer(uri);
}

}  // namespace
}  // namespace air

int main(int argc, char** argv) { air::RunDecoder(argc, argv, "of a test", &air::MakeHostile); }

// What all that is hostile to a channel shares: where the channel listens, when there is to be calm, and the
// account of what was done and found.
#pragma once

#include <grpcpp/create_channel.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "protos/playout.grpc.pb.h"
#include "tests/support/channel_schedule.h"

namespace air::e2e {

// What was done, by kind, and what is wrong. Any thread.
class Account {
 public:
  void Did(const std::string& what, int64_t times = 1);
  // The first twenty are kept.
  void Fault(const std::string& text);

  std::map<std::string, int64_t> deeds() const;
  std::vector<std::string> faults() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, int64_t> deeds_;
  std::vector<std::string> faults_;
};

// Unrest and calm. Each actor is a thread; in a calm all of them have let go of what they held and wait.
class Unrest {
 public:
  // The actors' side. Sleeps for so long; false, and at once, when there is to be calm.
  bool Pause(int64_t ms);
  // Returns when there is unrest again; false: it is all over.
  bool Rest();

  // The side of the thread that commands. Calm: returns when all `actors` rest; false after half a minute.
  bool Calm(int actors);
  void Resume();
  void End();

 private:
  enum class State { kUnrest, kCalm, kOver };
  void Set(State state);

  std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::kUnrest;
  int resting_ = 0;
};

struct HostileWorld {
  std::string folder, runtime_dir, control_path;
  int control_port = 0;
  ChannelFormat format;
  std::string clip;            // a file that can be played
  std::string memory;          // the folder of shared memory that may be filled; empty: none
  std::atomic<int> deaths{0};  // of supervisors: odd while there is none, one more when there is another
  Account account;
  Unrest unrest;
};

// A client of its own: one connection, which is made again whenever it is lost. One thread at a time.
class Caller {
 public:
  explicit Caller(const std::string& address);
  wire::PlayoutControl::StubInterface& stub() { return *stub_; }

  // Waits for a supervisor, and ten seconds for its answer.
  template <class Request, class Response>
  grpc::Status Call(grpc::Status (wire::PlayoutControl::StubInterface::*method)(grpc::ClientContext*,
                                                                                const Request&, Response*),
                    const Request& request, Response& response) {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    return ((*stub_).*method)(&context, request, &response);
  }

 private:
  std::unique_ptr<wire::PlayoutControl::StubInterface> stub_;
};

// Does one kind of thing over and over, in a thread of its own.
class HostileActor {
 public:
  HostileActor(HostileWorld& world, unsigned seed) : world_(world), random_(seed) {}
  virtual ~HostileActor() = default;
  HostileActor(const HostileActor&) = delete;
  HostileActor& operator=(const HostileActor&) = delete;

  // Until it is all over.
  void Run();

 protected:
  // One deed of a few seconds at most.
  virtual void Act() = 0;
  // Lets go of what it holds.
  virtual void LetGo() {}

  int64_t Random(int64_t from, int64_t to) {
    return std::uniform_int_distribution<int64_t>(from, to)(random_);
  }
  template <class T>
  const T& OneOf(const std::vector<T>& all) {
    return all[static_cast<size_t>(Random(0, static_cast<int64_t>(all.size()) - 1))];
  }

  HostileWorld& world_;

 private:
  std::mt19937 random_;
};

}  // namespace air::e2e

#include "tests/fault/hostile_deeds.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/support/stranger_deeds.h"
#include "tests/support/stream_viewer.h"
#include "tests/support/ts_analyser.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr size_t kMostHeld = 60;  // connections an actor keeps; beyond that the oldest are closed
constexpr size_t kMostSubscribers = 12;
constexpr size_t kJudgedFromBytes = 20'000;

class Stranger : public HostileActor {
 public:
  using Listeners = std::function<std::vector<Dial>()>;
  Stranger(HostileWorld& world, unsigned seed, std::string where, std::vector<Deed> deeds,
           Listeners listeners)
      : HostileActor(world, seed),
        where_(std::move(where)),
        deeds_(std::move(deeds)),
        listeners_(std::move(listeners)) {}

 protected:
  void Act() override {
    const std::vector<Dial> listeners = listeners_();
    if (listeners.empty()) return;
    const Deed& deed = OneOf(deeds_);
    for (UniqueFd& stays : deed.act(OneOf(listeners))) held_.push_back(std::move(stays));
    if (held_.size() > kMostHeld) held_.erase(held_.begin(), held_.end() - static_cast<ptrdiff_t>(kMostHeld));
    world_.account.Did(absl::StrCat("stranger at ", where_, ": ", deed.name));
  }
  void LetGo() override { held_.clear(); }

 private:
  const std::string where_;
  const std::vector<Deed> deeds_;
  const Listeners listeners_;
  std::vector<UniqueFd> held_;
};

// Viewers that come and go, read slowly, never read, or send.
class Viewers : public HostileActor {
 public:
  Viewers(HostileWorld& world, unsigned seed)
      : HostileActor(world, seed), seed_(seed), caller_("unix:" + world.control_path) {}

 protected:
  void Act() override {
    switch (Random(0, 4)) {
      case 0:
        return ComeAndGo();
      case 1:
        return ReadSlowly();
      case 2:
        return NeverRead();
      case 3:
        return Send();
      default:
        for (int64_t i = Random(2, 6); i > 0; --i) {
          const auto viewer = NewViewer();
          if (Attach(viewer->transport(), viewer->endpoint())) Detach(viewer->endpoint());
          world_.account.Did("AttachStream and DetachStream at once");
        }
    }
  }

 private:
  std::string NewPath() { return absl::StrCat(world_.folder, "/other-", seed_, "-", ++made_, ".sock"); }
  std::unique_ptr<StreamViewer> NewViewer() {
    return Random(0, 1) == 0 ? StreamViewer::OnTcp() : StreamViewer::OnUnixSocket(NewPath());
  }

  // False: refused, which only a channel without shared memory may do, or not answered.
  bool Attach(wire::StreamTransport transport, const std::string& endpoint) {
    wire::AttachStreamRequest request;
    request.set_channel_id(kTestChannelId);
    request.set_transport(transport);
    request.set_endpoint(endpoint);
    wire::AttachStreamResponse response;
    const grpc::Status status =
        caller_.Call(&wire::PlayoutControl::StubInterface::AttachStream, request, response);
    const bool attached = status.ok() && response.success();
    if (status.ok() && !attached && !absl::StrContains(response.error_message(), "shared memory"))
      world_.account.Fault("a viewer was refused: " + response.error_message());
    if (!attached)
      world_.account.Did(status.ok() ? "viewer for whom there is no shared memory"
                                     : "viewer that comes into a death");
    return attached;
  }
  void Detach(const std::string& endpoint) {
    wire::DetachStreamRequest request;
    request.set_channel_id(kTestChannelId);
    request.set_endpoint(endpoint);
    wire::DetachStreamResponse response;
    caller_.Call(&wire::PlayoutControl::StubInterface::DetachStream, request, response);
  }

  void ComeAndGo() {
    const auto viewer = NewViewer();
    if (!Attach(viewer->transport(), viewer->endpoint())) return;
    world_.unrest.Pause(Random(500, 4000));
    if (Random(0, 1) == 0) viewer->HangUp(0);
    Detach(viewer->endpoint());
    world_.account.Did("viewer that comes and goes");
    Judge(*viewer);
  }
  void Judge(const StreamViewer& viewer) {
    const std::vector<uint8_t> stream = WholeTicks(viewer.Received(0));
    if (stream.size() < kJudgedFromBytes) return;
    const ChannelFormat& format = world_.format;
    const analyser::TsReport report =
        analyser::AnalyseTs(stream, {.rate_num = format.num, .rate_den = format.den, .t_std = true});
    world_.account.Did("viewer whose stream is judged");
    if (!report.Clean())
      world_.account.Fault("a viewer that came and went: " + analyser::DescribeTs(report, {}));
  }

  void ReadSlowly() {
    const auto viewer = NewViewer();
    if (!Attach(viewer->transport(), viewer->endpoint()) || !viewer->WaitForConnection(0, 1s)) return;
    for (int64_t i = Random(1, 4); i > 0 && world_.unrest.Pause(Random(10, 100)); --i) {
      viewer->StopReading(0);
      world_.unrest.Pause(Random(300, 1500));
      viewer->ReadOn(0);
    }
    Detach(viewer->endpoint());
    world_.account.Did("viewer that reads slowly");
  }

  void NeverRead() {
    const auto viewer = NewViewer();
    if (!Attach(viewer->transport(), viewer->endpoint()) || !viewer->WaitForConnection(0, 1s)) return;
    viewer->StopReading(0);
    world_.unrest.Pause(Random(1000, 4000));
    if (Random(0, 1) == 0) Detach(viewer->endpoint());
    world_.account.Did("viewer that never reads");  // and hangs up now
  }

  // AIR dials this one, and is sent what it never asked for.
  void Send() {
    const UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const std::string path = NewPath();
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::copy_n(path.c_str(), std::min(path.size() + 1, sizeof address.sun_path - 1), address.sun_path);
    if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener.get(), 4) != 0)
      return;
    if (Attach(wire::STREAM_TRANSPORT_UNIX_DOMAIN_SOCKET, path)) {
      const Dial accept_one = [&] {
        return UniqueFd(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      };
      const UniqueFd sink = accept_one();
      for (int64_t i = Random(1, 20); i > 0 && world_.unrest.Pause(50); --i)
        SendSome(sink, std::string(10'000, static_cast<char>(i)));
      if (Random(0, 1) == 0) shutdown(sink.get(), SHUT_WR);
      world_.unrest.Pause(Random(0, 1000));
      if (Random(0, 1) == 0) Detach(path);
      world_.account.Did("viewer that sends");
    }
    std::error_code ignored;
    fs::remove(path, ignored);
  }

  const unsigned seed_;
  Caller caller_;
  int made_ = 0;
};

// Their client reads nothing of what comes, and leaves in the middle of it.
class Subscribers : public HostileActor {
 public:
  Subscribers(HostileWorld& world, unsigned seed)
      : HostileActor(world, seed), caller_("unix:" + world.control_path) {}

 protected:
  void Act() override {
    if (subscriptions_.size() >= kMostSubscribers || Random(0, 3) == 0) return LeaveOne();
    auto subscription = std::make_unique<Subscription>();
    subscription->context.set_wait_for_ready(true);
    subscription->context.set_deadline(std::chrono::system_clock::now() + 60s);
    wire::SubscribeBlockEventsRequest request;
    request.set_channel_id(kTestChannelId);
    subscription->reader = caller_.stub().SubscribeBlockEvents(&subscription->context, request);
    subscriptions_.push_back(std::move(subscription));
    world_.account.Did("subscriber of events that does not read");
  }
  void LetGo() override {
    while (!subscriptions_.empty()) LeaveOne();
  }

 private:
  struct Subscription {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReaderInterface<wire::BlockEvent>> reader;
  };

  void LeaveOne() {
    if (subscriptions_.empty()) return;
    Subscription& oldest = *subscriptions_.front();
    oldest.context.TryCancel();
    for (wire::BlockEvent event; oldest.reader->Read(&event);) {
    }
    oldest.reader->Finish();
    subscriptions_.erase(subscriptions_.begin());
  }

  Caller caller_;
  std::vector<std::unique_ptr<Subscription>> subscriptions_;
};

// Takes what there is of shared memory but for a little, for seconds at a time.
class MemoryFiller : public HostileActor {
 public:
  using HostileActor::HostileActor;

 protected:
  void Act() override {
    const std::string path = world_.memory + "/full";
    const auto left = static_cast<uintmax_t>(Random(0, 256)) << 12;
    std::ofstream full(path, std::ios::binary);
    const std::string page(4096, 'x');
    while (fs::space(world_.memory).available > left &&
           full.write(page.data(), static_cast<std::streamsize>(page.size())).flush()) {
    }
    full.close();
    world_.account.Did("/dev/shm nearly full");
    world_.unrest.Pause(Random(500, 3000));
    fs::remove(path);
    world_.unrest.Pause(Random(1000, 6000));
  }
};

}  // namespace

std::vector<std::unique_ptr<HostileActor>> HostileActors(HostileWorld& world, unsigned seed) {
  const std::string path = world.control_path, runtime_dir = world.runtime_dir;
  const int port = world.control_port;
  std::vector<Deed> at_control = StrangerDeeds();
  at_control.push_back(SubscriberThatDoesNotRead(kTestChannelId));
  const auto at_metrics = [runtime_dir] {
    return std::vector<Dial>{[runtime_dir] { return DialPort(MetricsPortIn(runtime_dir)); }};
  };
  const auto at_both = [path, port] {
    return std::vector<Dial>{[port] { return DialPort(port); },
                             [path] { return DialPath(path, SOCK_STREAM); }};
  };
  const auto at_stages = [runtime_dir] { return StageDialsIn(runtime_dir); };
  std::vector<std::unique_ptr<HostileActor>> actors;
  const auto add = [&]<class Actor, class... More>(std::type_identity<Actor>, More... more) {
    actors.push_back(
        std::make_unique<Actor>(world, seed + static_cast<unsigned>(actors.size()), std::move(more)...));
  };
  using Where = std::string;
  add(std::type_identity<Stranger>(), Where("the metrics port"), StrangerDeeds(),
      Stranger::Listeners(at_metrics));
  add(std::type_identity<Stranger>(), Where("the control sockets"), at_control, Stranger::Listeners(at_both));
  add(std::type_identity<Stranger>(), Where("the stages"), StrangerDeeds(), Stranger::Listeners(at_stages));
  add(std::type_identity<Viewers>());
  add(std::type_identity<Viewers>());
  add(std::type_identity<Subscribers>());
  if (!world.memory.empty()) add(std::type_identity<MemoryFiller>());
  actors.push_back(AbsurdCaller(world, seed + static_cast<unsigned>(actors.size())));
  return actors;
}

}  // namespace air::e2e

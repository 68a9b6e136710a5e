#include "supervisor/process/stage_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/one_line.h"
#include "base/stage_log.h"
#include "link/kept_descriptors.h"
#include "link/seqpacket.h"
#include "link/stage_server.h"

namespace air {
namespace {

// posix_spawn's two attribute objects with the stage's starting conditions: the listening socket as
// descriptor 3 and nothing else but stdio, no blocked signal, default dispositions, a session of its own: Ctrl-C is
// the supervisor's business, and a kernel that shares the processors between sessions (sched_autogroup) lets no decoder
// take the selector's and the encoder's part, whatever it has to chew.
class SpawnAttributes {
 public:
  explicit SpawnAttributes(int listener) {
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, listener, kListenFd);
    posix_spawn_file_actions_addclosefrom_np(&actions, kListenFd + 1);
    posix_spawnattr_init(&attributes);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  }
  ~SpawnAttributes() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

constexpr int kMessagesAtOnce = 16;
constexpr int64_t kNameLookNs = 200 * kNanosPerMs;
// A decoder has a handful of things to say in its life. Its file may have taken it over.
constexpr int kMostOfADecoder = 100;

// What is laid over a segment: as many as a plan may ask for (plans/plan_check.cpp).
constexpr int kMostDropped = 8;

// Every text of a stage passes here before the supervisor looks at it: valid UTF-8, one line, of bounded length and number.
void MakeSafe(stage::FromStage& message) {
  if (message.has_selector()) message.mutable_selector()->set_error(OneLine(message.selector().error()));
  if (message.has_encoder()) message.mutable_encoder()->set_error(OneLine(message.encoder().error()));
  if (!message.has_decoder()) return;
  stage::DecoderState& decoder = *message.mutable_decoder();
  decoder.set_error(OneLine(decoder.error()));
  auto& dropped = *decoder.mutable_dropped_enrichers();
  if (dropped.size() > kMostDropped) dropped.DeleteSubrange(kMostDropped, dropped.size() - kMostDropped);
  for (std::string& reason : dropped) reason = OneLine(reason);
}

// The fields of /proc/PID/stat behind "PID (NAME) ", the state first; empty when there is no such process.
std::vector<std::string> StatOf(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::string stat;
  std::getline(file, stat);
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos || name_end + 2 >= stat.size()) return {};
  return absl::StrSplit(stat.substr(name_end + 2), ' ');
}

// Clock ticks since the boot; 0 when there is no such process, or only what is left of it until it is reaped.
uint64_t StartTimeOf(pid_t pid) {
  constexpr size_t kStartTime = 19;  // field 22 of all
  const std::vector<std::string> stat = StatOf(pid);
  uint64_t ticks = 0;
  if (stat.size() <= kStartTime || stat[0] == "Z" || stat[0] == "X") return 0;
  return absl::SimpleAtoi(stat[kStartTime], &ticks) ? ticks : 0;
}

UniqueFd OpenPidfd(pid_t pid) { return UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))); }

constexpr int64_t kLookAfterNs = 20 * kNanosPerMs;

// A child that was sent SIGKILL and has no pidfd, for want of descriptors: it is reaped when it is dead. Until
// then its number is its own, because nothing else reaps it.
void LookAfter(EventLoop& loop, pid_t child) {
  if (waitpid(child, nullptr, WNOHANG) != 0) return;
  const auto look = std::make_shared<EventSource>();
  *look = loop.After(kLookAfterNs, [&loop, child, look] {
    look->Cancel();  // else it would own itself
    LookAfter(loop, child);
  });
}

StageDeath DeathOf(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED)
    return {StageDeath::Kind::kExit, absl::StrCat("exit status ", info.si_status)};
  return {StageDeath::Kind::kSignal,
          absl::StrCat("killed by signal ", info.si_status, " (", strsignal(info.si_status), ")"),
          info.si_status == SIGKILL || info.si_status == SIGTERM};
}

}  // namespace

const char* ToString(StageDeath::Kind kind) {
  switch (kind) {
    case StageDeath::Kind::kExit:
      return "exit";
    case StageDeath::Kind::kSignal:
      return "signal";
    case StageDeath::Kind::kHang:
      return "hang";
    case StageDeath::Kind::kSpawn:
      return "spawn";
    default:
      return "unknown";
  }
}

std::string StageSocketPath(const std::string& runtime_dir, const std::string& id) {
  return absl::StrCat(runtime_dir, "/stage-", id, ".sock");
}

const char* ProgramOf(StageKind kind) {
  switch (kind) {
    case StageKind::kDecoder:
      return "air-decoder";
    case StageKind::kSelector:
      return "air-selector";
    case StageKind::kEncoder:
      return "air-encoder";
  }
  return "";
}

absl::StatusOr<std::unique_ptr<StageProcess>> StageProcess::Spawn(EventLoop& loop, StageKind kind,
                                                                  const std::string& id,
                                                                  const StageEnvironment& environment,
                                                                  StageGraveyard& graveyard) {
  std::unique_ptr<StageProcess> process(new StageProcess(loop, graveyard, kind, id));
  if (absl::Status s = process->Start(environment); !s.ok()) return s;
  return process;
}

absl::StatusOr<UniqueFd> StageProcess::MakeListener() {
  absl::StatusOr<UniqueFd> listener = ListenSeqpacket(socket_path_);
  if (listener.ok()) return listener;
  const absl::Status renewed = renew_dir_();
  if (renewed.ok()) listener = ListenSeqpacket(socket_path_);
  if (listener.ok()) return listener;
  absl::StatusOr<NamelessSocket> nameless = ListenWithoutAName();
  if (!nameless.ok()) return listener.status();
  Log().error("{}: {}; it works without a name, and a supervisor that comes after this one will replace it",
              id_, std::string((renewed.ok() ? listener.status() : renewed).message()));
  nameless_ = true;
  link_ = std::move(nameless->link);
  return std::move(nameless->listener);
}

absl::Status StageProcess::Start(const StageEnvironment& environment) {
  before_work_ = environment.before_work;
  renew_dir_ = environment.renew_dir;
  socket_path_ = StageSocketPath(environment.runtime_dir, id_);
  absl::StatusOr<UniqueFd> listener = MakeListener();
  if (!listener.ok()) return listener.status();

  const std::string program = absl::StrCat(environment.program_dir, "/", ProgramOf(kind_));
  const std::string grace = absl::StrCat(environment.orphan_grace_ms);
  std::string name = ProgramOf(kind_);
  std::string id_flag = "--id", grace_flag = "--orphan-grace-ms", id = id_, grace_value = grace;
  char* argv[] = {name.data(), id_flag.data(), id.data(), grace_flag.data(), grace_value.data(), nullptr};
  const SpawnAttributes spawn(listener->get());
  if (int error = posix_spawn(&pid_, program.c_str(), &spawn.actions, &spawn.attributes, argv, environ);
      error != 0) {
    pid_ = -1;
    return absl::InternalError(absl::StrCat("cannot start ", program, ": ", std::strerror(error)));
  }
  start_time_ = StartTimeOf(pid_);
  pidfd_ = OpenPidfd(pid_);
  if (!pidfd_.valid()) {
    const absl::Status status = absl::InternalError(absl::StrCat("pidfd_open: ", std::strerror(errno)));
    const pid_t child = std::exchange(pid_, -1);
    kill(child, SIGKILL);
    LookAfter(loop_, child);
    return status;
  }
  if (link_.valid()) return absl::OkStatus();
  absl::StatusOr<UniqueFd> link = DialSeqpacket(socket_path_);
  if (!link.ok()) return link.status();
  link_ = *std::move(link);
  stage::ToStage greeting;
  greeting.mutable_greet();
  Send(greeting).IgnoreError();  // one that has ended is noticed by its pidfd
  return absl::OkStatus();
}

// Its successor dials the name. One look costs no disk: the name is in memory.
void StageProcess::LookAtName() {
  name_look_ = loop_.After(kNameLookNs, [this] { LookAtName(); });
  struct stat info {};
  if (!link_.valid() || lstat(socket_path_.c_str(), &info) == 0) return;
  if (errno != ENOENT && errno != ENOTDIR) return;
  const absl::Status again = ListenAgain();
  if (again.ok()) {
    Log().warn("{}: {} was gone; it listens there again", id_, socket_path_);
  } else if (!nameless_) {
    Log().error("{}: {} is gone: {}; a supervisor that comes after this one will replace it", id_,
                socket_path_, std::string(again.message()));
  }
  nameless_ = !again.ok();
}

absl::Status StageProcess::ListenAgain() {
  if (absl::Status s = renew_dir_(); !s.ok()) return s;
  absl::StatusOr<UniqueFd> listener = ListenSeqpacket(socket_path_);
  if (!listener.ok()) return listener.status();
  stage::ToStage message;
  message.mutable_listen_again();
  const int fd = listener->get();
  absl::Status sent = Send(message, {&fd, 1});
  if (!sent.ok()) unlink(socket_path_.c_str());  // the next look tries again
  return sent;
}

std::unique_ptr<StageProcess> StageProcess::Adopt(EventLoop& loop, StageKind kind,
                                                  const record::Stage& recorded,
                                                  const StageEnvironment& environment,
                                                  StageGraveyard& graveyard) {
  std::unique_ptr<StageProcess> process(new StageProcess(loop, graveyard, kind, recorded.id()));
  process->socket_path_ = StageSocketPath(environment.runtime_dir, recorded.id());
  process->before_work_ = environment.before_work;
  process->renew_dir_ = environment.renew_dir;
  process->start_time_ = recorded.start_time();
  process->adopted_ = true;
  // The descriptor first: then it is of the process whose start time is read, or of one that has died.
  process->pidfd_ = OpenPidfd(recorded.pid());
  const bool same = recorded.pid() > 0 && recorded.start_time() != 0 && process->pidfd_.valid() &&
                    StartTimeOf(recorded.pid()) == recorded.start_time();
  if (!same) return nullptr;
  process->pid_ = recorded.pid();
  absl::StatusOr<UniqueFd> link = DialSeqpacket(process->socket_path_);
  if (link.ok()) {
    process->link_ = *std::move(link);
  } else {
    process->KillHung(absl::StrCat("not to be reached (", std::string(link.status().message()), ")"));
  }
  return process;
}

absl::Status StageProcess::AskForKept() {
  stage::ToStage request;
  request.mutable_give_back();
  return Send(request);
}

absl::StatusOr<StageProcess::KeptItems> StageProcess::ReceiveKept() {
  while (true) {
    absl::StatusOr<SeqpacketMessage> message = ReceiveMessage(link_.get());
    if (!message.ok()) return message.status();
    stage::FromStage parsed;
    if (parsed.ParseFromString(message->bytes) && parsed.has_kept())
      return KeptDescriptors::Unpack(parsed.kept(), std::move(message->fds));
    early_.push_back(*std::move(message));
  }
}

record::Stage StageProcess::Describe() const {
  record::Stage stage;
  stage.set_id(id_);
  stage.set_pid(pid_);
  stage.set_start_time(start_time_);
  return stage;
}

StageProcess::~StageProcess() {
  early_source_.Cancel();
  name_look_.Cancel();
  death_source_.Cancel();
  link_source_.Cancel();
  if (pid_ > 0) {
    Kill();
    graveyard_.Bury(id_, std::move(pidfd_));
  }
  if (!socket_path_.empty()) unlink(socket_path_.c_str());
}

void StageProcess::Watch(OnMessage on_message, OnDeath on_death) {
  on_message_ = std::move(on_message);
  on_death_ = std::move(on_death);
  if (death_source_.active()) return;
  if (link_.valid()) link_source_ = loop_.OnIo(link_.get(), EPOLLIN, [this](uint32_t) { Receive(); });
  if (!early_.empty()) early_source_ = loop_.After(0, [this] { Receive(); });
  death_source_ = loop_.OnIo(pidfd_.get(), EPOLLIN, [this](uint32_t) { Reap(); });
  name_look_ = loop_.After(kNameLookNs, [this] { LookAtName(); });
}

absl::Status StageProcess::Send(const stage::ToStage& message, std::span<const int> fds) {
  return SendMessage(link_.get(), message.SerializeAsString(), fds);
}

absl::Status StageProcess::GiveWork(const stage::ToStage& message, std::span<const int> fds) {
  before_work_();
  return Send(message, fds);
}

void StageProcess::Kill() {
  if (pid_ > 0) syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
}

void StageProcess::KillHung(const std::string& how) {
  if (hung_.empty()) {
    hung_ = how;
    stopped_ = IsStopped();
  }
  Kill();
}

bool StageProcess::IsStopped() const {
  const std::vector<std::string> stat = StatOf(pid_);
  return !stat.empty() && (stat[0] == "T" || stat[0] == "t");
}

bool StageProcess::HasTooManyThreads() const {
  constexpr size_t kThreads = 17;  // field 20 of all
  if (kind_ != StageKind::kDecoder || pid_ <= 0) return false;
  const std::vector<std::string> stat = StatOf(pid_);
  int threads = 0;
  return stat.size() > kThreads && absl::SimpleAtoi(stat[kThreads], &threads) &&
         threads > kMostDecoderThreads;
}

int64_t StageProcess::StarvedNs() const {
  int64_t starved = 0;
  std::error_code ignored;
  for (const auto& thread :
       std::filesystem::directory_iterator(absl::StrCat("/proc/", pid_, "/task"), ignored)) {
    int64_t ran = 0, waited = 0;  // nanoseconds: on a processor, on a run queue
    if (std::ifstream(thread.path() / "schedstat") >> ran >> waited) starved += waited;
  }
  return starved;
}

void StageProcess::Receive() {
  for (const SeqpacketMessage& message : std::exchange(early_, {})) Handle(message.bytes);
  // A few at a time: a stage that floods its link does not keep the loop here.
  for (int i = 0; link_.valid() && i < kMessagesAtOnce; ++i) {
    const absl::StatusOr<SeqpacketMessage> message = ReceiveMessage(link_.get());
    if (absl::IsUnavailable(message.status())) return;
    if (absl::IsFailedPrecondition(message.status())) {
      link_source_.Cancel();  // its death follows on the pidfd
      return;
    }
    Handle(message.ok() ? message->bytes : "");
  }
}

void StageProcess::Handle(const std::string& bytes) {
  if (kind_ == StageKind::kDecoder && ++messages_ > kMostOfADecoder) {
    link_source_.Cancel();
    return KillHung("killed: it floods its link");
  }
  stage::FromStage parsed;
  if (bytes.empty() || !parsed.ParseFromString(bytes)) {
    Log().warn("{}: a message was not understood and is ignored", id_);
    return;
  }
  MakeSafe(parsed);
  on_message_(parsed);
}

void StageProcess::Reap() {
  Receive();  // its last words come before its death
  siginfo_t info{};
  const bool reaped =
      waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG) == 0 && info.si_pid != 0;
  if (!reaped && !adopted_) return;
  pid_ = -1;
  death_source_.Cancel();
  link_source_.Cancel();
  name_look_.Cancel();
  OnDeath on_death = std::move(on_death_);
  if (hung_.empty() && !reaped)
    return on_death({StageDeath::Kind::kUnknown, "unknown (adopted)", /*from_outside=*/true});
  on_death(hung_.empty() ? DeathOf(info) : StageDeath{StageDeath::Kind::kHang, std::move(hung_), stopped_});
}

}  // namespace air

// program-director: the network's one HTTP server, and what runs its channels. Started by `retrovue start`, or by systemd.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/program_beside.h"
#include "base/stage_log.h"
#include "base/version.h"
#include "core/director/data/store_data.h"
#include "core/director/director.h"
#include "core/director/director_options.h"
#include "core/director/http/listening_sockets.h"
#include "core/director/page_files.h"
#include "core/director/run_folder.h"
#include "core/home/home.h"

namespace {

using Audience = retrovue::HttpService::Audience;
using retrovue::Instant;
using retrovue::Millis;

constexpr int kFailure = 1;
constexpr int kUsage = 2;
constexpr int kTaken = 3;  // another director has this home
constexpr air::HttpLimits kLimits{.connections = 512, .of_one_peer = 128};

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "program-director: %s\n", std::string(status.message()).c_str());
  if (absl::IsAlreadyExists(status)) return kTaken;
  return absl::IsInvalidArgument(status) ? kUsage : kFailure;
}

Instant MachineNow() { return std::chrono::floor<Millis>(std::chrono::system_clock::now()); }

// What a director that ran on this home before had; kept in a file, with what is found out now.
Millis KeptShift(const std::string& run_folder, std::optional<Instant> now) {
  const std::string path = run_folder + "/clock-shift-ms";
  std::optional<Millis> kept;
  std::int64_t ms = 0;
  if (std::ifstream(path) >> ms) kept = Millis(ms);
  const Millis shift = retrovue::ClockShift(now, MachineNow(), kept);
  std::ofstream(path, std::ios::trunc) << shift.count() << "\n";
  return shift;
}

absl::Status Listen(boost::asio::io_context& loop, retrovue::Director& director,
                    std::vector<retrovue::PassedSocket> passed,
                    const retrovue::DirectorArguments& arguments) {
  int viewers = 0;
  for (retrovue::PassedSocket& socket : passed) {
    auto listener = air::HttpListener::Adopt(loop, std::move(socket.socket), kLimits);
    if (!listener.ok()) return listener.status();
    const bool control = socket.name == "control";
    viewers += control ? 0 : 1;
    director.Serve(*std::move(listener), control ? Audience::kOperators : Audience::kViewers);
  }
  const auto open = [&](const std::string& address, const char* option, Audience audience) -> absl::Status {
    if (address.empty()) return absl::OkStatus();
    auto listener = retrovue::ListenHttp(loop, address, kLimits);
    if (!listener.ok())
      return absl::Status(listener.status().code(),
                          absl::StrCat(option, " ", std::string(listener.status().message())));
    if (!(*listener)->is_unix()) {
      const auto endpoint = (*listener)->endpoint();
      air::Log().info("{} {}:{}", option, endpoint.address().to_string(), endpoint.port());
    }
    director.Serve(*std::move(listener), audience);
    return absl::OkStatus();
  };
  if (absl::Status s = open(arguments.http, "--http", Audience::kViewers); !s.ok()) return s;
  if (absl::Status s = open(arguments.control, "--control", Audience::kOperators); !s.ok()) return s;
  if (viewers == 0 && arguments.http.empty()) {
    return absl::InvalidArgumentError(
        "there is nowhere to serve viewers: give --http HOST:PORT, or start the network with retrovue start");
  }
  return absl::OkStatus();
}

int Run(const retrovue::DirectorArguments& arguments) {
  absl::StatusOr<std::vector<retrovue::PassedSocket>> passed = retrovue::TakePassedSockets();
  if (!passed.ok()) return Fail(passed.status());
  const absl::StatusOr<retrovue::Home> home = retrovue::FindHome(
      arguments.home, arguments.db, std::filesystem::current_path().string(), retrovue::ProcessEnvironment());
  if (!home.ok()) return Fail(home.status());
  std::error_code error;
  std::filesystem::create_directories(home->folder, error);
  if (error)
    return Fail(absl::InvalidArgumentError(absl::StrCat("--home ", home->folder, ": ", error.message())));

  retrovue::DirectorOptions options;
  options.run_folder = retrovue::RunFolderOf(home->folder, retrovue::ProcessEnvironment());
  const absl::StatusOr<air::UniqueFd> lock = retrovue::TakeRunFolder(options.run_folder);
  if (!lock.ok()) return Fail(lock.status());
  options.clock_shift = KeptShift(options.run_folder, arguments.now);
  options.manager_program =
      arguments.manager.empty() ? air::ProgramBeside("channel-manager") : arguments.manager;
  options.media_roots = arguments.media_roots;
  options.host_names = arguments.hosts;
  options.most_starts = arguments.most_starts;
  options.log_level = arguments.log_level;

  signal(SIGPIPE, SIG_IGN);
  air::InitLog("program-director", arguments.log_level);
  auto data = retrovue::StoreData::Open(home->database_url,
                                        [shift = options.clock_shift] { return MachineNow() + shift; });
  if (!data.ok()) return Fail(data.status());

  boost::asio::io_context loop(1);
  auto director = retrovue::Director::Open(loop, std::move(options), **data, retrovue::FindPackedFile);
  if (!director.ok()) return Fail(director.status());
  if (absl::Status s = Listen(loop, **director, *std::move(passed), arguments); !s.ok()) return Fail(s);
  (*director)->Start();
  air::Log().info("program-director {}: home {}, database {}", air::BuildVersion(), home->folder,
                  retrovue::WithoutPassword(home->database_url));

  boost::asio::signal_set signals(loop, SIGINT, SIGTERM, SIGHUP);
  signals.async_wait([&](boost::system::error_code failed, int) {
    if (!failed) (*director)->Stop("it was told to by a signal");
  });
  loop.run();
  director->reset();
  air::EndLog();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  retrovue::DirectorArguments arguments;
  CLI::App app("Serves a network's viewers, and runs its channels.", "program-director");
  app.set_version_flag("--version", absl::StrCat("program-director ", air::BuildVersion()));
  retrovue::Define(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  return Run(arguments);
}

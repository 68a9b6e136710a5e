#include "core/director/director_options.h"

#include <CLI/CLI.hpp>

#include "base/number_text.h"
#include "core/model/now.h"
#include "net/host_port.h"

namespace retrovue {
namespace {

constexpr Millis kSameShift{5'000};

std::string WrongListening(const std::string& text) { return air::WrongAddress(text, air::PortRange::kAny); }

}  // namespace

void Define(CLI::App& app, DirectorArguments& arguments) {
  app.add_option("--home", arguments.home, "the network's folder; default: RETROVUE_HOME")->type_name("DIR");
  app.add_option("--db", arguments.db, "sqlite:PATH or postgresql://...; default: RETROVUE_DB")
      ->type_name("URL");
  app.add_option("--http", arguments.http,
                 "where viewers are served, beside the socket \"http\" it was started with")
      ->type_name("HOST:PORT")
      ->check(WrongListening);
  app.add_option("--control", arguments.control,
                 "where operators are served, beside the socket \"control\" it was started with")
      ->type_name("HOST:PORT|unix:PATH")
      ->check(WrongListening);
  app.add_option_function<std::string>(
         "--now",
         [&arguments](const std::string& text) {
           const absl::StatusOr<Instant> now = ParseNow(text);
           if (!now.ok()) throw CLI::ValidationError("--now", std::string(now.status().message()));
           arguments.now = *now;
         },
         "for tests: what the network's clock shows")
      ->type_name("UTC");
  app.add_option("--allow-host", arguments.hosts,
                 "a name viewers call the network by, beside addresses and local names")
      ->type_name("NAME");
  app.add_option("--media-root", arguments.media_roots,
                 "AIR may play from it, beside the collections' folders; \"/\": all files")
      ->type_name("PATH");
  app.add_option("--manager", arguments.manager,
                 "channel-manager to run; default: the one beside this program")
      ->type_name("PATH");
  app.add_option("--most-starts", arguments.most_starts, "channels that may start at a time")
      ->check([](const std::string& text) { return air::WrongNumber(text, 1, 1000); })
      ->capture_default_str();
  app.add_option("--log-level", arguments.log_level, "how much to say, also of what it runs")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "critical", "off"}))
      ->capture_default_str();
}

Millis ClockShift(std::optional<Instant> now_wanted, Instant machine_now, std::optional<Millis> kept) {
  if (!now_wanted.has_value()) return Millis(0);
  const Millis shift = *now_wanted - machine_now;
  if (kept.has_value() && std::chrono::abs(*kept - shift) <= kSameShift) return *kept;
  return shift;
}

}  // namespace retrovue

// The command line of program-director.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/model/time.h"

namespace CLI {
class App;
}

namespace retrovue {

struct DirectorArguments {
  std::string home, db;
  std::string http, control;       // addresses; empty: only sockets we were started with
  std::optional<Instant> now;      // --now
  std::vector<std::string> hosts;  // --allow-host
  std::vector<std::string> media_roots;
  std::string manager;  // path of channel-manager; empty: the one beside us
  int most_starts = 4;
  std::string log_level = "info";
};

// Gives `app` the options; they are in `arguments` after app.parse(). `arguments` outlives `app`.
void Define(CLI::App& app, DirectorArguments& arguments);

// The network's clock minus the machine's, in ms. `kept`: the shift of the director that ran before in this network. It is kept
// if it is nearly the shift of --now: a --now that was worked out anew is off by the time it took. Pure.
Millis ClockShift(std::optional<Instant> now_wanted, Instant machine_now, std::optional<Millis> kept);

}  // namespace retrovue

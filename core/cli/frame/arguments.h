// Arguments of kinds CLI11 does not know. What cannot be read is refused with an example.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "core/model/channel.h"
#include "core/model/plan.h"
#include "core/model/time.h"

namespace retrovue::cli {

CLI::Option* AddTime(CLI::App& app, const std::string& name, std::optional<Instant>& to,
                     const std::string& help);
// What the network's clock is to show.
CLI::Option* AddNow(CLI::App& app, const std::string& name, std::optional<Instant>& to,
                    const std::string& help);
CLI::Option* AddDate(CLI::App& app, const std::string& name, std::optional<absl::CivilDay>& to,
                     const std::string& help);
// A whole number from `least` to `most`.
CLI::Option* AddNumber(CLI::App& app, const std::string& name, std::optional<int>& to, int least, int most,
                       const std::string& help);
// A text each time it stands there.
CLI::Option* AddEach(CLI::App& app, const std::string& name, std::vector<std::string>& to,
                     const std::string& help);
// --name / --no-name
CLI::Option* AddSwitch(CLI::App& app, const std::string& name, std::optional<bool>& to,
                       const std::string& help);

// A name, title or other text of one line: 1 to `most` bytes, not only spaces. `what`: "the channel's title".
absl::Status CheckName(const std::string& text, const std::string& what, std::size_t most = 120);

// "3" or "1-3". INVALID_ARGUMENT with an example for anything else; both ends 0 to `most`.
struct NumberRange {
  int first = 0;
  int last = 0;
};
absl::StatusOr<NumberRange> ParseRange(const std::string& text, const std::string& option, int most);

// A zone as a person writes it, on the wall clock: "22:00-02:00", or "22:00-02:00=NAME". "00:00-24:00" and a window from the
// day's start to the day's start are the whole day.
struct WrittenZone {
  ZoneWindow window;
  std::string name;  // empty: none was given
};
absl::StatusOr<WrittenZone> ParseZone(const GridRules& grid, const std::string& text);

}  // namespace retrovue::cli

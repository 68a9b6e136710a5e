#include "core/cli/frame/arguments.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/cli/frame/answer.h"
#include "core/model/now.h"

namespace retrovue::cli {
namespace {

// An option whose text `parse` reads.
template <typename T>
CLI::Option* AddParsed(CLI::App& app, const std::string& name, std::optional<T>& to, const std::string& help,
                       absl::StatusOr<T> (*parse)(absl::string_view)) {
  return app.add_option_function<std::string>(
      name,
      [&to, name, parse](const std::string& text) {
        const absl::StatusOr<T> parsed = parse(text);
        if (!parsed.ok()) throw CLI::ValidationError(name, std::string(parsed.status().message()));
        to = *parsed;
      },
      help);
}

}  // namespace

CLI::Option* AddTime(CLI::App& app, const std::string& name, std::optional<Instant>& to,
                     const std::string& help) {
  return AddParsed<Instant>(app, name, to, help, &ParseRfc3339)->type_name("TIME");
}

CLI::Option* AddNow(CLI::App& app, const std::string& name, std::optional<Instant>& to,
                    const std::string& help) {
  return AddParsed<Instant>(app, name, to, help, &ParseNow)->type_name("TIME");
}

CLI::Option* AddDate(CLI::App& app, const std::string& name, std::optional<absl::CivilDay>& to,
                     const std::string& help) {
  return AddParsed<absl::CivilDay>(app, name, to, help, &ParseDate)->type_name("DATE");
}

CLI::Option* AddNumber(CLI::App& app, const std::string& name, std::optional<int>& to, int least, int most,
                       const std::string& help) {
  const auto read = [&to, name, least, most](const std::string& text) {
    int number = 0;
    if (!absl::SimpleAtoi(text, &number) || number < least || number > most) {
      throw CLI::ValidationError(
          name,
          absl::StrCat("\"", text, "\" is not possible: give a whole number from ", least, " to ", most));
    }
    to = number;
  };
  return app.add_option_function<std::string>(name, read, help)->type_name("N");
}

CLI::Option* AddEach(CLI::App& app, const std::string& name, std::vector<std::string>& to,
                     const std::string& help) {
  return app.add_option(name, to, help)->allow_extra_args(false)->type_name("TEXT");
}

CLI::Option* AddSwitch(CLI::App& app, const std::string& name, std::optional<bool>& to,
                       const std::string& help) {
  return app.add_flag_function(
      absl::StrCat("--", name, ",!--no-", name), [&to](std::int64_t count) { to = count > 0; }, help);
}

absl::Status CheckName(const std::string& text, const std::string& what, std::size_t most) {
  if (absl::StripAsciiWhitespace(text).empty())
    return Refuse("NAME_EMPTY", absl::StrCat(what, " is empty: give it some letters"));
  if (text.size() > most) {
    return Refuse("NAME_TOO_LONG",
                  absl::StrCat(what, " has ", text.size(), " bytes: give it at most ", most));
  }
  return absl::OkStatus();
}

absl::StatusOr<NumberRange> ParseRange(const std::string& text, const std::string& option, int most) {
  const std::pair<std::string, std::string> ends = absl::StrSplit(text, absl::MaxSplits('-', 1));
  NumberRange range;
  const bool single = text.find('-') == std::string::npos;
  if (!absl::SimpleAtoi(ends.first, &range.first) ||
      !absl::SimpleAtoi(single ? ends.first : ends.second, &range.last) || range.first < 0 ||
      range.last > most || range.first > range.last) {
    return Refuse(
        "INVALID_ARGUMENT",
        absl::StrCat(option, ": \"", text, "\" is no range: write it like 3 or 1-3 (0 to ", most, ")"));
  }
  return range;
}

absl::StatusOr<WrittenZone> ParseZone(const GridRules& grid, const std::string& text) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('=', 1));
  const std::vector<std::string> ends = absl::StrSplit(parts.first, '-');
  if (ends.size() != 2) {
    return Refuse("ZONE_WRONG",
                  absl::StrCat("\"", parts.first, "\" is no window: write it like 22:00-02:00"));
  }
  const std::string from(absl::StripAsciiWhitespace(ends[0]));
  const std::string to(absl::StripAsciiWhitespace(ends[1]));
  WrittenZone zone;
  zone.name = std::string(absl::StripAsciiWhitespace(parts.second));
  if (from == "00:00" && to == "24:00") {
    zone.window = {0, 24 * 60};
    return zone;
  }
  const absl::StatusOr<ZoneWindow> window = WindowOf(grid, from, to);
  if (!window.ok()) return Refuse("ZONE_WRONG", window.status().message());
  zone.window = *window;
  return zone;
}

}  // namespace retrovue::cli

// The log of a process: lines to stderr through a queue, so that a reader of stderr who stalls cannot stall
// AIR. When the queue is full the oldest lines are lost. A message is one line of text that is safe for a
// terminal, whatever names and errors it quotes (base/one_line.h).
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>

namespace air {

// Writes lines at a level. Any thread. A line below the level of InitLog() costs nothing but the look at that.
class Logger {
 public:
  template <typename... Values>
  void debug(fmt::format_string<Values...> form, Values&&... values) {
    Write(Level::kDebug, form, fmt::make_format_args(values...));
  }
  template <typename... Values>
  void info(fmt::format_string<Values...> form, Values&&... values) {
    Write(Level::kInfo, form, fmt::make_format_args(values...));
  }
  template <typename... Values>
  void warn(fmt::format_string<Values...> form, Values&&... values) {
    Write(Level::kWarn, form, fmt::make_format_args(values...));
  }
  template <typename... Values>
  void error(fmt::format_string<Values...> form, Values&&... values) {
    Write(Level::kError, form, fmt::make_format_args(values...));
  }
  template <typename... Values>
  void critical(fmt::format_string<Values...> form, Values&&... values) {
    Write(Level::kCritical, form, fmt::make_format_args(values...));
  }
  // A text as it is.
  void info(std::string_view text) { Write(Level::kInfo, "{}", fmt::make_format_args(text)); }
  void warn(std::string_view text) { Write(Level::kWarn, "{}", fmt::make_format_args(text)); }
  void error(std::string_view text) { Write(Level::kError, "{}", fmt::make_format_args(text)); }
  // Asks the queue to be written out; waits for nothing.
  void flush();

 private:
  enum class Level { kDebug, kInfo, kWarn, kError, kCritical };
  static void Write(Level level, fmt::string_view form, fmt::format_args values);
};

// Once, at the start of main. `level`: trace, debug, info, warn, err, critical, off.
void InitLog(const std::string& process, const std::string& level = "info");
Logger& Log();
// Writes out what is queued, and waits for it. Before _exit() only: what is logged afterwards is lost.
void EndLog();

}  // namespace air

// The terminal of the channel manager: lines that stay, and below them one line that keeps itself current.
//
// Without a terminal (a log file, a pipe) the current line is printed every kLogInterval instead. Safe from
// any thread.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>

namespace air {

class Console {
 public:
  static constexpr std::chrono::seconds kLogInterval{10};

  // Writes to standard output.
  Console();
  // Leaves the cursor on a line of its own.
  ~Console();

  void Say(const std::string& line);
  void SetStatus(const std::string& line);
  // The latest status, whatever became of it on the screen.
  std::string status();

 private:
  void Draw();
  void Erase();

  std::mutex mutex_;
  const bool is_terminal_;
  std::string status_;
  bool drawn_ = false;
  std::optional<std::chrono::steady_clock::time_point> last_logged_;
};

}  // namespace air

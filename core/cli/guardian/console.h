// The terminal of `retrovue start`: lines that stay, and below them one line that keeps itself current. Without a terminal (a
// log file, a pipe) the current line is printed when it has changed. For one thread.
#pragma once

#include <string>

namespace retrovue::cli {

class Console {
 public:
  // Writes to standard output. `shows_status` false: no line that keeps itself current.
  explicit Console(bool shows_status);
  // Leaves the cursor on a line of its own.
  ~Console();

  void Say(const std::string& line);
  void SetStatus(const std::string& line);

 private:
  void Draw();
  void Erase();

  const bool shows_status_;
  const bool is_terminal_;
  std::string status_;
  bool drawn_ = false;
};

}  // namespace retrovue::cli

// The file a process logs to. The processes that write to it keep it within bounds: no other process, and no pipe, is needed.
//
// A log is a regular file "NAME.log"; each process appends to it (O_APPEND). A process that finds it larger than the limit
// renames NAME.log.1 to NAME.log.2 and so on, then NAME.log to NAME.log.1, and goes on in a new NAME.log. The oldest file goes.
// Other processes have the same file open. They see by its size that it is time, and by its name that the rename was done, and
// open the new file. Everything is done with renames, under a lock of the folder (flock). The lock ends with the process that
// holds it. So a process may be killed at any instruction: the next line finds the log in order, and lines are lost with the
// oldest file only.
//
// Other descriptors (a terminal, a pipe, a file of another name) are written to as they are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace air {

struct LogBounds {
  std::int64_t bytes = 8'000'000;  // of one file, and a line more for each process that writes to it
  int kept = 3;                    // older files beside it
};

// For one thread at a time.
class LogFile {
 public:
  // Writes to `fd`, which stays the caller's, and is made to be the new file when there is one; so are the process's standard
  // output and error where they are the same file.
  explicit LogFile(int fd, LogBounds bounds = {});

  // Whole, as long as the descriptor takes it; what it does not take is lost. Errors are not told: there is no place for them.
  void Write(std::string_view line);

  // NAME.log; empty: no file that is kept within bounds.
  const std::string& path() const { return path_; }

 private:
  void Rotate();

  const int fd_;
  const LogBounds bounds_;
  std::string path_;
};

}  // namespace air

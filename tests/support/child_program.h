// A program of this build as a child of the test: started, watched, ended; and what else its family leaves.
//
// A stage that outlives its supervisor is not our child, so family is told by a mark in the environment,
// which every descendant inherits.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace air::e2e {

// Path of a program that was built beside the running one.
std::string Built(const std::string& program);

class ChildProgram {
 public:
  // Output and errors go to `log_path`. Aborts the test run when the program is not there at all.
  ChildProgram(const std::vector<std::string>& command, const std::string& log_path,
               const std::string& mark = "");
  ~ChildProgram();  // SIGKILL if it still runs
  ChildProgram(const ChildProgram&) = delete;
  ChildProgram& operator=(const ChildProgram&) = delete;

  pid_t pid() const { return pid_; }
  void Signal(int signal) const;
  // How it ended: its exit status, or 128 + the signal; nothing when it still runs at the end of `limit`.
  std::optional<int> WaitForEnd(std::chrono::milliseconds limit);
  // What it has said so far.
  std::string Output() const;

 private:
  std::string log_path_;
  pid_t pid_ = -1;
  UniqueFd pidfd_;
  std::optional<int> ended_;
};

// Runs a program to its end.
struct Finished {
  int status;
  std::string output;
};
Finished RunProgram(const std::vector<std::string>& command, const std::string& log_path);

struct MarkedProcess {
  pid_t pid;
  std::string program;  // its process name: "air-decoder"
  std::vector<std::string> open_files;
};

// All living processes that carry the mark.
std::vector<MarkedProcess> ProcessesMarked(const std::string& mark);

}  // namespace air::e2e

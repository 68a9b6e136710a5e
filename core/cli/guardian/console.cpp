#include "core/cli/guardian/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

namespace retrovue::cli {
namespace {

constexpr const char* kEraseLine = "\r\x1b[K";

// Columns of the terminal; a longer line would wrap and could not be erased again.
std::size_t Columns() {
  winsize size = {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

// Cuts to at most `columns` bytes, and not inside a UTF-8 sequence.
std::string Cut(const std::string& line, std::size_t columns) {
  if (line.size() <= columns) return line;
  std::size_t end = columns;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xc0) == 0x80) --end;
  return line.substr(0, end);
}

}  // namespace

Console::Console(bool shows_status) : shows_status_(shows_status), is_terminal_(isatty(STDOUT_FILENO) == 1) {}

Console::~Console() {
  if (drawn_) std::fputs("\n", stdout);
  std::fflush(stdout);
}

void Console::Say(const std::string& line) {
  Erase();
  std::printf("%s\n", line.c_str());
  Draw();
  std::fflush(stdout);
}

void Console::SetStatus(const std::string& line) {
  if (!shows_status_ || line == status_) return;
  status_ = line;
  if (is_terminal_) {
    Erase();
    Draw();
  } else {
    std::printf("%s\n", status_.c_str());
  }
  std::fflush(stdout);
}

void Console::Draw() {
  if (!is_terminal_ || status_.empty()) return;
  std::fputs(Cut(status_, Columns() - 1).c_str(), stdout);
  drawn_ = true;
}

void Console::Erase() {
  if (drawn_) std::fputs(kEraseLine, stdout);
  drawn_ = false;
}

}  // namespace retrovue::cli

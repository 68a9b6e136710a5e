// HOST:PORT as a person writes it: one reader for every option of every program, so that a port that does not
// exist is refused in words everywhere. (getaddrinfo takes 99999 for 34463.)
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace air {

struct HostPort {
  std::string host;  // never empty; an IPv6 address without its brackets
  uint16_t port = 0;
};

enum class PortRange { kAny, kNotZero };  // kAny: 0 means "any free one"

// Reads "HOST:PORT" or "[IPv6]:PORT". Errors: InvalidArgument, with what is wrong and what to write.
absl::StatusOr<HostPort> ParseHostPort(const std::string& text, PortRange range);

// For CLI11's check(): empty when `text` is right, else the error as a sentence.
std::string WrongHostPort(const std::string& text, PortRange range);

// The same where a UNIX socket will do as well: "unix:PATH", whose path has 1 to 107 bytes.
std::string WrongAddress(const std::string& text, PortRange range);

// The same where nothing else will.
std::string WrongUnixAddress(const std::string& text);

}  // namespace air

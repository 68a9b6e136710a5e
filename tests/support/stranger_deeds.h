// What a stranger may do to anything that listens: no word of any protocol, half of one, the wrong one, too many
// at once, and connections that stay.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace air::e2e {

// A connection to a listener, or none: an invalid descriptor.
using Dial = std::function<UniqueFd()>;

// To a UNIX socket: SOCK_STREAM or SOCK_SEQPACKET. Does not wait for one whose queue is full.
UniqueFd DialPath(const std::string& path, int kind);
// To a loopback port; waits two seconds at most.
UniqueFd DialPort(int port);
// Sends what it can without waiting for a peer that does not read.
void SendSome(const UniqueFd& socket, const std::string& bytes);

// What listens in a supervisor's runtime folder at this moment. 0: no metrics port is named there.
int MetricsPortIn(const std::string& runtime_dir);
std::vector<Dial> StageDialsIn(const std::string& runtime_dir);

// What a stranger does. The connections that are returned stay open for as long as the caller likes.
struct Deed {
  const char* name;
  std::function<std::vector<UniqueFd>(const Dial&)> act;
};
std::vector<Deed> StrangerDeeds();

// A subscriber of a channel's block events that never lets the server send: HTTP/2 with a window of nothing.
Deed SubscriberThatDoesNotRead(int channel_id);

}  // namespace air::e2e

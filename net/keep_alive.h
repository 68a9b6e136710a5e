// Keepalive of TCP: a peer that has vanished with its machine does not hold a connection for ever.
#pragma once

namespace air {

// A connection on which nothing has come for half a minute is asked whether its peer is there, and ends within another one
// when it is not. Of a listening socket: every connection of it. Nothing happens to one that is no TCP socket.
void KeepAlive(int socket);

}  // namespace air

// What a sender works with: a stream socket whose other end is the viewer, and the pipe in front of it.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "stages/encoder/send/sender.h"

namespace air {

struct SinkSockets {
  SinkSockets() {
    int sockets[2], pipe[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
    EXPECT_EQ(pipe2(pipe, O_CLOEXEC), 0);
    socket.Reset(sockets[0]);
    viewer.Reset(sockets[1]);
    pipe_read.Reset(pipe[0]);
    pipe_write.Reset(pipe[1]);
  }
  SinkDescriptors sink() const { return {socket.get(), pipe_read.get(), pipe_write.get()}; }

  UniqueFd socket, viewer, pipe_read, pipe_write;
};

}  // namespace air

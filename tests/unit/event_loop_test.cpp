// What the kernel refuses to watch is looked at all the same.
#include "supervisor/loop/event_loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <csignal>
#include <memory>

namespace air {
namespace {

class Loop : public testing::Test {
 protected:
  Loop() : loop_(*EventLoop::Create(clock_)) {}
  void Run() {
    const EventSource too_long = loop_->After(60 * kNanosPerSecond, [this] { loop_->Exit(1); });
    ASSERT_EQ(loop_->Run(), 0) << "what was waited for has not come";
  }

  SystemClock clock_;
  std::unique_ptr<EventLoop> loop_;
};

// epoll refuses a regular file, as it refuses anything when it has no memory left.
TEST_F(Loop, LooksAtADescriptorThatCannotBeWatched) {
  const UniqueFd file(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  int called = 0;
  EventSource source = loop_->OnIo(file.get(), EPOLLIN, [&](uint32_t fired) {
    EXPECT_EQ(fired, uint32_t{EPOLLIN});
    if (++called < 3) return;  // level-triggered, as a watch is
    source.Cancel();
    loop_->Exit(0);
  });
  EXPECT_TRUE(source.active());
  Run();
  EXPECT_EQ(called, 3);
}

TEST_F(Loop, DoesNotCallForADescriptorThatIsNone) {
  const UniqueFd gone(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int number = fcntl(gone.get(), F_DUPFD_CLOEXEC, 900);
  close(number);
  const EventSource source =
      loop_->OnIo(number, EPOLLIN, [](uint32_t) { ADD_FAILURE() << "called for nothing"; });
  const EventSource end = loop_->After(100 * kNanosPerMs, [this] { loop_->Exit(0); });
  Run();
}

// What ends behind the loop still asks it for timers: a stage that is ended, a connection that goes.
TEST_F(Loop, ThatHasEndedWatchesNothingAndEndsNoProcess) {
  const EventSource end = loop_->After(0, [this] { loop_->Exit(0); });
  Run();
  const auto never = [] { ADD_FAILURE() << "called by a loop that has ended"; };
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reading(ends[0]), writing(ends[1]);
  EXPECT_FALSE(loop_->After(0, never).active());
  EXPECT_FALSE(loop_->OnSignal(SIGUSR2, never).active());
  EXPECT_FALSE(loop_->OnIo(writing.get(), EPOLLOUT, [&](uint32_t) { never(); }).active());
}

}  // namespace
}  // namespace air

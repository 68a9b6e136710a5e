#include "core/channel/sink_listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace retrovue {
namespace {

using testing::ElementsAre;
using Bytes = std::vector<std::uint8_t>;

// Tables and a picture that can be begun with: what ts_fanout_test explains.
Bytes DecodableStart() {
  Bytes stream;
  for (Bytes packet :
       {Bytes{0x47, 0x40, 0, 0x10, 0, 0x00, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, 1, 0xf0, 0, 1, 2, 3, 4},
        Bytes{0x47, 0x50, 0,    0x10, 0,    0x02, 0xb0, 18,   0, 1, 0xc1, 0, 0,
              0xe1, 0,    0xf0, 0,    0x1b, 0xe1, 0,    0xf0, 0, 1, 2,    3, 4},
        Bytes{0x47, 0x41, 0, 0x30, 1, 0x40, 0, 0, 1, 0xe0}}) {
    packet.resize(kTsPacketBytes, 0xff);
    stream.insert(stream.end(), packet.begin(), packet.end());
  }
  return stream;
}

class SinkListenerTest : public testing::Test {
 protected:
  SinkListenerTest() : path_(testing::TempDir() + "sink-" + std::to_string(getpid()) + ".sock") { Listen(); }
  ~SinkListenerTest() override {
    sink_.reset();
    Turn();
  }

  void Listen() {
    auto sink = SinkListener::Listen(loop_, path_, fanout_,
                                     {.on_source = [this](bool connected) { sources_.push_back(connected); },
                                      .on_bytes = [this] { ++reads_; }});
    ASSERT_TRUE(sink.ok()) << sink.status();
    sink_ = *std::move(sink);
  }
  // AIR's end of a new connection.
  air::UniqueFd Connect() {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    air::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    Turn();
    return fd;
  }
  void Send(const air::UniqueFd& source, const Bytes& bytes) {
    EXPECT_EQ(send(source.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    Turn();
  }
  void Turn() {
    loop_.restart();
    for (int i = 0; i < 100; ++i) loop_.poll();
  }
  static Bytes Taken(TsFanout::Viewer& viewer) {
    Bytes all;
    for (const auto& chunk : viewer.Take(100)) all.insert(all.end(), chunk->begin(), chunk->end());
    return all;
  }

  const std::string path_;
  boost::asio::io_context loop_;
  TsFanout fanout_;
  std::vector<bool> sources_;  // what on_source said
  int reads_ = 0;
  std::unique_ptr<SinkListener> sink_;
};

TEST_F(SinkListenerTest, HandsTheBytesOnUnchanged) {
  const auto one = fanout_.Join(), two = fanout_.Join();
  const air::UniqueFd source = Connect();
  Send(source, DecodableStart());
  EXPECT_EQ(Taken(*one), DecodableStart());
  EXPECT_EQ(Taken(*two), DecodableStart());
  EXPECT_THAT(sources_, ElementsAre(true));
  EXPECT_GT(reads_, 0);
  EXPECT_EQ(sink_->bytes(), DecodableStart().size());
}

TEST_F(SinkListenerTest, ViewersGoOnWithTheNextSourceBehindAMarkedSeam) {
  const auto viewer = fanout_.Join();
  air::UniqueFd first = Connect();
  Send(first, DecodableStart());
  EXPECT_EQ(Taken(*viewer), DecodableStart());
  first.Reset();
  Turn();
  EXPECT_THAT(sources_, ElementsAre(true, false));

  const air::UniqueFd second = Connect();
  Send(second, DecodableStart());
  Bytes resumed = Taken(*viewer);
  ASSERT_EQ(resumed.size(), DecodableStart().size());
  EXPECT_EQ(resumed[2 * kTsPacketBytes + 5] & 0x80, 0x80) << "the seam is marked";
  resumed[2 * kTsPacketBytes + 5] &= 0x7f;
  EXPECT_EQ(resumed, DecodableStart());
  EXPECT_THAT(sources_, ElementsAre(true, false, true));
}

TEST_F(SinkListenerTest, ALaterConnectionTakesThePlaceOfTheEarlierOne) {
  const air::UniqueFd first = Connect();
  const air::UniqueFd second = Connect();
  EXPECT_THAT(sources_, ElementsAre(true, true)) << "none has gone without another in its place";
  char byte = 0;
  EXPECT_EQ(recv(first.get(), &byte, 1, MSG_DONTWAIT), 0) << "the earlier one is closed";
  const auto viewer = fanout_.Join();
  Send(second, DecodableStart());
  EXPECT_EQ(Taken(*viewer), DecodableStart());
}

TEST_F(SinkListenerTest, TakesThePlaceOfWhatADeadPredecessorLeftAndLeavesNothing) {
  sink_.reset();
  EXPECT_FALSE(std::filesystem::exists(path_));
  std::ofstream(path_) << "left";
  Listen();
  const air::UniqueFd source = Connect();
  EXPECT_THAT(sources_, ElementsAre(true));
}

TEST_F(SinkListenerTest, RefusesAPathThatDoesNotFitInASocketAddress) {
  const auto refused = SinkListener::Listen(loop_, "/tmp/" + std::string(120, 'x'), fanout_, {});
  EXPECT_TRUE(absl::IsInvalidArgument(refused.status()));
  EXPECT_THAT(std::string(refused.status().message()), testing::HasSubstr("--folder"));
}

}  // namespace
}  // namespace retrovue

#include "core/channel/viewer_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>

#include "absl/strings/str_cat.h"

namespace retrovue {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// A stream's PAT and PMT, and a picture that can be begun with: what ts_fanout_test explains.
std::vector<std::uint8_t> TsPacket(std::uint16_t pid, std::uint8_t counter, bool starts, bool random_access,
                                   const std::vector<std::uint8_t>& payload = {}) {
  std::vector<std::uint8_t> packet(kTsPacketBytes, 0xff);
  packet[0] = 0x47;
  packet[1] = static_cast<std::uint8_t>((starts ? 0x40 : 0) | pid >> 8);
  packet[2] = static_cast<std::uint8_t>(pid);
  packet[3] = static_cast<std::uint8_t>((random_access ? 0x30 : 0x10) | (counter & 0xf));
  std::size_t at = 4;
  if (random_access) {
    packet[4] = 1;
    packet[5] = 0x40;
    at = 6;
  }
  std::copy(payload.begin(), payload.end(), packet.begin() + static_cast<std::ptrdiff_t>(at));
  return packet;
}

class ViewerServerTest : public testing::Test {
 protected:
  ViewerServerTest()
      : viewers_(std::make_unique<ViewerServer>(
            loop_, fanout_,
            ViewerServer::Handlers{.on_count = [this] { ++counted_; },
                                   .on_left = [this](const auto& left) { left_.push_back(left); }})) {}
  ~ViewerServerTest() override {
    viewers_.reset();
    Turn();
  }

  // The viewer's end of a connection that is handed over.
  air::UniqueFd Join(std::uint64_t key, bool head = false, std::uint32_t http_minor = 1) {
    int pair[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    channel_link::Viewer viewer;
    viewer.set_key(key);
    viewer.set_head(head);
    viewer.set_http_minor(http_minor);
    viewers_->Add(viewer, air::UniqueFd(pair[0]));
    Turn();
    return air::UniqueFd(pair[1]);
  }
  void Turn() {
    loop_.restart();
    for (int i = 0; i < 100; ++i) loop_.poll();
  }
  // What has come at this end; "(end)" behind it when it is over.
  static std::string Read(const air::UniqueFd& end) {
    std::string all;
    char buffer[65536];
    for (;;) {
      const ssize_t count = recv(end.get(), buffer, sizeof buffer, 0);
      if (count < 0) return all;
      if (count == 0) return all + "(end)";
      all.append(buffer, static_cast<std::size_t>(count));
    }
  }
  // Tables and the beginning of a picture.
  void BeginStream() {
    const std::vector<std::uint8_t> pat = {0, 0x00, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, 1, 0xf0, 0x00, 0, 0, 0, 0};
    const std::vector<std::uint8_t> pmt = {0,    0x02, 0xb0, 18,   0,    1,    0xc1, 0, 0, 0xe1, 0x00,
                                           0xf0, 0,    0x1b, 0xe1, 0x00, 0xf0, 0,    0, 0, 0,    0};
    Send(TsPacket(0, 0, true, false, pat));
    Send(TsPacket(0x1000, 0, true, false, pmt));
    Send(TsPacket(0x100, 0, true, true));
  }
  void Send(const std::vector<std::uint8_t>& packet) {
    fanout_.Consume(packet);
    Turn();
  }

  boost::asio::io_context loop_;
  TsFanout fanout_{64 * kTsPacketBytes};
  int counted_ = 0;
  std::vector<channel_link::ViewerLeft> left_;
  std::unique_ptr<ViewerServer> viewers_;
};

TEST(StreamHeader, HasNoLengthAndEndsWithTheConnection) {
  const std::string header = StreamHeader(1);
  EXPECT_THAT(header, StartsWith("HTTP/1.1 200 OK\r\n"));
  for (const char* field : {"Content-Type: video/mp2t", "Accept-Ranges: none", "X-Accel-Buffering: no"})
    EXPECT_THAT(header, HasSubstr(absl::StrCat("\r\n", field, "\r\n")));
  EXPECT_THAT(header, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(header, testing::Not(HasSubstr("Content-Length")));
  EXPECT_THAT(header, testing::Not(HasSubstr("Transfer-Encoding")));
  EXPECT_THAT(header, EndsWith("\r\n\r\n"));
  EXPECT_THAT(StreamHeader(0), StartsWith("HTTP/1.0 200 OK\r\n"));
}

TEST(RefusalAnswer, IsJsonWithALength) {
  EXPECT_EQ(
      RefusalAnswer(1, false, AnswerCode::kScheduleGap, "nothing \"now\"", 5),
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: 69\r\n"
      "Server: RetroVue\r\nCache-Control: no-store\r\nAccess-Control-Allow-Origin: *\r\nConnection: close\r\n"
      "Retry-After: 5\r\n\r\n"
      "{\"status\":\"error\",\"code\":\"SCHEDULE_GAP\",\"message\":\"nothing \\\"now\\\"\"}\n");
  EXPECT_THAT(RefusalAnswer(0, true, AnswerCode::kInternal, "b", std::nullopt), EndsWith("\r\n\r\n"));
}

TEST_F(ViewerServerTest, WritesTheHeaderWithTheFirstByteOfTheStream) {
  const air::UniqueFd viewer = Join(1);
  EXPECT_EQ(Read(viewer), "");
  EXPECT_EQ(viewers_->count(), 1);
  BeginStream();
  const std::string got = Read(viewer);
  EXPECT_THAT(got, StartsWith(StreamHeader(1)));
  EXPECT_EQ(got.size(), StreamHeader(1).size() + 3 * kTsPacketBytes);
  EXPECT_EQ(got[StreamHeader(1).size()], '\x47');
  Send(TsPacket(0x100, 1, false, false));
  EXPECT_EQ(Read(viewer).size(), kTsPacketBytes) << "the header once";
}

TEST_F(ViewerServerTest, AnswersAnHttp10Client) {
  BeginStream();
  const air::UniqueFd viewer = Join(1, false, 0);
  EXPECT_THAT(Read(viewer), StartsWith("HTTP/1.0 200 OK\r\n"));
}

TEST_F(ViewerServerTest, AHeadRequestGetsTheHeaderAndCountsAsNobody) {
  const air::UniqueFd viewer = Join(1, true);
  EXPECT_EQ(Read(viewer), StreamHeader(1) + "(end)");
  EXPECT_EQ(viewers_->count(), 0);
  EXPECT_EQ(counted_, 0);
  ASSERT_EQ(left_.size(), 1u);
  EXPECT_EQ(left_[0].status(), 200u);
}

TEST_F(ViewerServerTest, RefusesThoseWhoHaveHadNothing) {
  BeginStream();
  const air::UniqueFd watching = Join(1);
  EXPECT_THAT(Read(watching), StartsWith("HTTP/1.1 200"));
  fanout_.Interrupt();
  const air::UniqueFd waiting = Join(2);
  viewers_->RefuseWaiting(AnswerCode::kAssetMissing, "film.mkv is not there", std::nullopt);
  Turn();
  EXPECT_EQ(
      Read(waiting),
      RefusalAnswer(1, false, AnswerCode::kAssetMissing, "film.mkv is not there", std::nullopt) + "(end)");
  EXPECT_EQ(Read(watching), "");
  EXPECT_EQ(viewers_->count(), 1);
  ASSERT_EQ(left_.size(), 1u);
  EXPECT_EQ(left_[0].key(), 2u);
  EXPECT_EQ(left_[0].status(), 500u);
  EXPECT_THAT(left_[0].reason(), HasSubstr("film.mkv"));
}

TEST_F(ViewerServerTest, NoticesAViewerThatGoesBeforeItHasHadAnything) {
  {
    const air::UniqueFd viewer = Join(1);
    EXPECT_EQ(viewers_->count(), 1);
  }
  Turn();
  EXPECT_EQ(viewers_->count(), 0);
  EXPECT_EQ(counted_, 2);
  ASSERT_EQ(left_.size(), 1u);
  EXPECT_EQ(left_[0].reason(), "closed");
  EXPECT_EQ(left_[0].status(), 0u);
}

TEST_F(ViewerServerTest, NoticesAViewerThatGoesWhileItWatches) {
  BeginStream();
  {
    const air::UniqueFd viewer = Join(7);
    Read(viewer);
  }
  for (std::uint8_t i = 1; i < 4; ++i) Send(TsPacket(0x100, i, false, false));
  EXPECT_EQ(viewers_->count(), 0);
  ASSERT_EQ(left_.size(), 1u);
  EXPECT_EQ(left_[0].key(), 7u);
  EXPECT_EQ(left_[0].bytes(), 3 * kTsPacketBytes);
}

TEST_F(ViewerServerTest, WhatAViewerSaysIsOfNoInterest) {
  const air::UniqueFd viewer = Join(1);
  ASSERT_EQ(send(viewer.get(), "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
  Turn();
  EXPECT_EQ(viewers_->count(), 1);
  BeginStream();
  EXPECT_THAT(Read(viewer), StartsWith("HTTP/1.1 200"));
}

TEST_F(ViewerServerTest, ASlowViewerCostsTheOthersNothing) {
  BeginStream();
  const air::UniqueFd slow = Join(1);
  const air::UniqueFd other = Join(2);
  // More than the socket and the queue together hold.
  std::size_t got = Read(other).size();
  const std::size_t before = got;
  constexpr int kPackets = 10'000;
  for (int i = 1; i <= kPackets; ++i) {
    fanout_.Consume(TsPacket(0x100, static_cast<std::uint8_t>(i), false, false));
    loop_.restart();
    loop_.poll();
    if (i % 8 == 0) got += Read(other).size();
  }
  Turn();
  got += Read(other).size();
  EXPECT_EQ(got - before, kPackets * kTsPacketBytes);
  EXPECT_EQ(fanout_.overflows(), 1u) << "the slow one has lost its place";
  EXPECT_EQ(viewers_->count(), 2);
  // It reads what it has, and goes on at the next picture.
  Read(slow);
  Turn();
  Read(slow);
  Send(TsPacket(0x100, 0, true, true));
  EXPECT_EQ(Read(slow).size(), 3 * kTsPacketBytes);
}

TEST_F(ViewerServerTest, EndsAllOfThem) {
  BeginStream();
  const air::UniqueFd watching = Join(1);
  Read(watching);
  fanout_.Interrupt();
  const air::UniqueFd waiting = Join(2);
  viewers_->EndAll();
  Turn();
  EXPECT_EQ(Read(watching), "(end)");
  EXPECT_EQ(Read(waiting), "(end)");
  EXPECT_EQ(viewers_->count(), 0);
}

TEST_F(ViewerServerTest, TakesNoDescriptorThatIsNoSocket) {
  channel_link::Viewer viewer;
  viewers_->Add(viewer, air::UniqueFd(dup(STDERR_FILENO)));
  Turn();
  EXPECT_EQ(viewers_->count(), 0);
}

}  // namespace
}  // namespace retrovue

#include "core/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "core/sink_listener.h"

namespace air {
namespace {

using boost::asio::ip::tcp;
using testing::HasSubstr;
using testing::StartsWith;

// PAT, PMT and a picture to start from, as a source would send them first.
std::vector<std::uint8_t> DecodableStart() {
  const auto packet = [](std::vector<std::uint8_t> bytes) {
    bytes.resize(kTsPacketBytes, 0xff);
    return bytes;
  };
  std::vector<std::uint8_t> stream;
  for (const auto& part :
       {packet({0x47, 0x40, 0, 0x10, 0, 0x00, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, 1, 0xf0, 0, 1, 2, 3, 4}),
        packet({0x47, 0x50, 0,    0x10, 0,    0x02, 0xb0, 18,   0, 1, 0xc1, 0, 0,
                0xe1, 0,    0xf0, 0,    0x1b, 0xe1, 0,    0xf0, 0, 1, 2,    3, 4}),
        packet({0x47, 0x41, 0, 0x30, 1, 0x40, 0, 0, 1, 0xe0})}) {
    stream.insert(stream.end(), part.begin(), part.end());
  }
  return stream;
}

// The whole of the viewers' side, with its loop on a thread of its own.
class Viewers : public testing::Test {
 protected:
  Viewers() {
    const std::string path = testing::TempDir() + "viewers_test_" + std::to_string(getpid()) + ".sock";
    sink_ = *SinkListener::Listen(loop_, path, fanout_, [](const std::string&) {});
    http_ = *HttpServer::Listen(loop_, "127.0.0.1:0", fanout_, [] { return std::string("clip <1>"); });
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Viewers() override {
    loop_.stop();
    thread_.join();
  }

  // A connection that has sent `request`.
  tcp::socket Send(const std::string& request) {
    const std::string url = http_->StreamUrl();
    const std::size_t host_end = url.find('/', 7);
    const int port = std::stoi(url.substr(url.rfind(':', host_end) + 1));
    tcp::socket socket(client_loop_);
    socket.connect({boost::asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(port)});
    boost::asio::write(socket, boost::asio::buffer(request));
    return socket;
  }
  static std::string ReadAll(tcp::socket socket) {
    std::string text;
    boost::system::error_code error;
    boost::asio::read(socket, boost::asio::dynamic_buffer(text), error);
    return text;
  }
  static std::string ReadHeader(tcp::socket& socket) {
    std::string text;
    while (text.size() < 4 || text.compare(text.size() - 4, 4, "\r\n\r\n") != 0) {
      char byte = 0;
      boost::asio::read(socket, boost::asio::buffer(&byte, 1));
      text += byte;
    }
    return text;
  }
  static std::vector<std::uint8_t> ReadBytes(tcp::socket& socket, std::size_t count) {
    std::vector<std::uint8_t> bytes(count);
    boost::asio::read(socket, boost::asio::buffer(bytes));
    return bytes;
  }
  // Once this returns, the loop has seen everything that was sent to it before.
  void WaitForLoop() {
    std::promise<void> reached;
    boost::asio::post(loop_, [&] { reached.set_value(); });
    reached.get_future().wait();
  }
  boost::asio::local::stream_protocol::socket ConnectSource() {
    boost::asio::local::stream_protocol::socket source(client_loop_);
    source.connect(boost::asio::local::stream_protocol::endpoint(sink_->path()));
    return source;
  }

  boost::asio::io_context client_loop_;
  boost::asio::io_context loop_;
  TsFanout fanout_;
  std::unique_ptr<SinkListener> sink_;
  std::unique_ptr<HttpServer> http_;
  std::thread thread_;
};

TEST_F(Viewers, GetTheBytesOfTheSourceUnchanged) {
  tcp::socket one = Send("GET /channel/1.ts HTTP/1.1\r\nHost: x\r\n\r\n");
  tcp::socket two = Send("GET /channel/1.ts?x=y HTTP/1.0\r\n\r\n");
  for (tcp::socket* viewer : {&one, &two}) {
    const std::string header = ReadHeader(*viewer);
    EXPECT_THAT(header, HasSubstr(" 200 OK"));
    EXPECT_THAT(header, HasSubstr("Content-Type: video/MP2T"));
    EXPECT_THAT(header, HasSubstr("Access-Control-Allow-Origin: *"));
  }
  auto source = ConnectSource();
  const auto stream = DecodableStart();
  boost::asio::write(source, boost::asio::buffer(stream));
  EXPECT_EQ(ReadBytes(one, stream.size()), stream);
  EXPECT_EQ(ReadBytes(two, stream.size()), stream);
}

TEST_F(Viewers, StayWhenTheSourceIsReplaced) {
  tcp::socket viewer = Send("GET /channel/1.ts HTTP/1.1\r\nHost: x\r\n\r\n");
  ReadHeader(viewer);
  const auto stream = DecodableStart();
  {
    auto first = ConnectSource();
    boost::asio::write(first, boost::asio::buffer(stream));
    ReadBytes(viewer, stream.size());
  }
  auto second = ConnectSource();
  boost::asio::write(second, boost::asio::buffer(stream));
  auto resumed = ReadBytes(viewer, stream.size());
  EXPECT_EQ(resumed[2 * kTsPacketBytes + 5] & 0x80, 0x80) << "the seam is marked";
  resumed[2 * kTsPacketBytes + 5] &= 0x7f;
  EXPECT_EQ(resumed, stream);
}

TEST_F(Viewers, AreCountedUntilTheyLeave) {
  const auto stream = DecodableStart();
  auto source = ConnectSource();
  boost::asio::write(source, boost::asio::buffer(stream));
  {
    tcp::socket viewer = Send("GET /channel/1.ts HTTP/1.1\r\nHost: x\r\n\r\n");
    ReadHeader(viewer);
    ReadBytes(viewer, stream.size());
    EXPECT_EQ(fanout_.viewer_count(), 1);
  }
  // The departure is noticed by writing to the closed connection.
  for (int i = 0; i < 1000 && fanout_.viewer_count() > 0; ++i) {
    boost::asio::write(source, boost::asio::buffer(stream));
    WaitForLoop();
    std::this_thread::yield();
  }
  EXPECT_EQ(fanout_.viewer_count(), 0);
}

TEST_F(Viewers, MayAskForTheHeaderAlone) {
  const std::string answer = ReadAll(Send("HEAD /channel/1.ts HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(answer, HasSubstr("video/MP2T"));
  EXPECT_EQ(answer.substr(answer.find("\r\n\r\n")), "\r\n\r\n");
}

TEST_F(Viewers, FindTheAddressAndTheStatusOnTheFrontPage) {
  const std::string answer = ReadAll(Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_THAT(answer, HasSubstr("200 OK"));
  EXPECT_THAT(answer, HasSubstr(http_->StreamUrl()));
  EXPECT_THAT(answer, HasSubstr("clip &lt;1&gt;"));
}

TEST_F(Viewers, AreToldWhatThereIsNot) {
  EXPECT_THAT(ReadAll(Send("GET /channel/2.ts HTTP/1.1\r\nHost: x\r\n\r\n")), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(ReadAll(Send("DELETE / HTTP/1.1\r\nHost: x\r\n\r\n")), StartsWith("HTTP/1.1 405"));
}

TEST_F(Viewers, ThatSpeakNoHttpAreSentAwayAndOthersServed) {
  EXPECT_EQ(ReadAll(Send("\x16\x03\x01 hello\r\n\r\n")), "");
  EXPECT_THAT(ReadAll(Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")), HasSubstr("200 OK"));
}

TEST(HttpServer, SaysWhatToDoWhenItsAddressIsTaken) {
  boost::asio::io_context loop;
  TsFanout fanout;
  const auto first = HttpServer::Listen(loop, "127.0.0.1:0", fanout, [] { return ""; });
  ASSERT_TRUE(first.ok());
  const std::string url = (*first)->StreamUrl();
  const std::string address = url.substr(7, url.find('/', 7) - 7);
  const auto second = HttpServer::Listen(loop, address, fanout, [] { return ""; });
  EXPECT_TRUE(absl::IsUnavailable(second.status()));
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("--http"));
  EXPECT_TRUE(absl::IsInvalidArgument(HttpServer::Listen(loop, "8080", fanout, [] { return ""; }).status()));
}

TEST(HttpServer, RefusesAPortThatDoesNotExist) {
  boost::asio::io_context loop;
  TsFanout fanout;
  const auto server = HttpServer::Listen(loop, "127.0.0.1:99999", fanout, [] { return ""; });
  EXPECT_TRUE(absl::IsInvalidArgument(server.status()));
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("65535"));
}

TEST(SinkListener, RefusesAPathThatDoesNotFitInASocketAddress) {
  boost::asio::io_context loop;
  TsFanout fanout;
  const auto listener =
      SinkListener::Listen(loop, "/tmp/" + std::string(120, 'x'), fanout, [](const std::string&) {});
  EXPECT_TRUE(absl::IsInvalidArgument(listener.status()));
}

}  // namespace
}  // namespace air

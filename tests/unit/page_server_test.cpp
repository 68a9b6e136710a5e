// What strangers may do to a port that serves pages: they get an answer or are sent away, in bounded time, and
// the next one is served.
#include "net/page_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "net/host_port.h"

namespace air {
namespace {

using boost::asio::ip::tcp;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Pages : public testing::Test {
 protected:
  Pages()
      : server_(*PageServer::Bind("127.0.0.1:0", [](const std::string& path) -> std::optional<HttpPage> {
          if (path != "/page") return std::nullopt;
          return HttpPage{.body = "what it says\n"};
        })) {
    server_->Start();
  }
  tcp::socket Dial() {
    tcp::socket socket(loop_);
    socket.connect({boost::asio::ip::address_v4::loopback(),
                    ParseHostPort(server_->address(), PortRange::kNotZero)->port});
    return socket;
  }
  tcp::socket Send(const std::string& bytes) {
    tcp::socket socket = Dial();
    boost::system::error_code left;  // a server that has had enough does not take all of it
    boost::asio::write(socket, boost::asio::buffer(bytes), left);
    return socket;
  }
  static std::string ReadAll(tcp::socket socket) {
    std::string text;
    boost::system::error_code error;
    boost::asio::read(socket, boost::asio::dynamic_buffer(text), error);
    return text;
  }
  std::string Get(const std::string& path) {
    return ReadAll(Send("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"));
  }

  boost::asio::io_context loop_;
  std::unique_ptr<PageServer> server_;
};

TEST_F(Pages, AreServedWithAndWithoutAQuery) {
  EXPECT_THAT(Get("/page"), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("\r\n\r\nwhat it says\n")));
  EXPECT_THAT(Get("/page?x=y"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(ReadAll(Send("GET /page HTTP/1.0\r\n\r\n")), HasSubstr(" 200 "));
}

TEST_F(Pages, HaveAHeadOfTheirOwn) {
  EXPECT_THAT(
      ReadAll(Send("HEAD /page HTTP/1.1\r\nHost: x\r\n\r\n")),
      AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("Content-Length: 13"), Not(HasSubstr("what it says"))));
}

TEST_F(Pages, ThatAreNotThereAreSaidNotToBe) {
  for (const char* path : {"/", "/favicon.ico", "/page/", "//page", "/../page"})
    EXPECT_THAT(Get(path), StartsWith("HTTP/1.1 404")) << path;
}

TEST_F(Pages, CannotBeWrittenTo) {
  for (const std::string method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "NONSENSE"}) {
    EXPECT_THAT(ReadAll(Send(method + " /page HTTP/1.1\r\nHost: x\r\n\r\n")),
                AllOf(StartsWith("HTTP/1.1 405"), HasSubstr("Allow: GET, HEAD")))
        << method;
  }
}

// The answer comes although the server does not read the body, however large it is said to be.
TEST_F(Pages, AreAnsweredOverARequestBodyThatIsNotRead) {
  EXPECT_THAT(ReadAll(Send("POST /page HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n" +
                           std::string(100'000, 'x'))),
              StartsWith("HTTP/1.1 405"));
}

TEST_F(Pages, SendAwayWhatIsNoRequest) {
  const std::string all_bytes = [] {
    std::string bytes;
    for (int i = 255; i >= 0; --i) bytes.push_back(static_cast<char>(i));
    return bytes;
  }();
  for (const std::string& bytes :
       {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + "\r\n\r\n",  // the hello of TLS
        std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), all_bytes + "\r\n\r\n", std::string("\r\n\r\n\r\n"),
        "GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\n\r\n",
        "GET /page HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"}) {
    EXPECT_THAT(ReadAll(Send(bytes)), Not(HasSubstr(" 200 "))) << bytes.substr(0, 20);
  }
  EXPECT_THAT(Get("/page"), StartsWith("HTTP/1.1 200"));
}

TEST_F(Pages, AreServedBesideConnectionsThatSendNothing) {
  std::vector<tcp::socket> idle;
  for (int i = 0; i < 10; ++i) idle.push_back(Dial());
  for (int i = 0; i < 5; ++i) idle.push_back(Send("GET /page HT"));
  EXPECT_THAT(Get("/page"), StartsWith("HTTP/1.1 200"));
}

TEST_F(Pages, SendAwayAHalfRequestInTime) { EXPECT_EQ(ReadAll(Send("GET /page HT")), ""); }

TEST_F(Pages, RefuseConnectionsBeyondTheLimitAndCountThem) {
  {
    std::vector<tcp::socket> idle;
    for (int i = 0; i < 100; ++i) idle.push_back(Dial());
    EXPECT_EQ(Get("/page"), "");
    EXPECT_GE(server_->refused(), 70u);
  }
  // Those that have left make room; when that is seen is the kernel's business.
  std::string answer;
  for (int i = 0; i < 1000 && answer.empty(); ++i) answer = Get("/page");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
}

TEST_F(Pages, OutliveClientsThatResetTheConnection) {
  for (int i = 0; i < 50; ++i) {
    tcp::socket socket = Send(i % 2 == 0 ? "GET /pa" : "GET /page HTTP/1.1\r\nHost: x\r\n\r\n");
    socket.set_option(boost::asio::socket_base::linger(true, 0));
  }
  std::string answer;
  for (int i = 0; i < 1000 && answer.empty(); ++i) answer = Get("/page");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
}

TEST(PageServer, WaitsWithAnswersUntilItIsStartedAndCanBeEndedBefore) {
  const auto pages = [](const std::string&) { return std::optional(HttpPage{.body = "late\n"}); };
  { const auto never = *PageServer::Bind("127.0.0.1:0", pages); }
  const auto server = *PageServer::Bind("127.0.0.1:0", pages);
  boost::asio::io_context loop;
  tcp::socket socket(loop);
  socket.connect(
      {boost::asio::ip::address_v4::loopback(), ParseHostPort(server->address(), PortRange::kNotZero)->port});
  boost::asio::write(socket, boost::asio::buffer(std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\n")));
  EXPECT_EQ(socket.available(), 0u);
  server->Start();
  std::string text;
  boost::system::error_code end;
  boost::asio::read(socket, boost::asio::dynamic_buffer(text), end);
  EXPECT_THAT(text, HasSubstr("late"));
}

TEST(PageServer, RefusesAnAddressThatIsTakenOrNone) {
  const auto none = [](const std::string&) { return std::optional<HttpPage>(); };
  const auto first = *PageServer::Bind("127.0.0.1:0", none);
  EXPECT_TRUE(absl::IsUnavailable(PageServer::Bind(first->address(), none).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(PageServer::Bind("127.0.0.1:99999", none).status()));
}

}  // namespace
}  // namespace air

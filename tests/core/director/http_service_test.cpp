// What strangers and viewers get over a real socket on loopback: answers with the right heads, in bounded time, and a viewer's socket in
// other hands stays open.
#include "core/director/http/http_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <thread>

#include "absl/strings/str_cat.h"
#include "core/director/http/listening_sockets.h"
#include "core/director/pages/gzip.h"

namespace retrovue {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Service : public testing::Test {
 protected:
  Service() {
    Serve(*ListenHttp(loop_, "127.0.0.1:0", {.connections = 16, .request = std::chrono::seconds(1)}),
          HttpService::Audience::kViewers);
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Service() override {
    loop_.stop();
    thread_.join();
  }
  void Serve(std::unique_ptr<air::HttpListener> listener, HttpService::Audience audience) {
    port_ = listener->endpoint().port();
    service_.Serve(std::move(listener), audience);
  }
  tcp::socket Send(const std::string& bytes) {
    tcp::socket socket(client_loop_);
    socket.connect({asio::ip::address_v4::loopback(), port_});
    boost::system::error_code left;
    asio::write(socket, asio::buffer(bytes), left);
    return socket;
  }
  template <typename Socket>
  static std::string ReadAll(Socket socket) {
    std::string text;
    boost::system::error_code error;
    asio::read(socket, asio::dynamic_buffer(text), error);
    return text;
  }
  std::string Ask(const std::string& path, const std::string& headers = "Host: localhost\r\n",
                  const std::string& method = "GET") {
    return ReadAll(Send(absl::StrCat(method, " ", path, " HTTP/1.1\r\n", headers, "\r\n")));
  }

  asio::io_context loop_;
  asio::io_context client_loop_;
  PageRequest seen_;
  std::vector<int> taken_;
  HttpService service_{
      HostRule(),
      {.page = [this](const PageRequest& request) -> asio::awaitable<Answer> {
         seen_ = request;
         if (request.route.path == "/throws") throw std::runtime_error("as it does");
         if (request.route.path == "/long") co_return TextAnswer("text/plain", std::string(3'000'000, 'x'));
         co_return TextAnswer("text/plain", absl::StrCat("page ", request.route.path, "\n"));
       },
       .stream = [this](const PageRequest& request,
                        HttpService::Stream& stream) -> asio::awaitable<std::optional<Answer>> {
         seen_ = request;
         if (request.route.slug == "off")
           co_return ErrorAnswer(AnswerCode::kNotReady, "y", std::chrono::seconds(3));
         taken_.push_back(stream.socket().release());
         co_return std::nullopt;
       }}};
  std::uint16_t port_ = 0;
  std::thread thread_;
};

TEST_F(Service, SendsAPageWithItsLength) {
  EXPECT_THAT(Ask("/x"), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Content-Length: 8\r\n"),
                               HasSubstr("Connection: close"), HasSubstr("X-Content-Type-Options: nosniff"),
                               HasSubstr("\r\n\r\npage /x\n")));
}

TEST_F(Service, SendsALongPageWhole) {
  const std::string answer = Ask("/long");
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, 3'000'000u);
}

TEST_F(Service, SendsTheHeadAlone) {
  EXPECT_THAT(Ask("/x", "Host: localhost\r\n", "HEAD"),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("Content-Length: 8"), Not(HasSubstr("page /x"))));
}

TEST_F(Service, TellsWhatTheClientIs) {
  Ask("/x?a=b",
      "Host: tv.local:8080\r\nUser-Agent: VLC\t3\r\nIf-None-Match: \"e\"\r\nAccept-Encoding: gzip, br\r\n");
  EXPECT_EQ(seen_.base_url, "http://tv.local:8080");
  EXPECT_EQ(seen_.user_agent, "VLC 3");
  EXPECT_EQ(seen_.if_none_match, "\"e\"");
  EXPECT_EQ(seen_.target, "/x?a=b");
  EXPECT_TRUE(seen_.takes_gzip);
  EXPECT_THAT(seen_.client, StartsWith("127.0.0.1:"));
  ReadAll(Send("GET /x HTTP/1.0\r\n\r\n"));
  EXPECT_EQ(seen_.base_url, absl::StrCat("http://127.0.0.1:", port_));
  EXPECT_EQ(seen_.http_minor, 0u);
  EXPECT_FALSE(seen_.takes_gzip);
}

TEST_F(Service, RefusesMethodsPathsAndNames) {
  EXPECT_THAT(Ask("/x", "Host: localhost\r\n", "POST"),
              AllOf(StartsWith("HTTP/1.1 405"), HasSubstr("Allow: GET, HEAD, OPTIONS")));
  EXPECT_THAT(Ask("/../x"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Ask("/x", "Host: evil.example\r\n"),
              AllOf(StartsWith("HTTP/1.1 421"), HasSubstr("--allow-host")));
}

TEST_F(Service, AnswersOptionsForOtherOrigins) {
  EXPECT_THAT(Ask("/channel/a.ts", "Host: localhost\r\n", "OPTIONS"),
              AllOf(StartsWith("HTTP/1.1 204"), HasSubstr("Access-Control-Allow-Origin: *"),
                    Not(HasSubstr("Content-Length"))));
}

TEST_F(Service, AMistakeCostsOneAnswer) {
  EXPECT_THAT(Ask("/throws"), AllOf(StartsWith("HTTP/1.1 500"), Not(HasSubstr("as it does"))));
  EXPECT_THAT(Ask("/x"), StartsWith("HTTP/1.1 200"));
}

TEST_F(Service, AViewerThatIsRefusedIsToldSo) {
  EXPECT_THAT(Ask("/channel/off.ts"), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("Retry-After: 3"),
                                            HasSubstr("\"code\":\"NOT_READY\"")));
}

TEST_F(Service, AViewersSocketLivesOnInOtherHands) {
  tcp::socket viewer = Send("GET /channel/news.ts HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(Ask("/x"), StartsWith("HTTP/1.1 200"));  // by then the first one has been dealt with
  for (int i = 0; i < 200 && taken_.empty(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  ASSERT_EQ(taken_.size(), 1u);
  const std::string bytes = "HTTP/1.1 200 OK\r\n\r\nts";
  ASSERT_EQ(send(taken_[0], bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  close(taken_[0]);
  EXPECT_EQ(ReadAll(std::move(viewer)), bytes);
}

TEST_F(Service, HeadOfAStreamTakesNobody) {
  EXPECT_THAT(Ask("/channel/news.ts", "Host: localhost\r\n", "HEAD"), StartsWith("HTTP/1.1 200"));
  EXPECT_TRUE(taken_.empty());
}

TEST_F(Service, OneThatSendsNoRequestIsLetGo) {
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(ReadAll(Send("GET /x HTTP/1.1\r\nHost: lo")), "");
  EXPECT_EQ(ReadAll(Send("GET /" + std::string(20'000, 'a'))), "");
  EXPECT_EQ(ReadAll(Send("\x16\x03\x01 no http")), "");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(8));
  EXPECT_THAT(Ask("/x"), StartsWith("HTTP/1.1 200"));
}

TEST_F(Service, HundredsOfConnectionsLeaveRoomForTheNext) {
  {
    std::vector<tcp::socket> open;
    for (int i = 0; i < 200; ++i) open.push_back(Send(""));
    for (int i = 0; i < 100 && service_.refused() < 180; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_GE(service_.refused(), 180u);
  }
  std::string answer;
  for (int i = 0; i < 100 && answer.empty(); ++i) {
    answer = Ask("/x");
    if (answer.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
}

TEST(ListeningSockets, AUnixSocketServesOperatorsAndKeepsOthersOut) {
  const std::string path = testing::TempDir() + absl::StrCat("http", getpid(), ".sock");
  asio::io_context loop;
  HttpService service(HostRule(), {.page = [](const PageRequest& request) -> asio::awaitable<Answer> {
                                     co_return TextAnswer("text/plain",
                                                          request.base_url + "|" + request.client);
                                   },
                                   .stream = nullptr});
  auto listener = ListenHttp(loop, "unix:" + path, {});
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_FALSE(ListenHttp(loop, "unix:" + path, {}).ok()) << "it is in use";
  service.Serve(*std::move(listener), HttpService::Audience::kOperators);
  std::thread thread([&] { loop.run(); });
  asio::io_context client_loop;
  asio::local::stream_protocol::socket socket(client_loop);
  socket.connect({path});
  asio::write(socket, asio::buffer(std::string("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")));
  std::string text;
  boost::system::error_code error;
  asio::read(socket, asio::dynamic_buffer(text), error);
  EXPECT_THAT(text, AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("http://localhost|")));
  loop.stop();
  thread.join();
  unlink(path.c_str());
}

TEST(ListeningSockets, ANameLeftBehindIsTakenOver) {
  const std::string path = testing::TempDir() + absl::StrCat("left", getpid(), ".sock");
  asio::io_context loop;
  { ASSERT_TRUE(ListenHttp(loop, "unix:" + path, {}).ok()); }
  EXPECT_TRUE(ListenHttp(loop, "unix:" + path, {}).ok());
  unlink(path.c_str());
  EXPECT_FALSE(ListenHttp(loop, "unix:", {}).ok());
  EXPECT_FALSE(ListenHttp(loop, "unix:/" + std::string(200, 'x'), {}).ok());
  EXPECT_FALSE(ListenHttp(loop, "127.0.0.1:99999", {}).ok());
}

TEST(ListeningSockets, WhatDoesNotListenIsNotAdopted) {
  asio::io_context loop;
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  EXPECT_FALSE(air::HttpListener::Adopt(loop, air::UniqueFd(pair[0]), {}).ok());
  EXPECT_FALSE(air::HttpListener::Adopt(loop, air::UniqueFd(dup(STDERR_FILENO)), {}).ok());
  close(pair[1]);
}

TEST(TakesGzip, AsTheHeaderSays) {
  for (const char* header : {"gzip", "br, gzip", "gzip;q=0.5", "*", "deflate, GZIP ; q=1", "x-gzip"})
    EXPECT_TRUE(TakesGzip(header)) << header;
  for (const char* header : {"", "br", "gzip;q=0", "identity", "*;q=0", "gzip; q=0.0", "gzip;q=0, *"})
    EXPECT_FALSE(TakesGzip(header)) << header;
}

TEST(Gzip, ComesBackAsItWas) {
  for (const std::size_t size : {0u, 1u, 100u, 70'000u, 3'000'000u}) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) text += static_cast<char>(i * i % 251);
    const std::string packed = Gzip(text);
    EXPECT_EQ(packed, Gzip(text));
    const auto unpacked = Gunzip(packed, size);
    ASSERT_TRUE(unpacked.ok()) << size;
    EXPECT_EQ(*unpacked, text);
  }
}

TEST(Gzip, RefusesWhatIsNoneAndWhatIsTooMuch) {
  EXPECT_FALSE(Gunzip("no gzip", 100).ok());
  EXPECT_FALSE(Gunzip("", 100).ok());
  const std::string packed = Gzip(std::string(1'000'000, 'a'));
  EXPECT_FALSE(Gunzip(packed, 999'999).ok());
  EXPECT_FALSE(Gunzip(packed.substr(0, packed.size() / 2), 2'000'000).ok());
}

}  // namespace
}  // namespace retrovue

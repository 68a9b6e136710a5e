#include "client/metrics_page.h"

#include <gtest/gtest.h>

#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>

namespace air {
namespace {

using boost::asio::ip::tcp;

TEST(MetricsPage, ReadsNamesLabelsAndValues) {
  const MetricsPage page = MetricsPage::Parse(
      "# HELP air_pad_frames_total Pad frames by cause\n"
      "# TYPE air_pad_frames_total counter\n"
      "air_pad_frames_total{cause=\"LATE\"} 3\n"
      "air_pad_frames_total{cause=\"EOF\"} 4\n"
      "air_program_frames_total 1.5e+06 1700000000000\n");
  EXPECT_EQ(page.Value("air_program_frames_total"), 1.5e6);
  EXPECT_EQ(page.Value("air_pad_frames_total", {{"cause", "EOF"}}), 4);
  EXPECT_EQ(page.Sum("air_pad_frames_total"), 7);
  EXPECT_EQ(page.Named("air_pad_frames_total").size(), 2u);
}

TEST(MetricsPage, LeavesAMissingMetricAbsentRatherThanZero) {
  const MetricsPage page = MetricsPage::Parse("a 1\n");
  EXPECT_EQ(page.Value("b"), std::nullopt);
  EXPECT_EQ(page.Sum("b"), std::nullopt);
  EXPECT_EQ(page.Value("a", {{"cause", "LATE"}}), std::nullopt);
}

TEST(MetricsPage, ResolvesEscapesInLabelValues) {
  const MetricsPage page = MetricsPage::Parse(R"(air_on_air{asset="/tv/a \"b\", {c}\\d.mp4",block="b 1"} 1)");
  ASSERT_EQ(page.Named("air_on_air").size(), 1u);
  EXPECT_EQ(page.Named("air_on_air")[0].labels.at("asset"), "/tv/a \"b\", {c}\\d.mp4");
  EXPECT_EQ(page.Named("air_on_air")[0].labels.at("block"), "b 1");
}

TEST(MetricsPage, SkipsLinesItDoesNotUnderstandAndReadsTheRest) {
  const MetricsPage page = MetricsPage::Parse(
      "broken{label=\"never closed} 1\nbroken{label} 1\nlonely\n{} 2\nworded many\n\xff\xfe\nfine 5\n");
  EXPECT_EQ(page.Value("fine"), 5);
  EXPECT_EQ(page.Value("broken"), std::nullopt);
  EXPECT_EQ(page.Value("worded"), std::nullopt);
}

// Answers one connection with `reply`, then closes it.
class OneShotServer {
 public:
  explicit OneShotServer(std::string reply) : acceptor_(loop_, {boost::asio::ip::address_v4::loopback(), 0}) {
    thread_ = std::thread([this, reply = std::move(reply)] {
      boost::system::error_code error;
      tcp::socket socket = acceptor_.accept(error);
      if (error) return;
      boost::asio::streambuf request;
      boost::asio::read_until(socket, request, "\r\n\r\n", error);
      boost::asio::write(socket, boost::asio::buffer(reply), error);
    });
  }
  ~OneShotServer() { thread_.join(); }
  std::string address() const { return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }

 private:
  boost::asio::io_context loop_;
  tcp::acceptor acceptor_;
  std::thread thread_;
};

TEST(MetricsPage, IsFetchedOverHttp) {
  OneShotServer server("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na 1\n");
  const auto page = FetchMetricsPage(server.address(), std::chrono::seconds(10));
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->Value("a"), 1);
}

TEST(MetricsPage, RefusesAnAnswerThatIsNotAMetricsPage) {
  OneShotServer server("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  const auto page = FetchMetricsPage(server.address(), std::chrono::seconds(10));
  EXPECT_EQ(page.status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(MetricsPage, SaysThatNothingAnswers) {
  tcp::endpoint closed;
  {
    boost::asio::io_context loop;
    closed = tcp::acceptor(loop, {boost::asio::ip::address_v4::loopback(), 0}).local_endpoint();
  }
  const auto page = FetchMetricsPage("127.0.0.1:" + std::to_string(closed.port()), std::chrono::seconds(10));
  EXPECT_EQ(page.status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace air

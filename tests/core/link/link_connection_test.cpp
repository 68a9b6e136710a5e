#include "core/link/link_connection.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <optional>

#include "link/seqpacket.h"

namespace retrovue {
namespace {

// Two ends on one loop.
class LinkConnectionTest : public testing::Test {
 protected:
  LinkConnectionTest() {
    int pair[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    raw_a_ = pair[0];
    a_ = std::make_unique<LinkConnection>(loop_, air::UniqueFd(pair[0]), 1 << 20);
    b_ = std::make_unique<LinkConnection>(loop_, air::UniqueFd(pair[1]), 1 << 20);
  }
  void Start() {
    a_->Start([](std::string, std::vector<air::UniqueFd>) {},
              [this](const absl::Status& why) { a_closed_ = why; });
    b_->Start(
        [this](std::string bytes, std::vector<air::UniqueFd> fds) {
          got_.push_back(std::move(bytes));
          for (air::UniqueFd& fd : fds) got_fds_.push_back(std::move(fd));
        },
        [this](const absl::Status& why) { b_closed_ = why; });
  }
  // Runs what is due.
  void Turn() {
    for (int i = 0; i < 200; ++i) loop_.poll();
  }

  boost::asio::io_context loop_;
  int raw_a_ = -1;
  std::unique_ptr<LinkConnection> a_, b_;
  std::vector<std::string> got_;
  std::vector<air::UniqueFd> got_fds_;
  std::optional<absl::Status> a_closed_, b_closed_;
};

TEST_F(LinkConnectionTest, CarriesMessagesWholeAndInOrder) {
  Start();
  const std::string long_one(500'000, 'x');
  for (const std::string& message : {std::string("one"), long_one, std::string(), std::string("four")}) {
    ASSERT_TRUE(a_->Send(message).ok());
  }
  Turn();
  EXPECT_THAT(got_, testing::ElementsAre("one", long_one, "", "four"));
  EXPECT_TRUE(a_->is_flushed());
}

TEST_F(LinkConnectionTest, CarriesDescriptorsWithTheMessageTheyBelongTo) {
  Start();
  int pipe[2];
  ASSERT_EQ(pipe2(pipe, O_CLOEXEC), 0);
  const air::UniqueFd read_end(pipe[0]);
  std::vector<air::UniqueFd> fds;
  fds.emplace_back(pipe[1]);
  ASSERT_TRUE(a_->Send(std::string(200'000, 'y'), std::move(fds)).ok());
  Turn();
  ASSERT_EQ(got_.size(), 1u);
  ASSERT_EQ(got_fds_.size(), 1u);
  ASSERT_EQ(write(got_fds_[0].get(), "!", 1), 1);
  char heard = 0;
  EXPECT_EQ(read(read_end.get(), &heard, 1), 1);
  got_fds_.clear();
  EXPECT_EQ(read(read_end.get(), &heard, 1), 0) << "no copy is left at the sender's";
}

TEST_F(LinkConnectionTest, RefusesWhatIsTooLong) {
  Start();
  EXPECT_TRUE(absl::IsInvalidArgument(a_->Send(std::string(kMostMessageBytes, 'x'))));
  std::vector<air::UniqueFd> fds(kMostMessageDescriptors + 1);
  EXPECT_TRUE(absl::IsInvalidArgument(a_->Send("x", std::move(fds))));
  EXPECT_TRUE(a_->is_open());
}

TEST_F(LinkConnectionTest, SaysOnceThatThePeerIsGoneAfterWhatItSaidLast) {
  Start();
  ASSERT_TRUE(a_->Send("goodbye").ok());
  a_->Close();
  Turn();
  EXPECT_THAT(got_, testing::ElementsAre("goodbye"));
  ASSERT_TRUE(b_closed_.has_value());
  EXPECT_TRUE(absl::IsFailedPrecondition(*b_closed_));
  EXPECT_FALSE(b_->is_open());
  EXPECT_TRUE(absl::IsFailedPrecondition(b_->Send("anybody?")));
  EXPECT_FALSE(a_closed_.has_value()) << "it closed itself";
}

TEST_F(LinkConnectionTest, TakesWhatHasComeWithoutTheLoop) {
  Start();
  ASSERT_TRUE(a_->Send("one").ok());
  a_->Close();
  b_->ReadNow();
  EXPECT_THAT(got_, testing::ElementsAre("one"));
  EXPECT_TRUE(b_closed_.has_value());
  Turn();
  EXPECT_EQ(got_.size(), 1u);
}

TEST_F(LinkConnectionTest, LetsGoOfAPeerThatDoesNotRead) {
  a_->Start([](std::string, std::vector<air::UniqueFd>) {},
            [this](const absl::Status& why) { a_closed_ = why; });
  absl::Status sent;
  for (int i = 0; i < 100 && sent.ok(); ++i) sent = a_->Send(std::string(100'000, 'x'));
  EXPECT_TRUE(absl::IsResourceExhausted(sent)) << sent;
  EXPECT_FALSE(a_closed_.has_value()) << "not from within the call";
  Turn();
  ASSERT_TRUE(a_closed_.has_value());
  EXPECT_TRUE(absl::IsResourceExhausted(*a_closed_));
}

TEST_F(LinkConnectionTest, EndsAtWhatIsNoPacketOfALink) {
  Start();
  ASSERT_TRUE(air::SendMessage(raw_a_, "hello").ok());
  Turn();
  ASSERT_TRUE(b_closed_.has_value());
  EXPECT_TRUE(absl::IsInvalidArgument(*b_closed_));
}

TEST_F(LinkConnectionTest, EndsAtAMessageWithoutAnEnd) {
  Start();
  const std::string more = '\1' + std::string(60'000, 'x');
  for (int i = 0; i < 1000 && !b_closed_; ++i) {
    (void)air::SendMessage(raw_a_, more);
    loop_.poll();
  }
  ASSERT_TRUE(b_closed_.has_value());
  EXPECT_TRUE(absl::IsInvalidArgument(*b_closed_));
}

TEST_F(LinkConnectionTest, MayBeDestroyedByWhatItTells) {
  a_->Start([](std::string, std::vector<air::UniqueFd>) {}, [](const absl::Status&) {});
  b_->Start([this](std::string, std::vector<air::UniqueFd>) { b_.reset(); }, [](const absl::Status&) {});
  ASSERT_TRUE(a_->Send("one").ok());
  ASSERT_TRUE(a_->Send("two").ok());
  Turn();
  EXPECT_EQ(b_, nullptr);
}

}  // namespace
}  // namespace retrovue

// The courier between a disk and a control plane that comes and goes, over real gRPC on the loopback.
#include "supervisor/evidence/evidence_courier.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "evidence/evidence_files.h"
#include "tests/support/evidence_core.h"

namespace air {
namespace {

using namespace std::chrono_literals;

class EvidenceCourierTest : public ::testing::Test {
 protected:
  EvidenceCourierTest() : folder_(::testing::TempDir() + "air-courier-XXXXXX") {
    if (mkdtemp(folder_.data()) == nullptr) std::abort();
  }
  ~EvidenceCourierTest() override {
    courier_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void Begin(const std::string& endpoint, EvidenceSpool::Limits limits = {}) {
    courier_.reset();
    evidence::Session session;
    session.set_playout_session_id("session");
    session.set_channel_name("seven");
    session.set_endpoint(endpoint);
    courier_ = std::make_unique<EvidenceCourier>(clock_, *EvidenceSpool::Open(folder_, session, limits));
  }
  void Submit(uint64_t from, uint64_t to, bool terminated = false) {
    for (uint64_t n = from; n <= to; ++n) {
      evidence::Record record;
      record.set_number(n);
      record.mutable_message()->set_sequence(n);
      record.mutable_message()->set_playout_session_id("session");
      record.mutable_message()->set_event_uuid("event " + std::to_string(n));
      record.mutable_state()->set_number(n);
      record.mutable_state()->set_sequence(n);
      record.mutable_state()->set_terminated(terminated && n == to);
      courier_->Submit(record);
    }
  }
  bool WaitUntilAcknowledged(uint64_t sequence) {
    for (int i = 0; i < 1000 && courier_->Snapshot().acknowledged < sequence; ++i)
      std::this_thread::sleep_for(10ms);
    return courier_->Snapshot().acknowledged == sequence;
  }
  // What the control plane has stored are the messages 1 to `last`, each once, in order.
  void ExpectStored(uint64_t last) {
    uint64_t expected = 0;
    for (const auto& message : core_.stored()) EXPECT_EQ(message.sequence(), ++expected);
    EXPECT_EQ(expected, last);
  }

  SystemClock clock_;
  std::string folder_;
  EvidenceCore core_;
  std::unique_ptr<EvidenceCourier> courier_;
};

TEST_F(EvidenceCourierTest, GreetsFirstAndThenSendsEverythingInOrder) {
  Begin(core_.endpoint());
  Submit(1, 600);
  ASSERT_TRUE(WaitUntilAcknowledged(600));
  ExpectStored(600);
  const EvidenceCore::Message hello = core_.received().at(0);
  EXPECT_TRUE(hello.has_hello());
  EXPECT_EQ(hello.sequence(), 0u);
  EXPECT_EQ(hello.event_uuid(), "hello");
  EXPECT_EQ(hello.schema_version(), 1u);
  EXPECT_EQ(hello.channel_id(), "seven");
  EXPECT_EQ(hello.playout_session_id(), "session");
  EXPECT_EQ(hello.hello().first_sequence_available(), 1u);
}

TEST_F(EvidenceCourierTest, GoesOnBehindTheLastAcknowledgementWhenTheControlPlaneIsRestarted) {
  Begin(core_.endpoint());
  Submit(1, 10);
  ASSERT_TRUE(WaitUntilAcknowledged(10));
  core_.Stop();
  Submit(11, 20);
  std::this_thread::sleep_for(300ms);
  core_.Start();
  Submit(21, 25);
  ASSERT_TRUE(WaitUntilAcknowledged(25));
  ExpectStored(25);
  EXPECT_GE(courier_->Snapshot().attempts, 2u);
}

TEST_F(EvidenceCourierTest, WaitsForAControlPlaneThatIsNotThereYet) {
  core_.Stop();
  Begin(core_.endpoint());
  Submit(1, 5);
  std::this_thread::sleep_for(250ms);
  EXPECT_FALSE(courier_->Snapshot().connected);
  EXPECT_TRUE(courier_->Finish(50ms)) << "nobody is there: the end of the process waits for nobody";
  core_.Start();
  ASSERT_TRUE(WaitUntilAcknowledged(5));
  ExpectStored(5);
}

TEST_F(EvidenceCourierTest, ASuccessorSendsWhatItsPredecessorCouldNot) {
  core_.Stop();
  Begin(core_.endpoint());
  Submit(1, 5);
  courier_.reset();
  core_.Start();
  Begin("this is not asked: the session has its endpoint");
  Submit(6, 7);
  ASSERT_TRUE(WaitUntilAcknowledged(7));
  ExpectStored(7);
}

TEST_F(EvidenceCourierTest, SendsAgainWhatWasSentAndNotAcknowledged) {
  core_.BeSilent(true);
  Begin(core_.endpoint());
  Submit(1, 3);
  ASSERT_TRUE(core_.WaitForSequence(3, 8s)) << "after five seconds it goes on without a greeting";
  EXPECT_EQ(courier_->Snapshot().acknowledged, 0u);
  EXPECT_FALSE(courier_->Finish(50ms)) << "it waits as long as it is told to";
  core_.Stop();
  core_.BeSilent(false);
  core_.Start();
  ASSERT_TRUE(WaitUntilAcknowledged(3));
  ExpectStored(3);
  EXPECT_EQ(core_.received().back().sequence(), 3u);
  EXPECT_GE(core_.received().size(), 8u) << "two greetings, and each message twice";
}

TEST_F(EvidenceCourierTest, SendsFromMemoryWhatTheDiskDoesNotTake) {
  core_.Stop();
  Begin(core_.endpoint(), {.file_bytes = 400, .session_bytes = 800});
  Submit(1, 100);
  core_.Start();
  ASSERT_TRUE(WaitUntilAcknowledged(100));
  ExpectStored(100);
  Submit(101, 102);
  ASSERT_TRUE(WaitUntilAcknowledged(102));
  EXPECT_EQ(courier_->Snapshot().dropped, 0u);
}

TEST_F(EvidenceCourierTest, IsDoneWhenTheSessionIsOverAndEverythingIsAcknowledged) {
  Begin(core_.endpoint());
  Submit(1, 2);
  ASSERT_TRUE(WaitUntilAcknowledged(2));
  EXPECT_FALSE(courier_->IsDone());
  Submit(3, 3, /*terminated=*/true);
  EXPECT_TRUE(courier_->Finish(5s));
  EXPECT_TRUE(courier_->IsDone());
  Begin("");
  EXPECT_TRUE(courier_->IsDone()) << "for a successor, too";
}

TEST_F(EvidenceCourierTest, NeverMakesTheSubmitterWait) {
  core_.BeSilent(true);
  Begin(core_.endpoint());
  const auto start = std::chrono::steady_clock::now();
  Submit(1, 20'000);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
}

// A disk that does not answer: the session's first file is a pipe, and to open it waits for its other end.
class EvidenceOnADeadDisk : public EvidenceCourierTest {
 protected:
  EvidenceOnADeadDisk() {
    session_.set_playout_session_id("session");
    session_.set_channel_name("seven");
    EXPECT_EQ(mkfifo(Pipe().c_str(), 0600), 0);
  }
  // Whatever a test finds, the courier's thread is to end.
  ~EvidenceOnADeadDisk() override { Answer(); }

  std::string Pipe() const { return folder_ + "/session"; }
  // What stands in the file from now on.
  void Answer() {
    if (std::exchange(answered_, true)) return;
    std::string text;
    google::protobuf::TextFormat::PrintToString(session_, &text);
    std::ofstream(Pipe()) << text;  // returns when the other end is open
  }
  void Begin() { courier_ = std::make_unique<EvidenceCourier>(clock_, folder_, session_); }
  void AwaitTheDisk() {
    for (int i = 0; i < 1000 && !courier_->found().has_value(); ++i) std::this_thread::sleep_for(10ms);
    ASSERT_TRUE(courier_->found().has_value());
  }

  evidence::Session session_;
  bool answered_ = false;
};

TEST_F(EvidenceOnADeadDisk, IsWaitedForInTheCouriersThread) {
  Begin();
  Submit(1, 5);
  EXPECT_FALSE(courier_->found().has_value());
  EXPECT_FALSE(courier_->IsDone());
  EXPECT_FALSE(courier_->HasEnded());
  EXPECT_EQ(courier_->Snapshot().messages, 5u);
  session_.set_endpoint(core_.endpoint());
  Answer();
  AwaitTheDisk();
  EXPECT_EQ(courier_->found()->session.endpoint(), core_.endpoint()) << "as the session began";
  EXPECT_FALSE(courier_->found()->last_state.has_value());
  ASSERT_TRUE(WaitUntilAcknowledged(5));
  ExpectStored(5);
}

TEST_F(EvidenceOnADeadDisk, KeepsTheNewestRecords) {
  constexpr uint64_t kMost = EvidenceCourier::kMostUnwritten;
  Begin();
  Submit(1, kMost + 7);
  EXPECT_EQ(courier_->Snapshot().dropped, 7u);
  Answer();
  AwaitTheDisk();
  EXPECT_TRUE(courier_->Finish(20s));
  courier_.reset();
  std::vector<uint64_t> numbers;
  for (const std::string& name : ListEvidenceFiles(folder_)) {
    for (const evidence::Record& record : ReadEvidenceFile(folder_ + "/" + name).records)
      numbers.push_back(record.number());
  }
  ASSERT_EQ(numbers.size(), kMost);
  EXPECT_EQ(numbers.front(), 8u);
  EXPECT_EQ(numbers.back(), kMost + 7);
}

TEST_F(EvidenceCourierTest, EndsItsThreadWhenNothingIsLeftToDo) {
  Begin("");
  Submit(1, 2);
  EXPECT_TRUE(courier_->Finish(5s));
  EXPECT_FALSE(courier_->HasEnded()) << "the session goes on";
  Submit(3, 3, /*terminated=*/true);
  for (int i = 0; i < 1000 && !courier_->HasEnded(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(courier_->HasEnded());
  EXPECT_TRUE(courier_->IsDone());
}

TEST_F(EvidenceCourierTest, SaysThatItIsDoneWhereThereIsNoDisk) {
  const std::string file = folder_ + "/file";
  std::ofstream(file) << "no folder";
  courier_ = std::make_unique<EvidenceCourier>(clock_, file + "/session", evidence::Session());
  for (int i = 0; i < 1000 && !courier_->HasEnded(); ++i) std::this_thread::sleep_for(10ms);
  Submit(1, 2);
  EXPECT_TRUE(courier_->IsDone());
  EXPECT_TRUE(courier_->Finish(0ms));
  EXPECT_FALSE(courier_->found().has_value());
}

// gRPC's callback thread ends with the last channel of the process and cannot wait for itself: the courier, and never a
// callback, lets go of a call.
TEST_F(EvidenceCourierTest, LetsGoOfTheLastChannelOnItsOwnThread) {
  for (int i = 0; i < 100; ++i) {
    Begin(core_.endpoint());
    Submit(1, 3);
    if (i % 2 == 0) {
      ASSERT_TRUE(WaitUntilAcknowledged(3));
    }
    courier_.reset();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
  }
}

}  // namespace
}  // namespace air

// Records on disk: whole or not there, in order, and what goes when there is no room.
#include "supervisor/evidence/evidence_spool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "evidence/evidence_files.h"
#include "supervisor/evidence/evidence_office.h"

namespace air {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class EvidenceSpoolTest : public ::testing::Test {
 protected:
  EvidenceSpoolTest() : folder_(::testing::TempDir() + "air-spool-XXXXXX") {
    if (mkdtemp(folder_.data()) == nullptr) std::abort();
    session_.set_playout_session_id("one");
    session_.set_endpoint("127.0.0.1:1");
  }
  ~EvidenceSpoolTest() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  void Open(EvidenceSpool::Limits limits = {}) {
    spool_.reset();
    spool_ = *EvidenceSpool::Open(folder_, session_, limits);
  }
  static evidence::Record Record(uint64_t number, bool is_message = true) {
    evidence::Record record;
    record.set_number(number);
    if (is_message) {
      record.mutable_message()->set_sequence(number);
      record.mutable_message()->set_event_uuid(std::string(100, 'x'));
    }
    record.mutable_state()->set_number(number);
    record.mutable_state()->set_sequence(number);
    return record;
  }
  absl::Status Append(uint64_t number) { return spool_->Append(Record(number)); }
  std::vector<uint64_t> From(uint64_t sequence, size_t most = 1000) const {
    std::vector<uint64_t> sequences;
    for (const auto& message : spool_->From(sequence, most)) sequences.push_back(message.sequence());
    return sequences;
  }
  std::string LastFile() const { return folder_ + "/" + ListEvidenceFiles(folder_).back(); }

  std::string folder_;
  evidence::Session session_;
  std::unique_ptr<EvidenceSpool> spool_;
};

TEST_F(EvidenceSpoolTest, GivesBackWhatItWasGivenAlsoToASuccessor) {
  Open();
  EXPECT_EQ(spool_->last_state(), std::nullopt);
  EXPECT_EQ(spool_->first_sequence(), 0u);
  for (uint64_t n = 1; n <= 5; ++n) ASSERT_TRUE(Append(n).ok());
  spool_->Acknowledge(2);
  EXPECT_THAT(From(3), ElementsAre(3, 4, 5));
  session_.set_endpoint("another");
  Open();
  EXPECT_EQ(spool_->session().endpoint(), "127.0.0.1:1") << "what the session began with";
  EXPECT_EQ(spool_->acknowledged(), 2u);
  EXPECT_EQ(spool_->last_state()->number(), 5u);
  ASSERT_TRUE(Append(6).ok());
  EXPECT_THAT(From(3, 3), ElementsAre(3, 4, 5));
  EXPECT_THAT(From(6), ElementsAre(6));
  EXPECT_EQ(spool_->first_sequence(), 1u);
}

TEST_F(EvidenceSpoolTest, CutsOffWhatAKilledWriterHasBegunAndGoesOnThere) {
  Open();
  for (uint64_t n = 1; n <= 3; ++n) ASSERT_TRUE(Append(n).ok());
  spool_.reset();
  const uint64_t whole = fs::file_size(LastFile());
  const std::string frame = EncodeEvidenceFrame(Record(4));
  for (size_t torn = 1; torn < frame.size(); ++torn) {
    std::ofstream(LastFile(), std::ios::app | std::ios::binary) << frame.substr(0, torn);
    EXPECT_EQ(ReadEvidenceFile(LastFile()).records.size(), 3u);
    Open();
    ASSERT_EQ(spool_->last_state()->number(), 3u) << torn;
    ASSERT_EQ(fs::file_size(LastFile()), whole);
  }
  ASSERT_TRUE(Append(4).ok());
  EXPECT_THAT(From(1), ElementsAre(1, 2, 3, 4));
}

TEST_F(EvidenceSpoolTest, BelievesNoFrameThatWasChanged) {
  Open();
  for (uint64_t n = 1; n <= 3; ++n) ASSERT_TRUE(Append(n).ok());
  std::fstream file(LastFile(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(EncodeEvidenceFrame(Record(1)).size() + 40));
  file << '?';
  file.close();
  EXPECT_EQ(ReadEvidenceFile(LastFile()).records.size(), 1u);
}

TEST_F(EvidenceSpoolTest, DropsTheOldestAcknowledgedFileWhenThereIsNoRoom) {
  const uint64_t frame = EncodeEvidenceFrame(Record(10)).size();
  Open({.file_bytes = 4 * frame, .session_bytes = 10 * frame});
  uint64_t n = 0;
  while (n < 10) ASSERT_TRUE(Append(++n).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(Append(11))) << "nothing has been acknowledged: nothing may go";
  EXPECT_EQ(From(1).size(), 10u) << "and everything stays";
  spool_->Acknowledge(3);
  EXPECT_TRUE(absl::IsResourceExhausted(Append(11))) << "the oldest file holds the fourth, too";
  spool_->Acknowledge(5);
  EXPECT_TRUE(Append(11).ok());
  EXPECT_EQ(spool_->dropped_files(), 1u);
  EXPECT_EQ(spool_->first_sequence(), 5u);
  EXPECT_THAT(From(6), ElementsAre(6, 7, 8, 9, 10, 11));
  Open({.file_bytes = 4 * frame, .session_bytes = 10 * frame});
  EXPECT_EQ(spool_->first_sequence(), 5u);
  EXPECT_EQ(spool_->acknowledged(), 5u);
}

// As `bytes` on the wire: the checksum is right, and proto3 does not take the text for one.
std::string FrameThatCannotBeParsed(evidence::Record record) {
  constexpr char kText[] = "a detail";
  record.mutable_message()->mutable_channel_terminated()->set_detail(kText);
  std::string frame = EncodeEvidenceFrame(record);
  constexpr size_t kHeader = 16, kChecksumAt = 8;
  frame[frame.find(kText)] = '\xe3';
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (size_t i = kHeader; i < frame.size(); ++i)
    hash = (hash ^ static_cast<uint8_t>(frame[i])) * 0x100000001b3;
  std::memcpy(frame.data() + kChecksumAt, &hash, sizeof hash);
  return frame;
}

// No control plane will ever acknowledge anything: the as-run goes on, and its beginning goes.
TEST_F(EvidenceSpoolTest, DropsTheOldestFileOfASessionThatSendsNothing) {
  session_.clear_endpoint();
  const uint64_t frame = EncodeEvidenceFrame(Record(10)).size();
  Open({.file_bytes = 4 * frame, .session_bytes = 10 * frame});
  for (uint64_t n = 1; n <= 200; ++n) ASSERT_TRUE(Append(n).ok()) << n;
  EXPECT_EQ(ReadEvidenceFile(LastFile()).records.back().number(), 200u);
  EXPECT_GE(From(1).size(), 6u);
  EXPECT_LE(From(1).size(), 10u);
  EXPECT_GT(spool_->dropped_files(), 0u);
}

class EvidenceOfficeTest : public EvidenceSpoolTest {
 protected:
  // Begins after the ones made before it.
  std::string MakeSession(const std::string& endpoint) {
    const std::string id = absl::StrCat("s-", ++sessions_);
    session_.set_playout_session_id(id);
    session_.set_endpoint(endpoint);
    session_.set_started_utc_ms(sessions_);
    const std::string path = absl::StrCat(EvidenceFolderOf(folder_), "/", id);
    evidence::Record last = Record(1);
    last.mutable_state()->set_terminated(true);
    EXPECT_TRUE((*EvidenceSpool::Open(path, session_, {}))->Append(last).ok());
    return path;
  }

  int64_t sessions_ = 0;
};

TEST_F(EvidenceOfficeTest, KeepsAnOldSessionWhoseMessagesMayStillBeSent) {
  const std::string oldest = MakeSession("");
  const std::string unsent = MakeSession("127.0.0.1:1");
  for (size_t i = 0; i < EvidenceOffice::kSessionsKept; ++i) MakeSession("");
  SystemClock clock;
  EvidenceOffice office(clock, folder_);
  office.TakeCareOfThePast();
  for (int i = 0; i < 1000 && fs::exists(oldest); ++i)  // the last one it looks at
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_FALSE(fs::exists(oldest));
  EXPECT_TRUE(fs::exists(unsent));
  office.Finish(std::chrono::milliseconds(0));
}

TEST_F(EvidenceSpoolTest, PassesOverARecordThatCannotBeParsed) {
  Open();
  for (uint64_t n = 1; n <= 2; ++n) ASSERT_TRUE(Append(n).ok());
  std::ofstream(LastFile(), std::ios::app | std::ios::binary)
      << FrameThatCannotBeParsed(Record(3)) << EncodeEvidenceFrame(Record(4));
  const uint64_t size = fs::file_size(LastFile());
  EXPECT_EQ(ReadEvidenceFile(LastFile()).unreadable, 1u);
  Open();
  EXPECT_EQ(fs::file_size(LastFile()), size) << "what lies behind it was cut off";
  EXPECT_THAT(From(1), ElementsAre(1, 2, 4));
  ASSERT_TRUE(Append(5).ok());
  EXPECT_THAT(From(1), ElementsAre(1, 2, 4, 5));
}

TEST_F(EvidenceSpoolTest, WritesNoRecordThatItCouldNotReadBack) {
  Open();
  evidence::Record large = Record(1);
  large.mutable_segment()->set_asset_uri(std::string(kMostEvidenceRecordBytes, 'x'));
  EXPECT_TRUE(absl::IsInvalidArgument(spool_->Append(large)));
  ASSERT_TRUE(Append(2).ok());
  EXPECT_THAT(From(1), ElementsAre(2));
  large.mutable_segment()->set_asset_uri(std::string(kMostEvidenceRecordBytes - 400, 'x'));
  ASSERT_TRUE(spool_->Append(large).ok());
  EXPECT_EQ(ReadEvidenceFile(LastFile()).records.back().segment().asset_uri().size(),
            kMostEvidenceRecordBytes - 400);
}

TEST_F(EvidenceSpoolTest, KeepsRecordsThatAreNoMessagesBesideThem) {
  Open();
  ASSERT_TRUE(Append(1).ok());
  ASSERT_TRUE(spool_->Append(Record(2, /*is_message=*/false)).ok());
  EXPECT_THAT(From(1), ElementsAre(1));
  EXPECT_THAT(From(2), IsEmpty());
  EXPECT_EQ(ReadEvidenceFile(LastFile()).records.size(), 2u);
}

// By an rm, or with the folder of a user who has logged out.
TEST_F(EvidenceSpoolTest, BeginsAnewWhenItsFolderWasRemoved) {
  Open();
  for (uint64_t n = 1; n <= 3; ++n) ASSERT_TRUE(Append(n).ok());
  fs::remove_all(folder_);
  for (uint64_t n = 4; n <= 6; ++n) ASSERT_TRUE(Append(n).ok());
  EXPECT_EQ(spool_->first_sequence(), 4u);
  EXPECT_EQ(spool_->From(1, 10).size(), 3u);
  Open();
  EXPECT_EQ(spool_->session().playout_session_id(), "one");
  EXPECT_EQ(spool_->last_sequence(), 6u);
  ASSERT_TRUE(Append(7).ok());
  EXPECT_EQ(spool_->From(1, 10).size(), 4u);
}

}  // namespace
}  // namespace air

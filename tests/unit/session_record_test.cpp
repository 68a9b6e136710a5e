// What a supervisor leaves to its successor, and what becomes of it when it is damaged, foreign or old.
#include "supervisor/handover/session_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/one_line.h"

namespace air {
namespace {

using ::testing::HasSubstr;

class SessionRecordTest : public ::testing::Test {
 protected:
  SessionRecordTest() {
    folder_ = ::testing::TempDir() + "air-record-XXXXXX";
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
  }
  ~SessionRecordTest() override { std::filesystem::remove_all(folder_); }

  static record::Session Sample() {
    record::Session session;
    session.set_segment_prefix("air.1-0123");
    session.set_channel_id(7);
    record::Block& block = *session.add_blocks();
    block.set_serial(3);
    block.mutable_plan()->set_block_id("evening");
    session.add_events()->mutable_block_started()->set_block_id("evening");
    session.mutable_selector()->set_pid(4711);
    return session;
  }
  void Write(const record::Session& session) {
    SessionRecord record(folder_);
    record.DescribedBy([&](record::Session& out) {
      out = session;
      return true;
    });
    record.Save();
  }
  std::string Path() const { return folder_ + "/session.record"; }
  std::string Bytes() const {
    std::ifstream file(Path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  void Overwrite(const std::string& bytes) { std::ofstream(Path(), std::ios::binary) << bytes; }
  absl::Status Loading() const { return SessionRecord(folder_).Load().status(); }

  std::string folder_;
};

TEST_F(SessionRecordTest, GivesTheSuccessorWhatThePredecessorKnew) {
  Write(Sample());
  const absl::StatusOr<record::Session> loaded = SessionRecord(folder_).Load();
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->SerializeAsString(), Sample().SerializeAsString());
}

// What a decoder says of its asset goes into the record: cut in the middle of a character it would make all of it unreadable.
TEST_F(SessionRecordTest, CanBeReadBackWhateverADecoderHasSaid) {
  for (const std::string& said :
       {std::string("/x/\xe3\x81"), std::string("Caf\xe9.mkv"), std::string(5000, '\xff')}) {
    record::Session session = Sample();
    session.add_runs()->set_error(OneLine(said));
    session.add_events()->mutable_segment_failed()->set_reason(OneLine(said));
    Write(session);
    const absl::StatusOr<record::Session> loaded = SessionRecord(folder_).Load();
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    EXPECT_EQ(loaded->runs(0).error(), OneLine(said));
  }
}

TEST_F(SessionRecordTest, IsNobodyElsesBusiness) {
  Write(Sample());
  struct stat info {};
  ASSERT_EQ(stat(Path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(SessionRecordTest, IsWrittenOnlyWhenSomethingHasChanged) {
  record::Session session = Sample();
  SessionRecord record(folder_);
  record.DescribedBy([&](record::Session& out) {
    out = session;
    return true;
  });
  record.Save();
  record.Save();
  EXPECT_EQ(record.writes(), 1u);
  session.set_blocks_executed(1);
  record.Save();
  EXPECT_EQ(record.writes(), 2u);
  EXPECT_EQ(SessionRecord(folder_).Load()->blocks_executed(), 1);
}

TEST_F(SessionRecordTest, IsGoneWithItsSession) {
  bool runs = true;
  SessionRecord record(folder_);
  record.DescribedBy([&](record::Session& out) {
    out = Sample();
    return runs;
  });
  record.Save();
  EXPECT_TRUE(std::filesystem::exists(Path()));
  runs = false;
  record.Save();
  EXPECT_TRUE(absl::IsNotFound(Loading()));
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
  runs = true;  // the same session's bytes again are no reason not to write them
  record.Save();
  EXPECT_TRUE(Loading().ok());
}

// A supervisor that is killed while it writes has written into another file.
TEST_F(SessionRecordTest, IsTheLastWholeOneWhenItsWriterIsKilledInTheMiddle) {
  Write(Sample());
  std::ofstream(Path() + ".new", std::ios::binary) << Bytes().substr(0, 30);
  EXPECT_TRUE(Loading().ok());
  record::Session next = Sample();
  next.set_blocks_executed(9);
  Write(next);
  EXPECT_EQ(SessionRecord(folder_).Load()->blocks_executed(), 9);
  EXPECT_FALSE(std::filesystem::exists(Path() + ".new"));
}

TEST_F(SessionRecordTest, IsRefusedWhateverByteOfItIsDamagedOrMissing) {
  Write(Sample());
  const std::string whole = Bytes();
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] ^= 0x10;
    Overwrite(damaged);
    EXPECT_FALSE(Loading().ok()) << "byte " << i;
    Overwrite(whole.substr(0, i));
    EXPECT_FALSE(Loading().ok()) << i << " bytes";
  }
  Overwrite(whole + "x");
  EXPECT_FALSE(Loading().ok());
}

TEST_F(SessionRecordTest, IsRefusedInWordsWhenItIsForeignOrOfAnotherVersion) {
  EXPECT_TRUE(absl::IsNotFound(Loading()));
  Overwrite("Dear supervisor, this is a letter and not a record.");
  EXPECT_TRUE(absl::IsDataLoss(Loading()));
  EXPECT_THAT(std::string(Loading().message()), HasSubstr("not a session record"));
  Write(Sample());
  std::string other = Bytes();
  other[8] = 99;  // behind the magic
  Overwrite(other);
  EXPECT_TRUE(absl::IsFailedPrecondition(Loading()));
  EXPECT_THAT(std::string(Loading().message()), HasSubstr("version 99"));
}

TEST_F(SessionRecordTest, OfBeforeIsKeptWhenItCannotBeWritten) {
  Write(Sample());
  std::filesystem::create_directory(Path() + ".new");  // where the next one would be written
  record::Session next = Sample();
  next.set_blocks_executed(9);
  Write(next);
  const absl::StatusOr<record::Session> loaded = SessionRecord(folder_).Load();
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->blocks_executed(), 0);
}

}  // namespace
}  // namespace air

// What a supervisor leaves to its successor, and what becomes of it when it is damaged, foreign or old. A folder of the
// test's own stands for /dev/shm.
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
  SessionRecord Record(const std::string& runtime_dir = "/run/one") const {
    return SessionRecord(runtime_dir, folder_);
  }
  void Write(const record::Session& session, const std::string& runtime_dir = "/run/one") {
    SessionRecord record = Record(runtime_dir);
    record.DescribedBy([&](record::Session& out) {
      out = session;
      return true;
    });
    record.Save();
  }
  std::string Path() const { return Record().Find(); }
  std::string Bytes() const {
    std::ifstream file(Path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  void Overwrite(const std::string& bytes) { std::ofstream(Path(), std::ios::binary) << bytes; }
  // The same with something that waits of its plan.
  record::Session Planned() const {
    record::Session session = Sample();
    session.mutable_waiting()->set_shift_ms(12);
    return session;
  }
  size_t Files() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }
  absl::Status Loading() const { return Record().Load().status(); }

  std::string folder_;
};

TEST_F(SessionRecordTest, GivesTheSuccessorWhatThePredecessorKnew) {
  Write(Sample());
  const absl::StatusOr<record::Session> loaded = Record().Load();
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
    const absl::StatusOr<record::Session> loaded = Record().Load();
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    EXPECT_EQ(loaded->runs(0).error(), OneLine(said));
  }
}

// Many channels have their records in one folder.
TEST_F(SessionRecordTest, IsKnownByTheRuntimeFolderOfItsSupervisor) {
  record::Session other = Sample();
  other.set_segment_prefix("air.2-4567");
  other.set_channel_id(8);
  Write(Sample(), "/run/one");
  Write(other, "/run/two");
  EXPECT_EQ(Record("/run/one").Load()->channel_id(), 7);
  EXPECT_EQ(Record("/run/two/").Load()->channel_id(), 8) << "the same folder, however it is written";
  EXPECT_TRUE(absl::IsNotFound(Record("/run/three").Load().status()));
  Record("/run/one").Remove();
  EXPECT_TRUE(absl::IsNotFound(Record("/run/one").Load().status()));
  EXPECT_TRUE(Record("/run/two").Load().ok());
}

// A supervisor that is killed when a session has been followed by another one leaves both.
TEST_F(SessionRecordTest, IsTheNewestOfThoseThatAreThere) {
  Write(Sample());
  const std::string older = Path();
  record::Session newer = Sample();
  newer.set_segment_prefix("air.1-0099");
  newer.set_channel_id(9);
  Write(newer);
  const auto now = std::filesystem::last_write_time(Path());
  std::filesystem::last_write_time(older, now - std::chrono::seconds(1));
  EXPECT_EQ(Record().Load()->channel_id(), 9);
  Record().Remove();
  EXPECT_EQ(Files(), 0u);
}

// Its name begins like those of the session's memory: a process that removes these removes the record, too.
TEST_F(SessionRecordTest, HasANameOfItsSession) {
  Write(Sample());
  EXPECT_EQ(Path().rfind(folder_ + "/air.1-0123.record-", 0), 0u) << Path();
  EXPECT_EQ(Files(), 1u);
}

// The folder is open to every user of the machine.
TEST_F(SessionRecordTest, IsNotTakenFromAFileThatOthersMayWrite) {
  Write(Sample());
  ASSERT_EQ(chmod(Path().c_str(), 0620), 0);
  EXPECT_TRUE(absl::IsNotFound(Loading()));
  Record().Remove();
  Write(Sample());
  const std::string path = Path(), elsewhere = folder_ + "/elsewhere";
  std::filesystem::rename(path, elsewhere);
  std::filesystem::create_symlink(elsewhere, path);
  EXPECT_TRUE(absl::IsNotFound(Loading())) << "a link to one of ours";
}

TEST_F(SessionRecordTest, IsNobodyElsesBusiness) {
  Write(Sample());
  struct stat info {};
  ASSERT_EQ(stat(Path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(SessionRecordTest, IsWrittenOnlyWhenSomethingHasChanged) {
  record::Session session = Sample();
  SessionRecord record = Record();
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
  EXPECT_EQ(Record().Load()->blocks_executed(), 1);
}

TEST_F(SessionRecordTest, HasItsPlanInAFileThatIsWrittenWhenThePlanChangesAndNotWithEveryChange) {
  record::Session session = Planned();
  auto plan = std::make_shared<const std::string>(1 << 20, 'p');
  SessionRecord record = Record();
  record.DescribedBy(
      [&](record::Session& out) {
        out = session;
        return true;
      },
      [&] { return plan; });
  record.Save();
  EXPECT_EQ(Files(), 2u);
  const uint64_t at_first = record.written_bytes();
  EXPECT_GT(at_first, plan->size());
  for (int n = 1; n <= 100; ++n) {
    session.set_blocks_executed(n);
    session.mutable_waiting()->set_next(static_cast<uint64_t>(n));
    record.Save();
  }
  EXPECT_EQ(record.writes(), 101u);
  EXPECT_LT(record.written_bytes() - at_first, 100 * 1000u);

  // A successor goes on with it as it is.
  SessionRecord successor = Record();
  const absl::StatusOr<record::Session> loaded = successor.Load();
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->waiting().next(), 100u);
  ASSERT_NE(successor.plan(), nullptr);
  EXPECT_EQ(*successor.plan(), *plan);
  successor.DescribedBy(
      [&](record::Session& out) {
        out = session;
        return true;
      },
      [&] { return plan; });
  plan = successor.plan();
  session.set_blocks_executed(101);
  successor.Save();
  EXPECT_LT(successor.written_bytes(), 1000u);

  plan = std::make_shared<const std::string>("another");
  successor.Save();
  EXPECT_EQ(Files(), 2u) << "the one before is gone";
  SessionRecord third = Record();
  ASSERT_TRUE(third.Load().ok());
  EXPECT_EQ(*third.plan(), "another");

  session.clear_waiting();
  third.DescribedBy([&](record::Session& out) {
    out = session;
    return true;
  });
  third.Save();
  EXPECT_EQ(Files(), 1u) << "nothing waits any more";
  ASSERT_TRUE(Record().Load().ok());
  session = Planned();
  successor.Save();
  Record().Remove();
  EXPECT_EQ(Files(), 0u);
}

// A supervisor that is killed between the two files has left the new plan, and the record names the old one.
TEST_F(SessionRecordTest, NamesThePlanThatGoesWithIt) {
  auto plan = std::make_shared<const std::string>("old");
  SessionRecord record = Record();
  record.DescribedBy(
      [&](record::Session& out) {
        out = Planned();
        return true;
      },
      [&] { return plan; });
  record.Save();
  std::ofstream(Path() + ".plan-2", std::ios::binary) << "torn";
  SessionRecord successor = Record();
  ASSERT_TRUE(successor.Load().ok());
  EXPECT_EQ(*successor.plan(), "old");
  plan = std::make_shared<const std::string>("new");
  record.Save();
  ASSERT_TRUE(successor.Load().ok());
  EXPECT_EQ(*successor.plan(), "new");
  EXPECT_EQ(Files(), 2u);
  std::filesystem::remove(Path() + ".plan-2");
  EXPECT_TRUE(absl::IsDataLoss(Loading())) << "a plan that is lost is no empty one";
}

TEST_F(SessionRecordTest, IsGoneWithItsSession) {
  bool runs = true;
  SessionRecord record = Record();
  record.DescribedBy([&](record::Session& out) {
    out = Sample();
    return runs;
  });
  record.Save();
  EXPECT_EQ(Files(), 1u);
  runs = false;
  record.Save();
  EXPECT_TRUE(absl::IsNotFound(Loading()));
  EXPECT_EQ(Files(), 0u);
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
  EXPECT_EQ(Record().Load()->blocks_executed(), 9);
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
  Write(Sample());
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
  const absl::StatusOr<record::Session> loaded = Record().Load();
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->blocks_executed(), 0);
}

}  // namespace
}  // namespace air

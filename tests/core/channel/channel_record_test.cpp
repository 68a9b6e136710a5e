#include "core/channel/channel_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/core/channel/test_blocks.h"

namespace retrovue {
namespace {

using testing::HasSubstr;

class ChannelRecordTest : public testing::Test {
 protected:
  ChannelRecordTest() {
    std::string folder = testing::TempDir() + "channel_record_XXXXXX";
    EXPECT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  ~ChannelRecordTest() override { std::filesystem::remove_all(folder_); }

  std::string Path() const { return folder_ + "/channel.record"; }
  std::string Bytes() const {
    std::ifstream file(Path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void Overwrite(const std::string& bytes) const { std::ofstream(Path(), std::ios::binary) << bytes; }

  static channel_record::Record Sample() {
    channel_record::Record record;
    record.mutable_setup()->set_slug("news");
    *record.add_blocks()->mutable_plan() = Block("a", 0, 10);
    return record;
  }

  std::string folder_;
};

TEST_F(ChannelRecordTest, ComesBackAsItWasSaved) {
  const ChannelRecord record(folder_);
  ASSERT_TRUE(record.Save(Sample()).ok());
  const auto loaded = record.Load();
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->SerializeAsString(), Sample().SerializeAsString());
  EXPECT_FALSE(std::filesystem::exists(Path() + ".new"));
}

TEST_F(ChannelRecordTest, IsReplacedAsAWhole) {
  const ChannelRecord record(folder_);
  ASSERT_TRUE(record.Save(Sample()).ok());
  channel_record::Record other;
  other.mutable_setup()->set_slug("films");
  ASSERT_TRUE(record.Save(other).ok());
  EXPECT_EQ(record.Load()->setup().slug(), "films");
}

TEST_F(ChannelRecordTest, SaysThatThereIsNone) {
  EXPECT_TRUE(absl::IsNotFound(ChannelRecord(folder_).Load().status()));
}

TEST_F(ChannelRecordTest, RefusesWhatIsCutOffAnywhere) {
  const ChannelRecord record(folder_);
  ASSERT_TRUE(record.Save(Sample()).ok());
  const std::string whole = Bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Overwrite(whole.substr(0, size));
    EXPECT_TRUE(absl::IsDataLoss(record.Load().status())) << size << " bytes";
  }
}

TEST_F(ChannelRecordTest, RefusesAnyByteThatIsAnother) {
  const ChannelRecord record(folder_);
  ASSERT_TRUE(record.Save(Sample()).ok());
  const std::string whole = Bytes();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    Overwrite(damaged);
    EXPECT_FALSE(record.Load().ok()) << "byte " << at;
  }
}

TEST_F(ChannelRecordTest, NamesAnotherVersion) {
  const ChannelRecord record(folder_);
  ASSERT_TRUE(record.Save(Sample()).ok());
  std::string bytes = Bytes();
  bytes[8] = 9;
  Overwrite(bytes);
  EXPECT_TRUE(absl::IsFailedPrecondition(record.Load().status()));
  EXPECT_THAT(std::string(record.Load().status().message()), HasSubstr("version 9"));
}

TEST_F(ChannelRecordTest, AFailedSaveLeavesTheLastOne) {
  const ChannelRecord record(folder_);
  ASSERT_TRUE(record.Save(Sample()).ok());
  ASSERT_TRUE(std::filesystem::create_directory(Path() + ".new"));
  EXPECT_FALSE(record.Save(channel_record::Record()).ok());
  EXPECT_EQ(record.Load()->setup().slug(), "news");
}

}  // namespace
}  // namespace retrovue

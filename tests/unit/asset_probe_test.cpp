#include "core/asset_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

namespace air {
namespace {

class AssetProbe : public testing::Test {
 protected:
  AssetProbe() { std::filesystem::create_directories(folder_); }
  ~AssetProbe() override { std::filesystem::remove_all(folder_); }

  // Raw pictures of 16 x 16 at `rate`.
  std::string Pictures(const std::string& rate, int count) {
    const std::string path = folder_ + "/pictures.y4m";
    std::ofstream file(path, std::ios::binary);
    file << "YUV4MPEG2 W16 H16 F" << rate << " Ip C420mpeg2\n";
    for (int i = 0; i < count; ++i) file << "FRAME\n" << std::string(16 * 16 * 3 / 2, '\x80');
    return path;
  }

  const std::string folder_ = testing::TempDir() + "asset_probe_test_" + std::to_string(getpid());
};

TEST_F(AssetProbe, MeasuresToTheEndOfTheLastPicture) {
  const auto asset = ProbeAsset(Pictures("25:1", 50));
  ASSERT_TRUE(asset.ok()) << asset.status();
  EXPECT_EQ(asset->duration_ms, 2000);
  EXPECT_TRUE(std::filesystem::path(asset->path).is_absolute());
}

TEST_F(AssetProbe, RoundsDownBecauseAMillisecondTooMuchWouldBePad) {
  const auto asset = ProbeAsset(Pictures("30000:1001", 10));
  ASSERT_TRUE(asset.ok()) << asset.status();
  EXPECT_EQ(asset->duration_ms, 333);  // 333.67
}

TEST_F(AssetProbe, LooksAtTheLastSecondsOfALongAssetOnly) {
  const auto asset = ProbeAsset(Pictures("10:1", 1000));
  ASSERT_TRUE(asset.ok()) << asset.status();
  EXPECT_EQ(asset->duration_ms, 100'000);
}

TEST_F(AssetProbe, SaysWhyAFileCannotBePlayed) {
  const std::string text = folder_ + "/letter.mp4";
  std::ofstream(text) << "Dear viewer,\n";
  std::ofstream(folder_ + "/empty.ts");
  for (const std::string& path : {text, folder_ + "/empty.ts", folder_, folder_ + "/missing.mp4"}) {
    const auto asset = ProbeAsset(path);
    EXPECT_TRUE(absl::IsInvalidArgument(asset.status())) << path;
    EXPECT_THAT(std::string(asset.status().message()), testing::HasSubstr(path));
  }
}

}  // namespace
}  // namespace air

#include "core/director/pages/logo_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace retrovue {
namespace {

using testing::HasSubstr;

const std::string kPng("\x89PNG\r\n\x1a\n and the rest", 21);

TEST(Logo, IsThePngAnOperatorNamedAndNoOtherFile) {
  const std::string folder = absl::StrCat(testing::TempDir(), "/logo-", getpid());
  std::filesystem::create_directories(folder);
  const auto file = [&](const std::string& name, const std::string& bytes) {
    std::ofstream(folder + "/" + name, std::ios::binary) << bytes;
    return folder + "/" + name;
  };
  const auto why = [](const std::string& path) { return std::string(ReadLogo(path).status().message()); };
  const auto read = ReadLogo(file("a.png", kPng));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, kPng);
  EXPECT_THAT(why(file("b.png", "root:x:0:0")), HasSubstr("it is no PNG"));
  EXPECT_THAT(why(file("empty.png", "")), HasSubstr("it is no PNG"));
  EXPECT_THAT(why(file("large.png", kPng + std::string(kLargestLogo, 'x'))), HasSubstr("larger than"));
  EXPECT_THAT(why(folder), HasSubstr("no regular file"));
  EXPECT_THAT(why(folder + "/none.png"), HasSubstr("No such file"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace retrovue

// The runtime directory is the supervisor's alone, or it does not start in it.
#include "supervisor/runtime_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

namespace air {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class RuntimeDir : public testing::Test {
 protected:
  RuntimeDir() {
    base_ = testing::TempDir() + "air-rt-XXXXXX";
    if (mkdtemp(base_.data()) == nullptr) std::abort();
  }
  ~RuntimeDir() override { fs::remove_all(base_); }
  static std::string Refusal(const std::string& dir) {
    return std::string(OwnRuntimeDir(dir).status().message());
  }
  std::string base_;
};

TEST_F(RuntimeDir, IsMadeClosedToOthersAndHoldsOurProcessId) {
  const std::string dir = base_ + "/a/b";
  const auto lock = OwnRuntimeDir(dir);
  ASSERT_TRUE(lock.ok()) << lock.status();
  EXPECT_EQ(fs::status(dir).permissions(), fs::perms::owner_all);
  pid_t pid = 0;
  std::ifstream(dir + "/lock") >> pid;
  EXPECT_EQ(pid, getpid());
  EXPECT_THAT(Refusal(dir), HasSubstr("belongs to another air-supervisor"));
}

TEST_F(RuntimeDir, IsMadeAgainWhenItIsGoneAndIsStillOurs) {
  const std::string dir = base_ + "/run";
  UniqueFd lock = *OwnRuntimeDir(dir);
  const auto kept = [&] { return KeepRuntimeDir(dir, lock); };
  EXPECT_FALSE(*kept()) << "it is there";
  const std::vector<std::function<void()>> losses = {[&] { fs::remove_all(dir); },
                                                     [&] { fs::remove(dir + "/lock"); },
                                                     [&] { fs::rename(dir, base_ + "/elsewhere"); }};
  for (const auto& lose : losses) {
    lose();
    EXPECT_TRUE(*kept());
    EXPECT_FALSE(*kept());
    EXPECT_EQ(fs::status(dir).permissions(), fs::perms::owner_all);
    EXPECT_THAT(Refusal(dir), HasSubstr("belongs to another air-supervisor"));
  }
}

TEST_F(RuntimeDir, ThatAnotherSupervisorHasTakenMeanwhileIsLeftToIt) {
  const std::string dir = base_ + "/run";
  UniqueFd lock = *OwnRuntimeDir(dir);
  fs::remove_all(dir);
  const auto other = OwnRuntimeDir(dir);
  ASSERT_TRUE(other.ok());
  EXPECT_TRUE(absl::IsAlreadyExists(KeepRuntimeDir(dir, lock).status()));
  fs::remove_all(dir);
  std::ofstream(dir) << "a file";
  EXPECT_TRUE(absl::IsPermissionDenied(KeepRuntimeDir(dir, lock).status()));
  fs::remove(dir);
  EXPECT_TRUE(*KeepRuntimeDir(dir, lock));
}

TEST_F(RuntimeDir, WhoseLockIsASymbolicLinkIsRefusedAndWhatTheLinkNamesIsLeftAlone) {
  std::ofstream(base_ + "/victim") << "precious";
  fs::create_symlink(base_ + "/victim", base_ + "/lock");
  EXPECT_THAT(Refusal(base_), HasSubstr("symbolic link"));
  EXPECT_EQ(fs::file_size(base_ + "/victim"), 8u);
}

TEST_F(RuntimeDir, BehindASymbolicLinkIsRefused) {
  fs::create_directory(base_ + "/real");
  fs::create_directory_symlink(base_ + "/real", base_ + "/link");
  EXPECT_THAT(Refusal(base_ + "/link"), HasSubstr("symbolic link"));
}

TEST_F(RuntimeDir, OfAnotherUserIsRefused) {
  std::string dir = "/";  // root's
  if (geteuid() == 0) {
    dir = base_ + "/foreign";
    fs::create_directory(dir);
    ASSERT_EQ(chown(dir.c_str(), 65534, 65534), 0);
  }
  EXPECT_THAT(Refusal(dir), HasSubstr("belongs to user"));
}

TEST_F(RuntimeDir, WithAPathThatLeavesNoRoomForSocketsIsRefusedInWords) {
  const std::string longest = base_ + "/" + std::string(kLongestRuntimeDir - base_.size() - 1, 'x');
  EXPECT_TRUE(OwnRuntimeDir(longest).ok());
  EXPECT_THAT(Refusal(longest + "x"), HasSubstr("81 bytes, at most 80"));
}

}  // namespace
}  // namespace air

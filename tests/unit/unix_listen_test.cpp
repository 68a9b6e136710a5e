#include "net/unix_listen.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace air {
namespace {

class UnixListen : public testing::Test {
 protected:
  UnixListen() {
    folder_ = testing::TempDir() + "air-ul-XXXXXX";
    if (mkdtemp(folder_.data()) == nullptr) std::abort();
    path_ = folder_ + "/server.sock";
  }
  ~UnixListen() override { std::filesystem::remove_all(folder_); }

  bool Dials() const {
    sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
    std::strncpy(name.sun_path, path_.c_str(), sizeof name.sun_path - 1);
    const UniqueFd client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return connect(client.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
  }

  std::string folder_, path_;
};

TEST_F(UnixListen, ListensForThoseItsModeLetsIn) {
  const auto listener = ListenUnix(path_, 0600);
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_TRUE(Dials());
  struct stat what {};
  ASSERT_EQ(stat(path_.c_str(), &what), 0);
  EXPECT_EQ(what.st_mode & 0777, 0600u);
}

TEST_F(UnixListen, ReplacesADeadNameAndNoLivingOne) {
  auto first = ListenUnix(path_);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(absl::IsAlreadyExists(ListenUnix(path_).status()));
  first->Reset();
  ASSERT_TRUE(std::filesystem::is_socket(path_));
  EXPECT_FALSE(Dials());
  const auto second = ListenUnix(path_);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_TRUE(Dials());
}

TEST_F(UnixListen, LeavesAFileAlone) {
  std::ofstream(path_) << "precious";
  EXPECT_TRUE(absl::IsFailedPrecondition(ListenUnix(path_).status()));
  EXPECT_EQ(std::filesystem::file_size(path_), 8u);
}

TEST_F(UnixListen, SaysWhatNoSocketCanHave) {
  EXPECT_TRUE(absl::IsInvalidArgument(ListenUnix("").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ListenUnix(folder_ + std::string(300, 'x')).status()));
  EXPECT_EQ(ListenUnix(folder_ + "/none/s").status(), absl::UnavailableError("No such file or directory"));
}

}  // namespace
}  // namespace air

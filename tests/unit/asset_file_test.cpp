// Which files a decoder opens, and what becomes of those it does not.
#include "stages/decoder/media/asset_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/numbered_clip.h"

namespace air {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

class AssetFileTest : public ::testing::Test {
 protected:
  AssetFileTest() {
    for (const char* name : {"root", "root/sub", "other", "outside", "root-like"})
      std::filesystem::create_directory(folder_.Path(name));
    for (const char* name : {"root/film", "root/sub/film", "other/film", "outside/film", "root-like/film"})
      std::ofstream(folder_.Path(name)) << name;
  }
  std::string Path(const std::string& name) const { return folder_.Path(name); }
  void Link(const std::string& target, const std::string& name) const {
    std::filesystem::create_symlink(target, Path(name));
  }
  StatusCode CodeOf(const std::string& name) const {
    return AssetFile::Open(Path(name), roots_).status().code();
  }

  const ClipFolder folder_;
  const std::vector<std::string> roots_ = {folder_.Path("root"), folder_.Path("other")};
};

TEST_F(AssetFileTest, LiesUnderOneOfTheRoots) {
  for (const char* name : {"root/film", "root/sub/film", "other/film", "outside/../root/./sub/film"})
    EXPECT_EQ(CodeOf(name), StatusCode::kOk) << name;
  for (const char* name :
       {"outside/film", "root/../outside/film", "root-like/film", "root/sub/../../outside/film"})
    EXPECT_EQ(CodeOf(name), StatusCode::kPermissionDenied) << name;
}

TEST_F(AssetFileTest, LiesAnywhereWithoutRoots) { EXPECT_TRUE(AssetFile::Open(Path("outside/film")).ok()); }

TEST_F(AssetFileTest, IsWhereItsLinksLead) {
  Link("sub/film", "root/inside");
  Link(Path("other/film"), "root/into-the-other-root");
  Link(Path("root"), "the-root");
  Link(Path("outside/film"), "root/escape");
  Link("../outside", "root/folder");
  Link("/proc/self/root" + Path("outside/film"), "root/magic");
  EXPECT_EQ(CodeOf("root/inside"), StatusCode::kOk);
  EXPECT_EQ(CodeOf("root/into-the-other-root"), StatusCode::kOk);
  EXPECT_EQ(CodeOf("the-root/film"), StatusCode::kOk);
  for (const char* name : {"root/escape", "root/folder/film", "root/magic"})
    EXPECT_EQ(CodeOf(name), StatusCode::kPermissionDenied) << name;
  EXPECT_THAT(std::string(AssetFile::Open(Path("root/escape"), roots_).status().message()),
              HasSubstr("--media-root"));
}

TEST_F(AssetFileTest, LiesUnderARootThatIsALinkItself) {
  Link(Path("root"), "linked-root");
  const std::vector<std::string> roots = {Path("linked-root")};
  EXPECT_TRUE(AssetFile::Open(Path("root/film"), roots).ok());
  EXPECT_TRUE(AssetFile::Open(Path("linked-root/sub/film"), roots).ok());
  EXPECT_FALSE(AssetFile::Open(Path("outside/film"), roots).ok());
}

TEST_F(AssetFileTest, IsARootItselfOrLiesUnderOneThatComesLater) {
  const std::vector<std::string> roots = {Path("outside/film"), Path("not-there-yet")};
  EXPECT_TRUE(AssetFile::Open(Path("outside/film"), roots).ok());
  EXPECT_FALSE(AssetFile::Open(Path("root/film"), roots).ok());
  std::filesystem::create_directory_symlink(Path("root"), Path("not-there-yet"));
  EXPECT_TRUE(AssetFile::Open(Path("root/film"), roots).ok());
}

// What the name meant when it was looked at does not count, but what was opened.
TEST_F(AssetFileTest, IsNeverOneThatWasPutInItsPlaceMeanwhile) {
  std::atomic<bool> done = false;
  std::thread swapper([&] {
    for (int i = 0; !done; ++i) {
      std::filesystem::remove(Path("root/next"));
      std::filesystem::create_symlink(i % 2 == 0 ? "film" : "../outside/film", Path("root/next"));
      std::filesystem::rename(Path("root/next"), Path("root/swapped"));
    }
  });
  int opened = 0, denied = 0;
  for (int i = 0; i < 1'000'000 && (opened < 200 || denied < 200); ++i) {
    auto file = AssetFile::Open(Path("root/swapped"), roots_);
    denied += absl::IsPermissionDenied(file.status()) ? 1 : 0;
    if (!file.ok()) continue;
    ++opened;
    const AvIoPtr io = *(*file)->NewIo();
    unsigned char text[9] = {};
    ASSERT_EQ(avio_read(io.get(), text, sizeof text), 9);
    ASSERT_EQ(std::string(text, text + 9), "root/film");
  }
  done = true;
  swapper.join();
  EXPECT_GE(opened, 200);
  EXPECT_GE(denied, 200) << "the swapping has not been seen";
}

TEST_F(AssetFileTest, IsARegularFile) {
  ASSERT_EQ(mkfifo(Path("root/fifo").c_str(), 0600), 0);
  std::filesystem::create_symlink("/dev/zero", Path("device"));
  const int socket_fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  Path("root/socket").copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(bind(socket_fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const std::pair<const char*, const char*> kinds[] = {{"root/fifo", "a FIFO"},
                                                       {"device", "a device"},
                                                       {"root/sub", "a directory"},
                                                       {"root/socket", "a socket"}};
  for (const auto& [name, kind] : kinds) {
    const absl::Status status = AssetFile::Open(Path(name)).status();
    EXPECT_EQ(status.code(), StatusCode::kPermissionDenied) << name;
    EXPECT_THAT(std::string(status.message()), HasSubstr(kind));
  }
  close(socket_fd);
}

TEST_F(AssetFileTest, IsNoUrl) {
  for (const char* url : {"http://example.org/film.mp4", "rtmp://h/x", "file:///etc/passwd", "HTTPS+x://h"}) {
    const absl::Status status = AssetFile::Open(url).status();
    EXPECT_EQ(status.code(), StatusCode::kPermissionDenied) << url;
    EXPECT_THAT(std::string(status.message()), HasSubstr("URLs are not played"));
  }
  // FFmpeg would know these; here they are names of files that are not there.
  for (const char* name :
       {"pipe:0", "concat:/a|/b", "data:video/mp4;base64,AAAA", "subfile,,start,0,end,9,,:/a"})
    EXPECT_EQ(AssetFile::Open(name).status().code(), StatusCode::kNotFound) << name;
}

TEST_F(AssetFileTest, MayHaveAnyName) {
  for (const std::string name :
       {"root/-film", "root/a film (1) [x] 'y' \"z\".mp4", "root/a://b", "root/\xff\xfe"}) {
    std::filesystem::create_directories(std::filesystem::path(Path(name)).parent_path());
    std::ofstream(Path(name)) << "film";
    EXPECT_EQ(CodeOf(name), StatusCode::kOk) << name;
  }
}

}  // namespace
}  // namespace air

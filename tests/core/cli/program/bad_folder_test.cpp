// Folders and files that are no media: what adding, ingesting and a demo network say of each, with the next step; and that nothing is lost.
#include <gmock/gmock.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "tests/core/cli/program/program.h"

namespace retrovue::cli {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

struct BadFolder {
  const char* name;
  void (*make)(const std::string& path);
  const char* says;  // ingest and demo alike
  const char* next;  // of the ingest
  bool is_added = true;
};

void Write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

const std::vector<BadFolder> kBadFolders = {
    {"empty", [](const std::string& path) { fs::create_directory(path); }, "it is empty: put media into it",
     "retrovue collection ingest \"bad\""},
    {"gone", [](const std::string&) {}, "", "", false},
    {"a text file", [](const std::string& path) { Write(path, "no film\n"); },
     "there is no media in it (1 files of other kinds", "retrovue collection ingest \"bad\""},
    {"full of text without an extension",
     [](const std::string& path) {
       fs::create_directory(path);
       for (const char* name : {"README", "LICENSE"}) Write(absl::StrCat(path, "/", name), "no film\n");
     },
     "there is no media in it (2 files of other kinds", "retrovue collection ingest \"bad\""},
    {"full of text",
     [](const std::string& path) {
       fs::create_directory(path);
       for (int i = 0; i < 30; ++i) Write(absl::StrCat(path, "/", i, ".txt"), "no film\n");
     },
     "there is no media in it (30 files of other kinds", "retrovue collection ingest \"bad\""},
    {"full of text that is called film",
     [](const std::string& path) {
       fs::create_directory(path);
       for (int i = 0; i < 3; ++i) Write(absl::StrCat(path, "/", i, ".mkv"), "no film\n");
     },
     "not a media file", "retrovue asset attention"},
};

TEST(BadFolder, IsSaidWithTheNextStepAndTakesNothingAway) {
  for (const BadFolder& bad : kBadFolders) {
    SCOPED_TRACE(bad.name);
    const TemporaryHome home;
    home.SeedChannel();
    const std::string path = home.folder() + "/bad";
    bad.make(path);
    const Ran added = home.Run({"source", "add", "--name", "Bad", "--discover", "--sync-enable", path});
    EXPECT_EQ(added.status, bad.is_added ? 0 : 1) << added.err;
    if (bad.is_added) {
      const std::string before = home.Dump();
      const Ran ingested = home.Run({"collection", "ingest", "bad"});
      EXPECT_EQ(ingested.status, 2) << ingested.err;
      EXPECT_THAT(ingested.err, AllOf(HasSubstr(bad.says), HasSubstr(absl::StrCat("Next: ", bad.next)),
                                      testing::Not(HasSubstr("channel add"))));
      EXPECT_THAT(home.Dump(), HasSubstr("Episode 6")) << "what was there before";
      if (std::string(bad.next) != "retrovue asset attention") {
        EXPECT_EQ(home.Dump(), before);
      }
    } else {
      EXPECT_THAT(added.err, HasSubstr("give the path of a folder of media"));
    }
    const TemporaryHome demo_home;
    const Ran demo = demo_home.Run({"demo", path, "--no-start"});
    EXPECT_EQ(demo.status, 1) << demo.err;
    EXPECT_THAT(demo.err, AllOf(HasSubstr(path), HasSubstr(bad.is_added ? bad.says : "check the path")));
  }
}

// As a user who may not look into it. Root may look into everything, so a child of this test becomes the user "nobody" first.
TEST(BadFolder, ThatMayNotBeReadIsSaidWithTheNextStep) {
  const passwd* nobody = getpwnam("nobody");
  const bool is_root = geteuid() == 0;
  if (is_root && nobody == nullptr) GTEST_SKIP() << "there is no user nobody to become";
  char place[] = "/tmp/retrovue-bad-XXXXXX";
  const std::string folder = mkdtemp(place);
  const std::string secret = folder + "/secret", home = folder + "/home";
  fs::create_directory(secret);
  Write(secret + "/film.mkv", "a film");
  fs::create_directory(home);
  if (is_root) {
    ASSERT_EQ(chown(folder.c_str(), nobody->pw_uid, nobody->pw_gid), 0);
    ASSERT_EQ(chown(home.c_str(), nobody->pw_uid, nobody->pw_gid), 0);
  }
  chmod(secret.c_str(), 0);
  const auto run = [&](std::vector<std::string> arguments) {
    const std::string log = folder + "/log";
    arguments.insert(arguments.begin(), Beside("retrovue"));
    arguments.insert(arguments.end(), {"--home", home});
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    fs::remove(log);
    const pid_t child = fork();
    if (child == 0) {
      if (is_root &&
          (setgroups(0, nullptr) != 0 || setgid(nobody->pw_gid) != 0 || setuid(nobody->pw_uid) != 0))
        _exit(126);
      if (freopen(log.c_str(), "w", stdout) == nullptr || dup2(STDOUT_FILENO, STDERR_FILENO) < 0) _exit(126);
      execv(argv[0], argv.data());
      _exit(127);
    }
    int status = 0;
    waitpid(child, &status, 0);
    std::ifstream file(log);
    return Ran{WIFEXITED(status) ? WEXITSTATUS(status) : -1, "", {std::istreambuf_iterator<char>(file), {}}};
  };
  const Ran added = run({"source", "add", "--name", "Bad", "--discover", "--sync-enable", secret});
  if (added.status == 127) {
    fs::remove_all(folder);
    GTEST_SKIP() << "nobody may not run " << Beside("retrovue");
  }
  const Ran ingested = run({"collection", "ingest", "secret"});
  EXPECT_EQ(ingested.status, 2) << ingested.err;
  EXPECT_THAT(ingested.err, AllOf(HasSubstr(secret + ": this user may not read it: give it the right to"),
                                  HasSubstr("Next: retrovue collection ingest \"secret\"")));
  const Ran demo = run({"demo", secret, "--no-start"});
  EXPECT_EQ(demo.status, 1) << demo.err;
  EXPECT_THAT(demo.err, HasSubstr(secret + ": this user may not read it: give it the right to"));
  chmod(secret.c_str(), 0700);
  EXPECT_TRUE(fs::exists(secret + "/film.mkv"));
  fs::remove_all(folder);
}

}  // namespace
}  // namespace retrovue::cli

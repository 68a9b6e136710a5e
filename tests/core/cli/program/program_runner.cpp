#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/store/assets.h"
#include "core/store/channels.h"
#include "core/store/plans.h"
#include "core/store/programs.h"
#include "core/store/schedule_days.h"
#include "core/store/sources.h"
#include "tests/core/cli/program/program.h"

namespace retrovue::cli {
namespace {

constexpr auto kLimit = std::chrono::seconds(60);

std::unique_ptr<Store> OpenStore(const std::string& url) {
  auto store = Store::Open(url, {.now = [] { return *ParseRfc3339(kNow); }});
  if (!store.ok()) {
    ADD_FAILURE() << store.status();
    abort();
  }
  return *std::move(store);
}

// Reads both pipes until they end, or kills `pid` when it takes too long.
void ReadBoth(pid_t pid, int out, int err, Ran& ran) {
  const auto until = std::chrono::steady_clock::now() + kLimit;
  pollfd ends[] = {{out, POLLIN, 0}, {err, POLLIN, 0}};
  std::string* texts[] = {&ran.out, &ran.err};
  int open_ends = 2;
  while (open_ends > 0) {
    if (std::chrono::steady_clock::now() > until) {
      kill(pid, SIGKILL);
      ADD_FAILURE() << "it does not end";
      return;
    }
    if (poll(ends, 2, 200) <= 0) continue;
    for (int i = 0; i < 2; ++i) {
      if (ends[i].fd < 0 || ends[i].revents == 0) continue;
      char buffer[65536];
      const ssize_t length = read(ends[i].fd, buffer, sizeof(buffer));
      if (length > 0) {
        texts[i]->append(buffer, static_cast<std::size_t>(length));
      } else {
        ends[i].fd = -1;
        --open_ends;
      }
    }
  }
}

Ran Execute(const std::string& program, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), program);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  int out[2];
  int err[2];
  EXPECT_EQ(pipe2(out, O_CLOEXEC), 0);
  EXPECT_EQ(pipe2(err, O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
  pid_t pid = -1;
  const int failed = posix_spawn(&pid, program.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  close(err[1]);
  Ran ran;
  if (failed != 0) {
    ADD_FAILURE() << program << ": " << failed;
  } else {
    ReadBoth(pid, out[0], err[0], ran);
    int status = 0;
    waitpid(pid, &status, 0);
    ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  close(out[0]);
  close(err[0]);
  return ran;
}

// What a call has answered, by value: a loop over it needs it to live.
template <typename T>
T Value(absl::StatusOr<T> answer) {
  EXPECT_TRUE(answer.ok()) << answer.status();
  return answer.ok() ? *std::move(answer) : T();
}

void Check(const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; }

}  // namespace

std::string Beside(const std::string& name) {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / name).string();
}

TemporaryHome::TemporaryHome() {
  folder_ = Beside("cli-test-XXXXXX");
  if (mkdtemp(folder_.data()) == nullptr) ADD_FAILURE() << folder_ << ": " << errno;
}

TemporaryHome::~TemporaryHome() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Ran TemporaryHome::Run(const std::vector<std::string>& arguments) const {
  std::vector<std::string> all = arguments;
  all.insert(all.end(), {"--home", folder_, "--now", kNow});
  if (std::find(all.begin(), all.end(), "--db") == all.end()) all.insert(all.end(), {"--db", database_url()});
  return Execute(Beside("retrovue"), all);
}

Json TemporaryHome::Ok(const std::vector<std::string>& arguments) const {
  std::vector<std::string> all = arguments;
  all.push_back("--json");
  const Ran ran = Run(all);
  EXPECT_EQ(ran.status, 0) << absl::StrJoin(arguments, " ") << "\n" << ran.out << ran.err;
  EXPECT_EQ(ran.err, "") << absl::StrJoin(arguments, " ");
  Json json = Json::parse(ran.out, nullptr, /*allow_exceptions=*/false);
  EXPECT_TRUE(json.is_object()) << ran.out;
  if (!json.is_object()) return Json::object();
  EXPECT_EQ(json.value("status", ""), "ok") << ran.out;
  return json;
}

Json TemporaryHome::Refused(const std::vector<std::string>& arguments) const {
  std::vector<std::string> all = arguments;
  all.push_back("--json");
  const Ran ran = Run(all);
  EXPECT_EQ(ran.status, 1) << absl::StrJoin(arguments, " ") << "\n" << ran.out << ran.err;
  Json json = Json::parse(ran.out, nullptr, /*allow_exceptions=*/false);
  EXPECT_TRUE(json.is_object()) << ran.out << ran.err;
  if (!json.is_object()) return Json::object();
  EXPECT_EQ(json.value("status", ""), "error") << ran.out;
  return json;
}

void TemporaryHome::Seed(const std::function<void(Transaction&)>& write) const {
  const std::unique_ptr<Store> store = OpenStore(database_url());
  Check(store->Write([&](Transaction& transaction) {
    write(transaction);
    return absl::OkStatus();
  }));
}

std::string TemporaryHome::SeedAsset(const std::string& title, int minutes_long, const std::string& series,
                                     int episode) const {
  std::string id;
  Seed([&](Transaction& transaction) {
    absl::StatusOr<Collection> collection = transaction.collections().Find("Media");
    if (!collection.ok()) {
      Source source{
          .type = "filesystem", .name = "Media", .external_id = "filesystem-1", .config_json = "{}"};
      Check(transaction.sources().Put(source));
      collection =
          Collection{.source_id = source.id, .external_id = "media", .name = "Media", .sync_enabled = true};
      Check(transaction.collections().Put(*collection));
    }
    Asset asset;
    asset.collection_id = collection->id;
    asset.canonical_key = title + ".mkv";
    asset.source_uri = "file:///media/" + title + ".mkv";
    asset.canonical_uri = "/media/" + title + ".mkv";
    asset.duration = minutes(minutes_long);
    asset.editorial.title = title;
    asset.editorial.series = series;
    if (episode > 0) {
      asset.editorial.season = 1;
      asset.editorial.episode = episode;
    }
    for (const AssetState state : {AssetState::kNew, AssetState::kEnriching, AssetState::kReady}) {
      asset.state = state;
      asset.approved_for_broadcast = state == AssetState::kReady;
      Check(transaction.assets().Put(asset));
    }
    id = asset.id.text;
  });
  return id;
}

void TemporaryHome::SeedChannel() const {
  for (int episode = 1; episode <= 6; ++episode)
    SeedAsset(absl::StrCat("Episode ", episode), 30, "Show", episode);
  Ok({"channel", "add", "one", "--timezone", "America/New_York"});
}

std::string TemporaryHome::Dump() const {
  const std::unique_ptr<Store> store = OpenStore(database_url());
  std::string text;
  Check(store->Read([&](const Snapshot& snapshot) -> absl::Status {
    for (const Source& one : Value(snapshot.sources().List()))
      absl::StrAppend(&text, one.id.text, one.name, one.config_json, "\n");
    for (const Collection& one : Value(snapshot.collections().List()))
      absl::StrAppend(&text, one.id.text, one.name, one.sync_enabled, one.path_mappings.size(), "\n");
    for (const Asset& one : Value(snapshot.assets().List())) {
      absl::StrAppend(&text, one.id.text, one.editorial.title, Name(one.state), one.approved_for_broadcast,
                      one.tags.size(), one.operator_verified, "\n");
    }
    for (const Channel& one : Value(snapshot.channels().List())) {
      absl::StrAppend(&text, one.id.text, one.slug, one.version, one.time_zone, "\n");
      for (const SchedulePlan& plan : Value(snapshot.plans().OfChannel(one.id))) {
        absl::StrAppend(&text, plan.id.text, plan.name, plan.priority, plan.is_active, "\n");
        for (const Zone& zone : plan.zones)
          absl::StrAppend(&text, zone.id.text, zone.name, zone.start, "-", zone.end, " ", zone.entries.size(),
                          "\n");
      }
      for (const Program& program : Value(snapshot.programs().OfChannel(one.id)))
        absl::StrAppend(&text, program.id.text, program.name, program.chain.size(), "\n");
      for (const ScheduleDay& day :
           Value(snapshot.schedule_days().Span(one.id, *ParseDate("2026-01-01"), *ParseDate("2027-12-31"))))
        absl::StrAppend(&text, day.id.text, ToText(day.date), day.generation, "\n");
    }
    return absl::OkStatus();
  }));
  return text;
}

}  // namespace retrovue::cli

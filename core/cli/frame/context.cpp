#include "core/cli/frame/context.h"

#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/master_clock.h"

namespace retrovue::cli {
namespace {

Instant MachineNow() { return FromUtcMs(air::SystemClock().UtcNow().value()); }

// The folder of the database of `url`; empty: it is no file.
std::filesystem::path FolderOf(const std::string& url) {
  if (!absl::StartsWith(url, "sqlite:")) return {};
  return std::filesystem::path(url.substr(std::string("sqlite:").size())).parent_path();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Context>> Context::Make(Globals globals) {
  std::error_code error;
  const std::string here = std::filesystem::current_path(error).string();
  absl::StatusOr<Home> home = FindHome(globals.home, globals.db, here, ProcessEnvironment());
  if (!home.ok()) return home.status();
  return std::unique_ptr<Context>(new Context(std::move(globals), *std::move(home)));
}

Context::Context(Globals globals, Home home)
    : globals_(std::move(globals)),
      home_(std::move(home)),
      clock_shift_(globals_.now ? *globals_.now - MachineNow() : Millis(0)) {}

Instant Context::Now() const { return MachineNow() + clock_shift_; }

std::function<Instant()> Context::clock() const {
  return [shift = clock_shift_] { return MachineNow() + shift; };
}

absl::StatusOr<Store*> Context::store() {
  if (store_) return store_.get();
  std::string url = home_.database_url;
  if (const std::filesystem::path folder = FolderOf(url); !folder.empty()) {
    std::error_code error;
    const std::string file = url.substr(std::string("sqlite:").size());
    if (globals_.dry_run && !std::filesystem::exists(file, error)) {
      scratch_ = std::filesystem::temp_directory_path(error).string() + "/retrovue-XXXXXX";
      if (mkdtemp(scratch_.data()) == nullptr) return absl::ErrnoToStatus(errno, scratch_);
      url = absl::StrCat("sqlite:", scratch_, "/retrovue.db");
    } else if (!std::filesystem::exists(folder, error)) {
      std::filesystem::create_directories(folder, error);
      if (!error) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
      if (error) {
        return Refuse(
            "HOME_UNUSABLE",
            absl::StrCat(folder.string(), ": ", error.message(),
                         ": give a folder this user may write to, with --home DIR or --db sqlite:PATH"));
      }
    }
  }
  auto opened = Store::Open(url, {.now = clock()});
  if (!opened.ok()) return opened.status();
  store_ = *std::move(opened);
  return store_.get();
}

absl::StatusOr<Planning*> Context::planning() {
  if (planning_) return planning_.get();
  const absl::StatusOr<Store*> opened = store();
  if (!opened.ok()) return opened.status();
  planning_ = std::make_unique<Planning>(**opened, clock());
  return planning_.get();
}

void Context::CloseStore() {
  planning_.reset();
  store_.reset();
}

Context::~Context() {
  CloseStore();
  std::error_code ignored;
  if (!scratch_.empty()) std::filesystem::remove_all(scratch_, ignored);
}

absl::Status Context::Read(absl::FunctionRef<absl::Status(const Snapshot&)> fn) {
  const absl::StatusOr<Store*> opened = store();
  return opened.ok() ? (*opened)->Read(fn) : opened.status();
}

absl::Status Context::Write(absl::FunctionRef<absl::Status(Transaction&)> fn) {
  const absl::StatusOr<Store*> opened = store();
  if (!opened.ok()) return opened.status();
  return globals_.dry_run ? (*opened)->Rehearse(fn) : (*opened)->Write(fn);
}

absl::StatusOr<Answer> Context::Read(Answer answer,
                                     absl::FunctionRef<absl::Status(const Snapshot&, Answer&)> fn) {
  const absl::Status done = Read([&](const Snapshot& snapshot) { return fn(snapshot, answer); });
  if (!done.ok()) return done;
  return answer;
}

absl::StatusOr<Answer> Context::Write(Answer answer,
                                      absl::FunctionRef<absl::Status(Transaction&, Answer&)> fn) {
  const absl::Status done = Write([&](Transaction& transaction) { return fn(transaction, answer); });
  if (!done.ok()) return done;
  return answer;
}

}  // namespace retrovue::cli

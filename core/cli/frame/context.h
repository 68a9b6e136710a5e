// What a command works with: the options of every command, the home, the network's clock, the store.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/cli/frame/answer.h"
#include "core/home/home.h"
#include "core/planning/planning.h"
#include "core/store/store.h"

namespace retrovue::cli {

// Options that every command takes.
struct Globals {
  bool json = false;
  bool dry_run = false;
  bool yes = false;
  std::string db;
  std::string home;
  std::optional<Instant> now;
};

// For one command, on one thread.
class Context {
 public:
  static absl::StatusOr<std::unique_ptr<Context>> Make(Globals globals);

  const Globals& globals() const { return globals_; }
  const Home& home() const { return home_; }

  // What the network's clock shows more than the machine's: 0 without --now.
  Millis clock_shift() const { return clock_shift_; }
  Instant Now() const;
  std::function<Instant()> clock() const;

  // Opened at the first call; made if it is not there. A dry run does not make it: then it works on an empty one of its own.
  absl::StatusOr<Store*> store();
  absl::StatusOr<Planning*> planning();
  // Lets the database go.
  void CloseStore();

  absl::Status Read(absl::FunctionRef<absl::Status(const Snapshot&)> fn);
  // Keeps nothing with --dry-run, and runs all the same checks.
  absl::Status Write(absl::FunctionRef<absl::Status(Transaction&)> fn);

  // `answer` as `fn` has completed it.
  absl::StatusOr<Answer> Read(Answer answer, absl::FunctionRef<absl::Status(const Snapshot&, Answer&)> fn);
  absl::StatusOr<Answer> Write(Answer answer, absl::FunctionRef<absl::Status(Transaction&, Answer&)> fn);

  ~Context();

 private:
  Context(Globals globals, Home home);

  const Globals globals_;
  const Home home_;
  const Millis clock_shift_;
  std::string scratch_;  // the folder of a dry run's own database; removed at the end
  std::unique_ptr<Store> store_;
  std::unique_ptr<Planning> planning_;
};

}  // namespace retrovue::cli

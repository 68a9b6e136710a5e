// Runs the real `retrovue` on a home of its own.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/store/store.h"

namespace retrovue::cli {

using Json = nlohmann::ordered_json;

struct Ran {
  int status = -1;
  std::string out;
  std::string err;
};

// A folder beside the programs, so that they can be linked into it; removed at the end.
class TemporaryHome {
 public:
  TemporaryHome();
  ~TemporaryHome();
  TemporaryHome(const TemporaryHome&) = delete;
  TemporaryHome& operator=(const TemporaryHome&) = delete;

  const std::string& folder() const { return folder_; }
  std::string database_url() const { return "sqlite:" + folder_ + "/retrovue.db"; }

  // `retrovue ARGUMENTS…` with this home, at the time the tests are at; at most a minute.
  Ran Run(const std::vector<std::string>& arguments) const;
  // The same with --json, of a command that has to succeed: what it answers.
  Json Ok(const std::vector<std::string>& arguments) const;
  // The same of one that is to be refused: its error.
  Json Refused(const std::vector<std::string>& arguments) const;

  // Writes to the database beside the program.
  void Seed(const std::function<void(Transaction&)>& write) const;
  // An asset that may air, of the seeded collection; answers its id.
  std::string SeedAsset(const std::string& title, int minutes, const std::string& series = "",
                        int episode = 0) const;
  // Channel "one" (New York, day from 06:00, grid 30), and six episodes of half an hour of the series "Show".
  void SeedChannel() const;

  // All that the database holds, as text: to see that nothing was written.
  std::string Dump() const;

 private:
  std::string folder_;
};

// The path of a program beside the running one.
std::string Beside(const std::string& name);

// What the tests' clock shows: a Monday, 12:07 in New York.
inline constexpr const char* kNow = "2026-03-02T17:07:00Z";

}  // namespace retrovue::cli

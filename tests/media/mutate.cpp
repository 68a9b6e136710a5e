// Damaged files through AIR: bits flipped, stretches cut out, doubled, zeroed and exchanged between files,
// numbers in headers made large, ends missing.
//
//   tests/fault/mutate [--seed 1] [--minutes 10] [FOLDER]
//
// They are made of generated clips and of the files of FOLDER. Half of the time each one goes through a
// decoder alone, as many as there is time for; half of the time they air one second each in a channel. A
// decoder may refuse, play something, or die. What may not happen: a decoder hangs, another process dies, a
// program frame is missing, an ordinary segment in between lacks a picture.
// With the same seed the same files are made.
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/media/file_channel.h"
#include "tests/media/lone_decoder.h"
#include "tests/media/mutator.h"
#include "tests/support/child_program.h"
#include "tests/support/test_channel.h"

namespace air::media {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

struct Options {
  unsigned seed = 1;
  double minutes = 10;
  std::string folder, keep;
  int files_in_channel = 40;
  bool idle = false;
};

class Campaign {
 public:
  explicit Campaign(const Options& options) : options_(options), mutator_(options.seed, Originals()) {}

  bool Run() {
    if (mutator_.empty()) {
      std::fprintf(stderr, "no files to begin with\n");
      return false;
    }
    const auto length = std::chrono::duration<double>(options_.minutes * 60);
    if (!options_.idle)
      Alone(steady_clock::now() + std::chrono::duration_cast<steady_clock::duration>(length / 2));
    const auto end = steady_clock::now() + std::chrono::duration_cast<steady_clock::duration>(length / 2);
    do InChannel();
    while (steady_clock::now() < end);
    std::printf("seed %u: %d files alone: %d played, %d refused, %d decoders dead, %d hung\n", options_.seed,
                alone_, played_, refused_, dead_, hung_);
    for (const auto& [how, times] : deaths_) std::printf("  %d times: %s\n", times, how.c_str());
    std::printf(
        "%d files in channels, %d ticks: %d of content, %d of pad or slate, %d decoder deaths; %d ticks "
        "late, the "
        "selector at most %.1f ms behind its deadline\n",
        aired_, static_cast<int>(ticks_), static_cast<int>(content_), static_cast<int>(ticks_ - content_),
        static_cast<int>(decoder_deaths_), static_cast<int>(late_), worst_late_ms_);
    for (const std::string& complaint : complaints_) std::printf("FAULT: %s\n", complaint.c_str());
    const bool good = complaints_.empty() && hung_ == 0;
    std::printf("%s\n", good ? "nothing but decoders has suffered" : "NOT GOOD");
    return good;
  }

 private:
  std::vector<std::string> Originals() {
    fs::create_directory(generated_);
    const e2e::Finished made = e2e::RunProgram(
        {"/bin/sh", AIR_SOURCE_DIR "/tests/media/make-files.sh", generated_}, scratch_.Path("make.log"));
    if (made.status != 0) std::fprintf(stderr, "make-files.sh: %s\n", made.output.c_str());
    std::vector<std::string> paths;
    for (const std::string& folder : {generated_, options_.folder}) {
      if (folder.empty()) continue;
      for (const auto& entry : fs::recursive_directory_iterator(folder))
        paths.push_back(entry.path().string());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  void Keep(const std::string& path) const {
    if (!options_.keep.empty())
      fs::copy_file(path, options_.keep + "/" + fs::path(path).filename().string(),
                    fs::copy_options::overwrite_existing);
  }

  void Alone(steady_clock::time_point end) {
    HouseFormat house;
    house.width = 320;
    house.height = 180;
    house.rate = {25, 1};
    while (steady_clock::now() < end) {
      const std::string path = mutator_.Next(scratch_.path());
      const LoneRun run =
          RunAlone(path, house, {.most_units = 100, .most_seconds = 30, .most_silent_seconds = 7});
      ++alone_;
      played_ += run.end == LoneRun::End::kPlayed ? 1 : 0;
      refused_ += run.end == LoneRun::End::kRefused ? 1 : 0;
      if (run.end == LoneRun::End::kDied || run.end == LoneRun::End::kHung) {
        ++(run.end == LoneRun::End::kDied ? dead_ : hung_);
        ++deaths_[run.text.substr(0, run.text.find(" behind"))];
        std::fprintf(stderr, "%s: %s\n", fs::path(path).filename().c_str(), run.text.c_str());
        Keep(path);
      }
      fs::remove(path);
    }
  }

  // One session; every tenth segment is an ordinary one.
  void InChannel() {
    std::vector<std::string> files;
    for (int i = 0; i < options_.files_in_channel; ++i)
      files.push_back(options_.idle || i % 10 == 9 ? "" : mutator_.Next(scratch_.path()));
    const ChannelRun run = PlayInChannel(files, {.segment_ms = 1000, .flags = {}});
    for (const AiredFile& file : run.files) {
      ticks_ += file.ticks;
      content_ += file.content;
    }
    aired_ += options_.files_in_channel;
    late_ += run.late_ticks;
    worst_late_ms_ = std::max(worst_late_ms_, run.worst_late_ms);
    decoder_deaths_ += run.decoder_deaths;
    complaints_.insert(complaints_.end(), run.complaints.begin(), run.complaints.end());
    for (const std::string& file : files)
      if (!file.empty()) fs::remove(file);
  }

  Options options_;
  e2e::TestFolder scratch_;
  std::string generated_ = scratch_.Path("generated");
  Mutator mutator_;
  int alone_ = 0, played_ = 0, refused_ = 0, dead_ = 0, hung_ = 0, aired_ = 0;
  std::map<std::string, int> deaths_;
  int64_t ticks_ = 0, content_ = 0, late_ = 0, decoder_deaths_ = 0;
  double worst_late_ms_ = 0;
  std::vector<std::string> complaints_;
};

}  // namespace
}  // namespace air::media

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  CLI::App app("Plays damaged files, alone and in a channel, and says what became of them.");
  air::media::Options options;
  double seconds = 0;
  app.add_option("folder", options.folder, "more files to damage")->check(CLI::ExistingDirectory);
  app.add_option("--seed", options.seed)->capture_default_str();
  app.add_option("--minutes", options.minutes)->capture_default_str();
  app.add_option("--seconds", seconds, "instead of minutes");
  app.add_option("--files", options.files_in_channel, "in one session")->capture_default_str();
  app.add_flag("--idle", options.idle,
               "only ordinary segments: how late the selector is on this machine anyway");
  app.add_option("--keep", options.keep, "where files go that a decoder died of or hung over")
      ->check(CLI::ExistingDirectory);
  CLI11_PARSE(app, argc, argv);
  if (seconds > 0) options.minutes = seconds / 60;
  const bool good = air::media::Campaign(options).Run();
  return good && !::testing::UnitTest::GetInstance()->ad_hoc_test_result().Failed() ? 0 : 1;
}

// Every file of a folder through AIR: does it play, or fail clearly?
//
//   tests/media/corpus FOLDER > TABLE      the table as Markdown, one line a file; progress goes to stderr
//
// Each file goes once through the `ffmpeg` command (it "plays" when that decodes it with status 0 and at
// least one picture or sample), once through the decoder alone from its beginning to its end, and once, as a
// short segment, through a real channel: supervisor, decoders, selector, encoder, viewer. Exit status 0:
// every file that plays has played in both, no decoder was hung, and the channel was not disturbed.
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "tests/media/file_channel.h"
#include "tests/media/lone_decoder.h"
#include "tests/support/child_program.h"
#include "tests/support/test_channel.h"

namespace air::media {
namespace {

namespace fs = std::filesystem;

struct Row {
  std::string path;
  bool plays = false;  // for ffmpeg
  LoneRun alone;
  AiredFile aired;
};

// "ffmpeg -v error" has decoded it with status 0 and at least one picture or sample.
bool PlaysInFfmpeg(const std::string& path, const std::string& log) {
  const e2e::Finished finished =
      e2e::RunProgram({"/usr/bin/timeout", "120", "/usr/bin/ffmpeg", "-nostdin", "-v", "error", "-progress",
                       "pipe:1", "-i", "file:" + path, "-f", "null", "-"},
                      log);
  bool something = false;
  for (const absl::string_view line : absl::StrSplit(finished.output, '\n')) {
    const std::vector<std::string> word = absl::StrSplit(line, '=');
    if (word.size() == 2 && (word[0] == "frame" || word[0] == "out_time_us"))
      something = something || std::atoll(word[1].c_str()) > 0;
  }
  return finished.status == 0 && something;
}

// What of it may stand in a table: no path, no line break, no bar.
std::string Clean(const std::string& text, const std::string& path) {
  const std::string name = fs::path(path).filename().string();
  return absl::StrReplaceAll(text, {{path, name}, {"|", "/"}, {"\n", " "}});
}

std::string ResultOf(const Row& row) {
  switch (row.alone.end) {
    case LoneRun::End::kPlayed:
      return row.alone.units > 0 ? "plays" : "nothing in it";
    case LoneRun::End::kRefused:
      return Clean(row.alone.text, row.path);
    default:
      return "**" + row.alone.text + "**";
  }
}

bool Fails(const Row& row) {
  const bool hung_or_dead = row.alone.end == LoneRun::End::kHung || row.alone.end == LoneRun::End::kDied;
  // What AIR does not open at all may well be something that plays: a playlist, for one.
  const bool refused = row.aired.pad.contains("REFUSED");
  const bool lost = row.plays && !refused && (row.alone.units == 0 || row.aired.content == 0);
  return hung_or_dead || lost;
}

constexpr char kPreface[] =
    "# What becomes of every file of a folder\n\n"
    "Made by `tests/media/corpus FOLDER`. Each file goes once through `ffmpeg -v error` (it plays when that "
    "ends with\n"
    "status 0 and has decoded something), once through the decoder alone, from its first frame to its last, "
    "into\n"
    "1280x720 at 29.97 (at most %d frames: a still has no end), and once, as a short segment, through a "
    "channel. Memory\n"
    "is what the decoder's process has resident; the time to the first frame counts from before the file is "
    "opened.\n\n";

void PrintTable(const std::vector<Row>& rows, const ChannelRun& channel, int64_t segment_ms,
                int64_t most_units) {
  std::printf(kPreface, static_cast<int>(most_units));
  std::printf(
      "| file | ffmpeg | AIR | frames | first frame, ms | peak memory, MB | in a channel, %d ms: frames | "
      "pad |\n"
      "|---|---|---|---:|---:|---:|---:|---|\n",
      static_cast<int>(segment_ms));
  for (const Row& row : rows) {
    const std::string first = row.alone.first_unit_ms < 0 ? "-" : std::to_string(row.alone.first_unit_ms);
    std::printf("| %s | %s | %s%s | %d | %s | %d | %d | %s |\n",
                Clean(fs::path(row.path).filename().string(), row.path).c_str(),
                row.plays ? "plays" : "fails", Fails(row) ? "**FAULT** " : "", ResultOf(row).c_str(),
                static_cast<int>(row.alone.units), first.c_str(),
                static_cast<int>(row.alone.peak_rss_bytes >> 20),
                static_cast<int>(row.aired.content + row.aired.slate), row.aired.Pad().c_str());
  }
  const auto data = std::max_element(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return a.alone.peak_data_bytes < b.alone.peak_data_bytes;
  });
  const auto count = [&](auto condition) {
    return static_cast<int>(std::count_if(rows.begin(), rows.end(), condition));
  };
  std::printf(
      "\n%d files: %d play for ffmpeg, %d in AIR; %d faults. Most that the memory limit counts: %d MB (%s).\n"
      "The channel: %d ticks, %d late, the selector at most %.1f ms behind its deadline (99 of 100: %.2f "
      "ms), %d "
      "decoders have died; %s.\n",
      static_cast<int>(rows.size()), count([](const Row& r) { return r.plays; }),
      count([](const Row& r) { return r.alone.end == LoneRun::End::kPlayed && r.alone.units > 0; }),
      count(&Fails), static_cast<int>(data->alone.peak_data_bytes >> 20),
      fs::path(data->path).filename().c_str(), static_cast<int>(channel.ticks),
      static_cast<int>(channel.late_ticks), channel.worst_late_ms, channel.usual_late_ms,
      static_cast<int>(channel.decoder_deaths),
      channel.complaints.empty() ? "nothing else was disturbed" : "**DISTURBED**");
  for (const std::string& complaint : channel.complaints) std::printf("\nFAULT: %s\n", complaint.c_str());
}

bool Run(const std::string& folder, const std::vector<std::string>& without, int64_t segment_ms,
         int64_t most_units) {
  std::vector<Row> rows;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (!entry.is_directory() && !absl::c_linear_search(without, entry.path().filename().string()))
      rows.push_back({.path = entry.path().string()});
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.path < b.path; });
  if (rows.empty()) {
    std::fprintf(stderr, "%s: no files\n", folder.c_str());
    return false;
  }
  const e2e::TestFolder scratch;
  HouseFormat house;
  house.width = 1280;
  house.height = 720;
  house.rate = {30000, 1001};
  std::vector<std::string> paths;
  for (Row& row : rows) {
    row.plays = fs::is_regular_file(row.path) && PlaysInFfmpeg(row.path, scratch.Path("ffmpeg.log"));
    row.alone = RunAlone(row.path, house, {.most_units = most_units});
    std::fprintf(stderr, "%s: %s\n", row.path.c_str(), ResultOf(row).c_str());
    paths.push_back(row.path);
  }
  const ChannelRun channel =
      PlayInChannel(paths, {.segment_ms = segment_ms, .flags = {"--media-root", folder}});
  for (size_t i = 0; i < rows.size(); ++i) rows[i].aired = channel.files[i];
  PrintTable(rows, channel, segment_ms, most_units);
  return channel.complaints.empty() && std::none_of(rows.begin(), rows.end(), &Fails) &&
         !::testing::UnitTest::GetInstance()->ad_hoc_test_result().Failed();
}

}  // namespace
}  // namespace air::media

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  CLI::App app("Plays every file of a folder, alone and in a channel, and says what became of it.");
  std::string folder;
  std::vector<std::string> without;
  int64_t segment_ms = 2000, most_units = 9000;
  app.add_option("folder", folder)->required()->check(CLI::ExistingDirectory);
  app.add_option("--without", without, "files that are not to be looked at, by name");
  app.add_option("--segment-ms", segment_ms, "of each file in the channel")->capture_default_str();
  app.add_option("--most-frames", most_units, "of each file alone")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return air::media::Run(folder, without, segment_ms, most_units) ? 0 : 1;
}

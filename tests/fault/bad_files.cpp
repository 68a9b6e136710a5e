#include "tests/fault/bad_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "absl/strings/str_format.h"

namespace air::e2e {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kClipSeconds = 3;

Clip Made(const ClipMaker& maker, const ChannelFormat& format, const std::string& type) {
  return maker.Make(BadFiles::kClip, kClipSeconds * format.num / format.den, type);
}

// The picture in which a file was cut may be made up for with the one before it.
bool IsPartOf(OnAir seen, OnAir planned) {
  return seen.clip == planned.clip &&
         (seen.picture == planned.picture || seen.picture + 1 == planned.picture);
}

bool MayBeSeen(const BadFile& file, OnAir seen, OnAir planned) {
  if (seen.clip < 0 || file.playable == Playable::kAnything) return true;
  return file.playable == Playable::kPart && IsPartOf(seen, planned);
}

}  // namespace

BadFiles::BadFiles(const ChannelFormat& format, const std::string& folder, unsigned seed)
    : folder_(folder),
      maker_(format, folder),
      mp4_(Made(maker_, format, "mp4")),
      ts_(Made(maker_, format, "ts")),
      mkv_(Made(maker_, format, "mkv")),
      mutator_(seed, {mp4_.path, ts_.path, mkv_.path}) {
  const auto in = [&](const char* name) { return folder + "/bad-" + name; };
  std::ofstream(in("empty.mp4")).close();
  std::ofstream(in("text.mp4")) << std::string(10'000, 'x') << "This is not a film.\n";
  fs::create_directory(in("folder.mp4"));
  mkfifo(in("fifo.mp4").c_str(), 0600);
  fixed_ = {
      {.what = "missing", .path = in("missing.mp4")},
      {.what = "empty", .path = in("empty.mp4")},
      {.what = "text", .path = in("text.mp4")},
      {.what = "folder", .path = in("folder.mp4")},
      {.what = "fifo", .path = in("fifo.mp4")},
      {.what = "device", .path = "/dev/zero"},
      {.what = "truncated before its index", .path = Cut(mp4_.path, "cut.mp4")},
      {.what = "truncated", .path = Cut(ts_.path, "cut.ts"), .playable = Playable::kPart, .clip = ts_},
      {.what = "truncated", .path = Cut(mkv_.path, "cut.mkv"), .playable = Playable::kPart, .clip = mkv_}};
  std::ranges::shuffle(fixed_, std::mt19937(seed));
}

BadFile BadFiles::Next() {
  const size_t turn = next_++;
  if (turn % 3 != 0) return fixed_[(turn - turn / 3 - 1) % fixed_.size()];
  return {.what = "damaged", .path = mutator_.Next(folder_), .playable = Playable::kAnything};
}

std::string BadFiles::Cut(const std::string& path, const std::string& name) const {
  const std::string cut = folder_ + "/" + name;
  fs::copy_file(path, cut);
  fs::resize_file(cut, fs::file_size(cut) / 2);
  return cut;
}

Program Tolerating(const std::vector<DueFile>& due, const Program& aired, const Program& expected) {
  Program tolerant;
  int64_t at = 0;
  const auto take = [&](const Program& from, int64_t to) {
    const Program part = from.Between(at, to);
    for (const Stretch& stretch : part.stretches()) tolerant.Append(stretch);
    at = to;
  };
  for (const DueFile& file : due) {
    take(expected, file.from);
    while (at < file.to) {
      const bool may = MayBeSeen(file.file, aired.At(at), expected.At(at));
      take(may ? aired : expected, at + 1);
    }
  }
  take(expected, std::max(at, expected.end_tick()));
  return tolerant;
}

int64_t FirstLost(const std::vector<DueFile>& due, const Program& aired, const Program& expected) {
  for (int64_t tick = aired.first_tick(); tick < aired.end_tick(); ++tick) {
    const bool bad =
        std::ranges::any_of(due, [&](const DueFile& file) { return tick >= file.from && tick < file.to; });
    if (!bad && aired.At(tick).clip == Stretch::kPad && expected.At(tick).clip != Stretch::kPad) return tick;
  }
  return -1;
}

std::vector<std::string> SeenOf(const std::vector<DueFile>& due, const Program& aired) {
  std::map<std::string, std::pair<int64_t, int64_t>> seen;  // pictures, ticks
  for (const DueFile& file : due) {
    auto& [pictures, ticks] = seen[file.file.what];
    ticks += file.to - file.from;
    for (int64_t tick = file.from; tick < file.to; ++tick) pictures += aired.At(tick).clip >= 0 ? 1 : 0;
  }
  std::vector<std::string> lines;
  for (const auto& [what, count] : seen)
    lines.push_back(
        absl::StrFormat("bad files, %s: pictures seen at %d of %d ticks", what, count.first, count.second));
  return lines;
}

}  // namespace air::e2e

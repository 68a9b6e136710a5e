// How long Core takes to take in a folder: 10,000 small files (one clip of a second, made by ffmpeg, made different by a
// box at its end), or a folder of one's own.
//
//   core_ingest_bench [--files N] [--folder FOLDER] [--probes N]
//
// Prints how long it took to index them (they are in the catalogue), to probe them, and what a second and a third pass
// over the unchanged folder take and write. It needs asset-probe beside it.
#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/ingest/ingest.h"
#include "core/store/sources.h"

namespace retrovue {
namespace {

using SteadyClock = std::chrono::steady_clock;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "core-ingest-bench-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// An MP4 may end with a box of type "free", which players leave out.
std::string FreeBox(int n) {
  std::string content = absl::StrCat("file ", n);
  content.resize(24, ' ');
  std::string box = {0, 0, 0, static_cast<char>(content.size() + 8), 'f', 'r', 'e', 'e'};
  return box + content;
}

bool MakeFiles(const std::string& folder, int files) {
  const std::string clip = folder + "/clip.mp4";
  const std::string command = absl::StrCat(
      "ffmpeg -nostdin -v error -y -f lavfi -i testsrc=s=320x180:r=25:d=1 -f lavfi -i sine=d=1 -c:v libx264 "
      "-preset "
      "veryfast -c:a aac -pix_fmt yuv420p ",
      clip);
  if (std::system(command.c_str()) != 0) return false;
  std::ifstream in(clip, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  std::filesystem::remove(clip);
  for (int i = 0; i < files; ++i) {
    const std::string place = absl::StrCat(folder, "/", i / 500);
    std::filesystem::create_directories(place);
    std::ofstream(absl::StrCat(place, "/clip ", i, ".mp4"), std::ios::binary) << bytes << FreeBox(i);
  }
  return true;
}

double SecondsSince(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

absl::Status Pass(Store& store, const CollectionId& collection, int probes, const char* name) {
  const SteadyClock::time_point begin = SteadyClock::now();
  std::optional<double> indexed;
  std::int64_t probed = 0;
  IngestOptions options;
  options.probes = probes;
  options.on_progress = [&](const IngestProgress& progress) {
    if (progress.phase != IngestProgress::Phase::kProbe) return;
    if (!indexed) indexed = SecondsSince(begin);
    probed = progress.done;
  };
  const std::int64_t rows = store.rows_written();
  const auto report = Ingest(store, collection, options);
  if (!report.ok()) return report.status();
  if (!report->outage.empty()) return absl::NotFoundError(report->outage);
  const double all = SecondsSince(begin);
  std::printf("%-8s %8.2f s in all", name, all);
  if (indexed) {
    std::printf(", indexed in %.2f s, then %lld files probed at %.0f a second", *indexed,
                static_cast<long long>(probed), static_cast<double>(probed) / (all - *indexed));
  }
  std::printf(
      ", %lld rows written\n         %lld found, %lld ready, %lld failed, %lld to be reviewed, %lld "
      "unchanged\n",
      static_cast<long long>(store.rows_written() - rows), static_cast<long long>(report->found),
      static_cast<long long>(report->ready), static_cast<long long>(report->failed),
      static_cast<long long>(report->review), static_cast<long long>(report->unchanged));
  return absl::OkStatus();
}

absl::Status Bench(std::string folder, int files, int probes) {
  const TemporaryFolder media, home;
  if (folder.empty()) {
    if (!MakeFiles(media.path(), files)) return absl::InternalError("ffmpeg cannot make a clip");
    folder = media.path();
  }
  StoreOptions options;
  options.now = [] { return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now()); };
  auto store = Store::Open("sqlite:" + home.path() + "/retrovue.db", std::move(options));
  if (!store.ok()) return store.status();
  auto source = FilesystemSource("bench", {folder});
  if (!source.ok()) return source.status();
  CollectionId id;
  const absl::Status put = (*store)->Write([&](Transaction& transaction) -> absl::Status {
    if (absl::Status stored = transaction.sources().Put(*source); !stored.ok()) return stored;
    auto collections = DiscoverCollections(*source);
    if (!collections.ok()) return collections.status();
    collections->front().sync_enabled = true;
    const absl::Status stored = transaction.collections().Put(collections->front());
    id = collections->front().id;
    return stored;
  });
  if (!put.ok()) return put;
  for (const char* pass : {"first", "second", "third"}) {
    if (absl::Status done = Pass(**store, id, probes, pass); !done.ok()) return done;
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace retrovue

int main(int argc, char** argv) {
  CLI::App app("How long Core takes to take in a folder");
  int files = 10'000, probes = 0;
  std::string folder;
  app.add_option("--files", files, "how many small files to make")->check(CLI::Range(1, 1'000'000));
  app.add_option("--folder", folder, "take in this folder instead");
  app.add_option("--probes", probes, "processes that probe; 0: one a core")->check(CLI::Range(0, 16));
  CLI11_PARSE(app, argc, argv);
  const absl::Status done = retrovue::Bench(folder, files, probes);
  if (!done.ok()) std::fprintf(stderr, "%s\n", std::string(done.message()).c_str());
  return done.ok() ? 0 : 1;
}

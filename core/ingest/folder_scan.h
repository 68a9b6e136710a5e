// The filesystem importer's eyes: which files of a root may be media.
//
// Links are followed. A folder is visited once, by its own name if it has one below the root, so that links that lead in
// circles end. Nothing is opened but folders.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace retrovue {

enum class FileKind {
  kMedia,    // AIR plays such files
  kUnknown,  // nothing is known of its extension: the probe has to say
  kStill,    // a picture
  kOther,    // text, subtitles, archives: not media
};

// By the extension alone, in any case.
FileKind KindOf(absl::string_view path);

struct FoundFile {
  std::string path;      // below the root, its bytes as they are; of a root that is a file: its name
  std::string absolute;  // what to open
  std::int64_t size = 0;
  std::int64_t mtime_ns = 0;
  FileKind kind = FileKind::kMedia;
};

struct SkippedFile {
  std::string path;    // as above
  std::string reason;  // for people
};

struct ScanResult {
  std::vector<FoundFile> files;  // sorted by path
  std::vector<SkippedFile> skipped;
  // Folders and files that could not be looked at: what is below them may be there. Nothing is missing then.
  std::vector<SkippedFile> unreadable;
  std::int64_t ignored = 0;  // hidden ones, and what is no media by its extension
  // Not empty: the root cannot be read at all, and why, with the next step.
  std::string outage;

  bool complete() const { return outage.empty() && unreadable.empty(); }
};

// `root` is a folder, or one file. `on_progress` is called with the number of files seen so far, now and then.
ScanResult ScanRoot(const std::string& root, const std::function<void(std::int64_t)>& on_progress = {});

}  // namespace retrovue

#include "core/ingest/folder_scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/one_line.h"

namespace retrovue {
namespace {

constexpr std::size_t kDeepest = 64;           // folders in folders
constexpr std::size_t kMostFiles = 2'000'000;  // of one root
constexpr std::int64_t kProgressEvery = 1000;

constexpr const char* kMediaExtensions[] = {
    "264",  "265",   "3g2",  "3ga",  "3gp",  "aac", "ac3", "aif",    "aiff", "amr",  "amv", "ape",  "asf",
    "au",   "avi",   "bik",  "dav",  "divx", "dts", "dv",  "dvr-ms", "eac3", "evo",  "f4v", "flac", "flv",
    "gif",  "gxf",   "h264", "h265", "hevc", "ivf", "m1v", "m2p",    "m2t",  "m2ts", "m2v", "m4a",  "m4b",
    "m4v",  "mjpeg", "mjpg", "mk3d", "mka",  "mkv", "mod", "mov",    "mp2",  "mp3",  "mp4", "mpa",  "mpe",
    "mpeg", "mpg",   "mpv",  "mts",  "mxf",  "nsv", "nut", "oga",    "ogg",  "ogm",  "ogv", "ogx",  "opus",
    "qt",   "ra",    "rm",   "rmvb", "spx",  "tod", "trp", "ts",     "tta",  "vob",  "voc", "w64",  "wav",
    "weba", "webm",  "wma",  "wmv",  "wtv",  "wv",  "y4m"};
constexpr const char* kStillExtensions[] = {"apng", "avif", "bmp", "dpx",  "exr",  "heic", "heif", "icb",
                                            "ico",  "jfif", "jpe", "jpeg", "jpg",  "pbm",  "pcx",  "pgm",
                                            "png",  "pnm",  "ppm", "psd",  "qoi",  "svg",  "svgz", "tga",
                                            "tif",  "tiff", "vda", "vst",  "webp", "xpm"};
constexpr const char* kOtherExtensions[] = {
    "7z",   "ass",    "azw3", "bat",  "bin",     "bz2",  "c",    "cfg",  "conf", "cpp", "css",
    "csv",  "cue",    "db",   "deb",  "dll",     "doc",  "docx", "epub", "exe",  "gz",  "h",
    "htm",  "html",   "idx",  "ifo",  "bup",     "ini",  "iso",  "img",  "jar",  "js",  "json",
    "key",  "log",    "lrc",  "lnk",  "m3u",     "m3u8", "md",   "md5",  "mobi", "mpd", "msi",
    "nfo",  "nzb",    "odp",  "ods",  "odt",     "otf",  "par2", "pdf",  "php",  "pl",  "pls",
    "ppt",  "pptx",   "ps1",  "py",   "rar",     "rpm",  "rst",  "rtf",  "sbv",  "sfv", "sh",
    "sha1", "sha256", "smi",  "sql",  "sqlite",  "srt",  "ssa",  "stl",  "sub",  "sup", "tar",
    "tbn",  "tex",    "tgz",  "toml", "torrent", "tsv",  "ttf",  "ttml", "txt",  "url", "vtt",
    "woff", "woff2",  "xls",  "xlsx", "xml",     "xz",   "yaml", "yml",  "zip",  "zst"};
// What a program leaves while it is still fetching a file.
constexpr const char* kPartialExtensions[] = {"!qb",      "!ut",      "aria2",      "bc!",  "crdownload",
                                              "download", "filepart", "opdownload", "part", "partial",
                                              "temp",     "tmp",      "ytdl"};
// Folders that machines make.
constexpr const char* kForeignFolders[] = {"@eadir",     "#recycle", "#snapshot", "$recycle.bin",
                                           "lost+found", "recycler", "recycled",  "system volume information",
                                           "__macosx"};

std::string ExtensionOf(absl::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash != absl::string_view::npos) path.remove_prefix(slash + 1);
  const std::size_t dot = path.rfind('.');
  return dot == absl::string_view::npos ? "" : absl::AsciiStrToLower(path.substr(dot + 1));
}

template <std::size_t n>
bool IsOneOf(const std::string& text, const char* const (&list)[n]) {
  return std::any_of(std::begin(list), std::end(list), [&](const char* entry) { return text == entry; });
}

bool IsPartial(const std::string& name) {
  return IsOneOf(ExtensionOf(name), kPartialExtensions) ||
         absl::StrContains(absl::AsciiStrToLower(name), ".part-frag");
}

// Why a folder or file cannot be looked at, and what to do.
std::string Why(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return "this user may not read it: give it the right to (chmod, chown, or the group of the folder)";
    case ENOENT:
      return "it is not there: check the path, and that the disk is mounted";
    case ELOOP:
      return "it is a link that leads back to itself: remove it";
    case EIO:
    case ESTALE:
      return absl::StrCat("the disk or its server does not answer (", std::strerror(error), ")");
    default:
      return std::strerror(error);
  }
}

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};

class Scan {
 public:
  Scan(std::string root, const std::function<void(std::int64_t)>& on_progress)
      : root_(std::move(root)), on_progress_(on_progress) {}

  ScanResult Run() {
    struct stat info {};
    if (stat(root_.c_str(), &info) != 0) {
      result_.outage = absl::StrCat(air::OneLine(root_, 4096), ": ", Why(errno));
      return std::move(result_);
    }
    if (S_ISREG(info.st_mode)) {
      const std::size_t slash = root_.rfind('/');
      AddFile(slash == std::string::npos ? root_ : root_.substr(slash + 1), root_, info);
      return std::move(result_);
    }
    if (!S_ISDIR(info.st_mode)) {
      result_.outage = absl::StrCat(air::OneLine(root_, 4096),
                                    ": it is neither a folder nor a file: name a folder of media, or a file");
      return std::move(result_);
    }
    pending_.push_back({"", 0});
    // Folders by their own names first: a link to one of them is then known to be one.
    while (!pending_.empty() || !linked_.empty()) {
      auto& next = !pending_.empty() ? pending_ : linked_;
      const Folder folder = std::move(next.front());
      next.pop_front();
      Visit(folder);
    }
    std::sort(result_.files.begin(), result_.files.end(),
              [](const FoundFile& a, const FoundFile& b) { return a.path < b.path; });
    LeaveOutUnfinished();
    return std::move(result_);
  }

 private:
  struct Folder {
    std::string path;  // below the root
    std::size_t depth = 0;
  };

  std::string Absolute(const std::string& path) const {
    if (path.empty()) return root_;
    return absl::StrCat(root_, root_.back() == '/' ? "" : "/", path);
  }

  void Unreadable(const std::string& path, int error) {
    if (path.empty()) {
      result_.outage = absl::StrCat(air::OneLine(root_, 4096), ": ", Why(error));
    } else {
      result_.unreadable.push_back({path, Why(error)});
    }
  }

  void Visit(const Folder& folder) {
    const std::string absolute = Absolute(folder.path);
    const std::unique_ptr<DIR, CloseFolder> open(opendir(absolute.c_str()));
    struct stat info {};
    if (open == nullptr || fstat(dirfd(open.get()), &info) != 0) return Unreadable(folder.path, errno);
    if (!visited_.insert({info.st_dev, info.st_ino}).second) return;
    if (folder.depth > kDeepest) {
      result_.unreadable.push_back({folder.path, absl::StrCat("it lies deeper than ", kDeepest, " folders")});
      return;
    }
    std::vector<std::string> names;
    for (;;) {
      errno = 0;
      const dirent* entry = readdir(open.get());
      if (entry == nullptr) {
        if (errno != 0) Unreadable(folder.path, errno);
        break;
      }
      names.emplace_back(entry->d_name);
    }
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) Look(folder, dirfd(open.get()), name);
  }

  void Look(const Folder& folder, int at, const std::string& name) {
    if (name == "." || name == "..") return;
    if (name.front() == '.') {
      ++result_.ignored;
      return;
    }
    const std::string path = folder.path.empty() ? name : absl::StrCat(folder.path, "/", name);
    struct stat info {};
    if (fstatat(at, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno != ENOENT) Unreadable(path, errno);
      return;  // it has gone meanwhile
    }
    const bool linked = S_ISLNK(info.st_mode);
    if (linked && fstatat(at, name.c_str(), &info, 0) != 0) {
      if (errno == ENOENT || errno == ELOOP) {
        result_.skipped.push_back({path, "a link that leads nowhere"});
      } else {
        Unreadable(path, errno);
      }
      return;
    }
    if (S_ISDIR(info.st_mode)) {
      if (IsOneOf(absl::AsciiStrToLower(name), kForeignFolders)) {
        ++result_.ignored;
      } else {
        (linked ? linked_ : pending_).push_back({path, folder.depth + 1});
      }
    } else if (S_ISREG(info.st_mode)) {
      AddFile(path, Absolute(path), info);
    } else {
      ++result_.ignored;
    }
  }

  void AddFile(const std::string& path, const std::string& absolute, const struct stat& info) {
    if (++seen_ % kProgressEvery == 0 && on_progress_) on_progress_(seen_);
    if (IsPartial(path)) {
      result_.skipped.push_back({path, "it is still being fetched"});
      if (ExtensionOf(path) == "aria2") unfinished_.insert(path.substr(0, path.size() - 6));
      return;
    }
    const FileKind kind = KindOf(path);
    const bool alone = absolute == root_;
    if (kind == FileKind::kOther && !alone) {
      ++result_.ignored;
      return;
    }
    if (kind == FileKind::kStill && !alone) {
      result_.skipped.push_back({path, "a still picture: name it by itself to air it"});
      return;
    }
    if (info.st_size == 0) {
      result_.skipped.push_back({path, "it is empty (0 bytes)"});
      return;
    }
    if (air::OneLine(path, path.size() + 1) != path && !IsUtf8(path)) {
      result_.skipped.push_back(
          {path, "its name is not UTF-8: rename it (convmv -f latin1 -t utf8 -r --notest)"});
      return;
    }
    if (result_.files.size() >= kMostFiles) {
      result_.unreadable.push_back({path, absl::StrCat("the root has more than ", kMostFiles, " files")});
      return;
    }
    result_.files.push_back(
        {path, absolute, info.st_size, info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec, kind});
  }

  // OneLine puts U+FFFD for each byte that is no UTF-8, and nothing else adds one.
  static bool IsUtf8(const std::string& path) {
    constexpr absl::string_view kReplacement = "\xef\xbf\xbd";
    const auto count = [&](absl::string_view text) {
      std::size_t n = 0;
      for (std::size_t at = text.find(kReplacement); at != absl::string_view::npos;
           at = text.find(kReplacement, at + kReplacement.size())) {
        ++n;
      }
      return n;
    };
    return count(air::OneLine(path, 3 * path.size() + 1)) == count(path);
  }

  // aria2 names its file as it will be, and says in another one that it is not done.
  void LeaveOutUnfinished() {
    const auto unfinished = [&](const FoundFile& file) { return unfinished_.count(file.path) > 0; };
    for (const FoundFile& file : result_.files) {
      if (unfinished(file)) result_.skipped.push_back({file.path, "it is still being fetched"});
    }
    result_.files.erase(std::remove_if(result_.files.begin(), result_.files.end(), unfinished),
                        result_.files.end());
  }

  std::string root_;
  const std::function<void(std::int64_t)>& on_progress_;
  ScanResult result_;
  std::deque<Folder> pending_, linked_;
  std::set<std::pair<dev_t, ino_t>> visited_;
  std::set<std::string> unfinished_;
  std::int64_t seen_ = 0;
};

}  // namespace

FileKind KindOf(absl::string_view path) {
  const std::string extension = ExtensionOf(path);
  if (IsOneOf(extension, kMediaExtensions)) return FileKind::kMedia;
  if (IsOneOf(extension, kStillExtensions)) return FileKind::kStill;
  if (IsOneOf(extension, kOtherExtensions)) return FileKind::kOther;
  return FileKind::kUnknown;
}

ScanResult ScanRoot(const std::string& root, const std::function<void(std::int64_t)>& on_progress) {
  ScanResult result = Scan(root, on_progress).Run();
  return result;
}

}  // namespace retrovue

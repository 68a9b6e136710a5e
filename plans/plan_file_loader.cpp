#include "plans/plan_file_loader.h"

#include <fcntl.h>
#include <google/protobuf/util/json_util.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/one_line.h"
#include "base/unique_fd.h"

namespace air {
namespace {

// "pattern:bars" names a generated picture, not a file.
bool HasScheme(const std::string& uri) {
  const std::size_t colon = uri.find(':');
  return colon != std::string::npos && colon > 0 &&
         std::all_of(uri.begin(), uri.begin() + colon, [](unsigned char c) { return std::islower(c); });
}

void FillInSegments(const std::filesystem::path& folder, retrovue::playout::BlockPlan& block) {
  // Numbers that are all absent read as all zero; a plan that gives any keeps what it gives.
  const bool numbered = std::any_of(block.segments().begin(), block.segments().end(),
                                    [](const auto& segment) { return segment.segment_index() != 0; });
  int index = 0;
  for (retrovue::playout::BlockSegment& segment : *block.mutable_segments()) {
    if (!numbered) segment.set_segment_index(index++);
    if (!segment.asset_uri().empty() && !HasScheme(segment.asset_uri())) {
      segment.set_asset_uri((folder / segment.asset_uri()).lexically_normal().string());
    }
    for (auto& enricher : *segment.mutable_enrichers()) {
      auto& image = *enricher.mutable_channel_bug()->mutable_image_uri();
      if (!image.empty() && !HasScheme(image)) image = (folder / image).lexically_normal().string();
    }
  }
}

void FillIn(const std::filesystem::path& folder, PlanFile& plan) {
  if (plan.channel_id() == 0) plan.set_channel_id(1);
  if (plan.segments_size() > 0) plan.add_blocks()->mutable_segments()->Swap(plan.mutable_segments());
  std::int64_t end = 0;
  for (int i = 0; i < plan.blocks_size(); ++i) {
    retrovue::playout::BlockPlan& block = *plan.mutable_blocks(i);
    if (block.block_id().empty()) block.set_block_id(absl::StrCat("block-", i + 1));
    if (block.channel_id() == 0) block.set_channel_id(plan.channel_id());
    FillInSegments(folder, block);
    // An end without a start is kept as it is, and refused: it cannot be meant.
    if (block.start_utc_ms() == 0 && i > 0 && block.end_utc_ms() == 0) block.set_start_utc_ms(end);
    if (block.end_utc_ms() == 0) {
      std::int64_t sum = 0;
      for (const auto& segment : block.segments()) sum += segment.segment_duration_ms();
      block.set_end_utc_ms(block.start_utc_ms() + sum);
    }
    end = block.end_utc_ms();
  }
}

// Without the value that is quoted in it.
std::string WithoutValue(std::string what) {
  if (const std::size_t value = what.find("invalid value"); value != std::string::npos) {
    const std::size_t from = what.find('"', value), to = what.rfind('"');
    if (from != std::string::npos && to > from) what.replace(from, to - from + 1, "\"...\"");
  }
  return what;
}

// The JSON parser's complaint without the text it quotes: a plan handle may name any file on the machine, and
// the client of a refused call must not learn what is in it. Of a text that is no JSON the parser says
// "WHAT\nTEXT\n   ^"; where TEXT is the only one of its kind in the file, its line and column take its place. Of a
// key or a value that is wrong it says one sentence with it, line feeds and all.
std::string WithoutQuotes(const std::string& complaint, const std::string& json) {
  const std::size_t text_at = complaint.find('\n'), mark_at = complaint.rfind('\n');
  const bool has_mark = mark_at != std::string::npos && complaint.back() == '^' &&
                        complaint.find_first_not_of(' ', mark_at + 1) == complaint.size() - 1;
  if (!has_mark) return OneLine(WithoutValue(complaint));
  const std::string what = complaint.substr(0, text_at);
  if (mark_at <= text_at) return what;
  const std::string text = complaint.substr(text_at + 1, mark_at - text_at - 1);
  const std::size_t found = json.find(text), mark = complaint.size() - mark_at - 2;
  if (text.empty() || found == std::string::npos || json.find(text, found + 1) != std::string::npos)
    return what;
  const auto at = json.begin() + static_cast<std::ptrdiff_t>(std::min(found + mark, json.size()));
  const auto line = 1 + std::count(json.begin(), at, '\n');
  const auto line_start = std::find(std::make_reverse_iterator(at), json.rend(), '\n').base();
  return absl::StrCat("line ", line, ", column ", 1 + (at - line_start), ": ", what);
}

absl::Status CannotRead(const std::string& path, const std::string& why) {
  return absl::NotFoundError(absl::StrCat("cannot read ", path, ": ", why));
}

// A plan is a regular file. Nothing else is opened for reading: a pipe would wait, a device might act.
absl::StatusOr<std::string> ReadText(const std::string& path) {
  const UniqueFd found(open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!found.valid()) return CannotRead(path, std::strerror(errno));
  struct stat info {};
  if (fstat(found.get(), &info) != 0) return CannotRead(path, std::strerror(errno));
  if (!S_ISREG(info.st_mode)) return absl::InvalidArgumentError(absl::StrCat(path, ": not a regular file"));
  if (info.st_size == 0) return absl::InvalidArgumentError(absl::StrCat(path, ": empty"));
  const auto too_large = [&] {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": larger than the ", kMostPlanBytes >> 20, " MB a plan may have"));
  };
  if (static_cast<uint64_t>(info.st_size) > kMostPlanBytes) return too_large();
  const UniqueFd file(open(absl::StrCat("/proc/self/fd/", found.get()).c_str(),
                           O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file.valid()) return CannotRead(path, std::strerror(errno));
  std::string text;
  std::vector<char> piece(size_t{64} << 10);
  for (;;) {
    const ssize_t n = read(file.get(), piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return CannotRead(path, std::strerror(errno));
    if (n == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(n));
    if (text.size() > kMostPlanBytes) return too_large();  // it grows while it is read
  }
}

}  // namespace

absl::StatusOr<PlanFile> ParsePlan(const std::string& json, const std::string& folder) {
  PlanFile plan;
  const auto parsed = google::protobuf::util::JsonStringToMessage(json, &plan);
  if (!parsed.ok()) return absl::InvalidArgumentError(WithoutQuotes(std::string(parsed.message()), json));
  if (plan.blocks().empty() && plan.segments().empty())
    return absl::InvalidArgumentError("blocks: the plan has none");
  if (!plan.blocks().empty() && !plan.segments().empty())
    return absl::InvalidArgumentError("segments: give either blocks or segments, not both");
  FillIn(std::filesystem::absolute(folder), plan);
  return plan;
}

std::string PathOfHandle(const std::string& plan_handle) {
  absl::string_view rest = plan_handle;
  if (!absl::ConsumePrefix(&rest, "file:")) return plan_handle;
  if (absl::ConsumePrefix(&rest, "//")) absl::ConsumePrefix(&rest, "localhost");
  std::string path;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const std::string code(rest.substr(i + 1, 2));
    const bool escaped = rest[i] == '%' && code.size() == 2 &&
                         std::isxdigit(static_cast<unsigned char>(code[0])) &&
                         std::isxdigit(static_cast<unsigned char>(code[1]));
    path += escaped ? static_cast<char>(std::stoi(code, nullptr, 16)) : rest[i];
    if (escaped) i += 2;
  }
  return path;
}

absl::StatusOr<PlanFile> LoadPlanFile(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadText(path);
  if (!text.ok()) return text.status();
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  absl::StatusOr<PlanFile> plan = ParsePlan(*text, folder.empty() ? "." : folder.string());
  if (!plan.ok()) {
    return absl::Status(plan.status().code(), absl::StrCat(path, ": ", plan.status().message()));
  }
  return plan;
}

bool IsRelative(const PlanFile& plan) { return plan.blocks(0).start_utc_ms() == 0; }

void MovePlanTo(std::int64_t first_start_utc_ms, PlanFile& plan) {
  const std::int64_t shift = first_start_utc_ms - plan.blocks(0).start_utc_ms();
  for (retrovue::playout::BlockPlan& block : *plan.mutable_blocks()) {
    block.set_start_utc_ms(block.start_utc_ms() + shift);
    block.set_end_utc_ms(block.end_utc_ms() + shift);
  }
}

absl::StatusOr<int> FindBlock(const std::string& block_id, const PlanFile& plan) {
  for (int i = 0; i < plan.blocks_size(); ++i) {
    if (plan.blocks(i).block_id() == block_id) return i;
  }
  return absl::NotFoundError(absl::StrCat("the plan has no block '", block_id, "'"));
}

absl::StatusOr<std::string> ProgramFormatJson(const PlanFile& plan) {
  if (!plan.has_program_format()) {
    return absl::InvalidArgumentError("program_format: missing, and a session cannot start without one");
  }
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto printed = google::protobuf::util::MessageToJsonString(plan.program_format(), &json, options);
  if (!printed.ok()) return absl::InternalError(std::string(printed.message()));
  return json;
}

}  // namespace air

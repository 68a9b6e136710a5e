#include "ctl/as_run.h"

#include <google/protobuf/util/json_util.h>

#include <filesystem>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/one_line.h"
#include "ctl/commands.h"
#include "evidence/evidence_files.h"

namespace air {
namespace {

void SetTimes(int64_t start_utc_ms, int64_t end_utc_ms, evidence::AsRunLine& line) {
  line.set_start_utc_ms(start_utc_ms);
  line.set_end_utc_ms(end_utc_ms);
  line.set_start_utc(FormatUtc(start_utc_ms));
  line.set_end_utc(FormatUtc(end_utc_ms));
}

// The lines of one session, in the order in which things ended.
class AsRunBuilder {
 public:
  explicit AsRunBuilder(evidence::AsRun& as_run) : as_run_(as_run) {}

  void Add(const evidence::Record& record) {
    if (record.has_segment()) AddSegment(record);
    if (record.has_hole()) AddHole(record.hole());
    if (!record.has_message()) return;
    as_run_.set_messages(record.message().sequence());
    if (record.message().has_segment_start()) {
      open_ = record.message().segment_start();
      is_open_ = true;
    } else if (record.message().has_segment_end()) {
      is_open_ = false;
    } else if (record.message().has_channel_terminated()) {
      const auto& terminated = record.message().channel_terminated();
      as_run_.set_state(absl::StrCat("ended: ", terminated.reason(), terminated.detail().empty() ? "" : ", ",
                                     terminated.detail()));
    }
  }
  // A segment that has begun and not ended.
  void Finish() {
    if (as_run_.state().empty()) as_run_.set_state("on air");
    if (!is_open_ || as_run_.state() != "on air") return;
    evidence::AsRunLine& line = *as_run_.add_lines();
    line.set_what("on air");
    line.set_block_id(open_.block_id());
    line.set_segment_index(open_.segment_index());
    line.set_asset_uri(open_.asset_uri());
    line.set_start_utc_ms(open_.actual_start_utc_ms());
    line.set_start_utc(FormatUtc(open_.actual_start_utc_ms()));
    line.set_planned_duration_ms(open_.scheduled_duration_ms());
    line.set_asset_start_frame(open_.asset_start_frame());
    line.set_event_id(open_.event_id());
    line.set_segment_uuid(open_.segment_uuid());
    line.set_segment_type(open_.segment_type_name());
  }

 private:
  void AddSegment(const evidence::Record& record) {
    const evidence::AiredSegment& account = record.segment();
    const auto& ended = record.message().segment_end();
    evidence::AsRunLine& line = *as_run_.add_lines();
    line.set_what(account.live() ? "live" : "segment");
    line.set_block_id(account.block_id());
    line.set_segment_index(account.segment_index());
    line.set_asset_uri(account.asset_uri());
    SetTimes(ended.actual_start_utc_ms(), ended.actual_end_utc_ms(), line);
    line.set_planned_start_utc_ms(account.planned_start_utc_ms());
    line.set_planned_duration_ms(account.planned_duration_ms());
    line.set_frames_aired(account.asset_uri().empty()
                              ? static_cast<uint64_t>(ended.computed_duration_frames())
                              : account.content_frames());
    line.set_asset_start_frame(ended.asset_start_frame());
    line.set_asset_end_frame(ended.asset_end_frame());
    line.set_status(ended.status());
    line.set_reason(ended.reason());
    line.set_slate_frames(account.slate_frames());
    for (const evidence::PadFrames& pad : account.pad()) {
      // What a segment of pad shows is no pad of it.
      if (!account.asset_uri().empty() || pad.cause() != "PLANNED") *line.add_pad() = pad;
    }
    line.set_event_id(ended.event_id_ref());
    line.set_segment_uuid(ended.segment_uuid());
    line.set_segment_type(ended.segment_type_name());
    line.set_detail(ended.detail());
  }

  void AddHole(const evidence::Hole& hole) {
    evidence::AsRunLine& line = *as_run_.add_lines();
    line.set_what("hole");
    SetTimes(hole.start_utc_ms(), hole.end_utc_ms(), line);
    *line.mutable_pad() = hole.pad();
  }

  evidence::AsRun& as_run_;
  retrovue::evidence::v1::SegmentStart open_;
  bool is_open_ = false;
};

absl::StatusOr<std::string> FindSession(const std::string& runtime_dir, const std::string& wanted) {
  const std::string folder = EvidenceFolderOf(runtime_dir);
  std::vector<std::string> ids;
  for (const std::string& session : ListEvidenceSessions(folder)) {
    ids.push_back(std::filesystem::path(session).filename().string());
    if (absl::StartsWith(ids.back(), wanted)) return session;
  }
  if (ids.empty())
    return absl::NotFoundError(absl::StrCat("no session has left anything in ", folder, "; is ", runtime_dir,
                                            " the --runtime-dir of an air-supervisor?"));
  return absl::NotFoundError(
      absl::StrCat("no session ", wanted, " in ", folder, "; there are: ", absl::StrJoin(ids, ", ")));
}

// "3 LATE + 2 EOF"
std::string PadText(const evidence::AsRunLine& line) {
  std::vector<std::string> parts;
  for (const evidence::PadFrames& pad : line.pad())
    parts.push_back(absl::StrCat(pad.frames(), " ", pad.cause()));
  if (line.slate_frames() > 0) parts.push_back(absl::StrCat(line.slate_frames(), " slate"));
  return parts.empty() ? "-" : absl::StrJoin(parts, " + ");
}

std::string Name(const evidence::AsRunLine& line) {
  if (line.what() == "hole") return "(no plan)";
  if (line.segment_type() == "live") return absl::StrCat("LIVE ", line.asset_uri());
  const std::string asset = line.asset_uri().empty() ? "pad" : line.asset_uri();
  return absl::StrCat(line.block_id(), "[", line.segment_index(), "] ", asset);
}

constexpr size_t kLongestCell = 8192;

// What was wrong with it stands behind its name. Names are a stranger's: one line of safe text.
std::string What(const evidence::AsRunLine& line) {
  return OneLine(line.detail().empty() ? Name(line) : absl::StrCat(Name(line), ": ", line.detail()),
                 kLongestCell);
}

}  // namespace

absl::StatusOr<evidence::AsRun> ReadAsRun(const std::string& runtime_dir, const std::string& session) {
  const absl::StatusOr<std::string> folder = FindSession(runtime_dir, session);
  if (!folder.ok()) return folder.status();
  evidence::AsRun as_run;
  const absl::StatusOr<evidence::Session> facts = ReadEvidenceSession(*folder);
  if (!facts.ok()) return facts.status();
  *as_run.mutable_session() = *facts;
  as_run.set_acknowledged(ReadAcknowledged(*folder));
  AsRunBuilder builder(as_run);
  bool first = true;
  for (const std::string& name : ListEvidenceFiles(*folder)) {
    for (const evidence::Record& record : ReadEvidenceFile(*folder + "/" + name).records) {
      if (std::exchange(first, false)) as_run.set_lost_records(record.number() - 1);
      builder.Add(record);
    }
  }
  builder.Finish();
  return as_run;
}

std::string AsRunTable(const evidence::AsRun& as_run) {
  std::string text =
      absl::StrFormat("session  %s, channel %s, from %s\n", as_run.session().playout_session_id(),
                      OneLine(as_run.session().channel_name()), FormatUtc(as_run.session().epoch_utc_ms()));
  if (as_run.lost_records() > 0)
    absl::StrAppendFormat(&text, "lost     the first %d records, for want of room\n", as_run.lost_records());
  absl::StrAppendFormat(&text, "%-24s %-24s %8s %-9s %-17s %-24s %s\n", "began", "ended", "frames", "status",
                        "reason", "pad", "what");
  for (const evidence::AsRunLine& line : as_run.lines()) {
    const bool on_air = line.what() == "on air";
    absl::StrAppendFormat(&text, "%-24s %-24s %8s %-9s %-17s %-24s %s\n", line.start_utc(), line.end_utc(),
                          on_air ? "" : absl::StrCat(line.frames_aired()), on_air ? "ON AIR" : line.status(),
                          line.reason(), PadText(line), What(line));
  }
  absl::StrAppendFormat(&text, "state    %s\n", OneLine(as_run.state()));
  if (!as_run.session().endpoint().empty()) {
    absl::StrAppendFormat(&text, "evidence %d messages, %d acknowledged by %s\n", as_run.messages(),
                          as_run.acknowledged(), OneLine(as_run.session().endpoint()));
  }
  return text;
}

std::string AsRunJson(const evidence::AsRun& as_run) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(as_run, &json, options).ok()) return "";
  return json;
}

}  // namespace air

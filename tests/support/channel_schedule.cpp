#include "tests/support/channel_schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/support/child_program.h"

namespace air::e2e {
namespace {

constexpr int64_t kPtsHz = 90'000;
constexpr int64_t kPtsWrap = int64_t{1} << 33;
constexpr int64_t kEndless = std::numeric_limits<int64_t>::max() / 2;
constexpr size_t kWrongKept = 10;

int64_t CeilDiv(int64_t a, int64_t b) { return a / b + (a % b > 0 ? 1 : 0); }
int64_t RoundDiv(int64_t a, int64_t b) { return (2 * a + b) / (2 * b); }

std::string Describe(OnAir on_air) {
  if (on_air.clip == Stretch::kPad) return "pad";
  if (on_air.clip == Stretch::kOther) return "something unreadable";
  return absl::StrFormat("picture %d of clip %d", on_air.picture, on_air.clip);
}

}  // namespace

bool ChannelFormat::Parse(const std::string& size, const std::string& rate) {
  const std::vector<std::string> sides = absl::StrSplit(size, 'x'), terms = absl::StrSplit(rate, '/');
  const bool good = sides.size() == 2 && absl::SimpleAtoi(sides[0], &width) &&
                    absl::SimpleAtoi(sides[1], &height) && (terms.size() == 1 || terms.size() == 2) &&
                    absl::SimpleAtoi(terms[0], &num) &&
                    (terms.size() == 1 || absl::SimpleAtoi(terms[1], &den));
  if (terms.size() == 1) den = 1;
  if (!good) std::fprintf(stderr, "not a size and a rate: %s %s\n", size.c_str(), rate.c_str());
  return good;
}

std::string ChannelFormat::Json() const {
  std::string more;
  if (constant_kbps > 0) absl::StrAppend(&more, ", \"rate_kbps\": ", constant_kbps);
  if (delay_ms > 0) absl::StrAppend(&more, ", \"delay_ms\": ", delay_ms);
  std::vector<std::string> encoder;
  if (video_kbps > 0) encoder.push_back(absl::StrCat("\"bitrate_kbps\": ", video_kbps));
  if (coder_threads > 0) encoder.push_back(absl::StrCat("\"threads\": ", coder_threads));
  return absl::StrFormat(
      R"({"video": {"width": %d, "height": %d, "frame_rate": "%s"}, "audio": {"sample_rate": 48000, "channels": 2},)"
      R"( "mux": {"pts_origin": %d%s}, "encoder": {%s}})",
      width, height, Rate(), pts_origin, more, absl::StrJoin(encoder, ", "));
}

int64_t ChannelFormat::TickAt(int64_t ms) const { return CeilDiv(ms * num, 1000 * den); }
int64_t ChannelFormat::MsOfPicture(int64_t k) const { return RoundDiv(k * 1000 * den, num); }

Clip ClipMaker::Make(int id, int64_t pictures, const std::string& file_type,
                     const std::string& ffmpeg_arguments) const {
  const std::string path = absl::StrCat(folder_, "/clip-", id, ".", file_type);
  const double seconds = double(pictures * format_.den) / format_.num;
  const std::string command = absl::StrFormat(
      "AIR_PATTERN=%s %s/tests/support/make-clip.sh %s %dx%d %s %.6f %d %s", Built("air-pattern"),
      AIR_SOURCE_DIR, path, format_.width, format_.height, format_.Rate(), seconds, id, ffmpeg_arguments);
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  return {.id = id, .pictures = pictures, .path = path};
}

Entry Show(const Clip& clip, int64_t duration_ms, int64_t in_point_ms) {
  // The caller's in-point is that of a picture; which one only the channel's rate tells (Schedule::Expect).
  return {.duration_ms = duration_ms,
          .uri = clip.path,
          .in_point_ms = in_point_ms,
          .clip = clip.id,
          .pictures = clip.pictures};
}

Entry ShowPattern(int clip, int64_t duration_ms) {
  return {.duration_ms = duration_ms,
          .uri = absl::StrCat("pattern:clip=", clip),
          .clip = clip,
          .pictures = kEndless};
}

Entry Pad(int64_t duration_ms) { return {.duration_ms = duration_ms}; }

Entry ShowFile(const std::string& uri, int64_t duration_ms) {
  return {.duration_ms = duration_ms, .uri = uri};
}

void PrintTo(const Stretch& stretch, std::ostream* out) {
  *out << "\n  ticks " << stretch.from << ".." << stretch.to - 1 << ": ";
  if (stretch.clip < 0) {
    *out << (stretch.clip == Stretch::kPad ? "pad" : "unreadable");
  } else {
    *out << "clip " << stretch.clip << ", pictures " << stretch.picture << ".."
         << stretch.picture + stretch.to - stretch.from - 1;
  }
}

void Program::Append(Stretch stretch) {
  if (stretch.to <= stretch.from) return;
  if (!stretches_.empty()) {
    Stretch& last = stretches_.back();
    const bool goes_on = stretch.clip == last.clip && stretch.from == last.to &&
                         (stretch.clip < 0 || stretch.picture == last.picture + (last.to - last.from));
    if (goes_on) {
      last.to = stretch.to;
      return;
    }
  }
  stretches_.push_back(stretch);
}

OnAir Program::At(int64_t tick) const {
  for (const Stretch& s : stretches_) {
    if (tick < s.from || tick >= s.to) continue;
    return {.clip = s.clip, .picture = s.clip < 0 ? 0 : s.picture + (tick - s.from)};
  }
  return {};
}

Program Program::Between(int64_t from, int64_t to) const {
  Program part;
  for (Stretch s : stretches_) {
    const int64_t begin = std::max(s.from, from);
    if (s.clip >= 0) s.picture += begin - s.from;
    part.Append({.from = begin, .to = std::min(s.to, to), .clip = s.clip, .picture = s.picture});
  }
  part.Append({.from = std::max(from, stretches_.empty() ? from : end_tick()), .to = to});
  return part;
}

Program Program::WithLateStart(int64_t ticks) const {
  Program late;
  for (Stretch s : stretches_) {
    if (s.from == first_tick()) {
      late.Append({.from = s.from, .to = s.from + ticks});
      s.from += ticks;
    }
    late.Append(s);
  }
  return late;
}

const wire::BlockPlan& Schedule::AddBlock(const std::string& id, const std::vector<Entry>& entries) {
  wire::BlockPlan block;
  block.set_block_id(id);
  block.set_channel_id(kTestChannelId);
  block.set_start_utc_ms(join_utc_ms_ + end_ms_);
  for (const Entry& entry : entries) {
    wire::BlockSegment& segment = *block.add_segments();
    segment.set_segment_index(block.segments_size() - 1);
    segment.set_asset_uri(entry.uri);
    segment.set_segment_duration_ms(entry.duration_ms);
    segment.set_asset_start_offset_ms(entry.in_point_ms);
    if (entry.uri.empty()) segment.set_segment_type(wire::SEGMENT_TYPE_PAD);
    Expect(entry, end_ms_, end_ms_ + entry.duration_ms);
    end_ms_ += entry.duration_ms;
  }
  block.set_end_utc_ms(join_utc_ms_ + end_ms_);
  blocks_.push_back(block);
  return blocks_.back();
}

void Schedule::Expect(const Entry& entry, int64_t start_ms, int64_t end_ms) {
  const int64_t seam = format_.TickAt(start_ms), end = format_.TickAt(end_ms);
  const int64_t start = std::max<int64_t>(seam, 0);
  if (end <= start) return;
  if (!expected_.stretches().empty()) {  // a hole is pad
    expected_.Append({.from = expected_.end_tick(), .to = start});
  }
  const int64_t first = RoundDiv(entry.in_point_ms * format_.num, 1000 * format_.den);
  const int64_t content_end =
      std::clamp(seam + entry.pictures - (entry.pictures > 0 ? first : 0), start, end);
  expected_.Append({.from = start, .to = content_end, .clip = entry.clip, .picture = first + start - seam});
  expected_.Append({.from = content_end, .to = end});
}

Program Aired(const analyser::ContentReport& content, const ChannelFormat& format) {
  Program aired;
  for (const analyser::PictureRun& run : content.runs) {
    // Unwrapped, from the first stamp of the capture on; this first stamp may lie before the wrap.
    const int64_t first = content.runs.front().first_pts;
    const int64_t since_origin = (first - format.pts_origin + kPtsWrap) % kPtsWrap + (run.first_pts - first);
    const int64_t tick = RoundDiv(since_origin * format.num, kPtsHz * format.den);
    const int clip = run.kind == analyser::PictureRun::kClip  ? run.clip_id
                     : run.kind == analyser::PictureRun::kPad ? Stretch::kPad
                                                              : Stretch::kOther;
    aired.Append(
        {.from = tick, .to = tick + run.pictures, .clip = clip, .picture = clip < 0 ? 0 : run.first});
  }
  return aired;
}

Losses LossesOf(const Program& aired, const Program& expected) {
  Losses losses;
  for (int64_t tick = aired.first_tick(); tick < aired.end_tick(); ++tick) {
    const OnAir seen = aired.At(tick), planned = expected.At(tick);
    if (seen == planned) continue;
    if (seen.clip == Stretch::kPad) {
      ++losses.pad;
    } else if (losses.wrong.size() < kWrongKept) {
      losses.wrong.push_back(
          absl::StrFormat("tick %d shows %s, not %s", tick, Describe(seen), Describe(planned)));
    }
  }
  return losses;
}

}  // namespace air::e2e

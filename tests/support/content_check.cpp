#include "tests/support/content_check.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "absl/strings/str_format.h"
#include "tests/support/json_line.h"
#include "tests/support/sound_check.h"

namespace air::analyser {
namespace {

constexpr double kTicksPerMs = 90;
constexpr double kNearBeep = 400 * kTicksPerMs;  // a beep further away belongs to another flash
constexpr double kSoundEdge = 60 * kTicksPerMs;  // at the ends of the capture a beep may be cut off
constexpr double kShortestPause =
    100 * kTicksPerMs;  // of two flashes closer than this, a join hid the second beep
constexpr double kJoinReach = 80 * kTicksPerMs;  // around a join: a beep it cut or hid, and the codec's smear
constexpr int64_t kFaultsKept = 10;

// The stamp nearest to `pts`, or nothing when none is within kNearBeep.
template <class T>
std::optional<double> Nearest(const std::vector<T>& stamps, double pts) {
  std::optional<double> nearest;
  auto after = std::lower_bound(stamps.begin(), stamps.end(), pts);
  for (auto candidate : {after, after == stamps.begin() ? stamps.end() : after - 1}) {
    if (candidate == stamps.end() || std::abs(*candidate - pts) > kNearBeep) continue;
    if (!nearest || std::abs(*candidate - pts) < std::abs(*nearest - pts))
      nearest = static_cast<double>(*candidate);
  }
  return nearest;
}

bool BeginsARun(int64_t pts, const ContentReport& report) {
  return std::ranges::any_of(report.runs, [pts](const PictureRun& run) { return run.first_pts == pts; });
}

void MeasureOffsets(const std::vector<int64_t>& flashes, const SoundCheck& sound, ContentReport& report) {
  report.flashes = static_cast<int64_t>(flashes.size());
  for (size_t i = 0; i < flashes.size(); ++i) {
    const double flash = static_cast<double>(flashes[i]);
    if (i > 0 && flash - flashes[i - 1] < kShortestPause) continue;
    if (flash < sound.first_pts() + kSoundEdge || flash > sound.last_pts() - kSoundEdge) continue;
    const std::optional<double> beep = Nearest(sound.beeps(), flash);
    if (!beep) {
      ++report.flashes_without_beep;
      continue;
    }
    ++report.flashes_measured;
    // At a join sound comes up over 5 ms: when a beep begins there cannot be told to the millisecond.
    if (BeginsARun(flashes[i], report)) continue;
    report.av_offset_ms.Add((*beep - flash) / kTicksPerMs);
  }
}

// Visits each stretch, well away from its ends, in which one clip plays on: only there must the sound be the
// clip's own.
template <class Visit>
void ForEachClip(const std::vector<PictureRun>& runs, double end_pts, Visit visit) {
  for (size_t i = 0; i < runs.size(); ++i) {
    const double end = i + 1 < runs.size() ? static_cast<double>(runs[i + 1].first_pts) : end_pts;
    if (runs[i].kind == PictureRun::kClip) visit(runs[i].first_pts + kJoinReach, end - kJoinReach);
  }
}

void JudgeSound(const std::vector<int64_t>& flashes, const SoundCheck& sound, double end_pts,
                ContentReport& report) {
  ForEachClip(report.runs, end_pts, [&](double from, double to) {
    for (const SoundCheck::Fault& fault : sound.FaultsBetween(from, to)) {
      if (report.tone_faults++ >= kFaultsKept) continue;
      report.first_tone_faults.push_back(absl::StrFormat("at PTS %.0f %s", fault.pts, fault.text));
    }
    for (double beep : sound.beeps()) {
      if (beep >= from && beep < to && !Nearest(flashes, beep)) ++report.beeps_without_flash;
    }
  });
}

}  // namespace

absl::StatusOr<ContentReport> CheckContent(std::span<const uint8_t> stream,
                                           const std::vector<ExpectedSegment>& segments) {
  ContentReport report;
  PictureRuns pictures;
  SoundCheck sound;
  std::vector<int64_t> flashes;
  int64_t last_picture_pts = 0;
  const DecodedStreamSink sink{
      .picture =
          [&](int64_t pts, const LumaView& luma) {
            if (pictures.Take(pts, luma)) flashes.push_back(pts);
            last_picture_pts = pts;
          },
      .sound = [&](int64_t pts, auto left, auto right) { sound.Take(pts, left, right); }};
  if (absl::Status decoded = DecodeCapturedStream(stream, sink, report.complaints); !decoded.ok())
    return decoded;

  report.pictures = pictures.pictures();
  report.pad_pictures = pictures.PicturesOf(PictureRun::kPad);
  report.other_pictures = pictures.PicturesOf(PictureRun::kOther);
  report.runs = pictures.runs();
  report.breaks = pictures.Breaks(segments);
  report.samples = sound.samples();
  report.sound_gaps = sound.gaps();
  JudgeSound(flashes, sound, static_cast<double>(last_picture_pts), report);
  MeasureOffsets(flashes, sound, report);
  return report;
}

std::vector<std::string> Failures(const ContentReport& r, const ContentLimits& limits) {
  std::vector<std::string> failures;
  auto require = [&](bool good, std::string text) {
    if (!good) failures.push_back(std::move(text));
  };
  require(r.pictures > 0, "no picture at all");
  require(r.complaints.count == 0, absl::StrFormat("the decoder complains %d times", r.complaints.count));
  require(r.sound_gaps == 0, absl::StrFormat("%d gaps in the sound", r.sound_gaps));
  if (limits.consecutive) {
    require(r.breaks.empty(), absl::StrFormat("%d breaks between the runs", r.breaks.size()));
    require(limits.allow_pad || r.pad_pictures == 0, absl::StrFormat("%d pad pictures", r.pad_pictures));
    require(r.other_pictures == 0, absl::StrFormat("%d unreadable pictures", r.other_pictures));
  }
  if (limits.clean_sound)
    require(r.tone_faults == 0, absl::StrFormat("%d faults in the tone", r.tone_faults));
  if (limits.max_av_offset_ms >= 0) {
    require(r.flashes_measured > 0, "no flash with a beep to measure");
    require(r.flashes_without_beep == 0,
            absl::StrFormat("%d flashes without a beep", r.flashes_without_beep));
    require(r.beeps_without_flash == 0, absl::StrFormat("%d beeps without a flash", r.beeps_without_flash));
    const double most = r.av_offset_ms.empty() ? 0 : std::max(-r.av_offset_ms.min, r.av_offset_ms.max);
    require(most <= limits.max_av_offset_ms, absl::StrFormat("sound is up to %.3f ms off the picture", most));
  }
  return failures;
}

std::string DescribeContent(const ContentReport& r) {
  std::string out = absl::StrFormat("content   %d pictures (%d pad, %d other), %d samples\n", r.pictures,
                                    r.pad_pictures, r.other_pictures, r.samples);
  auto line = [&](const char* what, const std::string& text) {
    out += absl::StrFormat("%-9s %s\n", what, text);
  };
  for (const PictureRun& run : r.runs) {
    std::string text = absl::StrFormat("%s, %d pictures from picture %d, PTS %d", Name(run.kind),
                                       run.pictures, run.first_index, run.first_pts);
    if (run.kind == PictureRun::kClip)
      text = absl::StrFormat("clip %d: %d..%d, ", run.clip_id, run.first, run.last) + text.substr(6);
    line("run", text);
  }
  for (const std::string& text : r.breaks) line("break", text);
  line("sound", absl::StrFormat("%d gaps, %d faults in the tone", r.sound_gaps, r.tone_faults));
  for (const std::string& text : r.first_tone_faults) line("sound", text);
  std::string offset = absl::StrFormat("%d flashes, %d measured, %d without a beep", r.flashes,
                                       r.flashes_measured, r.flashes_without_beep);
  if (!r.av_offset_ms.empty())
    offset += absl::StrFormat(", sound late by %.3f..%.3f ms", r.av_offset_ms.min, r.av_offset_ms.max);
  line("a/v", offset);
  for (const std::string& text : r.complaints.first) line("decoder", text);
  return out;
}

std::string ContentReportJson(const ContentReport& r) {
  JsonLine json;
  auto strings = [&](const char* key, const std::vector<std::string>& texts) {
    json.BeginArray(key);
    for (const std::string& text : texts) json.Add("", text);
    json.EndArray();
  };
  json.BeginObject();
  json.Add("pictures", r.pictures);
  json.Add("pad_pictures", r.pad_pictures);
  json.Add("other_pictures", r.other_pictures);
  json.Add("decode_errors", r.complaints.count);
  strings("decoder", r.complaints.first);
  json.BeginArray("runs");
  for (const PictureRun& run : r.runs) {
    json.BeginObject();
    json.Add("kind", Name(run.kind));
    if (run.kind == PictureRun::kClip)
      json.Add("clip", run.clip_id), json.Add("first", run.first), json.Add("last", run.last);
    json.Add("pictures", run.pictures);
    json.Add("first_index", run.first_index);
    json.Add("first_pts", run.first_pts);
    json.EndObject();
  }
  json.EndArray();
  strings("breaks", r.breaks);
  json.Add("samples", r.samples);
  json.Add("sound_gaps", r.sound_gaps);
  json.Add("tone_faults", r.tone_faults);
  strings("first_tone_faults", r.first_tone_faults);
  json.Add("flashes", r.flashes);
  json.Add("flashes_measured", r.flashes_measured);
  json.Add("flashes_without_beep", r.flashes_without_beep);
  json.Add("beeps_without_flash", r.beeps_without_flash);
  if (r.av_offset_ms.empty()) {
    json.AddNull("av_offset_ms");
  } else {
    json.BeginArray("av_offset_ms");
    json.Add("", r.av_offset_ms.min);
    json.Add("", r.av_offset_ms.max);
    json.EndArray();
  }
  json.EndObject();
  return json.text();
}

}  // namespace air::analyser

#include "tests/support/picture_runs.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_format.h"

namespace air::analyser {
namespace {

constexpr uint8_t kBlack = 16;
constexpr int kBlackTolerance = 6;  // coding noise

bool IsBlack(const LumaView& luma) {
  for (int y = 0; y < luma.height; ++y) {
    const uint8_t* line = luma.Line(y);
    if (std::any_of(line, line + luma.width,
                    [](uint8_t v) { return std::abs(v - kBlack) > kBlackTolerance; }))
      return false;
  }
  return true;
}

bool Continues(const PictureRun& run, const PictureRun& next) {
  if (run.kind != next.kind) return false;
  return run.kind != PictureRun::kClip ||
         (run.clip_id == next.clip_id && next.first == (run.last + 1) % int64_t{kStripCounterRange});
}

std::string Describe(const PictureRun& run) {
  if (run.kind != PictureRun::kClip) return absl::StrFormat("%d %s pictures", run.pictures, Name(run.kind));
  return absl::StrFormat("clip %d pictures %d..%d", run.clip_id, run.first, run.last);
}

// What lies between two runs of one clip, as an operator would say it.
std::string DescribeJump(const PictureRun& a, const PictureRun& b) {
  if (b.first == a.last) return absl::StrFormat("picture %d of clip %d is repeated", a.last, a.clip_id);
  if (b.first > a.last)
    return absl::StrFormat("%d pictures of clip %d lost behind %d", b.first - a.last - 1, a.clip_id, a.last);
  return absl::StrFormat("clip %d goes back from picture %d to %d", a.clip_id, a.last, b.first);
}

}  // namespace

const char* Name(PictureRun::Kind kind) {
  constexpr const char* kNames[] = {"clip", "pad", "other"};
  return kNames[kind];
}

bool PictureRuns::Take(int64_t pts, const LumaView& luma) {
  PictureRun next{.pictures = 1, .first_index = pictures_++, .first_pts = pts};
  bool flash = false;
  if (std::optional<CounterReading> reading = ReadFrameCounter(luma)) {
    next.kind = PictureRun::kClip;
    next.clip_id = reading->code.clip_id;
    next.first = next.last = reading->code.counter;
    flash = IsFlash(luma, *reading);
  } else if (IsBlack(luma)) {
    next.kind = PictureRun::kPad;
  }
  if (!runs_.empty() && Continues(runs_.back(), next)) {
    runs_.back().last = next.last;
    ++runs_.back().pictures;
  } else {
    runs_.push_back(next);
  }
  return flash;
}

int64_t PictureRuns::PicturesOf(PictureRun::Kind kind) const {
  int64_t sum = 0;
  for (const PictureRun& run : runs_) sum += run.kind == kind ? run.pictures : 0;
  return sum;
}

std::vector<std::string> PictureRuns::Breaks(const std::vector<ExpectedSegment>& segments) const {
  std::vector<std::string> breaks;
  for (size_t i = 0; i < runs_.size(); ++i) {
    const PictureRun& run = runs_[i];
    if (run.kind != PictureRun::kClip) continue;
    const bool begins_capture = i == 0, ends_capture = i + 1 == runs_.size();
    bool known_clip = false, whole = false, at_start = run.first == 0;
    for (const ExpectedSegment& segment : segments) {
      if (segment.clip_id != run.clip_id) continue;
      known_clip = true;
      at_start |= run.first == segment.first;
      whole |= (run.first == segment.first || (begins_capture && run.first > segment.first)) &&
               (run.last == segment.last || (ends_capture && run.last < segment.last));
    }
    const bool same_clip =
        i > 0 && runs_[i - 1].kind == PictureRun::kClip && runs_[i - 1].clip_id == run.clip_id;
    if (same_clip && (!at_start || run.first == runs_[i - 1].last)) {
      breaks.push_back(
          absl::StrFormat("at picture %d: %s", run.first_index, DescribeJump(runs_[i - 1], run)));
    } else if (known_clip && !whole) {
      breaks.push_back(
          absl::StrFormat("at picture %d: %s is not a whole segment", run.first_index, Describe(run)));
    }
  }
  return breaks;
}

}  // namespace air::analyser

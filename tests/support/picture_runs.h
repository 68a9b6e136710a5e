// PictureRuns: the pictures of a captured stream, told as a list of runs: "clip 3, pictures 0 to 249; pad, 12
// pictures; ...". What was on the air is then compared with what should have been, run by run.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "stages/decoder/pattern/counter_strip.h"

namespace air::analyser {

struct PictureRun {
  enum Kind { kClip, kPad, kOther };  // a readable test picture; black; anything else
  Kind kind = kOther;
  int clip_id = -1;    // of a kClip run, like the counters
  int64_t first = -1;  // counter of its first and last picture; strictly consecutive between
  int64_t last = -1;
  int64_t pictures = 0;
  int64_t first_index = 0;  // position of its first picture in the capture
  int64_t first_pts = 0;    // 90 kHz
};

const char* Name(PictureRun::Kind kind);

// A part of a clip that the plan puts on the air whole.
struct ExpectedSegment {
  int clip_id;
  int64_t first, last;  // counters
};

class PictureRuns {
 public:
  // The next picture of the stream. True when it shows a flash.
  bool Take(int64_t pts, const LumaView& luma);

  const std::vector<PictureRun>& runs() const { return runs_; }
  int64_t pictures() const { return pictures_; }
  int64_t PicturesOf(PictureRun::Kind kind) const;

  // Every place where the runs are not what a plan of clips could have put on the air, in words:
  //  - two runs of one clip that follow each other without a restart: pictures lost, repeated, or out of
  //    order. A restart (a loop) begins at picture 0 or where an expected segment of the clip begins;
  //  - with segments given, a run of such a clip that is none of them. The first run of a capture may lack
  //    its beginning, the last one its end.
  std::vector<std::string> Breaks(const std::vector<ExpectedSegment>& segments) const;

 private:
  std::vector<PictureRun> runs_;
  int64_t pictures_ = 0;
};

}  // namespace air::analyser

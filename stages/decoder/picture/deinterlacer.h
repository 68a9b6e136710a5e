// Deinterlacer: decoded pictures in, progressive pictures out, each with the instant it shows.
//
// A picture that is flagged as interlaced and shows it (field_motion.h) goes through libavfilter's bwdif, in
// the field order it declares; any other is passed on untouched. Where the house rate is not the picture rate
// each field becomes a picture of its own, in its own instant, so that 50i in a 50p house moves as it was
// shot and 29.97 is chosen from 50 instants a second instead of 25.
//
// The rule it keeps: what it makes of a picture depends on that picture and its two neighbours alone, so a
// producer that begins anywhere makes the same pictures from its second one on.
#pragma once

#include <cstdint>
#include <deque>

#include "stages/decoder/media/ffmpeg_ptr.h"
#include "stages/decoder/picture/filter_graph.h"

namespace air {

// A picture and the instant it is to be shown from.
struct TimedPicture {
  AvFramePtr frame;
  int64_t half_ticks = 0;  // of the stream's time base: fields lie between its ticks
};

class Deinterlacer {
 public:
  // `each_field`: a picture from every field, not only from every frame.
  explicit Deinterlacer(bool each_field) : each_field_(each_field) {}

  // The next decoded picture, shown from `stamp` for `duration`, both in ticks; stamps rise.
  void Push(AvFramePtr frame, int64_t stamp, int64_t duration);
  // No more will be pushed: gives out what waits for its neighbour.
  void Finish();
  bool Pop(TimedPicture& picture);
  // Forgets all pictures.
  void Restart();

 private:
  bool active() const { return filter_.graph != nullptr; }
  // The picture that was held back until its neighbour was there (null: there is none) goes on.
  void JudgeHeld(const AVFrame* after);
  void PassOn(AvFramePtr frame);
  bool Fits(const AVFrame& frame) const;
  bool Build(const AVFrame& shape);
  // Into the filter, and what comes out of it into ready_.
  void Filter(AVFrame* frame);

  bool each_field_;
  std::deque<TimedPicture> ready_;
  AvFramePtr held_;    // flagged as interlaced, and its neighbour has not come yet
  AvFramePtr before_;  // the picture that was passed on last

  FilterGraph filter_;  // empty: nothing interlaced so far
  int width_ = 0;
  int height_ = 0;
  int format_ = AV_PIX_FMT_NONE;
  int64_t wanted_from_ = 0;  // what the filter gives out before is a neighbour's, in half ticks
};

}  // namespace air

#include "stages/decoder/picture/deinterlacer.h"

extern "C" {
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
}

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "stages/decoder/picture/field_motion.h"

namespace air {

void Deinterlacer::Push(AvFramePtr frame, int64_t stamp, int64_t duration) {
  frame->pts = frame->best_effort_timestamp = stamp;
  frame->pkt_duration = duration;
  JudgeHeld(frame.get());
  if (frame->interlaced_frame != 0) {
    held_ = std::move(frame);
  } else {
    PassOn(std::move(frame));
  }
}

void Deinterlacer::JudgeHeld(const AVFrame* after) {
  if (held_ == nullptr) return;
  if (!FieldsShowMotion(before_.get(), *held_, after)) held_->interlaced_frame = 0;
  PassOn(std::move(held_));
}

void Deinterlacer::PassOn(AvFramePtr frame) {
  if (active() && !Fits(*frame)) {
    Filter(nullptr);
    filter_ = {};
    before_.reset();
  }
  if (!active() && frame->interlaced_frame != 0 && Build(*frame)) {
    wanted_from_ = 2 * frame->pts;
    if (before_ != nullptr && Fits(*before_)) Filter(before_.get());
  }
  before_.reset(av_frame_clone(frame.get()));
  if (active()) {
    Filter(frame.get());
  } else {
    const int64_t at = 2 * frame->pts;
    ready_.push_back({std::move(frame), at});
  }
}

void Deinterlacer::Finish() {
  JudgeHeld(nullptr);
  if (active()) Filter(nullptr);
}

bool Deinterlacer::Pop(TimedPicture& picture) {
  if (ready_.empty()) return false;
  picture = std::move(ready_.front());
  ready_.pop_front();
  return true;
}

void Deinterlacer::Restart() {
  ready_.clear();
  before_.reset();
  held_.reset();
  filter_ = {};
}

bool Deinterlacer::Fits(const AVFrame& frame) const {
  return frame.width == width_ && frame.height == height_ && frame.format == format_;
}

// Without a filter the picture is shown as it is: better than none.
bool Deinterlacer::Build(const AVFrame& shape) {
  const std::string filters =
      absl::StrCat("bwdif=mode=", each_field_ ? "send_field" : "send_frame", ":parity=auto:deint=interlaced");
  if (BuildFilterGraph(shape, filters, /*threads=*/1, filter_) < 0) return false;
  width_ = shape.width;
  height_ = shape.height;
  format_ = shape.format;
  return true;
}

void Deinterlacer::Filter(AVFrame* frame) {
  if (av_buffersrc_add_frame_flags(filter_.entry, frame, AV_BUFFERSRC_FLAG_KEEP_REF) < 0) return;
  for (;;) {
    AvFramePtr made(av_frame_alloc());
    if (made == nullptr || av_buffersink_get_frame(filter_.exit, made.get()) < 0) return;
    // The filter puts a second field half way to the next picture; across a hole that would be far too late.
    const int64_t first_field = 2 * made->best_effort_timestamp;
    const int64_t at = std::clamp(made->pts, first_field, first_field + made->pkt_duration);
    if (at >= wanted_from_) ready_.push_back({std::move(made), at});
  }
}

}  // namespace air

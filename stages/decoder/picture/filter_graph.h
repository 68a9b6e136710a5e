// A libavfilter chain for pictures of one shape: one picture in, pictures out.
#pragma once

#include <string>

#include "stages/decoder/media/ffmpeg_ptr.h"

namespace air {

struct FilterGraph {
  AvGraphPtr graph;
  AVFilterContext* entry = nullptr;  // owned by the graph
  AVFilterContext* exit = nullptr;
};

// Builds `filters` (libavfilter's notation) for pictures of the size and pixel format of `shape`; stamps pass
// through in whatever unit they have. Returns FFmpeg's error, 0 when it worked.
int BuildFilterGraph(const AVFrame& shape, const std::string& filters, int threads, FilterGraph& built);

}  // namespace air

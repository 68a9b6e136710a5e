// What the probe says of a file.
#pragma once

#include <string>
#include <vector>

#include "core/model/time.h"

namespace retrovue {

struct MediaChapter {
  std::string title;
  Millis start{0};
  Millis end{0};
};

// All texts are one line of UTF-8.
struct MediaFacts {
  Millis duration{0};  // as AIR plays it; 0: a still picture, which has no end
  std::string container;
  std::string video_codec;  // empty: none. A cover is none
  int width = 0;
  int height = 0;
  std::string frame_rate;   // "30000/1001"; empty: unknown
  std::string audio_codec;  // of the track AIR plays by default; empty: none
  int channels = 0;
  std::vector<std::string> languages;  // of its sound tracks, as the container names them
  bool still = false;                  // the picture does not move: a photo, or a cover
  bool damaged = false;                // it plays, but not all of what was looked at could be read
  std::vector<MediaChapter> chapters;
};

}  // namespace retrovue

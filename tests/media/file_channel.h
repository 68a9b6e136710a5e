// A list of files through a real channel, each as one short segment behind the other, and what was on the air
// tick by tick, read from the program ring's own journal.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace air::media {

struct AiredFile {
  int64_t ticks = 0;                   // of its segment
  int64_t content = 0, slate = 0;      // of these
  std::map<std::string, int64_t> pad;  // by cause
  std::string Pad() const;             // "12 EOF, 3 LATE", or "-"
};

struct ChannelRun {
  std::vector<AiredFile> files;
  // What there is to say against the channel itself; empty: it was not disturbed.
  std::vector<std::string> complaints;
  int64_t ticks = 0;
  int64_t late_ticks = 0;    // made more than a period after they were due
  double worst_late_ms = 0;  // of the selector, against the deadline
  double usual_late_ms = 0;  // the 99th percentile
  int64_t decoder_deaths = 0;
  std::string log;  // of the supervisor and its stages
};

struct ChannelSettings {
  int64_t segment_ms = 1500;
  std::vector<std::string> flags;  // of the supervisor
};

// An empty name is a segment of the test picture.
ChannelRun PlayInChannel(const std::vector<std::string>& files, const ChannelSettings& settings);

}  // namespace air::media

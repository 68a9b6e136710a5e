// Files in a plan that cannot be played, or only in part, and what of them may be seen.
#pragma once

#include <string>
#include <vector>

#include "tests/media/mutator.h"
#include "tests/support/channel_schedule.h"

namespace air::e2e {

// What may be on the air while such a file is due. Pad and slate always may.
enum class Playable {
  kNothing,  // no picture of a clip
  kPart,     // its pictures, each on its tick
  kAnything,
};

struct BadFile {
  std::string what;  // "missing", "damaged"
  std::string path;
  Playable playable = Playable::kNothing;
  Clip clip = {};  // kPart: the one it was cut from
};

class BadFiles {
 public:
  static constexpr int kClip = 9;  // no other file shows this one
  BadFiles(const ChannelFormat& format, const std::string& folder, unsigned seed);

  // One of another kind each time.
  BadFile Next();

 private:
  std::string Cut(const std::string& path, const std::string& name) const;

  const std::string folder_;
  const ClipMaker maker_;
  const Clip mp4_, ts_, mkv_;
  media::Mutator mutator_;
  std::vector<BadFile> fixed_;
  size_t next_ = 0;
};

// The ticks [from, to) of the programme in which a file is due.
struct DueFile {
  int64_t from = 0, to = 0;
  BadFile file;
};

// `expected`, with what was seen of bad files in place of what was not planned, wherever that may be seen: what is left to
// compare is what was wrong. Files are in order and do not overlap.
Program Tolerating(const std::vector<DueFile>& due, const Program& aired, const Program& expected);

// The first tick at which pad was seen in place of what no bad file was due for; -1: none.
int64_t FirstLost(const std::vector<DueFile>& due, const Program& aired, const Program& expected);

// A line for each kind of file: at how many of its ticks a picture was seen.
std::vector<std::string> SeenOf(const std::vector<DueFile>& due, const Program& aired);

}  // namespace air::e2e

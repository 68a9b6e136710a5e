// What a channel is told to play, and what must therefore be on the air: blocks as the control plane sends
// them, and, worked out from the same entries by the arithmetic of the BlockPlan contract alone, the clip and
// picture of every tick. A captured stream is told in the same words and held against it.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "protos/playout.pb.h"
#include "tests/support/content_check.h"

namespace air::e2e {

namespace wire = ::retrovue::playout;

inline constexpr int kTestChannelId = 7;

// Small pictures, so that a busy machine keeps up with three channels at once.
struct ChannelFormat {
  int64_t num = 25, den = 1;  // ticks a second
  int64_t pts_origin = 900'000;
  int width = 320, height = 180;
  int constant_kbps = 0;  // mux.rate_kbps; 0: variable
  int video_kbps = 0;     // encoder.bitrate_kbps; 0: AIR's default
  int delay_ms = 0;       // mux.delay_ms
  int coder_threads = 0;  // encoder.threads; 0: AIR's default

  // "1280x720" and "30000/1001" or "25"; false, with a word on stderr, when they are not.
  bool Parse(const std::string& size, const std::string& rate);
  std::string Rate() const { return std::to_string(num) + "/" + std::to_string(den); }
  std::string Json() const;  // program_format_json
  // The first tick at or after an instant in milliseconds since tick 0.
  int64_t TickAt(int64_t ms) const;
  // The instant of the k-th picture of a clip of this rate, to the nearest millisecond.
  int64_t MsOfPicture(int64_t k) const;
};

// A file with the test picture in it, at the channel's own rate.
struct Clip {
  int id = 0;
  int64_t pictures = 0;
  std::string path;
};

// Makes them in one folder with make-clip.sh.
class ClipMaker {
 public:
  ClipMaker(ChannelFormat format, std::string folder) : format_(format), folder_(std::move(folder)) {}
  // Fails the test when the clip cannot be made.
  Clip Make(int id, int64_t pictures, const std::string& file_type = "mp4",
            const std::string& ffmpeg_arguments = "") const;

 private:
  ChannelFormat format_;
  std::string folder_;
};

struct Entry {
  int64_t duration_ms = 0;
  std::string uri;  // empty: pad
  int64_t in_point_ms = 0;
  int clip = 0;               // its id, and
  int64_t first_picture = 0;  // what it shows on its first tick,
  int64_t pictures = 0;       // and how many there are from there on: 0 = nothing will come
};
Entry Show(const Clip& clip, int64_t duration_ms, int64_t in_point_ms = 0);
Entry ShowPattern(int clip, int64_t duration_ms);  // an endless test picture, made by the decoder itself
Entry Pad(int64_t duration_ms);
Entry ShowFile(const std::string& uri, int64_t duration_ms);  // of which nothing will be seen

// The ticks [from, to) show consecutive pictures of a clip, or pad.
struct Stretch {
  static constexpr int kPad = -1, kOther = -2;

  int64_t from = 0, to = 0;
  int clip = kPad;
  int64_t picture = 0;  // at `from`; of pad always 0

  bool operator==(const Stretch&) const = default;
};
void PrintTo(const Stretch& stretch, std::ostream* out);

// What is on the air at one tick: kPad, or clip and picture.
struct OnAir {
  int clip = Stretch::kPad;
  int64_t picture = 0;
  bool operator==(const OnAir&) const = default;
};

// A whole programme: adjacent stretches, one behind the other.
class Program {
 public:
  // Behind the last stretch; goes on as one stretch where the picture does.
  void Append(Stretch stretch);
  const std::vector<Stretch>& stretches() const { return stretches_; }
  int64_t first_tick() const { return stretches_.front().from; }
  int64_t end_tick() const { return stretches_.back().to; }  // the first one not in it

  OnAir At(int64_t tick) const;  // pad, where there is nothing
  // The part from one tick to another; what is behind the end is pad.
  Program Between(int64_t from, int64_t to) const;
  // The same with the first stretch's clip `ticks` late: pad until it comes, then from its first picture, cut
  // where it was to be cut.
  Program WithLateStart(int64_t ticks) const;

 private:
  std::vector<Stretch> stretches_;
};

class Schedule {
 public:
  // Tick 0 is `join_utc_ms`. The first block begins `already_gone_ms` before that (join in progress).
  Schedule(ChannelFormat format, int64_t join_utc_ms, int64_t already_gone_ms = 0)
      : format_(format), join_utc_ms_(join_utc_ms), end_ms_(-already_gone_ms) {}

  // A block behind the last one, made of these entries.
  const wire::BlockPlan& AddBlock(const std::string& id, const std::vector<Entry>& entries);
  // The next block begins so much later.
  void LeaveHole(int64_t ms) { end_ms_ += ms; }

  const std::vector<wire::BlockPlan>& blocks() const { return blocks_; }
  int64_t join_utc_ms() const { return join_utc_ms_; }
  int64_t end_ms() const { return end_ms_; }  // since tick 0
  const ChannelFormat& format() const { return format_; }
  // From tick 0 to the last fence.
  const Program& expected() const { return expected_; }

 private:
  void Expect(const Entry& entry, int64_t start_ms, int64_t end_ms);

  ChannelFormat format_;
  int64_t join_utc_ms_;
  int64_t end_ms_;
  std::vector<wire::BlockPlan> blocks_;
  Program expected_;
};

// What was seen, tick by tick; ticks are read off the time stamps.
Program Aired(const analyser::ContentReport& content, const ChannelFormat& format);

// What a fault has cost: ticks that show pad instead of their picture; and ticks that show something else
// than their picture or pad, each in words.
struct Losses {
  int64_t pad = 0;
  std::vector<std::string> wrong;  // the first few
};
Losses LossesOf(const Program& aired, const Program& expected);

}  // namespace air::e2e

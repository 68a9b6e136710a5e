// TuneIn: what a viewer's GET of a channel is answered with. Pure.
//
//   404  there is no such channel
//   500  its schedule is wrong, or the file of the programme that is on is missing; nothing is started
//   503  nothing is scheduled now, or the channel cannot come on the air at this moment; Retry-After says when to ask again
//
// Only the programme that is on is looked at. For a filler, or for a file that is missing later, AIR shows a slate of
// exactly its frames: a clip that is gone must not take a channel off the air for as long as its schedule names it.
//
// A channel on the air takes every viewer, whatever the database or the disk says: what airs there is decided already.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "core/director/decisions/channel_book.h"
#include "core/director/http/answer.h"

namespace retrovue {

// What was found about the file of the programme that is on.
struct FileFinding {
  enum class State { kFine, kMissing, kNoAnswer } state = State::kFine;
  std::string path;  // empty: nothing was looked at
  std::string why;   // "No such file or directory"
};

struct TuneInFacts {
  std::string slug;
  bool is_known = false;  // among the channels, active
  bool database_answers = true;
  bool is_on_air = false;  // its manager runs AIR, or is about to
  const ChannelBook* book = nullptr;
  FileFinding file;
};

struct HandOver {
  bool start = false;  // the channel has to be started for this viewer
};
struct LookAtFile {
  std::string path;  // and ask again with the finding
};
struct ReadBook {};  // read the book, and ask again

// In a fixed order: the channel, the schedule, the file, so that a client is told the first reason there is.
// `may_read`: a book that does not cover `now` may still be read anew.
std::variant<HandOver, LookAtFile, ReadBook, Answer> DecideTuneIn(const TuneInFacts& facts, Instant now,
                                                                  bool may_read);

// For a viewer whose channel did not come on the air in time.
Answer NotYetOnAir(const std::string& slug, const std::string& last_error);
// For a viewer who would start a channel while as many as may start at a time are starting.
Answer TooManyStarts(int limit);

}  // namespace retrovue

#include "core/director/decisions/tune_in.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"

namespace retrovue {
namespace {

using std::chrono::seconds;

constexpr seconds kLongestRetry{60};
constexpr seconds kSoon{2};

seconds UntilNextItem(const ChannelBook& book, Instant now) {
  if (!book.next_item.has_value()) return kLongestRetry;
  return std::clamp(std::chrono::ceil<seconds>(*book.next_item - now), seconds{1}, kLongestRetry);
}

// Until when that file, which is on at `now`, is on; it is cut into events at each block.
Instant EndOfFile(const ChannelBook& book, const std::string& path, Instant now) {
  while (FileOfNow(book, now) == path) now = book.EventAt(now)->end;
  return now;
}

}  // namespace

std::variant<HandOver, LookAtFile, ReadBook, Answer> DecideTuneIn(const TuneInFacts& facts, Instant now,
                                                                  bool may_read) {
  if (!facts.is_known && !facts.database_answers) {
    return ErrorAnswer(AnswerCode::kDatabaseAway,
                       "the database does not answer, so the channels are not known", kSoon);
  }
  if (!facts.is_known) {
    return ErrorAnswer(AnswerCode::kChannelNotFound,
                       absl::StrCat("there is no channel \"", facts.slug, "\"; /channels lists them"));
  }
  if (facts.is_on_air) return HandOver{.start = false};

  const ChannelBook& book = *facts.book;
  if (book.BlockAt(now) == nullptr) {
    if (may_read) return ReadBook{};
    if (!facts.database_answers) {
      return ErrorAnswer(AnswerCode::kDatabaseAway,
                         "the database does not answer, so it is not known what airs now", kSoon);
    }
    if (!book.schedule_error.empty()) {
      return ErrorAnswer(AnswerCode::kScheduleError,
                         absl::StrCat(facts.slug, ": ", book.schedule_error,
                                      " (retrovue schedule-day generate --channel ", facts.slug, ")"));
    }
    return ErrorAnswer(
        AnswerCode::kScheduleGap,
        absl::StrCat(facts.slug, ": nothing is scheduled for now",
                     book.next_item.has_value() ? absl::StrCat("; it goes on at ", ToRfc3339(*book.next_item))
                                                : std::string()),
        UntilNextItem(book, now));
  }

  const std::string path = FileOfNow(book, now);
  if (path.empty()) return HandOver{.start = true};
  // Nothing was looked at yet, or what is on has changed meanwhile.
  if (facts.file.path != path) return LookAtFile{path};
  switch (facts.file.state) {
    case FileFinding::State::kMissing:
      return ErrorAnswer(
          AnswerCode::kAssetMissing,
          absl::StrCat(facts.slug, ": ", path, ": ", facts.file.why,
                       ". Bring the file back; the channel can be watched again without it from ",
                       ToRfc3339(EndOfFile(book, path, now)), " on"));
    case FileFinding::State::kNoAnswer:
      return ErrorAnswer(
          AnswerCode::kMediaAway,
          absl::StrCat(facts.slug, ": ", path, ": the folder does not answer; is its disk or share there?"),
          kSoon);
    case FileFinding::State::kFine:
      break;
  }
  return HandOver{.start = true};
}

Answer NotYetOnAir(const std::string& slug, const std::string& last_error) {
  Answer answer = ErrorAnswer(AnswerCode::kNotYetOnAir,
                              absl::StrCat(slug, ": the channel did not come on the air in time",
                                           last_error.empty() ? "" : ": ", last_error),
                              kSoon);
  answer.headers.emplace_back("X-HDHomeRun-Error", "807 No Video Data");
  return answer;
}

Answer TooManyStarts(int limit) {
  Answer answer = ErrorAnswer(
      AnswerCode::kStartsLimited,
      absl::StrCat("more than ", limit, " channels want to start at once; this one is next"), kSoon);
  answer.headers.emplace_back("X-HDHomeRun-Error", "805 All Tuners In Use");
  return answer;
}

}  // namespace retrovue

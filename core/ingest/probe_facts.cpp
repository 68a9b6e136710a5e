#include "core/ingest/probe_facts.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/one_line.h"

namespace retrovue {
namespace {

constexpr Millis kLongest = std::chrono::hours(24 * 366);
constexpr int kWidest = 65536;
constexpr int kMost = 200;  // of chapters, tracks

std::string Word(const std::string& text) { return air::OneLine(text, 200); }

bool IsRate(int num, int den) { return num > 0 && den > 0 && num / den <= 1000; }

}  // namespace

absl::StatusOr<MediaFacts> ToFacts(const probe::ProbeReply& reply, const std::string& path) {
  if (reply.answer_case() == probe::ProbeReply::kRefusal) {
    return absl::InvalidArgumentError(air::OneLine(reply.refusal(), 2000));
  }
  const probe::Facts& said = reply.facts();
  const auto absurd = [&](absl::string_view what) {
    return absl::AbortedError(
        absl::StrCat(air::OneLine(path, 4096), ": the probe's answer makes no sense (", what, ")"));
  };
  MediaFacts facts;
  facts.duration = Millis(said.duration_ms());
  if (reply.answer_case() != probe::ProbeReply::kFacts) return absurd("it is empty");
  if (facts.duration < Millis(0) || facts.duration > kLongest) return absurd("its duration");
  if (said.width() < 0 || said.width() > kWidest || said.height() < 0 || said.height() > kWidest) {
    return absurd("its picture's size");
  }
  if (facts.duration == Millis(0) && !said.still()) return absurd("it has no duration");
  facts.container = Word(said.container());
  facts.video_codec = Word(said.video_codec());
  facts.width = said.width();
  facts.height = said.height();
  if (IsRate(said.rate_num(), said.rate_den())) {
    facts.frame_rate = absl::StrCat(said.rate_num(), "/", said.rate_den());
  }
  facts.still = said.still();
  facts.damaged = said.errors() > 0;
  for (int i = 0; i < std::min(said.sound_size(), kMost); ++i) {
    const probe::SoundTrack& track = said.sound(i);
    if (i == 0) {
      facts.audio_codec = Word(track.codec());
      facts.channels = std::clamp(track.channels(), 0, 64);
    }
    if (!track.language().empty()) facts.languages.push_back(Word(track.language()));
  }
  for (int i = 0; i < std::min(said.chapters_size(), kMost); ++i) {
    MediaChapter chapter{Word(said.chapters(i).title()), Millis(said.chapters(i).start_ms()),
                         Millis(said.chapters(i).end_ms())};
    chapter.end = std::min(chapter.end, facts.duration);
    if (chapter.start >= Millis(0) && chapter.start < chapter.end)
      facts.chapters.push_back(std::move(chapter));
  }
  return facts;
}

}  // namespace retrovue

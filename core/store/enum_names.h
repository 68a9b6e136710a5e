// The words enumerations are stored as. Once a word is in a database it is never changed.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "core/model/as_run.h"
#include "core/model/catalogue.h"
#include "core/model/channel.h"
#include "core/model/plan.h"
#include "core/model/playlog.h"
#include "core/model/program.h"
#include "core/model/schedule_day.h"
#include "core/store/sql.h"

namespace retrovue {

template <typename Enum>
using EnumWords = absl::Span<const std::pair<Enum, const char*>>;

template <typename Enum>
EnumWords<Enum> WordsOf();

template <typename Enum>
const char* NameOfEnum(Enum value) {
  for (const auto& [known, word] : WordsOf<Enum>()) {
    if (known == value) return word;
  }
  return "";  // no table takes it
}

template <typename Enum>
std::optional<Enum> EnumOf(const std::string& word) {
  for (const auto& [value, known] : WordsOf<Enum>()) {
    if (word == known) return value;
  }
  return std::nullopt;
}

// The next cell of a row. DATA_LOSS, thrown, for a word that is none.
template <typename Enum>
Enum WordAt(Row& row) {
  const std::string word = row.Text();
  const std::optional<Enum> value = EnumOf<Enum>(word);
  if (!value) {
    throw StoreError{absl::DataLossError(absl::StrCat(
        "the database holds the word \"", word, "\", which this program does not know: use a newer one"))};
  }
  return *value;
}

#define RETROVUE_WORDS(Enum, ...)                                         \
  template <>                                                             \
  inline EnumWords<Enum> WordsOf<Enum>() {                                \
    static constexpr std::pair<Enum, const char*> kWords[] = __VA_ARGS__; \
    return kWords;                                                        \
  }

RETROVUE_WORDS(AssetState, {{AssetState::kNew, "new"},
                            {AssetState::kEnriching, "enriching"},
                            {AssetState::kReady, "ready"},
                            {AssetState::kRetired, "retired"}})
RETROVUE_WORDS(TagOrigin, {{TagOrigin::kIngest, "ingest"},
                           {TagOrigin::kOperator, "operator"},
                           {TagOrigin::kEnricher, "enricher"}})
RETROVUE_WORDS(ChannelKind, {{ChannelKind::kNetwork, "network"},
                             {ChannelKind::kPremium, "premium"},
                             {ChannelKind::kSpecialty, "specialty"}})
RETROVUE_WORDS(BreakPolicy, {{BreakPolicy::kPost, "post"},
                             {BreakPolicy::kBetween, "between"},
                             {BreakPolicy::kMidroll, "midroll"}})
RETROVUE_WORDS(Overrun, {{Overrun::kFirst, "first"}, {Overrun::kNever, "never"}, {Overrun::kLast, "last"}})
RETROVUE_WORDS(Fit, {{Fit::kNext, "next"}, {Fit::kStop, "stop"}})
RETROVUE_WORDS(SchedulableKind, {{SchedulableKind::kProgram, "program"},
                                 {SchedulableKind::kAsset, "asset"},
                                 {SchedulableKind::kVirtualAsset, "virtual asset"},
                                 {SchedulableKind::kSyntheticAsset, "synthetic asset"}})
RETROVUE_WORDS(ChainNode::Role, {{ChainNode::Role::kBody, "body"},
                                 {ChainNode::Role::kIntro, "intro"},
                                 {ChainNode::Role::kOutro, "outro"}})
RETROVUE_WORDS(PlayMode, {{PlayMode::kSequential, "sequential"},
                          {PlayMode::kRandom, "random"},
                          {PlayMode::kShuffle, "shuffle"},
                          {PlayMode::kManual, "manual"}})
RETROVUE_WORDS(OnEnd, {{OnEnd::kWrap, "wrap"},
                       {OnEnd::kWait, "wait"},
                       {OnEnd::kStop, "stop"},
                       {OnEnd::kRandom, "random"}})
RETROVUE_WORDS(ProgramKind, {{ProgramKind::kSeries, "series"},
                             {ProgramKind::kMovie, "movie"},
                             {ProgramKind::kBlock, "block"},
                             {ProgramKind::kComposite, "composite"}})
RETROVUE_WORDS(ItemKind, {{ItemKind::kContent, "content"}, {ItemKind::kAvail, "avail"}})
RETROVUE_WORDS(ScheduleNotice::Kind, {{ScheduleNotice::Kind::kZoneConsumed, "zone_consumed"},
                                      {ScheduleNotice::Kind::kZoneHasNoTime, "zone_has_no_time"},
                                      {ScheduleNotice::Kind::kPriorityTie, "priority_tie"},
                                      {ScheduleNotice::Kind::kNothingToSchedule, "nothing_to_schedule"},
                                      {ScheduleNotice::Kind::kDuplicateEpisode, "duplicate_episode"},
                                      {ScheduleNotice::Kind::kNoPlan, "no_plan"}})
RETROVUE_WORDS(PlaylogKind, {{PlaylogKind::kProgramme, "programme"},
                             {PlaylogKind::kFiller, "filler"},
                             {PlaylogKind::kStationCard, "station_card"},
                             {PlaylogKind::kPad, "pad"}})
RETROVUE_WORDS(PlaylogState, {{PlaylogState::kPlanned, "planned"},
                              {PlaylogState::kFed, "fed"},
                              {PlaylogState::kAired, "aired"},
                              {PlaylogState::kTruncated, "truncated"},
                              {PlaylogState::kSkipped, "skipped"}})
RETROVUE_WORDS(EvidenceKind, {{EvidenceKind::kBlockStart, "block_start"},
                              {EvidenceKind::kSegmentStart, "segment_start"},
                              {EvidenceKind::kSegmentEnd, "segment_end"},
                              {EvidenceKind::kBlockFence, "block_fence"},
                              {EvidenceKind::kChannelTerminated, "channel_terminated"}})

#undef RETROVUE_WORDS

}  // namespace retrovue

#include "core/schedule/guide.h"

#include "absl/strings/str_cat.h"
#include "core/model/stable_hash.h"

namespace retrovue {
namespace {

GuideEntry EntryOf(const ScheduleItem& item) {
  return {absl::StrCat(absl::Hex(StableHash(0, item.id.text), absl::kZeroPad16)),
          item.id,
          item.start,
          item.end,
          item.title,
          item.series,
          item.season,
          item.episode};
}

}  // namespace

EpgGeneration GuideOf(const Channel& channel, const std::vector<ScheduleDay>& days) {
  EpgGeneration guide;
  guide.channel_id = channel.id;
  std::vector<GuideEntry>& entries = guide.entries;
  const Millis block = minutes(channel.grid.block_minutes);
  const ScheduleItem* avails = nullptr;  // the first of a run of avails
  Instant end;                           // of what was seen last
  const auto end_run = [&] {
    if (avails == nullptr) return;
    if (entries.empty() || end - avails->start > block) {
      entries.push_back(EntryOf(*avails));
      entries.back().title = absl::StrCat(channel.title, " continues");
    }
    entries.back().stop = end;
    avails = nullptr;
  };
  for (const ScheduleDay& day : days) {
    for (const ScheduleItem& item : day.items) {
      if (item.kind == ItemKind::kContent) {
        end_run();
        entries.push_back(EntryOf(item));
      } else if (avails == nullptr) {
        avails = &item;
      }
      end = item.end;
    }
    end_run();
  }
  std::uint64_t tag = StableHash(0, channel.title);
  for (const GuideEntry& entry : entries) {
    tag = StableHash(tag, absl::StrCat(entry.id, "\n", UtcMs(entry.start), "\n", UtcMs(entry.stop), "\n",
                                       entry.title, "\n", entry.series, "\n", entry.season.value_or(-1), "\n",
                                       entry.episode.value_or(-1)));
  }
  guide.etag = absl::StrCat(absl::Hex(tag, absl::kZeroPad16));
  return guide;
}

}  // namespace retrovue

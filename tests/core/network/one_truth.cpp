#include "tests/core/network/one_truth.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <pugixml.hpp>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/link/block_plan.h"
#include "core/schedule/grid.h"
#include "core/store/as_run.h"
#include "core/store/channels.h"
#include "core/store/playlog.h"
#include "core/store/schedule_days.h"

namespace retrovue {
namespace {

using Json = nlohmann::json;
using air::analyser::PictureRun;

constexpr Millis kOnePicture{34};
constexpr std::int64_t kReady = 2 * kClipRate;  // pictures; what begins sooner may be on the way already
constexpr std::size_t kMostFaults = 12;

std::int64_t PicturesIn(Millis time) { return time.count() * kClipRate / 1000; }

const Json& EntriesOf(const Json& guide, const std::string& slug) {
  static const Json kNone = Json::array();
  if (!guide.contains("channels")) return kNone;
  for (const Json& channel : guide["channels"])
    if (channel["slug"] == slug) return channel["entries"];
  return kNone;
}

Instant StartOf(const Json& entry) { return FromUtcMs(entry["start_utc_ms"].get<std::int64_t>()); }
Instant StopOf(const Json& entry) { return FromUtcMs(entry["stop_utc_ms"].get<std::int64_t>()); }

// "20261101060000 +0000"
Instant XmltvTime(const std::string& text) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime("%E4Y%m%d%H%M%S %z", text, &time, &error)) return Instant{};
  return FromUtcMs(absl::ToUnixMillis(time));
}

std::vector<PlaylogEvent> EventsOf(const std::vector<PlannedBlock>& blocks) {
  std::vector<PlaylogEvent> events;
  for (const PlannedBlock& block : blocks)
    events.insert(events.end(), block.events.begin(), block.events.end());
  return events;
}

// A run as it must be for an event, seen whole.
PictureRun RunOf(const PlaylogEvent& event, const std::map<std::string, int>& clip_ids) {
  PictureRun run;
  run.pictures = PicturesIn(event.end - event.start);
  const auto clip = clip_ids.find(event.path);
  if (clip == clip_ids.end()) {
    run.kind = PictureRun::kPad;
    return run;
  }
  run.kind = PictureRun::kClip;
  run.clip_id = clip->second;
  run.first = PicturesIn(event.asset_start_offset);
  run.last = run.first + run.pictures - 1;
  return run;
}

std::string Words(const PictureRun& run) {
  if (run.kind != PictureRun::kClip) return absl::StrCat(run.pictures, " of ", Name(run.kind));
  return absl::StrCat("clip ", run.clip_id, " ", run.first, "..", run.last, " (", run.pictures, ")");
}

}  // namespace

StoredTruth ReadTruth(ProgrammeHome& home, const std::string& slug, Instant from, Instant to) {
  StoredTruth truth;
  truth.channel = home.channel(slug);
  const absl::Status read = home.store().Read([&](const Snapshot& snapshot) -> absl::Status {
    auto days = snapshot.schedule_days().Airing(truth.channel.id, from, to);
    if (!days.ok()) return days.status();
    truth.days = *std::move(days);
    auto blocks = snapshot.playlog().Blocks(truth.channel.id, from, to);
    if (!blocks.ok()) return blocks.status();
    truth.blocks = *std::move(blocks);
    auto rows = snapshot.as_run().Rows(truth.channel.id, from, to);
    if (!rows.ok()) return rows.status();
    truth.rows = *std::move(rows);
    return absl::OkStatus();
  });
  EXPECT_TRUE(read.ok()) << read;
  return truth;
}

Faults GuideFaults(const Json& guide, const StoredTruth& truth, Instant from, Instant to) {
  Faults faults;
  const Json& entries = EntriesOf(guide, truth.channel.slug);
  std::map<Instant, const Json*> by_start;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    by_start[StartOf(entries[i])] = &entries[i];
    if (i > 0 && StartOf(entries[i]) != StopOf(entries[i - 1]))
      faults.push_back(
          absl::StrCat("the guide has a hole or an overlap at ", ToRfc3339(StartOf(entries[i]))));
  }
  if (entries.empty() || StartOf(entries.front()) > from || StopOf(entries.back()) < to)
    faults.push_back("the guide does not cover the span");
  std::size_t shown = 0;
  for (const ScheduleDay& day : truth.days) {
    for (const ScheduleItem& item : day.items) {
      if (item.end <= from || item.start >= to) continue;
      const auto found = by_start.find(item.start);
      if (found == by_start.end()) {
        // An avail of a block at most belongs to the entry before it, one behind another to the first.
        if (item.kind == ItemKind::kContent) faults.push_back("no entry at " + ToRfc3339(item.start));
        continue;
      }
      ++shown;
      if (item.kind != ItemKind::kContent) continue;
      const Json& entry = *found->second;
      if (entry.value("title", "") != item.title || entry.value("series", "") != item.series ||
          entry.value("episode", 0) != item.episode.value_or(0))
        faults.push_back(
            absl::StrCat(ToRfc3339(item.start), ": the guide has ", entry.dump(), ", the day ", item.title));
    }
  }
  if (shown != entries.size())
    faults.push_back(absl::StrCat(entries.size(), " entries, and ", shown, " items where they begin"));
  return faults;
}

Faults XmltvFaults(const std::string& xmltv, const Json& guide, const std::string& slug, Instant from,
                   Instant to) {
  Faults faults;
  pugi::xml_document document;
  if (!document.load_string(xmltv.c_str())) return {"the XMLTV cannot be parsed"};
  std::map<Instant, pugi::xml_node> programmes;
  for (const pugi::xml_node programme : document.child("tv").children("programme")) {
    if (absl::StartsWith(programme.attribute("channel").value(), slug + "."))
      programmes[XmltvTime(programme.attribute("start").value())] = programme;
  }
  std::size_t compared = 0;
  for (const Json& entry : EntriesOf(guide, slug)) {
    if (StopOf(entry) <= from || StartOf(entry) >= to) continue;
    ++compared;
    const auto found = programmes.find(StartOf(entry));
    if (found == programmes.end()) {
      faults.push_back("no programme at " + ToRfc3339(StartOf(entry)));
      continue;
    }
    const pugi::xml_node programme = found->second;
    const std::string title = programme.child("title").text().get();
    const std::string name = entry.value("series", entry.value("title", ""));
    if (XmltvTime(programme.attribute("stop").value()) != StopOf(entry) || title != name)
      faults.push_back(absl::StrCat(ToRfc3339(StartOf(entry)), ": XMLTV has ", title, " until ",
                                    programme.attribute("stop").value(), ", the guide ", entry.dump()));
    if (entry.contains("series") && entry["title"] != programme.child("sub-title").text().get())
      faults.push_back(absl::StrCat(ToRfc3339(StartOf(entry)), ": another sub-title"));
  }
  if (compared == 0) faults.push_back("there is nothing to compare");
  if (compared != programmes.size())
    faults.push_back(absl::StrCat(programmes.size(), " programmes, ", compared, " entries"));
  return faults;
}

Faults PlaylogFaults(const StoredTruth& truth) {
  Faults faults;
  if (truth.blocks.empty()) return {"there is no playlog"};
  std::map<std::string, const ScheduleItem*> items;
  for (const ScheduleDay& day : truth.days)
    for (const ScheduleItem& item : day.items) items[item.id.text] = &item;
  std::map<std::string, Millis> aired;
  Instant t = truth.blocks.front().start;
  for (const PlannedBlock& block : truth.blocks) {
    if (block.start != t) faults.push_back("no block begins at " + ToRfc3339(t));
    t = block.start;
    for (const PlaylogEvent& event : block.events) {
      if (event.start != t || event.end <= event.start || event.block_id != block.block_id)
        faults.push_back("a hole or an overlap in the block of " + ToRfc3339(block.start));
      t = event.end;
      const auto found = items.find(event.schedule_item_id.text);
      if (found == items.end()) {
        faults.push_back("of no item: the event at " + ToRfc3339(event.start));
        continue;
      }
      const ScheduleItem& item = *found->second;
      if (event.start < item.start || event.end > item.end)
        faults.push_back("outside its item: the event at " + ToRfc3339(event.start));
      if (event.kind != PlaylogKind::kProgramme) continue;
      aired[item.id.text] += event.end - event.start;
      const ResolvedPart& part = item.parts.at(0);  // the items of this network have one
      if (event.path != part.path || event.asset_id != part.asset_id ||
          event.asset_start_offset != event.start - item.start)
        faults.push_back("another file, or another place in it: the event at " + ToRfc3339(event.start));
    }
    if (t != block.end) faults.push_back("not full: the block of " + ToRfc3339(block.start));
    t = block.end;
  }
  for (const auto& [id, length] : aired) {
    const ScheduleItem& item = *items.at(id);
    const bool is_whole = item.start >= truth.blocks.front().start && item.end <= truth.blocks.back().end;
    if (is_whole && length != item.content)
      faults.push_back("not whole: the programme of " + ToRfc3339(item.start));
  }
  return faults;
}

Faults RecordFaults(const channel_record::Record& record, const StoredTruth& truth, int& compared) {
  Faults faults;
  std::map<std::string, const PlannedBlock*> stored;
  for (const PlannedBlock& block : truth.blocks) stored[block.block_id] = &block;
  for (const channel_record::Block& held : record.blocks()) {
    const auto found = stored.find(held.plan().block_id());
    if (found == stored.end()) {
      if (FromUtcMs(held.plan().end_utc_ms()) > truth.blocks.front().start &&
          FromUtcMs(held.plan().start_utc_ms()) < truth.blocks.back().end)
        faults.push_back("not of the playlog: " + held.plan().block_id());
      continue;
    }
    ++compared;
    playout::BlockPlan wanted = ToBlockPlan(truth.channel, *found->second);
    if (wanted.SerializeAsString() != held.plan().SerializeAsString())
      faults.push_back(absl::StrCat(held.plan().block_id(), ": the manager has ",
                                    held.plan().ShortDebugString(), "; planned is ",
                                    wanted.ShortDebugString()));
  }
  return faults;
}

Faults AsRunFaults(const StoredTruth& truth, Instant from, Instant to, int& compared) {
  Faults faults;
  std::map<std::string, std::vector<const AsRunRow*>> rows;
  for (const AsRunRow& row : truth.rows) rows[row.playlog_event_id].push_back(&row);
  const auto is_near = [](Instant actual, Instant planned) {
    return actual >= planned - Millis(1) && actual <= planned + kOnePicture;
  };
  for (const PlaylogEvent& event : EventsOf(truth.blocks)) {
    if (event.start < from || event.end > to) continue;
    ++compared;
    const std::string at = absl::StrCat("as-run at ", ToRfc3339(event.start), " ", event.path, ": ");
    const auto found = rows.find(event.id.text);
    if (found == rows.end() || found->second.size() != 1) {
      faults.push_back(absl::StrCat(at, found == rows.end() ? 0 : found->second.size(), " rows"));
      continue;
    }
    const AsRunRow& row = *found->second.front();
    if (row.block_id != event.block_id || row.asset_uri != event.path || row.planned_start != event.start ||
        row.planned_end != event.end)
      faults.push_back(absl::StrCat(at, "it is of ", row.asset_uri, " in ", row.block_id));
    if (!row.actual_end.has_value() || !is_near(row.actual_start, event.start) ||
        !is_near(*row.actual_end, event.end))
      faults.push_back(absl::StrCat(at, "aired from ", ToRfc3339(row.actual_start), " to ",
                                    row.actual_end ? ToRfc3339(*row.actual_end) : "now"));
    if (row.status != "AIRED" || row.fallback_frames != 0 ||
        row.frames != PicturesIn(event.end - event.start) || event.state != PlaylogState::kAired)
      faults.push_back(absl::StrCat(at, row.status, " ", row.reason, ", ", row.frames, " pictures, ",
                                    row.fallback_frames, " of them pad; the playlog says ",
                                    Name(event.state)));
  }
  return faults;
}

Watched WatchedAgainst(const air::analyser::ContentReport& content, const StoredTruth& truth,
                       const std::map<std::string, int>& clip_ids, Instant first_byte, bool began_with_it) {
  Watched watched;
  const std::vector<PictureRun>& runs = content.runs;
  const std::vector<PlaylogEvent> events = EventsOf(truth.blocks);
  // The first clip that began under the viewer's eyes, and was prepared in good time, places the rest.
  const std::int64_t settled = began_with_it ? PicturesIn(kSettledAfter) : kReady;
  const auto anchor = std::find_if(runs.begin(), runs.end(), [&](const PictureRun& run) {
    return run.kind == PictureRun::kClip && run.first == 0 && run.first_index >= settled;
  });
  if (anchor == runs.end()) {
    if (content.pictures > 40 * kClipRate) watched.faults.push_back("in all that time no clip has begun");
    return watched;
  }
  const auto instant_of = [&](const PictureRun& run, Instant anchored) {
    return anchored + Millis((run.first_pts - anchor->first_pts) / 90);
  };
  // A picture comes after its instant, never before.
  std::size_t of_anchor = events.size();
  for (std::size_t i = 0; i < events.size(); ++i) {
    const PictureRun wanted = RunOf(events[i], clip_ids);
    if (wanted.kind != PictureRun::kClip || wanted.clip_id != anchor->clip_id || wanted.first != 0) continue;
    if (instant_of(runs.front(), events[i].start) <= first_byte + Millis(500)) of_anchor = i;
  }
  if (of_anchor == events.size()) {
    watched.faults.push_back(absl::StrCat("nothing is planned that could be ", Words(*anchor)));
    return watched;
  }
  const Instant anchored = events[of_anchor].start;
  const auto fault = [&](const PictureRun& run, const std::string& text) {
    if (watched.faults.size() < kMostFaults)
      watched.faults.push_back(absl::StrCat("at picture ", run.first_index, ", ",
                                            ToRfc3339(instant_of(run, anchored)), ": ", text));
  };
  const auto first_judged = anchor - runs.begin();
  for (std::ptrdiff_t i = began_with_it ? first_judged : 0; i < static_cast<std::ptrdiff_t>(runs.size());
       ++i) {
    const PictureRun& run = runs[static_cast<std::size_t>(i)];
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(of_anchor) + i - first_judged;
    if (at < 0 || at >= static_cast<std::ptrdiff_t>(events.size())) {
      fault(run, absl::StrCat("seen is ", Words(run), ", and nothing is planned"));
      break;
    }
    const PlaylogEvent& event = events[static_cast<std::size_t>(at)];
    const PictureRun wanted = RunOf(event, clip_ids);
    const bool is_cut_in = i == 0, is_cut_off = i + 1 == static_cast<std::ptrdiff_t>(runs.size());
    const bool agrees = run.kind == wanted.kind && run.clip_id == wanted.clip_id &&
                        (is_cut_in ? run.first >= wanted.first : run.first == wanted.first) &&
                        (is_cut_off ? run.last <= wanted.last : run.last == wanted.last) &&
                        (is_cut_in || is_cut_off || run.pictures == wanted.pictures);
    if (!agrees) {
      fault(run, absl::StrCat("seen is ", Words(run), ", planned is ", Words(wanted)));
      if (run.kind != wanted.kind || run.clip_id != wanted.clip_id) break;  // all that follows is shifted
    }
    if (!is_cut_in && run.kind == PictureRun::kClip) {
      watched.clips.push_back({event.start, run.clip_id});
      const Millis off = instant_of(run, anchored) - event.start;
      if (off < -kOnePicture || off > kOnePicture)
        fault(run, absl::StrCat(Words(run), " begins ", off.count(), " ms off"));
    }
    watched.to = event.end;
  }
  watched.from = instant_of(runs.front(), anchored);
  return watched;
}

Faults GuideSeenFaults(const Json& guide, const std::string& slug, const Watched& watched, int& compared) {
  Faults faults;
  if (watched.clips.empty()) return faults;
  for (const Json& entry : EntriesOf(guide, slug)) {
    const Instant start = StartOf(entry);
    if (start < watched.clips.front().at || start > watched.clips.back().at) continue;
    ++compared;
    const auto seen = std::find_if(watched.clips.begin(), watched.clips.end(),
                                   [&](const SeenClip& clip) { return clip.at == start; });
    const std::string title = entry.value("title", "");
    if (seen == watched.clips.end() || absl::StrCat("Episode ", seen->clip) != title)
      faults.push_back(absl::StrCat(
          ToRfc3339(start), ": the guide has ", title, ", seen is ",
          seen == watched.clips.end() ? "nothing that begins" : absl::StrCat("clip ", seen->clip)));
  }
  return faults;
}

}  // namespace retrovue

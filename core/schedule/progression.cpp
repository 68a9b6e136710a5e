#include "core/schedule/progression.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "core/model/stable_hash.h"

namespace retrovue {
namespace {

constexpr std::size_t kNotAmongTheLast = 5;  // of play mode random

using Candidates = std::vector<const Candidate*>;

std::string NameOf(const OrderKey& key) {
  Editorial editorial;
  if (key.season >= 0) editorial.season = key.season;
  if (key.episode < 0) return "the last one";
  editorial.episode = key.episode;
  if (key.part >= 0) editorial.part = key.part;
  return EpisodeName(editorial);
}

Draw Take(const Candidate& candidate, const Cursor& before, std::string why) {
  Draw draw{&candidate, before, std::move(why)};
  draw.after.last = candidate.key;
  return draw;
}

Draw DrawRandom(const Candidates& candidates, const Cursor& before) {
  const std::size_t apart = std::min(kNotAmongTheLast, candidates.size() - 1);
  const auto from = before.recent.end() - static_cast<std::ptrdiff_t>(std::min(apart, before.recent.size()));
  Candidates allowed;
  std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(allowed),
               [&](const Candidate* candidate) {
                 return std::find(from, before.recent.end(), candidate->hash) == before.recent.end();
               });
  const Candidate& drawn = *allowed[StableHash(before.seed, before.draws) % allowed.size()];
  Draw draw = Take(drawn, before,
                   absl::StrCat("drawn from ", allowed.size(), " that were not among the last ", apart));
  ++draw.after.draws;
  draw.after.recent.push_back(drawn.hash);
  if (draw.after.recent.size() > kNotAmongTheLast) draw.after.recent.erase(draw.after.recent.begin());
  return draw;
}

std::optional<Draw> DrawSequential(const Program& program, const Candidates& candidates,
                                   const Cursor& before) {
  if (before.ended) return std::nullopt;
  if (!before.last) return Take(*candidates.front(), before, "the first one");
  // Behind the end, on_end random draws from all of them and leaves `last` where it is.
  const auto next = std::upper_bound(candidates.begin(), candidates.end(), *before.last,
                                     [](const OrderKey& key, const Candidate* c) { return key < c->key; });
  if (next != candidates.end())
    return Take(**next, before, absl::StrCat("it follows ", NameOf(*before.last)));
  switch (program.on_end) {
    case OnEnd::kWait:
    case OnEnd::kStop:
      return std::nullopt;
    case OnEnd::kWrap: {
      Draw draw =
          Take(*candidates.front(), before, absl::StrCat("it begins again behind ", NameOf(*before.last)));
      ++draw.after.cycle;
      return draw;
    }
    case OnEnd::kRandom: {
      Draw draw = DrawRandom(candidates, before);
      draw.after.last = before.last;
      return draw;
    }
  }
  return std::nullopt;
}

// The lowest lot of `cycle` among those not in `bag` and not of the story `but_for`.
const Candidate* LowestLot(const Candidates& candidates, const Cursor& cursor, std::int64_t cycle,
                           const std::vector<std::uint64_t>& bag, std::optional<std::uint64_t> but_for) {
  const std::uint64_t seed = StableHash(cursor.seed, static_cast<std::uint64_t>(cycle));
  const Candidate* lowest = nullptr;
  std::tuple<std::uint64_t, std::uint64_t> lowest_lot;
  for (const Candidate* candidate : candidates) {
    if (candidate->story == but_for || std::binary_search(bag.begin(), bag.end(), candidate->hash)) continue;
    const std::tuple lot{StableHash(seed, candidate->story), candidate->story};
    if (lowest == nullptr || lot < lowest_lot) {  // the first of equal ones: parts are in order
      lowest = candidate;
      lowest_lot = lot;
    }
  }
  return lowest;
}

Draw DrawShuffled(const Candidates& candidates, const Cursor& before) {
  static const std::vector<std::uint64_t> kNothing;
  const auto take = [&](const Candidate& candidate, std::string why) {
    Draw draw = Take(candidate, before, std::move(why));
    draw.after.bag.insert(std::upper_bound(draw.after.bag.begin(), draw.after.bag.end(), candidate.hash),
                          candidate.hash);
    return draw;
  };
  // The rest of a story first, so that an asset that joined the bag meanwhile does not come between its parts.
  if (before.last && before.last->part >= 0) {
    const auto next = std::upper_bound(candidates.begin(), candidates.end(), *before.last,
                                       [](const OrderKey& key, const Candidate* c) { return key < c->key; });
    const OrderKey& last = *before.last;
    if (next != candidates.end() && (*next)->key.part > last.part &&
        std::tie((*next)->key.series, (*next)->key.season, (*next)->key.episode) ==
            std::tie(last.series, last.season, last.episode) &&
        !std::binary_search(before.bag.begin(), before.bag.end(), (*next)->hash)) {
      return take(**next, "the next part of its story");
    }
  }
  if (const Candidate* next = LowestLot(candidates, before, before.cycle, before.bag, std::nullopt)) {
    return take(*next, absl::StrCat("drawn from the bag, of which ", before.bag.size(), " have been"));
  }
  std::optional<std::uint64_t> last_story;
  for (const Candidate* candidate : candidates) {
    if (before.last && candidate->key == *before.last) last_story = candidate->story;
  }
  const std::int64_t cycle = before.cycle + 1;
  const Candidate* next = LowestLot(candidates, before, cycle, kNothing, last_story);
  if (next == nullptr) next = LowestLot(candidates, before, cycle, kNothing, std::nullopt);
  Draw draw = Take(*next, before, "the first of a new bag");
  draw.after.cycle = cycle;
  draw.after.bag = {next->hash};
  return draw;
}

std::optional<Draw> DrawManual(const Program& program, const Candidates& candidates, const Cursor& before) {
  const int size = static_cast<int>(program.manual_order.size());
  for (int i = 0; i < size; ++i) {
    const int position = (before.position % size + i) % size;
    const AssetId& wanted = program.manual_order[static_cast<std::size_t>(position)];
    const auto found = std::find_if(candidates.begin(), candidates.end(), [&](const Candidate* candidate) {
      return candidate->asset->id == wanted;
    });
    if (found == candidates.end()) continue;
    Draw draw = Take(**found, before, absl::StrCat("number ", position + 1, " of the operator's list"));
    draw.after.position = (position + 1) % size;
    return draw;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Draw> DrawNext(const Program& program, const Candidates& candidates, const Cursor& before) {
  if (candidates.empty()) return std::nullopt;
  std::optional<Draw> draw;
  switch (program.play_mode) {
    case PlayMode::kSequential:
      draw = DrawSequential(program, candidates, before);
      break;
    case PlayMode::kShuffle:
      draw = DrawShuffled(candidates, before);
      break;
    case PlayMode::kRandom:
      draw = DrawRandom(candidates, before);
      break;
    case PlayMode::kManual:
      draw = DrawManual(program, candidates, before);
      break;
  }
  // A series that stops has stopped with its last episode, whatever comes later.
  const bool stops = program.play_mode == PlayMode::kSequential && program.on_end == OnEnd::kStop;
  if (draw && stops && draw->candidate == candidates.back()) draw->after.ended = true;
  return draw;
}

}  // namespace retrovue

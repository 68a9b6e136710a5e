#include "core/schedule/breaks.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

namespace retrovue {
namespace {

constexpr Millis kSlotOfABreak{600'000};
// Of more points, those that lie too close together to make a difference are left out.
constexpr std::int64_t kMostPoints = 400;

struct ActLimits {
  Millis first{1}, between{1}, last{1};
};

// `length` in so many shares; what is left of the division goes to the first ones.
std::vector<Millis> Shares(Millis length, int count) {
  std::vector<Millis> shares(static_cast<std::size_t>(count), length / count);
  for (std::int64_t i = 0; i < length.count() % count; ++i) shares[static_cast<std::size_t>(i)] += Millis(1);
  return shares;
}

std::vector<Millis> Thinned(const std::vector<Millis>& points, Millis content) {
  const Millis least = content / kMostPoints;
  std::vector<Millis> kept;
  for (const Millis point : points) {
    if (kept.empty() || point - kept.back() > least) kept.push_back(point);
  }
  return kept;
}

// So many of `points` that the squares of the acts between them have the least sum. Empty: they cannot be chosen within the
// limits.
std::vector<Millis> MostEven(const std::vector<Millis>& points, std::size_t count, Millis content,
                             const ActLimits& limits) {
  constexpr auto kNever = std::numeric_limits<std::int64_t>::max();
  const auto square = [](Millis act) { return act.count() * act.count(); };
  const std::size_t size = points.size();
  // cost[j]: of the acts up to point j, which is the last of those chosen; before[i][j]: the one chosen before it.
  std::vector<std::int64_t> cost(size, kNever);
  std::vector<std::vector<std::size_t>> before;
  for (std::size_t j = 0; j < size; ++j) {
    if (points[j] >= limits.first) cost[j] = square(points[j]);
  }
  for (std::size_t chosen = 1; chosen < count; ++chosen) {
    std::vector<std::int64_t> next(size, kNever);
    std::vector<std::size_t>& from = before.emplace_back(size, 0);
    for (std::size_t j = 0; j < size; ++j) {
      for (std::size_t i = 0; i < j && points[j] - points[i] >= limits.between; ++i) {
        if (cost[i] == kNever) continue;
        const std::int64_t sum = cost[i] + square(points[j] - points[i]);
        if (sum >= next[j]) continue;
        next[j] = sum;
        from[j] = i;
      }
    }
    cost = std::move(next);
  }
  std::size_t last = size;
  std::int64_t least = kNever;
  for (std::size_t j = 0; j < size; ++j) {
    if (cost[j] == kNever || content - points[j] < limits.last) continue;
    const std::int64_t sum = cost[j] + square(content - points[j]);
    if (sum >= least) continue;
    least = sum;
    last = j;
  }
  std::vector<Millis> taken;
  if (last == size) return taken;
  for (std::size_t left = count; left > 0; --left) {
    taken.push_back(points[last]);
    if (left > 1) last = before[left - 2][last];
  }
  std::reverse(taken.begin(), taken.end());
  return taken;
}

// The most of `points`, up to `most`, that the limits allow.
std::vector<Millis> Chosen(const std::vector<Millis>& points, int most, Millis content,
                           const ActLimits& limits) {
  const std::vector<Millis> thinned = Thinned(points, content);
  for (std::size_t count = std::min(static_cast<std::size_t>(most), thinned.size()); count > 0; --count) {
    std::vector<Millis> taken = MostEven(thinned, count, content, limits);
    if (!taken.empty()) return taken;
  }
  return {};
}

std::vector<Millis> Even(int most, Millis content, const ActLimits& limits) {
  for (int count = most; count > 0; --count) {
    const std::vector<Millis> acts = Shares(content, count + 1);
    if (acts.front() < limits.first || acts.back() < limits.last) continue;
    if (count > 1 && acts.back() < limits.between) continue;
    std::vector<Millis> taken;
    Millis at{0};
    for (int i = 0; i < count; ++i) taken.push_back(at += acts[static_cast<std::size_t>(i)]);
    return taken;
  }
  return {};
}

}  // namespace

BreakPoints BreakPointsOf(const std::vector<ResolvedPart>& parts, const CatalogueView& catalogue) {
  BreakPoints points;
  Millis start{0};
  Millis content{0};
  for (const ResolvedPart& part : parts) content += part.airs;
  for (const ResolvedPart& part : parts) {
    if (start > Millis(0)) points.seams.push_back(start);
    if (const Candidate* found = catalogue.FindSchedulable(part.asset_id.text)) {
      for (const AssetMarker& marker : found->asset->markers) {
        const bool is_span = marker.kind == kBlackMarker || marker.kind == kSilenceMarker;
        const Millis at = is_span ? (marker.start + marker.end) / 2 : marker.start;
        if (at >= part.airs || start + at <= Millis(0)) continue;
        if (marker.kind == kCueMarker) {
          points.cues.push_back(start + at);
        } else if (is_span || marker.kind == kChapterMarker) {
          points.scenes.push_back(start + at);
        }
      }
    }
    start += part.airs;
  }
  for (std::vector<Millis>* list : {&points.cues, &points.scenes}) {
    std::sort(list->begin(), list->end());
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
  return points;
}

std::vector<Break> PlaceBreaks(const BreakRules& rules, Millis slot, Millis content,
                               const BreakPoints& points) {
  const Millis avail = slot - content;
  const std::int64_t wanted =
      rules.most > 0 ? rules.most : std::max<std::int64_t>(1, slot / kSlotOfABreak - 1);
  const int most = static_cast<int>(std::min<std::int64_t>(wanted, avail / rules.least_break));
  if (rules.policy == BreakPolicy::kPost || most <= 0) return {};
  const ActLimits limits{std::max(rules.head, Millis(1)), rules.least_act, std::max(rules.tail, Millis(1))};
  std::vector<Millis> taken;
  bool fades = false;
  if (rules.policy == BreakPolicy::kBetween) {
    taken = Chosen(points.seams, most, content, limits);
  } else {
    taken = Chosen(points.cues, most, content, {});
    if (taken.empty()) taken = Chosen(points.scenes, most, content, limits);
    if (taken.empty()) {
      taken = Even(most, content, limits);
      fades = true;
    }
  }
  std::vector<Break> breaks;
  if (taken.empty()) return breaks;
  const std::vector<Millis> lengths = Shares(avail, static_cast<int>(taken.size()));
  for (std::size_t i = 0; i < taken.size(); ++i) breaks.push_back({taken[i], lengths[i], fades});
  return breaks;
}

}  // namespace retrovue

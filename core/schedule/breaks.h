// Where one airing has its breaks, and how long they are. Pure functions.
#pragma once

#include <vector>

#include "core/model/breaks.h"
#include "core/model/schedule_day.h"
#include "core/schedule/catalogue_view.h"

namespace retrovue {

// The places inside an airing at which it may be interrupted with a hard cut, in its content, in order, without the start and the
// end.
struct BreakPoints {
  std::vector<Millis> seams;  // between two files
  std::vector<Millis> cues;   // where the operator wants a break: markers "cue" of its assets
  std::vector<Millis>
      scenes;  // where a scene ends: markers "chapter" (its start), "black" and "silence" (the middle)
};
BreakPoints BreakPointsOf(const std::vector<ResolvedPart>& parts, const CatalogueView& catalogue);

// The breaks of `content` in a slot of that length, in order; together they last slot - content. None: all of that follows the
// programme.
//
// Their number is that of the rules, or less: so many that none is shorter than `least_break` and no act shorter than the rules
// have it. Of the points those are taken whose acts are most even: the seams (policy between); the cues, which bind no guard and no
// shortest act, else the scenes, else even places of its own that fade (policy midroll). What a division leaves goes to the first
// ones, a millisecond each.
std::vector<Break> PlaceBreaks(const BreakRules& rules, Millis slot, Millis content,
                               const BreakPoints& points);

}  // namespace retrovue

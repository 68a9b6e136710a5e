// One airing of what stands in a zone: which files, for how long, and what it does to the cursors.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/model/schedule_day.h"
#include "core/schedule/catalogue_view.h"

namespace retrovue {

struct Airing {
  std::vector<ResolvedPart> parts;
  Millis duration{0};  // their sum
  int slot_units = 0;  // at least so many blocks
  std::string title;
  std::string series;
  std::optional<int> season;
  std::optional<int> episode;
  std::vector<CursorStep> steps;
  std::string why;
};

// For one day and one channel: it remembers what selectors yield. For one thread.
class Airings {
 public:
  // `block` is the shortest block of the grid. A new cursor gets its own seed from `seed`.
  Airings(const CatalogueView& catalogue, Millis block, std::uint64_t seed);

  // What would air next; the cursors are not moved. Nothing if there is nothing that may air.
  std::optional<Airing> Next(const SchedulableRef& thing, const Cursors& cursors);

  // Names of programs in which one episode has two files.
  const std::set<std::string>& with_duplicates() const { return with_duplicates_; }

 private:
  class Pass;

  const std::vector<const Candidate*>& Selected(const Program& program, int node);

  const CatalogueView& catalogue_;
  Millis block_;
  std::uint64_t seed_;
  std::map<std::pair<const Program*, int>, std::vector<const Candidate*>> selected_;
  std::set<std::string> with_duplicates_;
};

}  // namespace retrovue

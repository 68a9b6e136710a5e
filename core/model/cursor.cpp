#include "core/model/cursor.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/model/text.h"

namespace retrovue {

OrderKey OrderKeyOf(const Asset& asset) {
  const Editorial& editorial = asset.editorial;
  OrderKey key;
  key.series = absl::AsciiStrToLower(editorial.series);
  key.season = editorial.season.value_or(-1);
  key.part = editorial.part.value_or(-1);
  if (editorial.episode) {
    key.episode = *editorial.episode;
  } else {
    key.label = absl::StrCat(absl::StrFormat("%05d ", editorial.year.value_or(0)),
                             NaturalOrder(editorial.title), "\n", NaturalOrder(asset.canonical_key));
  }
  return key;
}

std::string EpisodeName(const Editorial& editorial) {
  if (!editorial.episode) return editorial.title;
  std::string name;
  if (editorial.season) name = absl::StrFormat("S%02d", *editorial.season);
  absl::StrAppendFormat(&name, "E%02d", *editorial.episode);
  if (editorial.part) absl::StrAppend(&name, " part ", *editorial.part);
  return name;
}

}  // namespace retrovue

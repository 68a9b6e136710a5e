// What the shapes are made of: values that may be absent.
#pragma once

#include <optional>
#include <string>

#include "core/cli/frame/answer.h"
#include "core/model/id.h"

namespace retrovue::cli {

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

inline Json OrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

template <typename Noun>
Json OrNull(const Id<Noun>& id) {
  return OrNull(id.text);
}

// A stored document; null where it is none.
inline Json Parsed(const std::string& text) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return json.is_discarded() ? Json(nullptr) : json;
}

}  // namespace retrovue::cli

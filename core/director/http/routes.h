// Routes: which page a request is for. Pure.
//
// The rule: nothing of a request is ever part of a path of the file system. A slug is looked up among the channels, a file
// of the page in a table that is part of the program.
#pragma once

#include <map>
#include <string>
#include <variant>

#include "absl/strings/string_view.h"

namespace retrovue {

enum class RouteKind {
  kFile,      // "/" and the files of the web page
  kChannels,  // what viewers' programs read
  kStream,
  kLogo,
  kPlaylist,
  kGuide,
  kGuideGz,
  kApiChannels,  // what the web page reads
  kApiGuide,
  kApiNow,
  kApiStatus,  // what operators read: kApiStatus and behind
  kMetrics,
  kHealthz,
  kReadyz,
};

// True for pages that a viewer has no business with; a listener for viewers shows them only to its own machine.
constexpr bool IsForOperators(RouteKind kind) {
  return kind == RouteKind::kApiStatus || kind == RouteKind::kMetrics;
}

struct Route {
  RouteKind kind = RouteKind::kFile;
  std::string path;  // decoded, without the query; "/" and at least one character
  std::string slug;  // of kStream, kLogo and kApiNow: a valid slug
  std::map<std::string, std::string>
      query;  // decoded; the first of each name; what is not understood is no error
};

struct NoRoute {
  enum class Why { kNotFound, kMethod } why = Why::kNotFound;
};
struct Options {
  Route route;
};

// `method` in upper case as it came, `target` as in the request line (RFC 9112, 3.2.1). A target that is no path, holds an
// encoded slash, a backslash, a control character or a ".." is not found.
std::variant<Route, Options, NoRoute> FindRoute(absl::string_view method, absl::string_view target);

}  // namespace retrovue

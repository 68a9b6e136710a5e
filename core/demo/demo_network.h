// A network from folders of media in one step: what `retrovue demo` and ./play do.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/ingest/ingest.h"
#include "core/store/store.h"

namespace retrovue {

struct DemoOptions {
  // Folders, each a channel of its own, and files, which are one channel together.
  std::vector<std::string> paths;
  // Titles of the channels, in the order of the folders, the files' last; where there is none, or an empty one, the
  // folder's name. A channel that is there already keeps its own.
  std::vector<std::string> titles;
  std::string time_zone = "UTC";  // IANA name
  std::string home;               // station cards are put there, in cards/
  IngestOptions ingest;
  std::function<void(const std::string&)> on_message;  // a line for people, now and then
};

struct DemoChannel {
  std::string slug;
  std::string title;
  int number = 0;
  std::string path;     // the folder, or the first file
  std::string summary;  // what was made of it
  IngestReport report;
  bool made = false;  // false: it was there already, as it is
};

struct DemoNetwork {
  std::vector<DemoChannel> channels;
  // Paths nothing could be made of, and why, with the next step.
  std::vector<IngestLine> refused;
};

// Puts sources, collections, assets, channels, plans, zones and programs into the store. Run again on the same paths it
// takes in what has changed in them, and leaves a channel's zones and programs as the operator may have made them; only its
// fillers follow the folder. INVALID_ARGUMENT if nothing can be made of any path; other errors are those of Ingest and of the store.
absl::StatusOr<DemoNetwork> MakeDemoNetwork(Store& store, const DemoOptions& options);

// The IANA name of this machine's time zone: TZ, else /etc/localtime, else "UTC".
std::string SystemTimeZone();

}  // namespace retrovue

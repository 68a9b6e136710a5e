// A network of test clips in a home of its own: a series of short episodes on every channel, and fillers between them. Every picture of
// every clip says which clip it is of and which picture (tests/support/make-clip.sh), so that what is on the air can be read off the air.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/model/channel.h"
#include "core/model/plan.h"
#include "core/store/store.h"
#include "tests/support/test_channel.h"

namespace retrovue {

inline constexpr int kClipRate = 30;  // pictures a second

struct HomeClip {
  int id = 0;
  int seconds = 0;
  std::string path() const { return folder + "/clip-" + std::to_string(id) + ".mp4"; }
  std::string folder;
};

// Makes them, 320x180. Fails the test, or the program, if it cannot.
std::vector<HomeClip> MakeClips(const std::string& folder,
                                const std::vector<std::pair<int, int>>& id_seconds);

struct HomeOptions {
  std::vector<HomeClip> episodes;  // of the series "Show", in order; titles are "Episode <clip id>"
  std::vector<HomeClip> fillers;
  std::vector<int> film_minutes;  // films of the tag "film"; there is no file of them
  std::function<Instant()> now;   // the network's clock
  std::string database_url;       // empty: an SQLite file in the home
};

// A channel's day in zones.
struct HomeZone {
  int start = 0, end = 1440;  // minutes since the start of the programming day
  bool films = false;         // else the series
};

class ProgrammeHome {
 public:
  explicit ProgrammeHome(HomeOptions options);
  ~ProgrammeHome();
  ProgrammeHome(const ProgrammeHome&) = delete;
  ProgrammeHome& operator=(const ProgrammeHome&) = delete;

  // With a slug, a time zone and a grid; the rest of it is given here.
  void AddChannel(Channel channel, const std::vector<HomeZone>& zones = {HomeZone()});

  const std::string& folder() const { return folder_.path(); }
  const std::string& url() const { return url_; }
  std::string run_folder() const { return folder() + "/run"; }
  std::string channel_folder(const std::string& slug) const { return run_folder() + "/channel/" + slug; }
  Store& store() { return *store_; }
  Channel channel(const std::string& slug);
  const std::map<std::string, int>& clip_ids() const { return clip_ids_; }  // by path
  Instant Now() const { return options_.now(); }

 private:
  void FillCatalogue();

  const HomeOptions options_;
  air::e2e::TestFolder folder_;
  std::string url_;
  std::unique_ptr<Store> store_;
  std::map<std::string, int> clip_ids_;
  std::vector<AssetId> fillers_;
};

}  // namespace retrovue

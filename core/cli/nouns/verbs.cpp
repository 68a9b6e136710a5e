#include "core/cli/nouns/verbs.h"

namespace retrovue::cli {

std::vector<Noun> AllNouns() {
  return {
      {"source", "Where media comes from"},
      {"collection", "Parts of a source, and the unit of ingest"},
      {"asset", "What there is to air"},
      {"channel", "The channels"},
      {"plan", "What is wanted on a channel, and on which days"},
      {"zone", "Windows of the day, and what plays in them"},
      {"program", "What airs as one: a series, a film, a block"},
      {"schedule-day", "What airs on a day"},
      {"playlog-event", "What plays, file by file"},
      {"epg", "The guide"},
      {"as-run", "What was on the air"},
      {"start", "Run the network in the foreground"},
      {"stop", "End the network that runs on this home"},
      {"status", "Say how the network on this home is"},
      {"demo", "Make a network from folders of media and run it"},
      {"doctor", "Look for what keeps the network from running"},
      {"db", "The database"},
  };
}

std::vector<Verb> AllVerbs() {
  std::vector<Verb> all;
  for (auto&& verbs : {SourceVerbs(), CollectionVerbs(), AssetVerbs(), ChannelVerbs(), PlanVerbs(),
                       ZoneVerbs(), ProgramVerbs(), ScheduleDayVerbs(), PlaylogEventVerbs(), EpgVerbs(),
                       AsRunVerbs(), NetworkVerbs(), DemoVerbs(), DoctorVerbs(), DbVerbs()})
    all.insert(all.end(), verbs.begin(), verbs.end());
  return all;
}

}  // namespace retrovue::cli

// One truth: what the guide says, what is stored, what was handed to AIR, what was on the air and what the as-run log says of it are
// the same rows. Each comparison answers with what is wrong, a line each; nothing: they agree.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/model/as_run.h"
#include "core/model/channel.h"
#include "core/model/playlog.h"
#include "protos/channel_record.pb.h"
#include "tests/core/network/programme_home.h"
#include "tests/support/content_check.h"

namespace retrovue {

using Faults = std::vector<std::string>;

// What the database has of a channel for a while.
struct StoredTruth {
  Channel channel;
  std::vector<ScheduleDay> days;
  std::vector<PlannedBlock> blocks;
  std::vector<AsRunRow> rows;
};
// Fails the test if it cannot be read.
StoredTruth ReadTruth(ProgrammeHome& home, const std::string& slug, Instant from, Instant to);

// GET /api/v1/guide and /guide.xml of the same span, against the days that air in it.
Faults GuideFaults(const nlohmann::json& guide, const StoredTruth& truth, Instant from, Instant to);
Faults XmltvFaults(const std::string& xmltv, const nlohmann::json& guide, const std::string& slug,
                   Instant from, Instant to);
// The playlog against the days it is of: every millisecond of an item, no other.
Faults PlaylogFaults(const StoredTruth& truth);
// What the channel's manager holds (its record) against the playlog, field by field. `compared` counts blocks.
Faults RecordFaults(const channel_record::Record& record, const StoredTruth& truth, int& compared);

// Each event of the playlog that was on the air whole within the span has one row of as-run: the file, its pictures, and the instants to
// the picture. `compared` counts rows.
Faults AsRunFaults(const StoredTruth& truth, Instant from, Instant to, int& compared);

// A session that begins on a busy machine has its first clips late: what begins so long after it is judged.
inline constexpr Millis kSettledAfter{10'000};

// What was seen, from where on, by the network's clock.
struct SeenClip {
  Instant at;
  int clip = 0;
};
struct Watched {
  Faults faults;
  std::vector<SeenClip> clips;  // those that began under the viewer's eyes
  Instant from, to;             // what could be judged
};
// A viewer's pictures against the playlog, picture by picture. `first_byte`: when it came, by the network's clock. `began_with_it`: the
// channel came on the air for it; then it is judged from the first clip on that begins
// after kSettledAfter.
Watched WatchedAgainst(const air::analyser::ContentReport& content, const StoredTruth& truth,
                       const std::map<std::string, int>& clip_ids, Instant first_byte, bool began_with_it);

// Where an entry of the guide begins, its episode ("Episode <clip id>") was seen from then on. `compared` counts entries.
Faults GuideSeenFaults(const nlohmann::json& guide, const std::string& slug, const Watched& watched,
                       int& compared);

}  // namespace retrovue

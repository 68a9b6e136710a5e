// EvidenceServer: AIR's evidence of all channels, stored before it is acknowledged.
//
//   AIR ──▶ a stream each, at most kMostWaiting messages in memory ──▶ one thread, one transaction a batch ──▶ AIR is told
//
// The rule: what is acknowledged is in the database for good. While the database is away nothing is acknowledged,
// nothing is read beyond what fits, and AIR keeps the rest on its disk; the thread tries again for as long as it takes
// (1, 2, 4, 5 s). A message that cannot be stored, whatever is tried, is answered with its error and holds up no other
// one. Nothing is answered before the channels are known: a director that has just begun knows none, and would refuse
// what AIR says of them.
//
// Threads: gRPC's receive, one of ours writes; none of them is the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "core/director/data/network_data.h"

namespace retrovue {

struct EvidenceCounts {
  std::uint64_t received = 0;       // without Hello
  std::uint64_t stored = 0;         // new in the database
  std::uint64_t refused = 0;        // answered with an error
  std::uint64_t failed_writes = 0;  // batches that the database did not take
  std::uint64_t behind = 0;         // what sessions on the line have emitted and is not stored
  int streams = 0;
  std::string last_error;  // empty: the last batch was stored
};

class EvidenceServer {
 public:
  static constexpr std::size_t kMostWaiting = 256;  // a stream

  // Which channel AIR means by a name; nothing: there is none. Any thread.
  using FindChannel = std::function<std::optional<ChannelId>(const std::string& name)>;

  // Serves at `endpoint`, "unix:PATH" or "host:port" (port 0: any). UNAVAILABLE: it cannot.
  static absl::StatusOr<std::unique_ptr<EvidenceServer>> Start(const std::string& endpoint, NetworkData& data,
                                                               FindChannel find_channel);
  // From now on `find_channel` knows all channels there are, and what has come is looked at; until then it waits. Any
  // thread.
  void ChannelsAreKnown();
  // Ends the streams; what is not acknowledged stays with AIR.
  ~EvidenceServer();

  const std::string& endpoint() const { return endpoint_; }  // for AIR, with the port in use
  EvidenceCounts counts() const;                             // any thread

 private:
  class Impl;
  EvidenceServer(std::string endpoint, std::unique_ptr<Impl> impl);

  std::string endpoint_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace retrovue

// Director: the network as one program: channels at their desks, viewers let in, schedules carried on, evidence stored.
//
//   the loop (main's thread)   HTTP, desks, timers; waits for nothing
//   "data.write"               the database: schedules carried on, blocks marked as fed
//   "data.read"                the database: channels and books
//   "pages"                    the database: guides, which take long to write
//   "files", "links"           look at files, which may be on a dead mount
//   the evidence server's      the database: as-run
//
// Every queue is bounded, and every wait for an answer. What the loop knows it keeps (ChannelBook), so that viewers are let in, and
// managers fed, while the database is away.
#pragma once

#include <utility>  // first: boost/asio/awaitable.hpp 1.74 needs it and does not say so

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/director/channels/channel_desk.h"
#include "core/director/data/network_data.h"
#include "core/director/decisions/tune_in.h"
#include "core/director/evidence/evidence_server.h"
#include "core/director/http/http_service.h"
#include "core/director/pages/director_snapshot.h"
#include "core/director/pages/page_cache.h"
#include "core/director/worker.h"

namespace retrovue {

struct DirectorOptions {
  std::string run_folder;
  std::string manager_program;
  std::vector<std::string> media_roots;  // of the operator, beside the catalogue's
  std::vector<std::string> host_names;   // beside those HostRule accepts
  std::string log_level = "info";
  Millis clock_shift{0};  // the network's clock minus the machine's
  int most_starts = 4;    // channels that may start at a time
};

// A file of the web page, by the path of the request; nothing: there is none. Any thread.
using FindPageFile = std::function<std::optional<Answer>(const PageRequest&)>;

class Director {
 public:
  // `data` outlives it. Errors: those of EvidenceServer::Start.
  static absl::StatusOr<std::unique_ptr<Director>> Open(boost::asio::io_context& loop,
                                                        DirectorOptions options, NetworkData& data,
                                                        FindPageFile find_file);
  ~Director();
  Director(const Director&) = delete;
  Director& operator=(const Director&) = delete;

  void Serve(std::unique_ptr<air::HttpListener> listener, HttpService::Audience audience);
  // Begins: reads the channels, takes up managers that run. Once.
  void Start();
  // Stops every manager in order, then the loop; within fifteen seconds.
  void Stop(const std::string& reason);

  const std::string& evidence_endpoint() const { return desk_settings_->evidence_endpoint; }

 private:
  using Milliseconds = std::chrono::milliseconds;
  template <typename T>
  using Awaitable = boost::asio::awaitable<T>;
  using Desk = std::shared_ptr<ChannelDesk>;

  Director(boost::asio::io_context& loop, DirectorOptions options, NetworkData& data, FindPageFile find_file);

  Instant UtcNow() const;

  // ---- what goes on by itself
  Awaitable<void> WatchChannels();
  Awaitable<void> CarryOnForEver();
  Awaitable<void> KeepTime();
  Awaitable<void> EndInOrder();
  Awaitable<void> ReadChannels(Milliseconds limit);
  // Where links lead out of the media; looked at again when the catalogue has changed.
  Awaitable<void> ReadLinks(const NetworkData::ChannelList& list, Milliseconds limit);
  void SetMediaRoots(const std::vector<std::string>& of_catalogue);
  void SetChannels(NetworkData::ChannelList list);
  Awaitable<void> ReadBook(Desk desk, Milliseconds limit);
  // Makes what is missing of the schedule, and reads the book.
  Awaitable<void> CarryOn(Desk desk, Milliseconds limit);
  void GrantStarts();
  void MarkFed();
  // What a call to the database says of it. Reads and writes are told apart: of a full disk one can read.
  void NoteRead(const absl::Status& status);
  void NoteWrite(const absl::Status& status);

  // ---- requests
  Awaitable<std::optional<Answer>> TuneIn(const PageRequest& request, HttpService::Stream& stream);
  Awaitable<FileFinding> LookAt(std::string path);
  Awaitable<Answer> Page(const PageRequest& request);
  Awaitable<absl::StatusOr<Answer>> AskForPage(std::function<absl::StatusOr<Answer>()> job);
  Awaitable<Answer> StreamHead(const PageRequest& request);
  // For a page whose channels are not known.
  Answer ChannelsUnknown() const;
  Answer ChannelsPage(const PageRequest& request) const;
  Awaitable<Answer> GuidePage(const PageRequest& request, bool gzip);
  Awaitable<Answer> ApiGuide(const PageRequest& request);
  Awaitable<Answer> ApiNow(const PageRequest& request);
  Awaitable<Answer> LogoPage(const PageRequest& request);
  // The desk of a slug or number; reads the list if it is not in it.
  Awaitable<Desk> FindDesk(std::string slug);
  Desk KnownDesk(const std::string& slug) const;
  std::vector<Channel> ActiveChannels() const;
  DirectorSnapshot Snapshot() const;

  struct Care {  // what is done for a channel by itself
    std::optional<Monotonic> book_read;
    Instant not_before{};  // the next attempt to carry its schedule on
    int failures = 0;
    bool is_reading = false, is_carrying_on = false;
  };

  boost::asio::io_context& loop_;
  const DirectorOptions options_;
  NetworkData& data_;
  const FindPageFile find_file_;
  const std::shared_ptr<DeskSettings> desk_settings_;
  std::map<std::string, Desk> desks_;  // by channel id
  std::map<std::string, Care> care_;   // by channel id
  std::string instance_id_;
  bool channels_known_ = false, database_was_asked_ = false, database_answers_ = false, stopping_ = false;
  std::string database_error_, write_error_;  // the last one; empty: it can be read, written
  std::optional<Monotonic> channels_read_;
  std::optional<std::int64_t> links_catalogue_;  // what the links were looked at for
  std::optional<Monotonic> links_read_;
  std::vector<std::string> link_roots_;
  bool grant_is_due_ = false;
  bool marking_ = false;
  std::uint64_t horizon_failures_ = 0;

  mutable std::mutex names_lock_;
  std::map<std::string, ChannelId> names_;  // guarded by names_lock_; for the evidence server's thread

  PageCache cache_;
  HttpService http_;
  std::unique_ptr<EvidenceServer> evidence_;
  // Last: their jobs use the rest.
  Worker writer_, reader_, pages_, files_, links_;
};

}  // namespace retrovue

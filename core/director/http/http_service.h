// HttpService: every listening socket of the director, and what is common to all answers: limits, the Host rule, methods, headers.
//
// The rule: one request, one answer, and the connection is closed; each step has a deadline. A body of any length is sent as long
// as the client takes 64 KiB every ten seconds. A viewer's socket may be taken out of the answer's hands (Handlers::stream): then
// nothing is said here.
//
// All runs on the loop's thread.
#pragma once

#include <utility>  // first: boost/asio/awaitable.hpp 1.74 needs it and does not say so

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/director/http/answer.h"
#include "core/director/http/host_rule.h"
#include "core/director/http/routes.h"
#include "net/http_listener.h"

namespace retrovue {

struct PageRequest {
  Route route;
  std::string target;  // as requested; for the log, and for the manager that a viewer is handed to
  bool head = false;
  unsigned http_minor = 1;
  std::string base_url;       // "http://HOST", as the client calls us
  std::string client;         // "192.168.1.7:51022"; empty: a UNIX socket
  std::string user_agent;     // one safe line
  std::string if_none_match;  // as it came
  bool takes_gzip = false;    // of Accept-Encoding
};

class HttpService {
 public:
  using Stream = air::HttpListener::Stream;
  struct Handlers {
    // A page, for GET and HEAD alike; the body of a HEAD is not sent. HEAD of a channel's stream comes here, too.
    std::function<boost::asio::awaitable<Answer>(const PageRequest&)> page;
    // GET of a channel's stream. Returns nothing if it took the socket out of the stream (release_socket): then the channel's
    // manager answers.
    std::function<boost::asio::awaitable<std::optional<Answer>>(const PageRequest&, Stream&)> stream;
  };
  // Whom a listener is for. kOperators: all pages. kViewers: those for operators only if it listens on this machine alone.
  enum class Audience { kViewers, kOperators };

  HttpService(HostRule hosts, Handlers handlers);

  // Takes the listener and serves it from here on. Loop, service and listeners end together.
  void Serve(std::unique_ptr<air::HttpListener> listener, Audience audience);

  // Answers by status, and connections closed because there were too many. On the loop's thread.
  const std::map<unsigned, std::uint64_t>& answers() const { return answers_; }
  std::uint64_t refused() const;

 private:
  boost::asio::awaitable<void> Respond(Stream& stream, const air::HttpListener::Request& request,
                                       const air::HttpListener& listener, bool all_pages);
  boost::asio::awaitable<void> Send(Stream& stream, Answer answer, unsigned version, bool head);

  const HostRule hosts_;
  const Handlers handlers_;
  std::vector<std::unique_ptr<air::HttpListener>> listeners_;
  std::map<unsigned, std::uint64_t> answers_;
};

}  // namespace retrovue

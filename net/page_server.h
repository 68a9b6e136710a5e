// PageServer: small pages over HTTP, on a thread of its own. Nothing of the program waits for a client.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace air {

struct HttpPage {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

class PageServer {
 public:
  // The page at `path` (without "?..."); nothing: there is none, 404. Called on the server's thread; must
  // neither block nor throw.
  using Pages = std::function<std::optional<HttpPage>(const std::string& path)>;

  // Binds "HOST:PORT" (port 0: any free one). Clients wait until Start().
  // Errors: InvalidArgument: not an address. Unavailable: it cannot be bound.
  static absl::StatusOr<std::unique_ptr<PageServer>> Bind(const std::string& address, Pages pages);
  // Ends the thread and closes every connection.
  ~PageServer();
  // Answers GET and HEAD from here on; every other method gets 405. Once.
  void Start();

  std::string address() const;  // "127.0.0.1:9101", with the port in use
  // Connections closed because there were too many. Any thread.
  uint64_t refused() const;

 private:
  struct Impl;  // keeps Asio and Beast out of the users of this header
  explicit PageServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace air

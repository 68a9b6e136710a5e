// PageCache: pages that are expensive to make, made once for all who ask at the same time and kept for a while.
//
// The rule: a page that cannot be made anew (the database is away) is answered with the last one there was. One thread, the
// loop's.
#pragma once

#include <utility>  // first: boost/asio/awaitable.hpp 1.74 needs it and does not say so

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "core/director/http/answer.h"

namespace retrovue {

class PageCache {
 public:
  using Clock = std::chrono::steady_clock;
  using Make = std::function<boost::asio::awaitable<absl::StatusOr<Answer>>()>;

  // `most`: pages kept; the one asked for longest ago goes first.
  PageCache(boost::asio::io_context& loop, std::function<Clock::time_point()> now, std::size_t most);

  // The page `key` names, at most `good_for` old, or made now. Errors: those of `make`, when there is no older one.
  boost::asio::awaitable<absl::StatusOr<Answer>> Get(std::string key, std::chrono::milliseconds good_for,
                                                     Make make);

 private:
  struct Entry {
    explicit Entry(boost::asio::io_context& loop) : done(loop) {}
    std::optional<Answer> answer;
    Clock::time_point made{};
    Clock::time_point asked{};
    absl::Status failed;
    bool is_being_made = false;
    boost::asio::steady_timer done;  // cancelled when it has been made
  };
  void MakeRoom();

  boost::asio::io_context& loop_;
  const std::function<Clock::time_point()> now_;
  const std::size_t most_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;
};

}  // namespace retrovue

// Answer: what is said to one HTTP request, as plain values; and the usual ones.
//
// An error is JSON, {"status":"error","code","message":"what, where, what to do next"}, whatever was asked for.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "core/model/answer_code.h"

namespace retrovue {

struct Answer {
  unsigned status = 200;
  std::string content_type = "application/json; charset=utf-8";
  std::shared_ptr<const std::string> body =
      std::make_shared<const std::string>();  // shared by all who ask; never null
  bool endless = false;  // a stream's head: the end of the connection is its end, and no length is said
  std::vector<std::pair<std::string, std::string>> headers;  // beside those every answer has

  // The first header of that name, as written; empty: none.
  absl::string_view Header(absl::string_view name) const;
};

Answer TextAnswer(std::string content_type, std::string body);
Answer JsonAnswer(std::string json);

// `retry_after`: for 503, when to ask again; at least one second is said.
Answer ErrorAnswer(AnswerCode code, absl::string_view message,
                   std::optional<std::chrono::seconds> retry_after = std::nullopt);

// `answer` with its ETag (in quotes, RFC 9110, 8.8.3; empty: none). 304 without a body if the client has the page with this ETag
// already (RFC 9110, 13.1.2: weak comparison, "*", lists).
Answer WithEtag(Answer answer, const std::string& etag, absl::string_view if_none_match);

// Whether an Accept-Encoding header allows gzip (RFC 9110, 12.5.3): named, or "*", and not with q=0.
bool TakesGzip(absl::string_view accept_encoding);

}  // namespace retrovue

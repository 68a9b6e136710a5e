#include "core/director/http/answer.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace retrovue {
namespace {

bool ListHas(absl::string_view list, absl::string_view etag) {
  for (absl::string_view one : absl::StrSplit(list, ',')) {
    one = absl::StripAsciiWhitespace(one);
    absl::ConsumePrefix(&one, "W/");
    if (one == "*" || one == etag) return true;
  }
  return false;
}

}  // namespace

absl::string_view Answer::Header(absl::string_view name) const {
  for (const auto& [key, value] : headers)
    if (absl::EqualsIgnoreCase(key, name)) return value;
  return {};
}

Answer TextAnswer(std::string content_type, std::string body) {
  Answer answer;
  answer.content_type = std::move(content_type);
  answer.body = std::make_shared<const std::string>(std::move(body));
  return answer;
}

Answer JsonAnswer(std::string json) {
  Answer answer;
  answer.body = std::make_shared<const std::string>(std::move(json));
  return answer;
}

Answer ErrorAnswer(AnswerCode code, absl::string_view message,
                   std::optional<std::chrono::seconds> retry_after) {
  nlohmann::ordered_json error;
  error["status"] = "error";
  error["code"] = Name(code);
  error["message"] = std::string(message);
  Answer answer =
      JsonAnswer(error.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
  answer.status = static_cast<unsigned>(StatusOf(code));
  if (retry_after.has_value())
    answer.headers.emplace_back("Retry-After", absl::StrCat(std::max<std::int64_t>(1, retry_after->count())));
  return answer;
}

Answer WithEtag(Answer answer, const std::string& etag, absl::string_view if_none_match) {
  if (etag.empty()) return answer;
  if (ListHas(if_none_match, etag)) {
    answer.status = 304;
    answer.body = std::make_shared<const std::string>();
  }
  answer.headers.emplace_back("ETag", etag);
  return answer;
}

bool TakesGzip(absl::string_view accept_encoding) {
  bool takes = false;
  for (const absl::string_view one : absl::StrSplit(accept_encoding, ',')) {
    const std::vector<absl::string_view> parts = absl::StrSplit(one, ';');
    const absl::string_view name = absl::StripAsciiWhitespace(parts[0]);
    const bool is_gzip = absl::EqualsIgnoreCase(name, "gzip") || absl::EqualsIgnoreCase(name, "x-gzip");
    if (!is_gzip && name != "*") continue;
    double quality = 1;
    for (std::size_t i = 1; i < parts.size(); ++i) {
      absl::string_view parameter = absl::StripAsciiWhitespace(parts[i]);
      if (absl::ConsumePrefix(&parameter, "q=") && !absl::SimpleAtod(parameter, &quality)) quality = 0;
    }
    if (is_gzip) return quality > 0;  // what is named goes before "*"
    takes = quality > 0;
  }
  return takes;
}

}  // namespace retrovue

#include "core/director/page_files.h"

#include <string>

#include "core/director/pages/gzip.h"
#include "web/pages.h"

namespace retrovue {

std::optional<Answer> FindPackedFile(const PageRequest& request) {
  const retrovue::Page* page = FindPage(request.route.path);
  if (page == nullptr) return std::nullopt;
  Answer answer = TextAnswer(std::string(page->content_type), std::string());
  answer.headers = {{"Vary", "Accept-Encoding"},
                    {"Content-Security-Policy", std::string(ContentSecurityPolicy())},
                    {"Cache-Control", page->immutable ? "public, max-age=31536000, immutable" : "no-cache"}};
  if (request.takes_gzip) {
    answer.body = std::make_shared<const std::string>(page->gzip);
    answer.headers.emplace_back("Content-Encoding", "gzip");
  } else {
    absl::StatusOr<std::string> unpacked = Gunzip(page->gzip, page->size);
    if (!unpacked.ok()) return ErrorAnswer(AnswerCode::kInternal, "a file of the page is damaged");
    answer.body = std::make_shared<const std::string>(*std::move(unpacked));
  }
  return WithEtag(std::move(answer), std::string(page->etag), request.if_none_match);
}

}  // namespace retrovue

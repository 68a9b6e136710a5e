#include <algorithm>

#include "web/pages.h"

namespace retrovue {

const Page* FindPage(absl::string_view path) {
  const absl::Span<const Page> pages = Pages();
  const auto page =
      std::lower_bound(pages.begin(), pages.end(), path,
                       [](const Page& one, absl::string_view wanted) { return one.path < wanted; });
  return page != pages.end() && page->path == path ? &*page : nullptr;
}

absl::string_view ContentSecurityPolicy() {
  return "default-src 'self'; media-src 'self' blob:; img-src 'self' data:; worker-src 'self' blob:; "
         "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
}

}  // namespace retrovue

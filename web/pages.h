// The web page, packed into the program: every file of it as it is sent.
#pragma once

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace retrovue {

struct Page {
  absl::string_view path;          // of the request: "/", "/assets/index-4f1c.js", "/licenses.txt"
  absl::string_view content_type;  // with its charset
  absl::string_view etag;          // with its quotes, as RFC 9110, 8.8.3 has it
  absl::string_view gzip;          // the file, packed: Content-Encoding gzip
  std::size_t size = 0;            // of the file unpacked
  bool immutable = false;          // its name changes with its content: Cache-Control immutable
};

// Sorted by path.
absl::Span<const Page> Pages();

// nullptr if there is none. The paths of the page's own addresses are not here: they stand behind a '#'.
const Page* FindPage(absl::string_view path);

// What every page is sent with, as a header's value: nothing from elsewhere is loaded, framed or run.
absl::string_view ContentSecurityPolicy();

}  // namespace retrovue

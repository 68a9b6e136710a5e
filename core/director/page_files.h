// The files of the web page, as they are packed into this program (web/pages.h).
#pragma once

#include <optional>

#include "core/director/http/answer.h"
#include "core/director/http/http_service.h"

namespace retrovue {

// The file at the request's path; nothing: there is none. A client that does not take gzip is sent it unpacked. Any thread.
std::optional<Answer> FindPackedFile(const PageRequest& request);

}  // namespace retrovue

// How a refusal is said in an answer: success is false, error_message says what is wrong and where.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "protos/playout.pb.h"

namespace air {

namespace wire = ::retrovue::playout;

template <class Response>
Response Refused(const absl::Status& why) {
  Response response;
  response.set_success(false);
  response.set_error_message(std::string(why.message()));
  return response;
}

template <class Response>
Response Succeeded() {
  Response response;
  response.set_success(true);
  return response;
}

}  // namespace air

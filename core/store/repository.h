// What the repositories have in common.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace retrovue {

class Sql;

// The rows of one noun, over one connection. Lives as long as the connection; used inside a Read or a Write alone.
//
// `Put` writes only what differs from what is stored, so that putting the same twice writes nothing.
class Repository {
 public:
  explicit Repository(Sql& sql) : sql_(sql) {}
  Repository(const Repository&) = delete;
  Repository& operator=(const Repository&) = delete;

 protected:
  Sql& sql_;
};

}  // namespace retrovue

// HostRule: whose name a request may call us by, and what our address is as the client sees it. Pure.
//
// A web site of a stranger can make a browser talk to us under the stranger's name (DNS rebinding) and read the answers. So
// a Host is accepted only where no stranger can own it: an address, localhost, a name without a dot, *.localhost, *.local,
// *.lan, *.home.arpa, *.internal, and the names the operator gave. Anything else gets 421.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace retrovue {

class HostRule {
 public:
  // `names`: hosts without port, compared without regard to case.
  explicit HostRule(std::vector<std::string> names = {});

  // `host`: the header's value; empty (HTTP/1.0): accepted.
  bool Accepts(absl::string_view host) const;

 private:
  std::vector<std::string> names_;
};

// "http://HOST" of an accepted Host header; without one, of `local`, "127.0.0.1:8080".
std::string BaseUrl(absl::string_view host, absl::string_view local);

}  // namespace retrovue

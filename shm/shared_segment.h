// SharedSegment: one contiguous piece of memory that several processes map.
//
// Two backends behind Boost.Interprocess' mapped_region:
//
//   named   shared_memory_object, mode 0600, for what only trusted stages write (session page, program ring,
//           timeline, transport journals): the next supervisor finds it by its name. It is built completely
//           under a temporary name ("tmp." and its own) and published by a rename that never replaces, so
//           no process ever sees half a segment.
//
//   sealed  memfd that can neither shrink nor grow, for decoder rings: their writer is not trusted, and one
//           that could truncate the memory would kill its readers with SIGBUS.
//
// All memory is allocated before it is relied on (posix_fallocate), at creation or by AllocateAll(): too
// little of it is an error there, never a signal on the air.
#pragma once

#include <cstddef>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include <boost/interprocess/mapped_region.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace air {

enum class Access { kReadOnly, kReadWrite };
// kLater: the segment has its size and can be used, but its maker still has to call AllocateAll().
enum class Allocation { kNow, kLater };

class SharedSegment {
 public:
  SharedSegment() = default;

  // Zero-filled and mapped read-write. Errors: ResourceExhausted (no memory; says how much was asked for and
  // where), Internal (the system's text).
  static absl::StatusOr<SharedSegment> CreateSealed(const std::string& label, size_t bytes,
                                                    Allocation allocation = Allocation::kNow);
  // The same under a temporary name; invisible to OpenNamed until Publish(). `head`: of a segment that is kLater, so many bytes
  // are allocated now: what its maker writes at once, whatever other processes take of the memory meanwhile.
  static absl::StatusOr<SharedSegment> CreateNamed(const std::string& name, size_t bytes,
                                                   Allocation allocation = Allocation::kNow, size_t head = 0);
  // Allocates what is not there yet, in pieces, until it is done or `stop` is requested; what was written
  // already stays. May run in any thread, beside any use of the segment. Errors: ResourceExhausted.
  absl::Status AllocateAll(std::stop_token stop = {}) const;
  // Makes a named segment visible. AlreadyExists when the name is taken: nothing is replaced or left behind.
  absl::Status Publish();

  static absl::StatusOr<SharedSegment> OpenNamed(const std::string& name, Access access);
  // Maps a descriptor received from another process. `min_bytes`: refuses (OutOfRange) what is shorter.
  // Pages are mapped as they are touched: a third of a millisecond for the first 720p picture in each slot,
  // where mapping a whole ring at once would keep a successor from its work.
  static absl::StatusOr<SharedSegment> Map(UniqueFd fd, Access access, size_t min_bytes);

  // For the writer of a ring, which is not trusted with the ring's header: the first page is mapped through
  // `read_only`, a descriptor that cannot write, so that the mapping cannot be made writable either; the rest
  // through `writable`, which is closed. Keeps `read_only`. Errors: InvalidArgument (not the same segment).
  static absl::StatusOr<SharedSegment> MapForRingWriter(UniqueFd writable, UniqueFd read_only,
                                                        size_t min_bytes);

  std::span<std::byte> bytes() const {
    return {static_cast<std::byte*>(region_.get_address()), region_.get_size()};
  }
  int fd() const { return fd_.get(); }
  const std::string& name() const { return name_; }

 private:
  absl::Status Size(size_t bytes, const std::string& what, Allocation allocation);
  absl::Status Allocate(size_t at, size_t bytes) const;
  absl::Status MapAll(Access access, bool populate);

  UniqueFd fd_;
  std::string name_;       // empty for a sealed segment
  std::string temporary_;  // the name until Publish()
  std::string label_;      // for messages
  boost::interprocess::mapped_region region_;
  boost::interprocess::mapped_region header_;  // over the first page of region_, where that is read-only
};

// Another description of the same segment, which cannot write. Errors: Internal (the system's text).
absl::StatusOr<UniqueFd> OpenReadOnly(int segment_fd);

// Names of POSIX shared memory that start with `prefix` (no leading slash).
std::vector<std::string> ListNamedSegments(const std::string& prefix);
void RemoveNamedSegment(const std::string& name);

}  // namespace air

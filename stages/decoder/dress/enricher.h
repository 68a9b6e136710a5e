// IEnricher: something laid over the pictures of a segment (RetroVue's playout enrichers): it changes how
// content is shown, never what airs. A decoder has a list of them and knows no more about any.
//
// The life of one: made from its description, which opens every file it needs while files can still be
// opened; prepared, with the sandbox closed, which reads them; then it decorates unit after unit. One that
// fails before that is dropped and reported, and the picture stays as it is.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/types.h"
#include "media/house_format.h"
#include "protos/stage.pb.h"

namespace air {

class IEnricher {
 public:
  virtual ~IEnricher() = default;
  // For house pictures of this format; reads what was opened. Errors name what is wrong with it.
  virtual absl::Status Prepare(const HouseFormat& house) = 0;
  // Draws over the house picture of unit i. A function of i alone.
  virtual void Decorate(UnitIndex i, std::span<uint8_t> house_picture) = 0;
};

// Opens what the enricher needs, under the media roots (none: anywhere). Errors: InvalidArgument for a kind
// that is not known; those of AssetFile::Open.
absl::StatusOr<std::unique_ptr<IEnricher>> OpenEnricher(const stage::Enricher& description,
                                                        std::span<const std::string> media_roots);

// Those of one segment, in the order they are drawn.
class Enrichers {
 public:
  Enrichers() = default;
  // What cannot be opened is dropped at once.
  Enrichers(const google::protobuf::RepeatedPtrField<stage::Enricher>& descriptions,
            std::span<const std::string> media_roots);

  void Prepare(const HouseFormat& house);
  void Decorate(UnitIndex i, std::span<uint8_t> house_picture);
  // What was dropped so far, each with its reason.
  const std::vector<std::string>& dropped() const { return dropped_; }

 private:
  std::vector<std::unique_ptr<IEnricher>> enrichers_;
  std::vector<std::string> dropped_;
};

}  // namespace air

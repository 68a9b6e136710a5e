#include "stages/decoder/dress/enricher.h"

#include <utility>

#include "stages/decoder/dress/channel_bug.h"

namespace air {

absl::StatusOr<std::unique_ptr<IEnricher>> OpenEnricher(const stage::Enricher& description,
                                                        std::span<const std::string> media_roots) {
  if (description.has_channel_bug()) return ChannelBug::Open(description.channel_bug(), media_roots);
  return absl::InvalidArgumentError("an enricher of a kind that is not known here");
}

Enrichers::Enrichers(const google::protobuf::RepeatedPtrField<stage::Enricher>& descriptions,
                     std::span<const std::string> media_roots) {
  for (const stage::Enricher& description : descriptions) {
    auto opened = OpenEnricher(description, media_roots);
    if (opened.ok()) {
      enrichers_.push_back(*std::move(opened));
    } else {
      dropped_.emplace_back(opened.status().message());
    }
  }
}

void Enrichers::Prepare(const HouseFormat& house) {
  std::vector<std::unique_ptr<IEnricher>> good;
  for (auto& enricher : enrichers_) {
    const absl::Status prepared = enricher->Prepare(house);
    if (prepared.ok()) {
      good.push_back(std::move(enricher));
    } else {
      dropped_.emplace_back(prepared.message());
    }
  }
  enrichers_ = std::move(good);
}

void Enrichers::Decorate(UnitIndex i, std::span<uint8_t> house_picture) {
  for (const auto& enricher : enrichers_) enricher->Decorate(i, house_picture);
}

}  // namespace air

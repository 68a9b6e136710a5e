// ChannelBug: a station's mark over every picture of a segment.
//
// The picture is brought to house samples once: scaled, in the house's matrix and range, with its alpha. It
// is blended sample by sample, chroma with the mean alpha of its four pixels and colours weighted by theirs,
// so that its edge shows neither the transparent pixels' colour nor a fringe.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "protos/stage.pb.h"
#include "stages/decoder/dress/enricher.h"
#include "stages/decoder/media/asset_file.h"
#include "stages/decoder/media/ffmpeg_ptr.h"

namespace air {

class ChannelBug : public IEnricher {
 public:
  // Errors: those of AssetFile::Open.
  static absl::StatusOr<std::unique_ptr<IEnricher>> Open(const stage::ChannelBug& description,
                                                         std::span<const std::string> media_roots);

  // Errors: InvalidArgument when it holds no picture, or one that leaves nothing to see.
  absl::Status Prepare(const HouseFormat& house) override;
  void Decorate(UnitIndex i, std::span<uint8_t> house_picture) override;

 private:
  // One plane's share: result = (picture * keep + add) / 255, rounded; keep and add per sample.
  struct Layer {
    int width = 0;
    int height = 0;
    std::vector<uint8_t> keep;  // 255: nothing of the bug here
    std::vector<uint16_t> add;  // colour times alpha, at most 255 * 255
  };

  ChannelBug(const stage::ChannelBug& description, std::unique_ptr<AssetFile> file)
      : description_(description), file_(std::move(file)) {}
  absl::StatusOr<AvFramePtr> Read(const HouseFormat& house);
  void MakeLayers(const AVFrame& pixels);
  static void Blend(const Layer& layer, uint8_t* plane, size_t stride);

  stage::ChannelBug description_;
  std::unique_ptr<AssetFile> file_;
  HouseFormat house_;
  int left_ = 0;  // even, as is top_
  int top_ = 0;
  Layer luma_, u_, v_;
};

}  // namespace air

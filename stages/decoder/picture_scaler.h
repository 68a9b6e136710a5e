// PictureScaler: a decoded picture of any size, shape, pixel format, range and matrix, turned into the house
// picture: upright, square pixels, yuv420p, limited range, BT.709 from 720 lines upwards and BT.601 below,
// black around it.
//
// libavfilter does the work; the graph stands as long as the source's properties do and is built anew when
// they change in the middle of a file.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "shm/house_format.h"
#include "stages/decoder/ffmpeg_ptr.h"
#include "stages/decoder/picture_fit.h"

namespace air {

class PictureScaler {
 public:
  // What the container says of all its pictures; a picture that says otherwise itself is believed.
  struct StreamDefaults {
    AVRational sample_aspect{0, 1};
    Orientation orientation = Orientation::kUpright;
  };

  PictureScaler(const HouseFormat& house, const StreamDefaults& defaults)
      : house_(house), defaults_(defaults) {}

  // `source` in house format, as a new frame. The pixels of `source` are not touched, its unspecified colour
  // properties are filled in. Errors: InvalidArgument naming the property FFmpeg cannot convert.
  absl::StatusOr<AvFramePtr> Convert(AVFrame& source);

 private:
  // Everything a filter graph depends on.
  struct Source {
    int width = 0;
    int height = 0;
    int pixel_format = AV_PIX_FMT_NONE;
    AVColorSpace matrix = AVCOL_SPC_UNSPECIFIED;
    AVColorRange range = AVCOL_RANGE_UNSPECIFIED;
    PictureFit fit;
    Orientation orientation = Orientation::kUpright;
    bool operator==(const Source&) const = default;
  };

  Source Describe(const AVFrame& source) const;
  std::string Filters(const Source& source) const;
  absl::Status Build(const Source& source);
  int ConnectFilters(const std::string& filters);

  HouseFormat house_;
  StreamDefaults defaults_;
  AvGraphPtr graph_;
  Source built_for_;
  AVFilterContext* entry_ = nullptr;  // owned by the graph
  AVFilterContext* exit_ = nullptr;
};

// The display matrix in a stream's or frame's side data; kUpright when it is missing or cut short.
Orientation OrientationIn(const uint8_t* side_data, size_t bytes);

// A whole house picture of black (Y 16, U and V 128).
void FillBlack(const HouseFormat& house, std::span<uint8_t> picture);
// A converted frame into the three tight planes of a unit. `picture` is exactly HouseFormat::VideoBytes()
// long.
void CopyPicture(const AVFrame& house_frame, std::span<uint8_t> picture);

}  // namespace air

// PictureScaler: a decoded progressive picture of any size, shape, pixel format and colour
// (picture_colour.h), turned into the house picture: upright, square pixels, black around it (picture_fit.h).
// One that is a house picture already goes through untouched.
//
// libavfilter does the work; the graph stands as long as the source's properties do and is built anew when
// they change in the middle of a file.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "media/house_format.h"
#include "stages/decoder/media/ffmpeg_ptr.h"
#include "stages/decoder/picture/filter_graph.h"
#include "stages/decoder/picture/picture_colour.h"
#include "stages/decoder/picture/picture_fit.h"

namespace air {

class PictureScaler {
 public:
  // What the container says of all its pictures; a picture that says otherwise itself is believed.
  struct StreamDefaults {
    AVRational sample_aspect{0, 1};
    Orientation orientation = Orientation::kUpright;
  };

  PictureScaler(const HouseFormat& house, AspectPolicy policy, const StreamDefaults& defaults)
      : house_(house), policy_(policy), defaults_(defaults) {}

  // `source` in house format, as a new frame. Its unspecified colour properties are filled in. Errors:
  // InvalidArgument naming the property FFmpeg cannot convert.
  absl::StatusOr<AvFramePtr> Convert(AVFrame& source);

 private:
  // Everything a filter graph depends on.
  struct Source {
    int width = 0;
    int height = 0;
    int pixel_format = AV_PIX_FMT_NONE;
    PictureColour colour;
    PictureFit fit;
    Orientation orientation = Orientation::kUpright;
    bool operator==(const Source&) const = default;
  };

  Source Describe(const AVFrame& source) const;
  bool IsHousePicture(const AVFrame& source, const Source& described) const;
  std::string Filters(const Source& source, bool plain) const;
  absl::Status Build(const AVFrame& shape, const Source& source, bool plain);
  int Filter(AVFrame& source, AVFrame& converted);

  HouseFormat house_;
  AspectPolicy policy_;
  StreamDefaults defaults_;
  FilterGraph filter_;
  Source built_for_;
};

// The display matrix in a stream's or frame's side data; kUpright when it is missing or cut short.
Orientation OrientationIn(const uint8_t* side_data, size_t bytes);

// A whole house picture of black (Y 16, U and V 128).
void FillBlack(const HouseFormat& house, std::span<uint8_t> picture);
// A converted frame into the three tight planes of a unit. `picture` is exactly HouseFormat::VideoBytes()
// long.
void CopyPicture(const AVFrame& house_frame, std::span<uint8_t> picture);

}  // namespace air

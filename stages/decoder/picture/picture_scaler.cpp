#include "stages/decoder/picture/picture_scaler.h"

extern "C" {
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/dict.h>
#include <libavutil/imgutils.h>
}

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "absl/strings/str_cat.h"

namespace air {
namespace {

// What the picture itself says.
std::optional<Orientation> OrientationSaidBy(const AVFrame& picture) {
  if (const AVFrameSideData* matrix = av_frame_get_side_data(&picture, AV_FRAME_DATA_DISPLAYMATRIX)) {
    return OrientationIn(matrix->data, matrix->size);
  }
  if (const AVDictionaryEntry* exif = av_dict_get(picture.metadata, "Orientation", nullptr, 0)) {
    return OrientationOfExif(std::atoi(exif->value));
  }
  return std::nullopt;
}

// Scaling a picture of 4K is worth a second thread; a house picture is small.
constexpr int kThreads = 2;

absl::Status GraphError(const char* what, int error) {
  return absl::InvalidArgumentError(
      absl::StrCat("cannot convert the picture: ", what, ": ", AvErrorText(error)));
}

}  // namespace

absl::StatusOr<AvFramePtr> PictureScaler::Convert(AVFrame& source) {
  const Source described = Describe(source);
  source.colorspace = described.colour.matrix;
  if (IsHousePicture(source, described)) return AvFramePtr(av_frame_clone(&source));
  AvFramePtr converted(av_frame_alloc());
  if (filter_.graph != nullptr && described == built_for_) {
    const int error = Filter(source, *converted);
    return error >= 0 ? absl::StatusOr<AvFramePtr>(std::move(converted))
                      : GraphError("filtering failed", error);
  }
  absl::Status why;
  for (const bool plain : {false, true}) {
    why = Build(source, described, plain);
    if (!why.ok()) continue;
    const int error = Filter(source, *converted);
    if (error >= 0) return converted;
    why = GraphError("filtering failed", error);
  }
  return why;
}

int PictureScaler::Filter(AVFrame& source, AVFrame& converted) {
  int error = av_buffersrc_add_frame_flags(filter_.entry, &source, AV_BUFFERSRC_FLAG_KEEP_REF);
  if (error >= 0) error = av_buffersink_get_frame(filter_.exit, &converted);
  if (error < 0) filter_ = {};
  return error;
}

PictureScaler::Source PictureScaler::Describe(const AVFrame& source) const {
  const Orientation orientation = OrientationSaidBy(source).value_or(defaults_.orientation);
  // The container's word on the pixels' shape goes before the codec's: it is what an editor can correct.
  const AVRational aspect =
      defaults_.sample_aspect.num > 0 ? defaults_.sample_aspect : source.sample_aspect_ratio;
  const PictureFit fit = FitPicture(policy_, {source.width, source.height, aspect, orientation},
                                    static_cast<int>(house_.width), static_cast<int>(house_.height));
  return {source.width, source.height, source.format, ColourOf(source), fit, orientation};
}

bool PictureScaler::IsHousePicture(const AVFrame& source, const Source& described) const {
  const int width = static_cast<int>(house_.width), height = static_cast<int>(house_.height);
  const PictureFit whole{.crop_width = width, .crop_height = height, .width = width, .height = height};
  return described.fit == whole && described.width == width && described.height == height &&
         described.orientation == Orientation::kUpright && IsHouseColour(source, described.colour, house_);
}

// The scaling comes before the turning: a house picture is mostly the smaller one.
std::string PictureScaler::Filters(const Source& source, bool plain) const {
  const PictureFit& fit = source.fit;
  std::string filters;
  if (fit.crop_width != source.width || fit.crop_height != source.height) {
    filters = absl::StrCat("crop=", fit.crop_width, ":", fit.crop_height, ":", fit.crop_left, ":",
                           fit.crop_top, ",");
  }
  const bool swaps = SwapsSides(source.orientation);
  const int width = swaps ? fit.height : fit.width, height = swaps ? fit.width : fit.height;
  absl::StrAppend(&filters,
                  plain ? PlainColourFilters(source.colour, house_, width, height)
                        : ColourFilters(source.colour, house_, width, height),
                  FiltersFor(source.orientation));
  if (fit.width != static_cast<int>(house_.width) || fit.height != static_cast<int>(house_.height)) {
    absl::StrAppend(&filters, ",pad=w=", house_.width, ":h=", house_.height, ":x=", fit.left, ":y=", fit.top,
                    ":color=black");
  }
  return filters;
}

absl::Status PictureScaler::Build(const AVFrame& shape, const Source& source, bool plain) {
  if (const int error = BuildFilterGraph(shape, Filters(source, plain), kThreads, filter_); error < 0) {
    return GraphError("no way from its size and pixel format to house format", error);
  }
  built_for_ = source;
  return absl::OkStatus();
}

Orientation OrientationIn(const uint8_t* side_data, size_t bytes) {
  int32_t matrix[9];
  if (side_data == nullptr || bytes < sizeof(matrix)) return Orientation::kUpright;
  std::memcpy(matrix, side_data, sizeof(matrix));
  return OrientationOf(matrix);
}

void FillBlack(const HouseFormat& house, std::span<uint8_t> picture) {
  std::fill_n(picture.begin(), house.LumaBytes(), uint8_t{16});
  std::fill(picture.begin() + static_cast<ptrdiff_t>(house.LumaBytes()), picture.end(), uint8_t{128});
}

void CopyPicture(const AVFrame& house_frame, std::span<uint8_t> picture) {
  av_image_copy_to_buffer(picture.data(), static_cast<int>(picture.size()), house_frame.data,
                          house_frame.linesize, AV_PIX_FMT_YUV420P, house_frame.width, house_frame.height, 1);
}

}  // namespace air

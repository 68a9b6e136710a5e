#include "stages/decoder/picture_scaler.h"

extern "C" {
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
}

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace air {
namespace {

constexpr int kHighDefinitionLines = 720;

// Pictures that do not name their matrix follow the custom of their size. RGB has none.
AVColorSpace MatrixOf(const AVFrame& picture) {
  const AVPixFmtDescriptor* format = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(picture.format));
  if (format != nullptr && (format->flags & AV_PIX_FMT_FLAG_RGB)) return AVCOL_SPC_RGB;
  if (picture.colorspace != AVCOL_SPC_UNSPECIFIED && picture.colorspace != AVCOL_SPC_RGB)
    return picture.colorspace;
  return std::min(picture.width, picture.height) >= kHighDefinitionLines ? AVCOL_SPC_BT709
                                                                         : AVCOL_SPC_SMPTE170M;
}

absl::Status GraphError(const char* what, int error) {
  return absl::InvalidArgumentError(
      absl::StrCat("cannot convert the picture: ", what, ": ", AvErrorText(error)));
}

}  // namespace

absl::StatusOr<AvFramePtr> PictureScaler::Convert(AVFrame& source) {
  source.colorspace = MatrixOf(source);
  if (const Source wanted = Describe(source); graph_ == nullptr || wanted != built_for_) {
    if (absl::Status built = Build(wanted); !built.ok()) return built;
  }
  int error = av_buffersrc_add_frame_flags(entry_, &source, AV_BUFFERSRC_FLAG_KEEP_REF);
  AvFramePtr converted(av_frame_alloc());
  if (error >= 0) error = av_buffersink_get_frame(exit_, converted.get());
  if (error < 0) {
    graph_.reset();
    return GraphError("filtering failed", error);
  }
  return converted;
}

PictureScaler::Source PictureScaler::Describe(const AVFrame& source) const {
  const AVFrameSideData* matrix = av_frame_get_side_data(&source, AV_FRAME_DATA_DISPLAYMATRIX);
  const Orientation orientation =
      matrix != nullptr ? OrientationIn(matrix->data, matrix->size) : defaults_.orientation;
  // The container's word on the pixels' shape goes before the codec's: it is what an editor can correct.
  const AVRational aspect =
      defaults_.sample_aspect.num > 0 ? defaults_.sample_aspect : source.sample_aspect_ratio;
  const PictureFit fit = FitPreserving(source.width, source.height, aspect, orientation,
                                       static_cast<int>(house_.width), static_cast<int>(house_.height));
  return {source.width,       source.height, source.format, source.colorspace,
          source.color_range, fit,           orientation};
}

std::string PictureScaler::Filters(const Source& source) const {
  const char* const matrix = house_.IsBt709() ? "bt709" : "smpte170m";
  std::string filters = absl::StrCat(FiltersFor(source.orientation), "scale=w=", source.fit.width,
                                     ":h=", source.fit.height, ":flags=bicubic+full_chroma_int",
                                     ":out_range=tv:out_color_matrix=", matrix, ",format=yuv420p");
  const PictureFit whole{static_cast<int>(house_.width), static_cast<int>(house_.height), 0, 0};
  if (source.fit != whole) {
    absl::StrAppend(&filters, ",pad=w=", house_.width, ":h=", house_.height, ":x=", source.fit.left,
                    ":y=", source.fit.top, ":color=black");
  }
  return filters;
}

absl::Status PictureScaler::Build(const Source& source) {
  graph_.reset(avfilter_graph_alloc());
  if (graph_ == nullptr) return absl::ResourceExhaustedError("out of memory for a filter graph");
  graph_->nb_threads = 1;  // decoding has its own threads, and a house picture is small

  const std::string entry = absl::StrCat("video_size=", source.width, "x", source.height,
                                         ":pix_fmt=", source.pixel_format, ":time_base=1/1:pixel_aspect=1/1");
  int error = avfilter_graph_create_filter(&entry_, avfilter_get_by_name("buffer"), "in", entry.c_str(),
                                           nullptr, graph_.get());
  if (error >= 0) {
    error = avfilter_graph_create_filter(&exit_, avfilter_get_by_name("buffersink"), "out", nullptr, nullptr,
                                         graph_.get());
  }
  if (error >= 0) error = ConnectFilters(Filters(source));
  if (error < 0) {
    graph_.reset();
    return GraphError("no way from its size and pixel format to house format", error);
  }
  built_for_ = source;
  return absl::OkStatus();
}

int PictureScaler::ConnectFilters(const std::string& filters) {
  AVFilterInOut* to = avfilter_inout_alloc();    // what the chain's open output connects to
  AVFilterInOut* from = avfilter_inout_alloc();  // what feeds the chain's open input
  int error = AVERROR(ENOMEM);
  if (to != nullptr && from != nullptr) {
    *from = {av_strdup("in"), entry_, 0, nullptr};
    *to = {av_strdup("out"), exit_, 0, nullptr};
    error = avfilter_graph_parse_ptr(graph_.get(), filters.c_str(), &to, &from, nullptr);
    if (error >= 0) error = avfilter_graph_config(graph_.get(), nullptr);
  }
  avfilter_inout_free(&to);
  avfilter_inout_free(&from);
  return error;
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

#include "stages/decoder/picture/picture_colour.h"

extern "C" {
#include <libavutil/mastering_display_metadata.h>
#include <libavutil/pixdesc.h>
}

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace air {
namespace {

// What is brighter than this share of the diffuse white of HDR (ITU-R BT.2408) is compressed.
constexpr int kDiffuseWhiteNits = 203;
constexpr double kKnee = 0.4;
constexpr int kUsualPeakNits = 1000;

bool IsHdrTransfer(AVColorTransferCharacteristic transfer) {
  return transfer == AVCOL_TRC_SMPTE2084 || transfer == AVCOL_TRC_ARIB_STD_B67;
}

bool IsGrey(const AVPixFmtDescriptor& format) { return format.nb_components < 3; }

// Standard definition (which may be a little taller than wide, or turned) is BT.601's.
AVColorSpace CustomaryMatrix(const AVFrame& picture, bool wide_gamut) {
  if (wide_gamut) return AVCOL_SPC_BT2020_NCL;
  return picture.width >= 1280 || picture.height > 576 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
}

bool IsFullRangeByName(int format) {
  return format == AV_PIX_FMT_YUVJ420P || format == AV_PIX_FMT_YUVJ422P || format == AV_PIX_FMT_YUVJ444P ||
         format == AV_PIX_FMT_YUVJ440P || format == AV_PIX_FMT_YUVJ411P;
}

AVColorRange RangeOf(const AVFrame& picture, const AVPixFmtDescriptor& format, bool rgb) {
  if (IsFullRangeByName(picture.format)) return AVCOL_RANGE_JPEG;
  if (picture.color_range != AVCOL_RANGE_UNSPECIFIED) return picture.color_range;
  return rgb || IsGrey(format) ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
}

// As the picture declares it; a mastering display's luminance where the content's own is unknown.
int PeakNits(const AVFrame& picture) {
  double nits = 0;
  if (const AVFrameSideData* side = av_frame_get_side_data(&picture, AV_FRAME_DATA_CONTENT_LIGHT_LEVEL)) {
    nits = reinterpret_cast<const AVContentLightMetadata*>(side->data)->MaxCLL;
  }
  const AVFrameSideData* side = av_frame_get_side_data(&picture, AV_FRAME_DATA_MASTERING_DISPLAY_METADATA);
  if (nits <= 0 && side != nullptr) {
    const auto& display = *reinterpret_cast<const AVMasteringDisplayMetadata*>(side->data);
    if (display.has_luminance) nits = av_q2d(display.max_luminance);
  }
  if (!(nits > 0)) nits = kUsualPeakNits;
  return static_cast<int>(std::lround(std::clamp(nits, 2.0 * kDiffuseWhiteNits, 10'000.0)));
}

int HouseMatrix(const HouseFormat& house) { return house.IsBt709() ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M; }

bool SameMatrix(int a, int b) {
  const auto name = [](int matrix) { return matrix == AVCOL_SPC_BT470BG ? AVCOL_SPC_SMPTE170M : matrix; };
  return name(a) == name(b);
}

// Transparent pixels show the black that is behind everything.
std::string AlphaFilters(const PictureColour& colour) {
  if (!colour.has_alpha) return "";
  const char* const depth = colour.bits > 8 ? "16" : "";
  return absl::StrCat("format=gbrap", depth, ",premultiply=inplace=1,format=gbrp", depth, ",");
}

// What the chain behind AlphaFilters sees.
PictureColour BehindAlpha(PictureColour colour) {
  if (!colour.has_alpha) return colour;
  colour.matrix = AVCOL_SPC_RGB;
  colour.range = AVCOL_RANGE_JPEG;
  colour.chroma = AVCHROMA_LOC_UNSPECIFIED;
  return colour;
}

// zimg's numbers are those of ISO/IEC 23091-2, as FFmpeg's are; its chroma places count from 0.
std::string ZscaleInput(const PictureColour& colour, int primaries, int transfer) {
  std::string input = absl::StrCat(":matrixin=", static_cast<int>(colour.matrix),
                                   ":rangein=", colour.range == AVCOL_RANGE_JPEG ? "full" : "limited",
                                   ":primariesin=", primaries, ":transferin=", transfer);
  if (colour.chroma != AVCHROMA_LOC_UNSPECIFIED) {
    absl::StrAppend(&input, ":chromalin=", static_cast<int>(colour.chroma) - 1);
  }
  return input;
}

}  // namespace

PictureColour ColourOf(const AVFrame& picture) {
  PictureColour colour;
  const AVPixFmtDescriptor* format = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(picture.format));
  if (format == nullptr) return colour;
  const bool rgb = (format->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL)) != 0;
  const bool hdr = !rgb && IsHdrTransfer(picture.color_trc);
  const bool wide_gamut = hdr || picture.color_primaries == AVCOL_PRI_BT2020;
  colour.bits = format->comp[0].depth;
  colour.has_alpha = (format->flags & (AV_PIX_FMT_FLAG_ALPHA | AV_PIX_FMT_FLAG_PAL)) != 0;
  colour.range = RangeOf(picture, *format, rgb);
  colour.primaries = wide_gamut ? AVCOL_PRI_BT2020 : AVCOL_PRI_BT709;
  colour.transfer = hdr ? picture.color_trc : AVCOL_TRC_BT709;
  if (hdr) colour.peak_nits = PeakNits(picture);
  if (rgb) {
    colour.matrix = AVCOL_SPC_RGB;
    return colour;
  }
  const bool said = picture.colorspace != AVCOL_SPC_UNSPECIFIED && picture.colorspace != AVCOL_SPC_RGB &&
                    picture.colorspace != AVCOL_SPC_RESERVED;
  colour.matrix = said ? picture.colorspace : CustomaryMatrix(picture, wide_gamut);
  if (picture.chroma_location > AVCHROMA_LOC_UNSPECIFIED && picture.chroma_location < AVCHROMA_LOC_NB) {
    colour.chroma = picture.chroma_location;
  }
  return colour;
}

bool IsHouseColour(const AVFrame& picture, const PictureColour& colour, const HouseFormat& house) {
  return picture.format == AV_PIX_FMT_YUV420P && colour.range == AVCOL_RANGE_MPEG && !colour.IsHdr() &&
         colour.primaries == AVCOL_PRI_BT709 && SameMatrix(colour.matrix, HouseMatrix(house));
}

std::string ColourFilters(const PictureColour& source, const HouseFormat& house, int width, int height) {
  const PictureColour colour = BehindAlpha(source);
  const std::string size = absl::StrCat("zscale=w=", width, ":h=", height, ":filter=bicubic");
  const std::string output = absl::StrCat(
      ":matrix=", HouseMatrix(house), ":range=limited:primaries=", int{AVCOL_PRI_BT709},
      ":transfer=", int{AVCOL_TRC_BT709}, ":chromal=left", colour.bits > 8 ? ":dither=ordered" : "");
  if (!colour.IsHdr()) {
    return absl::StrCat(AlphaFilters(source), size, ZscaleInput(colour, colour.primaries, colour.transfer),
                        output, ",format=yuv420p");
  }
  return absl::StrCat(AlphaFilters(source), size, ZscaleInput(colour, colour.primaries, colour.transfer),
                      ":matrix=", int{AVCOL_SPC_RGB}, ":range=full:primaries=", int{AVCOL_PRI_BT709},
                      ":transfer=", int{AVCOL_TRC_LINEAR}, ":npl=", kDiffuseWhiteNits,
                      ",format=gbrpf32le,tonemap=mobius:desat=0:param=", kKnee,
                      ":peak=", static_cast<double>(colour.peak_nits) / kDiffuseWhiteNits,
                      ",zscale=filter=bicubic", output, ",format=yuv420p");
}

std::string PlainColourFilters(const PictureColour& source, const HouseFormat& house, int width, int height) {
  const PictureColour colour = BehindAlpha(source);
  return absl::StrCat(AlphaFilters(source), "scale=w=", width, ":h=", height,
                      ":flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp:in_range=",
                      colour.range == AVCOL_RANGE_JPEG ? "pc" : "tv",
                      ":out_range=tv:out_color_matrix=", house.IsBt709() ? "bt709" : "smpte170m",
                      ",format=yuv420p");
}

}  // namespace air

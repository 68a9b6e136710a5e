// What the numbers of a decoded picture mean (ISO/IEC 23091-2: matrix, range, primaries, transfer, place of
// the chroma samples), and the libavfilter chain that turns them into the house's: BT.709 from 720 lines
// upwards, BT.601 below, limited range.
//
// Pictures that say nothing follow the custom of their size and kind. Primaries are left alone among the
// standards of SDR television, which are close to each other and which no home receiver converts either;
// those of BT.2020 are converted. HDR (SMPTE ST 2084, HLG) is mapped to SDR in linear light.
#pragma once

#include <string>

#include "media/house_format.h"
#include "stages/decoder/media/ffmpeg_ptr.h"

namespace air {

struct PictureColour {
  AVColorSpace matrix = AVCOL_SPC_UNSPECIFIED;
  AVColorRange range = AVCOL_RANGE_UNSPECIFIED;
  AVColorPrimaries primaries = AVCOL_PRI_UNSPECIFIED;
  AVColorTransferCharacteristic transfer = AVCOL_TRC_UNSPECIFIED;
  AVChromaLocation chroma = AVCHROMA_LOC_UNSPECIFIED;
  bool has_alpha = false;
  int bits = 8;       // of a sample
  int peak_nits = 0;  // the brightest there is, of an HDR picture; 0: SDR

  bool operator==(const PictureColour&) const = default;
  bool IsHdr() const { return peak_nits > 0; }
};

PictureColour ColourOf(const AVFrame& picture);

// Its samples are house samples already, but for their number and place.
bool IsHouseColour(const AVFrame& picture, const PictureColour& colour, const HouseFormat& house);

// The chain that makes yuv420p of the house's colour, scaled to width x height.
std::string ColourFilters(const PictureColour& colour, const HouseFormat& house, int width, int height);
// The same with fewer means (libswscale's: no HDR, no BT.2020 primaries), for what the other one refuses.
std::string PlainColourFilters(const PictureColour& colour, const HouseFormat& house, int width, int height);

}  // namespace air

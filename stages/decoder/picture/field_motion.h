// Whether the two fields of a decoded picture show different instants. What a stream says of itself is not
// enough: films travel as interlaced video whose pictures are whole (25p in 50i), and to deinterlace those
// would cost half their lines for nothing.
//
// The measure is that of libavfilter's idet, taken block by block so that a small thing that moves is seen
// in front of a still background. Lines of one field are held against the lines between them: of the same
// picture, and of the pictures before and after. Where fields have their own instants, the same lines of one
// neighbour lie half a picture away and of the other one and a half; where the picture is whole, both lie one
// away and its own lines none. It looks at a picture and its two neighbours, so the answer does not depend on
// where decoding began.
#pragma once

#include "stages/decoder/media/ffmpeg_ptr.h"

namespace air {

// A neighbour is null where there is none. Looks at luma in planes of its own, of 8 to 16 bits; of other
// pictures, and where no neighbour has the same shape, the answer is what the picture says of itself.
bool FieldsShowMotion(const AVFrame* before, const AVFrame& picture, const AVFrame* after);

}  // namespace air

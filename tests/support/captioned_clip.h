// Clips of the test picture with captions in their pictures, and the reading of such captions off a file or a
// captured stream: each picture's number beside its captions, so that the two can be compared. Made
// and read with libavcodec, which is not what writes or carries them in AIR.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "media/house_format.h"

namespace air {

struct CaptionedPicture {
  int64_t counter = -1;           // of the test picture; -1: it is none
  std::vector<uint8_t> captions;  // cc_data as it stands in the picture
};

// cc_data of picture k; empty: none.
using CaptionsOf = std::function<std::vector<uint8_t>(int64_t k)>;

// Codes `pictures` test pictures with B pictures between them, into the container that `path` names. False:
// it cannot be done.
bool WriteCaptionedClip(const std::string& path, const HouseFormat& format, int64_t pictures,
                        const CaptionsOf& captions);

// The pictures of a file in the order they are shown.
std::vector<CaptionedPicture> ReadCaptionedPictures(const std::string& path);

// The triplets that mean something: neither filling nor null pairs.
std::vector<uint8_t> Meaningful(const std::vector<uint8_t>& cc_data);

}  // namespace air

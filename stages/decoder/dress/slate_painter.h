// SlatePainter: the slate's picture, from a picture file or, without one, a plain card that names the
// channel.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "media/house_format.h"
#include "stages/decoder/file/file_producer.h"

namespace air {

// The channel's name and what else there is to say, in two lines on a plain ground. Needs no font of the
// machine's.
void PaintPlainCard(const HouseFormat& format, const std::string& title, const std::string& subtitle,
                    std::span<uint8_t> picture);
// The first picture of `file`, fitted into the house picture. `producer` may have it open. Errors: those of
// FileProducer.
absl::Status PaintFile(const HouseFormat& format, const std::string& file, FileProducer& producer,
                       std::span<uint8_t> picture);

}  // namespace air

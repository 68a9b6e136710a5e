#include "stages/selector/still_producer.h"

#include <algorithm>

namespace air {

StillProducer::StillProducer(const HouseFormat& format, uint8_t y, uint8_t u, uint8_t v)
    : picture_(format.VideoBytes()), sound_(size_t{format.MaxUnitSamples()} * format.channels, 0) {
  auto chroma = picture_.begin() + static_cast<ptrdiff_t>(format.LumaBytes());
  const auto plane = static_cast<ptrdiff_t>(format.ChromaBytes());
  std::fill(picture_.begin(), chroma, y);
  std::fill(chroma, chroma + plane, u);
  std::fill(chroma + plane, picture_.end(), v);
}

}  // namespace air

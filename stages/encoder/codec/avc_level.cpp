#include "stages/encoder/codec/avc_level.h"

#include <array>

namespace air {
namespace {

struct Level {
  int idc;
  int64_t max_mbps;  // macroblocks a second
  int64_t max_fs;    // macroblocks a picture
  int64_t max_br;    // units of 1200 bit/s
  int64_t max_cpb;   // units of 1200 bits
};
constexpr std::array<Level, 16> kLevels = {{{10, 1'485, 99, 64, 175},
                                            {11, 3'000, 396, 192, 500},
                                            {12, 6'000, 396, 384, 1'000},
                                            {13, 11'880, 396, 768, 2'000},
                                            {20, 11'880, 396, 2'000, 2'000},
                                            {21, 19'800, 792, 4'000, 4'000},
                                            {22, 20'250, 1'620, 4'000, 4'000},
                                            {30, 40'500, 1'620, 10'000, 10'000},
                                            {31, 108'000, 3'600, 14'000, 14'000},
                                            {32, 216'000, 5'120, 20'000, 20'000},
                                            {40, 245'760, 8'192, 20'000, 25'000},
                                            {41, 245'760, 8'192, 50'000, 62'500},
                                            {42, 522'240, 8'704, 50'000, 62'500},
                                            {50, 589'824, 22'080, 135'000, 135'000},
                                            {51, 983'040, 36'864, 240'000, 240'000},
                                            {52, 2'073'600, 36'864, 240'000, 240'000}}};

}  // namespace

int LeastAvcLevel(const HouseFormat& house, uint32_t rate_kbps, int64_t buffer_kbits) {
  const int64_t macroblocks = int64_t{(house.width + 15) / 16} * ((house.height + 15) / 16);
  for (const Level& level : kLevels) {
    if (macroblocks <= level.max_fs && macroblocks * house.rate.num <= level.max_mbps * house.rate.den &&
        int64_t{rate_kbps} * 10 <= level.max_br * 12 && buffer_kbits * 10 <= level.max_cpb * 12) {
      return level.idc;
    }
  }
  return kLevels.back().idc;
}

}  // namespace air

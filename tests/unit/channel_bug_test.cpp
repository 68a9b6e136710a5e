#include "stages/decoder/dress/channel_bug.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/numbered_clip.h"
#include "tests/support/played_file.h"

namespace air {
namespace {

std::string MakePicture(const ClipFolder& folder, const std::string& name, const std::string& source) {
  RunCommand("ffmpeg -nostdin -v error -y -f lavfi -i \"" + source + "\" -frames:v 1 " + folder.Path(name));
  return folder.Path(name);
}

stage::Enricher BugOf(const std::string& image, double x, double y, double width, double opacity) {
  stage::Enricher enricher;
  stage::ChannelBug& bug = *enricher.mutable_channel_bug();
  bug.set_image_uri(image);
  bug.set_x(x);
  bug.set_y(y);
  bug.set_width(width);
  bug.set_opacity(opacity);
  return enricher;
}

struct Planes {
  int y, u, v;
  bool operator==(const Planes&) const = default;
};

void PrintTo(const Planes& p, std::ostream* out) { *out << p.y << "/" << p.u << "/" << p.v; }

class Decorated {
 public:
  Decorated(const stage::Enricher& enricher, const HouseFormat& house, Planes ground) : house_(house) {
    picture_.resize(house.VideoBytes());
    const auto luma = static_cast<ptrdiff_t>(house.LumaBytes()),
               chroma = static_cast<ptrdiff_t>(house.ChromaBytes());
    std::fill(picture_.begin(), picture_.begin() + luma, static_cast<uint8_t>(ground.y));
    std::fill(picture_.begin() + luma, picture_.begin() + luma + chroma, static_cast<uint8_t>(ground.u));
    std::fill(picture_.begin() + luma + chroma, picture_.end(), static_cast<uint8_t>(ground.v));
    google::protobuf::RepeatedPtrField<stage::Enricher> list;
    *list.Add() = enricher;
    enrichers_ = Enrichers(list, {});
    enrichers_.Prepare(house);
    enrichers_.Decorate(UnitIndex(0), picture_);
  }

  Planes At(size_t x, size_t y) const {
    const size_t chroma = house_.LumaBytes() + y / 2 * (house_.width / 2) + x / 2;
    return {picture_[y * house_.width + x], picture_[chroma], picture_[chroma + house_.ChromaBytes()]};
  }
  const std::vector<std::string>& dropped() const { return enrichers_.dropped(); }

 private:
  HouseFormat house_;
  std::vector<uint8_t> picture_;
  Enrichers enrichers_;
};

constexpr Planes kGround{100, 90, 160};

void ExpectNear(const Planes& seen, const Planes& wanted) {
  EXPECT_NEAR(seen.y, wanted.y, 1);
  EXPECT_NEAR(seen.u, wanted.u, 1);
  EXPECT_NEAR(seen.v, wanted.v, 1);
}

// Red is 81/90/240 in BT.601 and 63/102/240 in BT.709.
TEST(ChannelBug, LiesInItsPlaceInTheColoursOfTheHouse) {
  const ClipFolder folder;
  const std::string red = MakePicture(folder, "red.png", "color=red:s=40x20,format=rgb24");
  const HouseFormat small = SmallHouse({25, 1}, 320, 180);
  const Decorated sd(BugOf(red, 1, 0, 0, 1), small, kGround);
  EXPECT_EQ(sd.At(279, 5), kGround);
  ExpectNear(sd.At(281, 5), {81, 90, 240});
  ExpectNear(sd.At(319, 19), {81, 90, 240});
  EXPECT_EQ(sd.At(319, 20), kGround);
  const Decorated hd(BugOf(red, 0.5, 1, 0.25, 1), SmallHouse({25, 1}, 1280, 720), kGround);
  ExpectNear(hd.At(640, 719), {63, 102, 240});
  ExpectNear(hd.At(481, 561), {63, 102, 240});  // 320 x 160 from 480, 560
  EXPECT_EQ(hd.At(479, 700), kGround);
  EXPECT_EQ(hd.At(640, 559), kGround);
}

TEST(ChannelBug, IsBlendedByItsAlphaAndItsOpacity) {
  const ClipFolder folder;
  const std::string half = MakePicture(folder, "half.png", "color=white@0.5:s=40x20,format=rgba");
  const HouseFormat house = SmallHouse({25, 1}, 320, 180);
  ExpectNear(Decorated(BugOf(half, 0, 0, 0, 1), house, kGround).At(10, 10),
             {(100 * 128 + 235 * 127) / 255, (90 + 128) / 2, (160 + 128) / 2});
  ExpectNear(Decorated(BugOf(half, 0, 0, 0, 0.5), house, kGround).At(10, 10),
             {(100 * 191 + 235 * 64) / 255, (90 * 191 + 128 * 64) / 255, (160 * 191 + 128 * 64) / 255});
  const std::string glass = MakePicture(folder, "glass.png", "color=blue@0:s=40x20,format=rgba");
  EXPECT_EQ(Decorated(BugOf(glass, 0, 0, 0, 1), house, kGround).At(10, 10), kGround);
}

// A grey mark on a grey picture leaves no tint, whatever the rounding.
TEST(ChannelBug, LeavesNoTintAndNoFringe) {
  const ClipFolder folder;
  // Transparent black around an ellipse of white: scaled, its edge may not get darker than the ground.
  const std::string disc =
      MakePicture(folder, "disc.png",
                  "color=white:s=64x64,format=rgba,geq=r='if(lt(hypot(X-32,Y-32),28),255,0)':g='if(lt(hypot("
                  "X-32,Y-32),28),255,0)'"
                  ":b='if(lt(hypot(X-32,Y-32),28),255,0)':a='if(lt(hypot(X-32,Y-32),28),255,0)'");
  const HouseFormat house = SmallHouse({25, 1}, 320, 180);
  for (const double opacity : {1.0, 0.7, 0.33}) {
    const Decorated picture(BugOf(disc, 0, 0, 0.1, opacity), house, {100, 128, 128});
    for (size_t y = 0; y < 40; ++y) {
      for (size_t x = 0; x < 40; ++x) {
        ASSERT_GE(picture.At(x, y).y, 99) << x << "," << y;
        ASSERT_EQ(picture.At(x, y).u, 128) << x << "," << y;
        ASSERT_EQ(picture.At(x, y).v, 128) << x << "," << y;
      }
    }
  }
}

TEST(ChannelBug, IsDroppedWithItsReasonAndLeavesThePictureAlone) {
  const ClipFolder folder;
  { std::ofstream(folder.Path("text.png")) << "not a picture"; }
  const HouseFormat house = SmallHouse({25, 1}, 320, 180);
  for (const char* name : {"missing.png", "text.png"}) {
    const Decorated picture(BugOf(folder.Path(name), 0, 0, 0.5, 1), house, kGround);
    EXPECT_EQ(picture.At(20, 20), kGround);
    ASSERT_EQ(picture.dropped().size(), 1u) << name;
    EXPECT_NE(picture.dropped()[0].find(name), std::string::npos) << picture.dropped()[0];
  }
}

TEST(ChannelBug, LargerThanTheHouseIsMadeToFit) {
  const ClipFolder folder;
  const std::string tall = MakePicture(folder, "tall.png", "color=red:s=100x2000,format=rgb24");
  const Decorated picture(BugOf(tall, 1, 0, 1, 1), SmallHouse({25, 1}, 320, 180), kGround);
  ExpectNear(picture.At(318, 178), {81, 90, 240});
  EXPECT_EQ(picture.At(300, 100), kGround);
}

}  // namespace
}  // namespace air

#include "core/demo/station_card.h"

#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "media/house_format.h"
#include "stages/decoder/pattern/picture_canvas.h"

namespace retrovue {
namespace {

constexpr std::uint32_t kWidth = 1280;
constexpr std::uint32_t kHeight = 720;
constexpr std::array<std::uint8_t, 3> kGround = {0x12, 0x1c, 0x33};
constexpr std::array<std::uint8_t, 3> kInk = {0xe8, 0xe6, 0xdf};
constexpr std::uint8_t kInkLuma = 235;

std::string Picture(const std::string& title) {
  air::HouseFormat format;
  format.width = kWidth;
  format.height = kHeight;
  std::vector<std::uint8_t> planes(format.VideoBytes(), 0);
  air::PictureCanvas canvas(format, planes);
  const int width = static_cast<int>(kWidth), height = static_cast<int>(kHeight);
  canvas.Text({width / 8, height * 3 / 8, width * 7 / 8, height / 2}, title, kInkLuma);
  canvas.Text({width / 8, height / 2 + height / 24, width * 7 / 8, height / 2 + height / 10},
              "we will be right back", kInkLuma);
  std::string picture = absl::StrCat("P6\n", kWidth, " ", kHeight, "\n255\n");
  picture.reserve(picture.size() + 3 * format.LumaBytes());
  for (std::size_t i = 0; i < format.LumaBytes(); ++i) {
    const auto& colour = planes[i] == kInkLuma ? kInk : kGround;
    picture.append(colour.begin(), colour.end());
  }
  return picture;
}

}  // namespace

std::string StationCardPath(const std::string& home, const std::string& slug) {
  return absl::StrCat(home, "/cards/", slug, ".ppm");
}

absl::Status WriteStationCard(const std::string& path, const std::string& title) {
  std::error_code error;
  if (std::filesystem::exists(path, error)) return absl::OkStatus();
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  const std::string unfinished = absl::StrCat(path, ".", getpid());
  {
    std::ofstream file(unfinished, std::ios::binary);
    file << Picture(title);
    file.close();
    if (!file.good()) {
      std::filesystem::remove(unfinished, error);
      return absl::UnavailableError(absl::StrCat("cannot write ", path,
                                                 ": check that the folder may be written and the "
                                                 "disk is not full"));
    }
  }
  std::filesystem::rename(unfinished, path, error);
  if (error) return absl::UnavailableError(absl::StrCat("cannot write ", path, ": ", error.message()));
  return absl::OkStatus();
}

}  // namespace retrovue

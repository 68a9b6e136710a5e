#include "stages/decoder/dress/slate_painter.h"

#include <algorithm>
#include <vector>

#include "stages/decoder/pattern/picture_canvas.h"

namespace air {
namespace {

constexpr Colour kGround{40, 148, 116};  // the selector's own slate, dark blue
constexpr Colour kLine{120, 128, 128};
constexpr uint8_t kTitleLuma = 220, kSubtitleLuma = 170;

}  // namespace

void PaintPlainCard(const HouseFormat& format, const std::string& title, const std::string& subtitle,
                    std::span<uint8_t> picture) {
  PictureCanvas canvas(format, picture);
  const int w = canvas.width(), h = canvas.height();
  canvas.Fill({0, 0, w, h}, kGround);
  canvas.Fill({w / 10, h * 58 / 100, w * 9 / 10, h * 58 / 100 + std::max(2, h / 120)}, kLine);
  canvas.Text({w / 10, h * 34 / 100, w * 9 / 10, h * 56 / 100}, title, kTitleLuma);
  canvas.Text({w / 10, h * 62 / 100, w * 9 / 10, h * 72 / 100}, subtitle, kSubtitleLuma);
}

absl::Status PaintFile(const HouseFormat& format, const std::string& file, FileProducer& producer,
                       std::span<uint8_t> picture) {
  ProducerRequest request;
  request.asset_uri = file;
  request.format = format;
  if (absl::Status s = producer.Start(request); !s.ok()) return s;
  std::vector<int16_t> sound(size_t{format.MaxUnitSamples()} * format.channels);
  UnitInfo info;
  absl::StatusOr<Rendered> rendered = producer.Render(UnitIndex(0), {picture, sound, {}}, info);
  if (!rendered.ok()) return rendered.status();
  return *rendered == Rendered::kUnit ? absl::OkStatus() : absl::InvalidArgumentError(file + ": no picture");
}

}  // namespace air

#include "stages/decoder/dress/channel_bug.h"

extern "C" {
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
}

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "stages/decoder/media/demuxer.h"
#include "stages/decoder/media/packet_feed.h"
#include "stages/decoder/media/stream_decoder.h"
#include "stages/decoder/picture/filter_graph.h"

namespace air {
namespace {

constexpr int kOpaque = 255;
constexpr int kBlackLuma = 16, kNoChroma = 128;

absl::Status Wrong(const std::string& path, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("channel bug '", path, "': ", what));
}

int Even(double exact, int least, int most) {
  return std::clamp(2 * static_cast<int>(std::lround(exact / 2)), least, most - most % 2);
}

// The first picture of a file.
absl::StatusOr<AvFramePtr> Decode(std::unique_ptr<AssetFile> file) {
  const std::string path = file->path();
  auto demuxer = Demuxer::Open(std::move(file));
  if (!demuxer.ok()) return demuxer.status();
  const AVStream* stream = (*demuxer)->stream(StreamKind::kPicture);
  if (stream == nullptr) return Wrong(path, "no picture in it");
  PacketFeed feed(**demuxer, [] {});
  auto decoder = StreamDecoder::Open(*stream, StreamKind::kPicture);
  if (!decoder.ok()) return decoder.status();
  AvFramePtr frame(av_frame_alloc());
  if (frame == nullptr || decoder->Next(feed, *frame) != Pulled::kOne)
    return Wrong(path, "cannot be decoded");
  return frame;
}

}  // namespace

absl::StatusOr<std::unique_ptr<IEnricher>> ChannelBug::Open(const stage::ChannelBug& description,
                                                            std::span<const std::string> media_roots) {
  auto file = AssetFile::Open(description.image_uri(), media_roots);
  if (!file.ok())
    return absl::Status(file.status().code(), absl::StrCat("channel bug: ", file.status().message()));
  return std::unique_ptr<IEnricher>(absl::WrapUnique(new ChannelBug(description, *std::move(file))));
}

absl::Status ChannelBug::Prepare(const HouseFormat& house) {
  house_ = house;
  auto pixels = Read(house);
  if (!pixels.ok()) return pixels.status();
  MakeLayers(**pixels);
  const auto room = [](uint32_t all, int taken) {
    return static_cast<double>(static_cast<int>(all) - taken);
  };
  left_ =
      Even(description_.x() * room(house.width, luma_.width), 0, static_cast<int>(house.width) - luma_.width);
  top_ = Even(description_.y() * room(house.height, luma_.height), 0,
              static_cast<int>(house.height) - luma_.height);
  return absl::OkStatus();
}

// As YUV, colours weighted by alpha, and alpha, at full resolution, in the house's matrix and limited range,
// no larger than the house.
absl::StatusOr<AvFramePtr> ChannelBug::Read(const HouseFormat& house) {
  const std::string path = file_->path();
  auto decoded = Decode(std::move(file_));
  if (!decoded.ok()) return decoded.status();
  AVFrame& source = **decoded;
  const int most_wide = static_cast<int>(house.width), most_high = static_cast<int>(house.height);
  double width = description_.width() > 0 ? description_.width() * most_wide : source.width;
  const double shape = static_cast<double>(source.height) / source.width;
  width = std::min({width, static_cast<double>(most_wide), most_high / shape});
  // Scaled with its colours weighted by alpha, so that no pixel takes any from its transparent neighbours.
  const std::string filters = absl::StrCat(
      "format=gbrap,premultiply=inplace=1,scale=w=", Even(width, 2, most_wide),
      ":h=", Even(width * shape, 2, most_high),
      ":flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp:out_range=tv:out_color_matrix=",
      house.IsBt709() ? "bt709" : "smpte170m", ",format=yuva444p");
  FilterGraph graph;
  AvFramePtr pixels(av_frame_alloc());
  int error = BuildFilterGraph(source, filters, /*threads=*/1, graph);
  if (error >= 0) error = av_buffersrc_add_frame_flags(graph.entry, &source, 0);
  if (error >= 0) error = av_buffersink_get_frame(graph.exit, pixels.get());
  if (error < 0) return Wrong(path, AvErrorText(error));
  return pixels;
}

// The weights of keep and add are 255 together, whatever was rounded: a grey bug on grey leaves no tint.
void ChannelBug::MakeLayers(const AVFrame& pixels) {
  const auto opacity = static_cast<int>(std::lround(std::clamp(description_.opacity(), 0.0, 1.0) * kOpaque));
  const auto at = [&](int plane, int x, int y) {
    return int{pixels.data[plane][y * pixels.linesize[plane] + x]};
  };
  // `alphas` and `colours` are sums over `count` pixels; colours count from `zero` and are weighted already.
  const auto add = [&](Layer& layer, int alphas, int colours, int count, int zero) {
    const int weight = (alphas * opacity + count * kOpaque / 2) / (count * kOpaque);
    layer.keep.push_back(static_cast<uint8_t>(kOpaque - weight));
    const int sum = colours * opacity / count + zero * weight;
    layer.add.push_back(static_cast<uint16_t>(std::clamp(sum, 0, kOpaque * weight)));
  };
  luma_ = {pixels.width, pixels.height, {}, {}};
  u_ = v_ = {pixels.width / 2, pixels.height / 2, {}, {}};
  for (int y = 0; y < pixels.height; ++y) {
    for (int x = 0; x < pixels.width; ++x) add(luma_, at(3, x, y), at(0, x, y) - kBlackLuma, 1, kBlackLuma);
  }
  for (int y = 0; y < pixels.height; y += 2) {
    for (int x = 0; x < pixels.width; x += 2) {
      const auto sum = [&](int plane) {
        return at(plane, x, y) + at(plane, x + 1, y) + at(plane, x, y + 1) + at(plane, x + 1, y + 1);
      };
      add(u_, sum(3), sum(1) - 4 * kNoChroma, 4, kNoChroma);
      add(v_, sum(3), sum(2) - 4 * kNoChroma, 4, kNoChroma);
    }
  }
}

void ChannelBug::Blend(const Layer& layer, uint8_t* plane, size_t stride) {
  size_t i = 0;
  for (int y = 0; y < layer.height; ++y) {
    uint8_t* const line = plane + static_cast<size_t>(y) * stride;
    for (int x = 0; x < layer.width; ++x, ++i) {
      line[x] = static_cast<uint8_t>((line[x] * layer.keep[i] + layer.add[i] + kOpaque / 2) / kOpaque);
    }
  }
}

void ChannelBug::Decorate(UnitIndex, std::span<uint8_t> house_picture) {
  const size_t stride = house_.width;
  const auto left = static_cast<size_t>(left_), top = static_cast<size_t>(top_);
  uint8_t* const chroma = house_picture.data() + house_.LumaBytes() + top / 2 * (stride / 2) + left / 2;
  Blend(luma_, house_picture.data() + top * stride + left, stride);
  Blend(u_, chroma, stride / 2);
  Blend(v_, chroma + house_.ChromaBytes(), stride / 2);
}

}  // namespace air

#include "stages/decoder/sound/sound_resampler.h"

extern "C" {
#include <libavutil/channel_layout.h>
#include <libavutil/samplefmt.h>
}

#include <algorithm>
#include <array>
#include <numeric>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "media/house_time.h"

namespace air {
namespace {

constexpr int kMostChannels = 64;
constexpr int kLowestRate = 1'000;
constexpr int kHighestRate = 768'000;

absl::Status ConversionError(const AVFrame& frame, const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat("cannot convert sound of ", frame.ch_layout.nb_channels,
                                                 " channels at ", frame.sample_rate, " Hz: ", why));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SoundResampler>> SoundResampler::Begin(const AVFrame& frame, int64_t first,
                                                                      const HouseFormat& house) {
  auto run = absl::WrapUnique(new SoundResampler);
  if (absl::Status configured = run->Configure(frame, house); !configured.ok()) return configured;

  const int64_t common = std::gcd<int64_t>(frame.sample_rate, house.sample_rate);
  const int64_t source_step = frame.sample_rate / common;
  const int64_t steps = FloorMulDiv(first, 1, source_step);
  run->next_ = steps * (house.sample_rate / common);
  const int silence = static_cast<int>(first - steps * source_step);
  if (silence > 0 && swr_inject_silence(run->resampler_.get(), silence) < 0) {
    return ConversionError(frame, "no silence in front");
  }
  return run;
}

absl::Status SoundResampler::Configure(const AVFrame& frame, const HouseFormat& house) {
  if (frame.sample_rate < kLowestRate || frame.sample_rate > kHighestRate) {
    return ConversionError(frame, "absurd sample rate");
  }
  if (frame.ch_layout.nb_channels < 1 || frame.ch_layout.nb_channels > kMostChannels) {
    return ConversionError(frame, "absurd number of channels");
  }
  channels_ = house.channels;
  format_ = frame.format;
  rate_ = frame.sample_rate;
  AVChannelLayout named = {};  // which channel is which; a custom guess when the file does not say
  int error = av_channel_layout_copy(&layout_, &frame.ch_layout);
  if (frame.ch_layout.order == AV_CHANNEL_ORDER_UNSPEC) {
    av_channel_layout_default(&named, frame.ch_layout.nb_channels);
  } else if (error >= 0) {
    error = av_channel_layout_copy(&named, &frame.ch_layout);
  }
  AVChannelLayout house_layout = {};
  av_channel_layout_default(&house_layout, static_cast<int>(house.channels));

  SwrContext* context = nullptr;
  if (error >= 0) {
    error =
        swr_alloc_set_opts2(&context, &house_layout, AV_SAMPLE_FMT_S16, static_cast<int>(house.sample_rate),
                            &named, static_cast<AVSampleFormat>(frame.format), frame.sample_rate, 0, nullptr);
  }
  resampler_.reset(context);
  constexpr std::array<double, 2> kMonoToBoth{1.0, 1.0};
  if (error >= 0 && named.nb_channels == 1) error = swr_set_matrix(context, kMonoToBoth.data(), 1);
  if (error >= 0) error = swr_init(context);
  av_channel_layout_uninit(&named);
  return error >= 0 ? absl::OkStatus() : ConversionError(frame, AvErrorText(error));
}

bool SoundResampler::Fits(const AVFrame& frame) const {
  return frame.format == format_ && frame.sample_rate == rate_ &&
         av_channel_layout_compare(&frame.ch_layout, &layout_) == 0;
}

std::vector<int16_t> SoundResampler::Push(const AVFrame& frame, int from, int count) {
  const auto format = static_cast<AVSampleFormat>(format_);
  const bool planar = av_sample_fmt_is_planar(format) != 0;
  const int planes = planar ? layout_.nb_channels : 1;
  const ptrdiff_t offset =
      ptrdiff_t{from} * av_get_bytes_per_sample(format) * (planar ? 1 : layout_.nb_channels);
  std::array<const uint8_t*, kMostChannels> input = {};
  for (int i = 0; i < planes; ++i) input[static_cast<size_t>(i)] = frame.extended_data[i] + offset;
  return Run(input.data(), count);
}

std::vector<int16_t> SoundResampler::Drain() { return Run(nullptr, 0); }

std::vector<int16_t> SoundResampler::Run(const uint8_t** input, int count) {
  const int room = std::max(swr_get_out_samples(resampler_.get(), count), 0);
  std::vector<int16_t> output(static_cast<size_t>(room) * channels_);
  auto* plane = reinterpret_cast<uint8_t*>(output.data());
  const int made = std::max(swr_convert(resampler_.get(), &plane, room, input, count), 0);
  output.resize(static_cast<size_t>(made) * channels_);
  next_ += made;
  return output;
}

}  // namespace air

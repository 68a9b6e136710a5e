#include "stages/decoder/picture/picture_source.h"

#include <algorithm>
#include <utility>

#include "absl/memory/memory.h"

namespace air {
namespace {

constexpr AVRational kMilliseconds{1, 1000};
constexpr Stamp kShortestPicture{5, kMilliseconds};
constexpr Stamp kUsualPicture{40, kMilliseconds};  // when neither the stream nor its pictures say how long
constexpr Stamp kDisorder{1, {1, 1}};
// Pictures so near to the one that is looked for are all decoded: they are its neighbours.
constexpr Stamp kNeighbourhood{200, kMilliseconds};

PictureScaler::StreamDefaults DefaultsOf(const AVStream& stream) {
  size_t bytes = 0;
  const uint8_t* matrix = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &bytes);
  return {stream.sample_aspect_ratio, OrientationIn(matrix, bytes)};
}

// The rates differ by so much that fields make a smoother movement than frames do.
bool WantsEachField(const StreamDecoder& decoder, const HouseFormat& house) {
  const AVRational rate = decoder.frame_rate();
  if (rate.num <= 0 || rate.den <= 0) return true;
  const double ratio = av_q2d(rate) * house.rate.den / house.rate.num;
  return ratio < 0.99 || ratio > 1.01;
}

}  // namespace

PictureSource::PictureSource(StreamDecoder decoder, PictureScaler scaler, const HouseFormat& house,
                             int64_t zero, bool still)
    : decoder_(std::move(decoder)),
      captions_(house),
      deinterlacer_(WantsEachField(decoder_, house)),
      scaler_(std::move(scaler)),
      house_(house),
      zero_(zero),
      still_(still) {}

absl::StatusOr<std::unique_ptr<PictureSource>> PictureSource::Open(const Demuxer& demuxer,
                                                                   const HouseFormat& house,
                                                                   AspectPolicy policy, Stamp media_zero) {
  const AVStream& stream = *demuxer.stream(StreamKind::kPicture);
  auto decoder = StreamDecoder::Open(stream, StreamKind::kPicture);
  if (!decoder.ok()) return decoder.status();
  const int64_t zero = RoundTo(media_zero, stream.time_base);
  return absl::WrapUnique(new PictureSource(*std::move(decoder),
                                            PictureScaler(house, policy, DefaultsOf(stream)), house, zero,
                                            demuxer.still_picture()));
}

void PictureSource::Choose(PacketFeed& feed, Stamp instant) {
  if (!has_picture()) {
    if (!Pull(feed, current_)) return;
    convert_ = true;
    ++serial_;
    if (still_) feed.Ignore(StreamKind::kPicture);
  }
  while (FetchNext(feed) &&
         LaterIsOn(instant, house_.rate, current_.half_ticks, next_.half_ticks, decoder_.time_base())) {
    current_ = std::exchange(next_, TimedPicture{});
    convert_ = true;
    ++serial_;
  }
}

void PictureSource::Paint(std::span<uint8_t> house_picture) {
  if (convert_) {
    convert_ = false;
    auto converted = scaler_.Convert(*current_.frame);
    if (converted.ok()) {
      converted_ = *std::move(converted);
    } else {
      ++conversion_errors_;
    }
  }
  if (converted_ != nullptr) {
    CopyPicture(*converted_, house_picture);
  } else {
    FillBlack(house_, house_picture);
  }
}

uint32_t PictureSource::TakeCaptions(UnitIndex i, std::span<uint8_t> out) {
  return has_picture() ? captions_.Take(i, current_.half_ticks >> 1, out) : 0;
}

void PictureSource::DropCaptions(bool through) {
  if (has_picture()) captions_.DropBefore((current_.half_ticks >> 1) + (through ? 1 : 0));
}

bool PictureSource::BeganBy(Stamp instant) const {
  return still_ || (first_stamp_ && *first_stamp_ <= FloorTo(instant, decoder_.time_base()));
}

bool PictureSource::LastsBeyond(Stamp instant) const {
  if (still_) return false;
  if (!ended_) return true;
  return has_picture() && FloorTo(instant, decoder_.time_base()) < *last_stamp_ + last_duration_;
}

void PictureSource::Restart(Stamp instant) {
  if (still_) return;
  decoder_.Restart();
  deinterlacer_.Restart();
  captions_.Restart();
  const AVRational base = decoder_.time_base();
  decoder_.HurryTo(zero_ + FloorTo(instant, base) - RoundTo(kNeighbourhood, base));
  decoded_ = 0;
  current_ = {};
  next_ = {};
  ended_ = false;
  first_stamp_.reset();
  last_stamp_.reset();
}

bool PictureSource::FetchNext(PacketFeed& feed) {
  if (still_) return false;
  return next_.frame != nullptr || Pull(feed, next_);
}

bool PictureSource::Pull(PacketFeed& feed, TimedPicture& picture) {
  while (!deinterlacer_.Pop(picture)) {
    if (ended_) return false;
    AvFramePtr frame(av_frame_alloc());
    const Pulled pulled = frame == nullptr ? Pulled::kEnd : decoder_.Next(feed, *frame);
    if (pulled == Pulled::kAbsent) return false;
    ended_ = pulled == Pulled::kEnd;
    if (ended_) {
      deinterlacer_.Finish();
    } else {
      Take(std::move(frame));
    }
  }
  return true;
}

void PictureSource::Take(AvFramePtr frame) {
  const int64_t stamp = StampOf(*frame);
  if (const AVFrameSideData* captions = av_frame_get_side_data(frame.get(), AV_FRAME_DATA_A53_CC)) {
    captions_.Put(stamp, {captions->data, captions->size});
  }
  last_duration_ = DurationOf(*frame);
  last_stamp_ = stamp;
  ++decoded_;
  if (decoded_ == 1 || (decoded_ == 2 && first_has_fields_)) first_stamp_ = stamp;
  if (decoded_ == 1) first_has_fields_ = frame->interlaced_frame != 0;
  deinterlacer_.Push(std::move(frame), stamp, last_duration_);
}

// Stamps that are missing, or go back by more than is disorder, go on where the last picture ends: it plays
// on. Stamps that go back a little cannot be shown before what is on already.
int64_t PictureSource::StampOf(const AVFrame& frame) const {
  const bool missing = frame.best_effort_timestamp == AV_NOPTS_VALUE;
  if (!last_stamp_) return missing ? 0 : frame.best_effort_timestamp - zero_;
  const int64_t stamp = missing ? *last_stamp_ + last_duration_ : frame.best_effort_timestamp - zero_;
  if (stamp > *last_stamp_) return stamp;
  const bool jump = stamp < *last_stamp_ - FloorTo(kDisorder, decoder_.time_base());
  return *last_stamp_ + (jump ? std::max<int64_t>(last_duration_, 1) : 1);
}

int64_t PictureSource::DurationOf(const AVFrame& frame) const {
  const AVRational base = decoder_.time_base();
  const int64_t shortest = RoundTo(kShortestPicture, base);
  if (frame.pkt_duration > 0) return std::max(frame.pkt_duration, shortest);
  const AVRational rate = decoder_.frame_rate();
  if (rate.num > 0 && rate.den > 0) return std::max(RoundTo({1, av_inv_q(rate)}, base), shortest);
  return std::max(last_duration_, RoundTo(kUsualPicture, base));
}

}  // namespace air

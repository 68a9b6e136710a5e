#include "stages/decoder/file/file_producer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "shm/frame_ring_layout.h"

namespace air {
namespace {

constexpr int64_t kMostInPointMs = 100'000'000'000;  // three years
constexpr int64_t kMostUnits = 10'000'000'000;
constexpr AVRational kMicroseconds{1, 1'000'000};
constexpr AVRational kMilliseconds{1, 1000};

// Where to seek and which key picture to be content with, both so far before the instant. The first try is
// right for nearly every container; the later ones are for those that land behind what was asked, or whose
// stamps are those of decoding.
struct SeekAttempt {
  int64_t seek_back_ms;
  int64_t aim_back_ms;
};
constexpr SeekAttempt kSeekAttempts[] = {{500, 0}, {4'000, 2'000}, {15'000, 10'000}};

Stamp Earlier(Stamp stamp, int64_t ms) {
  return {stamp.value - RoundTo({ms, kMilliseconds}, stamp.base), stamp.base};
}

// Of what is kept with a unit: behind what the sound has kept.
template <class Byte>
std::span<Byte> KeptCaptions(std::span<Byte> kept) {
  return kept.subspan(std::min(kept.size(), SoundSource::kKeptBytes));
}
static_assert(kKeptOffset + SoundSource::kKeptBytes + CaptionLine::kKeptBytes <= kSideDataBytes);

absl::Status CheckRequest(const ProducerRequest& request) {
  if (absl::Status valid = Validate(request.format); !valid.ok()) return valid;
  if (request.in_point_ms < 0 || request.in_point_ms > kMostInPointMs) {
    return absl::InvalidArgumentError(
        absl::StrCat("in_point_ms ", request.in_point_ms, " is outside 0..", kMostInPointMs));
  }
  const int64_t first = request.first_unit.value();
  if (request.skip_units < 0 || request.skip_units > kMostUnits || first < 0 || first > kMostUnits) {
    return absl::InvalidArgumentError(absl::StrCat("skip_units ", request.skip_units, " or first_unit ",
                                                   first, " is outside 0..", kMostUnits));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status FileProducer::OpenFiles(const std::string& asset_uri, std::span<const std::string> media_roots) {
  Stop();
  auto file = AssetFile::Open(asset_uri, media_roots);
  if (!file.ok()) return file.status();
  file_ = *std::move(file);
  return absl::OkStatus();
}

absl::Status FileProducer::Open(const std::string& asset_uri, const std::function<void()>& on_progress) {
  if (opened_ && demuxer_->path() == asset_uri) {
    demuxer_->OnRead(on_progress);
    return absl::OkStatus();
  }
  if (file_ == nullptr || file_->path() != asset_uri) {
    if (absl::Status s = OpenFiles(asset_uri, {}); !s.ok()) return s;
  }
  file_->OnRead(on_progress);
  auto demuxer = Demuxer::Open(std::move(file_));
  if (!demuxer.ok()) return demuxer.status();
  demuxer_ = *std::move(demuxer);
  opened_ = true;
  return absl::OkStatus();
}

absl::Status FileProducer::Start(const ProducerRequest& request) {
  if (absl::Status checked = CheckRequest(request); !checked.ok()) return checked;
  if (absl::Status opened = Open(request.asset_uri, request.on_progress); !opened.ok()) return opened;
  opened_ = false;
  demuxer_->PreferLanguage(request.audio_language);
  request_ = request;
  instants_.emplace(request);
  next_ = request.first_unit;

  if (request.skips) {
    if (absl::Status moved = MoveToKeyPicture(); !moved.ok()) return moved;
  }
  // A producer that takes over begins with the picture of the unit before, to know whether its first one
  // repeats it.
  const bool takes_over = next_.value() > 0 && !request.skips;
  const Stamp instant = instants_->Of(takes_over ? next_ - 1 : next_);
  if (absl::Status begun = Begin(instant); !begun.ok()) return begun;
  const bool shows_nothing = picture_ == nullptr || (picture_->ended() && !picture_->has_picture());
  if (shows_nothing && demuxer_->stream(StreamKind::kPicture) != nullptr && sound_ != nullptr) {
    if (absl::Status reopened = demuxer_->GiveUpPicture(); !reopened.ok()) return reopened;
    if (absl::Status begun = Begin(instant); !begun.ok()) return begun;
  }
  if (absl::Status plays = CheckSomethingPlays(instant); !plays.ok()) return plays;
  if (picture_ != nullptr) {
    picture_->DropCaptions(/*through=*/takes_over);
    picture_->TakeUpCaptions(KeptCaptions(request.kept));
  }
  request_.kept = {};
  if (takes_over) shown_serial_ = picture_ != nullptr ? picture_->serial() : 0;
  ready_ = true;
  return absl::OkStatus();
}

// Moves next_ on until what has to be decoded for it lies behind the bad unit: a key picture in between will
// do as it is.
absl::Status FileProducer::MoveToKeyPicture() {
  feed_ = std::make_unique<PacketFeed>(*demuxer_, request_.on_progress);
  if (absl::Status opened = OpenSources(); !opened.ok()) return opened;
  if (picture_ != nullptr && demuxer_->anchor() == StreamKind::kPicture && !demuxer_->still_picture()) {
    const AVRational base = demuxer_->stream(StreamKind::kPicture)->time_base;
    const int64_t zero = RoundTo(media_zero_, base);
    const std::optional<int64_t> key =
        feed_->FindKeyPicture(zero + FloorTo(instants_->Of(request_.bad_unit + 1), base));
    while (key.has_value() && zero + FloorTo(instants_->Of(next_), base) < *key) ++next_;
  }
  feed_.reset();
  return demuxer_->Rewind();
}

absl::Status FileProducer::Begin(Stamp instant) {
  feed_ = std::make_unique<PacketFeed>(*demuxer_, request_.on_progress);
  picture_.reset();
  sound_.reset();
  if (absl::Status opened = OpenSources(); !opened.ok()) return opened;
  if (sound_ != nullptr) sound_->TakeUp(request_.kept);
  return Land(instant);
}

// Sound first: when there is nothing else, it knows where the asset begins.
absl::Status FileProducer::OpenSources() {
  const absl::Status sound = OpenSound();
  media_zero_ = demuxer_->anchor_start();
  if (sound_ != nullptr) {
    const bool alone = demuxer_->anchor() == StreamKind::kSound;
    media_zero_ = alone ? sound_->first_heard() : MediaZero(media_zero_, sound_->first_heard());
  }
  if (sound_ != nullptr) sound_->SetLine(media_zero_, instants_->Of(UnitIndex(0)));
  const absl::Status picture = OpenPicture();
  if (picture_ != nullptr || sound_ != nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("no decodable picture or sound in asset '",
                                                 request_.asset_uri, "' (picture: ", picture.message(),
                                                 "; sound: ", sound.message(), ")"));
}

absl::Status FileProducer::OpenSound() {
  absl::Status status = absl::NotFoundError("none");
  if (demuxer_->stream(StreamKind::kSound) != nullptr) {
    auto sound = SoundSource::Open(*demuxer_, request_.format, feed_->Peek(StreamKind::kSound));
    status = sound.status();
    if (sound.ok()) sound_ = *std::move(sound);
  }
  if (sound_ == nullptr) feed_->Ignore(StreamKind::kSound);
  return status;
}

absl::Status FileProducer::OpenPicture() {
  absl::Status status = absl::NotFoundError("none");
  if (demuxer_->stream(StreamKind::kPicture) != nullptr) {
    auto picture = PictureSource::Open(*demuxer_, request_.format, request_.aspect_policy, media_zero_);
    status = picture.status();
    if (picture.ok()) picture_ = *std::move(picture);
  }
  if (picture_ == nullptr) feed_->Ignore(StreamKind::kPicture);
  return status;
}

// Puts both sources where `instant` can be made exactly.
absl::Status FileProducer::Land(Stamp instant) {
  const int64_t instant_ms = FloorTo(instant, kMilliseconds);
  const bool only_a_still = demuxer_->still_picture() && sound_ == nullptr;
  // The feed still holds the asset's beginning: what is near is reached by just decoding.
  if (instant_ms <= kSeekAttempts[0].seek_back_ms || only_a_still) {
    BeginSources(instant);
    return absl::OkStatus();
  }
  if (picture_ != nullptr && !demuxer_->still_picture()) {
    if (const AVPacket* first = feed_->Peek(StreamKind::kPicture)) picture_->Learn(*first);
  }
  bool picture_found = false;
  for (const SeekAttempt& attempt : kSeekAttempts) {
    if (instant_ms <= attempt.seek_back_ms) break;
    if (attempt.aim_back_ms == 0 && demuxer_->stamps_need_run_up()) continue;
    const bool last = &attempt == std::end(kSeekAttempts) - 1;
    // For sound that is not there it is enough to read from farther back.
    const bool aims_right = picture_found && !demuxer_->stamps_need_run_up();
    const PacketFeed::Landing landing =
        Seek(instant, attempt.seek_back_ms, aims_right ? 0 : attempt.aim_back_ms);
    picture_found = landing == PacketFeed::Landing::kPictureOnly;
    if (landing == PacketFeed::Landing::kMissed || (picture_found && !last)) continue;
    if (BeginSources(instant)) return absl::OkStatus();
    picture_found = false;
  }
  return ReadFromStart(instant);
}

PacketFeed::Landing FileProducer::Seek(Stamp instant, int64_t seek_back_ms, int64_t aim_back_ms) {
  const AVRational base = demuxer_->stream(demuxer_->anchor())->time_base;
  const int64_t seek_to = RoundTo(media_zero_, base) + FloorTo(Earlier(instant, seek_back_ms), base);
  return feed_->Land(seek_to, TargetFor(instant, aim_back_ms));
}

absl::Status FileProducer::ReadFromStart(Stamp instant) {
  if (absl::Status landed = feed_->LandFromStart(TargetFor(instant, 0)); !landed.ok()) return landed;
  if (BeginSources(instant)) return absl::OkStatus();
  // The key pictures were no good: decode all there is.
  if (absl::Status landed = feed_->LandFromStart(TargetFor(instant, kMostInPointMs)); !landed.ok()) {
    return landed;
  }
  BeginSources(instant);
  return absl::OkStatus();
}

PacketFeed::Target FileProducer::TargetFor(Stamp instant, int64_t aim_back_ms) const {
  PacketFeed::Target target;
  const auto stamp_in = [&](StreamKind kind, Stamp at) {
    const AVRational base = demuxer_->stream(kind)->time_base;
    return RoundTo(media_zero_, base) + FloorTo(at, base);
  };
  if (demuxer_->anchor() == StreamKind::kPicture && picture_ != nullptr) {
    target.picture = stamp_in(StreamKind::kPicture, Earlier(instant, aim_back_ms));
  }
  if (sound_ != nullptr) {
    const int64_t pre_roll_ms = FloorTo(SoundSource::kPreRoll, kMilliseconds);
    target.sound = stamp_in(StreamKind::kSound, Earlier(instant, pre_roll_ms));
  }
  return target;
}

// The feed has landed: decode up to `instant`. False: the first picture lies behind it, so there may be a
// better one.
bool FileProducer::BeginSources(Stamp instant) {
  if (sound_ != nullptr) sound_->Restart(FirstSampleOf(next_));
  if (picture_ == nullptr) return true;
  picture_->Restart(instant);
  picture_->Choose(*feed_, instant);
  return picture_->BeganBy(instant);
}

absl::Status FileProducer::CheckSomethingPlays(Stamp instant) {
  if (sound_ != nullptr) sound_->LastsBeyond(*feed_, FirstSampleOf(next_));
  const bool picture_plays = picture_ != nullptr && (picture_->has_picture() || !picture_->ended());
  const bool sound_plays = sound_ != nullptr && (sound_->has_sound() || !sound_->ended());
  if (!picture_plays && !sound_plays) {
    return absl::InvalidArgumentError(
        absl::StrCat("no decodable picture or sound in asset '", request_.asset_uri,
                     demuxer_->is_encrypted() ? "' (it is encrypted; " : "' (damaged or encrypted; ",
                     errors(), " errors)"));
  }
  const bool at_in_point = request_.skip_units == 0 && next_.value() == 0 && instant.value > 0;
  if (at_in_point && !HasUnit(next_)) {
    return absl::OutOfRangeError(absl::StrCat("in_point_ms ", request_.in_point_ms,
                                              " is at or behind the end of asset '", request_.asset_uri,
                                              "'"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Rendered> FileProducer::Render(UnitIndex i, const UnitBuffer& out, UnitInfo& info) {
  if (!ready_ || i != next_) {
    return absl::FailedPreconditionError(absl::StrCat("unit ", i.value(), " asked for, unit ", next_.value(),
                                                      ready_ ? " is next" : " not started"));
  }
  const HouseFormat& house = request_.format;
  const uint32_t samples = HouseTime(house).SamplesOf(i);
  if (out.video.size() != house.VideoBytes() || out.audio.size() < size_t{samples} * house.channels) {
    return absl::InvalidArgumentError("unit buffer does not fit the house format");
  }
  const Stamp instant = instants_->Of(i);
  if (picture_ != nullptr) picture_->Choose(*feed_, instant);
  if (!HasUnit(i)) return Rendered::kEndOfStream;

  info = {};
  info.samples = samples;
  if (sound_ != nullptr) {
    sound_->Read(*feed_, FirstSampleOf(i), samples, out.audio);
  } else {
    std::fill_n(out.audio.begin(), size_t{samples} * house.channels, int16_t{0});
  }
  if (picture_ != nullptr) {
    picture_->Paint(out.video);
  } else {
    FillBlack(house, out.video);
  }
  if (out.side_data.size() > kKeptOffset) {
    const std::span<uint8_t> kept = out.side_data.subspan(kKeptOffset);
    if (sound_ != nullptr) sound_->Keep(kept);
    if (picture_ != nullptr) {
      info.side_bytes = picture_->TakeCaptions(i, out.side_data.first(kKeptOffset));
      picture_->KeepCaptions(KeptCaptions(kept));
    }
  }
  const int64_t serial = picture_ != nullptr ? picture_->serial() : 0;
  info.repeat = serial == std::exchange(shown_serial_, serial);
  const bool moving = serial > 0 && !demuxer_->still_picture();
  info.media_position_us = RoundTo(moving ? picture_->position() : instant, kMicroseconds);
  ++next_;
  info.last = !HasUnit(next_);
  return Rendered::kUnit;
}

// Right behind the picture source's Choose for unit i, or for the one before it.
bool FileProducer::HasUnit(UnitIndex i) {
  if (picture_ != nullptr) {
    const bool endless = demuxer_->still_picture() && sound_ == nullptr;
    const Stamp instant = instants_->Of(i);
    if (endless || picture_->LastsBeyond(Earlier(instant, -kEndSlackMs))) return true;
  }
  const int64_t slack = kEndSlackMs * request_.format.sample_rate / 1000;
  return sound_ != nullptr && sound_->LastsBeyond(*feed_, FirstSampleOf(i) + slack);
}

int64_t FileProducer::FirstSampleOf(UnitIndex i) const {
  return HouseTime(request_.format).FirstSample(i).value();
}

int64_t FileProducer::errors() const {
  int64_t errors = demuxer_ != nullptr ? demuxer_->read_errors() : 0;
  if (picture_ != nullptr) errors += picture_->errors();
  if (sound_ != nullptr) errors += sound_->errors();
  return errors;
}

void FileProducer::Stop() {
  ready_ = opened_ = false;
  sound_.reset();
  picture_.reset();
  feed_.reset();
  demuxer_.reset();
  file_.reset();
  shown_serial_ = -1;
}

}  // namespace air

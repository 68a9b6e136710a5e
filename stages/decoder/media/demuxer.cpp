#include "stages/decoder/media/demuxer.h"

extern "C" {
#include <libavutil/avstring.h>
#include <libavutil/dict.h>
#include <libavutil/mem.h>
}

#include <cstring>
#include <string_view>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "stages/decoder/media/key_picture.h"

namespace air {
namespace {

constexpr int kMostReadErrorsInARow = 32;
constexpr int64_t kFarthestSeconds = int64_t{30} * 366 * 86'400;

int DenyOpen(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) { return AVERROR(EACCES); }

absl::Status ContainerError(const std::string& path, int error) {
  const std::string what = absl::StrCat("cannot read asset '", path, "': ", AvErrorText(error));
  switch (error) {
    case AVERROR_INVALIDDATA:
      return absl::InvalidArgumentError(absl::StrCat(
          what, " (not a media file, or damaged at its start, encrypted, or cut before its index)"));
    case AVERROR(EACCES):
      return absl::InvalidArgumentError(
          absl::StrCat(what, " (it refers to other files or addresses: not played)"));
    case AVERROR(ENOMEM):
      return absl::ResourceExhaustedError(what);
    default:
      return absl::InvalidArgumentError(what);
  }
}

// Truevision Targa has no mark by which it could be told from anything else: the name has to say it.
bool IsNamedAsTarga(const std::string& path) { return av_match_ext(path.c_str(), "tga,icb,vda,vst") != 0; }

bool IsStillImageFormat(const AVInputFormat& format) {
  const std::string_view name(format.name);
  return name == "image2pipe" || (name.size() > 5 && name.substr(name.size() - 5) == "_pipe");
}

// Hostile or damaged stamps must not overflow anything behind this point.
bool IsPlausible(int64_t stamp, AVRational base) {
  const int64_t farthest = av_rescale(kFarthestSeconds, base.den, base.num);
  return stamp <= farthest && stamp >= -farthest;  // AV_NOPTS_VALUE is the least of all
}

void ForgetAbsurdStamps(AVRational base, AVPacket& packet) {
  if (!IsPlausible(packet.pts, base)) packet.pts = AV_NOPTS_VALUE;
  if (!IsPlausible(packet.dts, base)) packet.dts = AV_NOPTS_VALUE;
  if (!IsPlausible(packet.duration, base) || packet.duration < 0) packet.duration = 0;
}

void ForgetFalseKey(AVCodecID codec, AVPacket& packet) {
  if (IsFalseKey(codec, {packet.data, static_cast<size_t>(packet.size)})) packet.flags &= ~AV_PKT_FLAG_KEY;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Demuxer>> Demuxer::Open(std::unique_ptr<AssetFile> file) {
  auto demuxer = absl::WrapUnique(new Demuxer(std::move(file)));
  if (absl::Status opened = demuxer->OpenContainer(); !opened.ok()) return opened;
  return demuxer;
}

absl::Status Demuxer::OpenContainer() {
  // No file name: the content decides what it is, and an image format would open the file by its name.
  auto error = OpenAs(nullptr, "");
  if (error.ok() && *error == AVERROR_INVALIDDATA && IsNamedAsTarga(path()))
    error = OpenAs(av_find_input_format("image2pipe"), "image.tga");
  if (!error.ok()) return error.status();
  if (*error < 0) {
    if (IsPlaylist()) {
      return absl::PermissionDeniedError(absl::StrCat(
          "asset '", path(), "' is a playlist: what it refers to is not played, give the files themselves"));
    }
    return ContainerError(path(), *error);
  }
  if (int found = avformat_find_stream_info(container_.get(), nullptr); found < 0)
    return ContainerError(path(), found);
  return ChooseStreams();
}

absl::StatusOr<int> Demuxer::OpenAs(const AVInputFormat* format, const char* name) {
  container_.reset();
  auto io = file_->NewIo();
  if (!io.ok()) return io.status();
  io_ = *std::move(io);

  AVFormatContext* context = avformat_alloc_context();
  if (context == nullptr) return absl::ResourceExhaustedError("out of memory for the container's context");
  context->pb = io_.get();
  context->io_open = &DenyOpen;
  context->protocol_whitelist = av_strdup("");
  const int error = avformat_open_input(&context, name, format, nullptr);
  if (error >= 0) container_.reset(context);  // otherwise it is freed already
  return error;
}

// Looked at only when it could not be opened: FFmpeg has an error of its own for each kind.
bool Demuxer::IsPlaylist() {
  auto io = file_->NewIo();
  const AVInputFormat* format = nullptr;
  if (!io.ok() || av_probe_input_buffer2(io->get(), &format, "", nullptr, 0, 0) < 0) return false;
  for (const char* playlist : {"hls", "concat", "dash", "imf", "sdp"})
    if (std::string_view(format->name) == playlist) return true;
  return false;
}

// What the container says of it, whether it can be decoded or not: what is decoded of it is noise.
absl::Status Demuxer::RefuseEncrypted() const {
  const auto refuse = [&](const char* how) {
    return absl::InvalidArgumentError(
        absl::StrCat("asset '", path(), "' is encrypted (", how, "): it cannot be played without its key"));
  };
  if (av_dict_get(container_->metadata, "ASF_Protection_Type", nullptr, 0) != nullptr)
    return refuse("Windows Media DRM");
  if (av_dict_get(container_->metadata, "encryption", nullptr, 0) != nullptr)
    return refuse("Windows Media DRM");
  for (const int index : {picture_index_, sound_index_}) {
    if (index < 0) continue;
    const AVStream* chosen = container_->streams[index];
    if (av_dict_get(chosen->metadata, "enc_key_id", nullptr, 0) != nullptr) return refuse("WebM encryption");
  }
  return absl::OkStatus();
}

absl::Status Demuxer::ChooseStreams() {
  const AVCodec* decoder = nullptr;
  AVFormatContext* context = container_.get();
  picture_index_ = -1;
  if (!picture_given_up_)
    picture_index_ = av_find_best_stream(context, AVMEDIA_TYPE_VIDEO, -1, -1, &decoder, 0);
  const int wanted = language_.empty() ? -1 : SoundTrackOf(language_);
  sound_index_ = av_find_best_stream(context, AVMEDIA_TYPE_AUDIO, wanted, picture_index_, &decoder, 0);
  if (sound_index_ < 0 && wanted >= 0) {
    sound_index_ = av_find_best_stream(context, AVMEDIA_TYPE_AUDIO, -1, picture_index_, &decoder, 0);
  }
  if (picture_index_ < 0 && sound_index_ < 0) {
    return absl::InvalidArgumentError(absl::StrCat("no decodable picture or sound in asset '", path(), "' (",
                                                   context->iformat->long_name, ", ", context->nb_streams,
                                                   " streams)"));
  }
  for (unsigned i = 0; i < context->nb_streams; ++i) {
    const int index = static_cast<int>(i);
    const bool chosen = index == picture_index_ || index == sound_index_;
    context->streams[i]->discard = chosen ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
  }
  if (absl::Status readable = RefuseEncrypted(); !readable.ok()) return readable;
  ChooseAnchor();
  mender_.Reset();
  return absl::OkStatus();
}

void Demuxer::PreferLanguage(const std::string& language) {
  if (language == language_) return;
  language_ = language;
  static_cast<void>(ChooseStreams());  // there were streams, and so there are
}

int Demuxer::SoundTrackOf(const std::string& language) const {
  for (unsigned i = 0; i < container_->nb_streams; ++i) {
    const AVStream& stream = *container_->streams[i];
    const AVDictionaryEntry* said = av_dict_get(stream.metadata, "language", nullptr, 0);
    const bool sound = stream.codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
    if (sound && said != nullptr && av_strcasecmp(said->value, language.c_str()) == 0)
      return static_cast<int>(i);
  }
  return -1;
}

void Demuxer::ChooseAnchor() {
  const AVStream* picture = stream(StreamKind::kPicture);
  still_picture_ = picture != nullptr && ((picture->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0 ||
                                          IsStillImageFormat(*container_->iformat));
  const bool moving = picture != nullptr && !still_picture_;
  anchor_ = moving || sound_index_ < 0 ? StreamKind::kPicture : StreamKind::kSound;
}

Stamp Demuxer::anchor_start() const {
  const AVStream* anchor = stream(anchor_);
  const bool known = IsPlausible(anchor->start_time, anchor->time_base);
  return {known ? anchor->start_time : 0, anchor->time_base};
}

AVStream* Demuxer::MutableStream(StreamKind kind) const {
  const int index = kind == StreamKind::kPicture ? picture_index_ : sound_index_;
  return index < 0 ? nullptr : container_->streams[index];
}

const AVStream* Demuxer::stream(StreamKind kind) const { return MutableStream(kind); }

bool Demuxer::Read(AVPacket& packet, StreamKind& kind) {
  int errors_in_a_row = 0;
  while (errors_in_a_row < kMostReadErrorsInARow) {
    av_packet_unref(&packet);
    const int error = av_read_frame(container_.get(), &packet);
    if (error == AVERROR_EOF) return false;
    if (error < 0) {
      ++read_errors_;
      ++errors_in_a_row;
      continue;
    }
    const bool chosen = packet.stream_index == picture_index_ || packet.stream_index == sound_index_;
    // A packet without data would mean "the end" to a decoder.
    if (!chosen || packet.size == 0) continue;
    if (av_packet_get_side_data(&packet, AV_PKT_DATA_ENCRYPTION_INFO, nullptr) != nullptr) {
      is_encrypted_ = true;
      continue;
    }
    kind = packet.stream_index == picture_index_ ? StreamKind::kPicture : StreamKind::kSound;
    const AVRational base = stream(kind)->time_base;
    ForgetAbsurdStamps(base, packet);
    ForgetFalseKey(stream(kind)->codecpar->codec_id, packet);
    if (container_->iformat->flags & AVFMT_TS_DISCONT) mender_.Mend(kind, base, packet);
    return true;
  }
  return false;
}

std::optional<int64_t> Demuxer::stated_duration_us() const {
  if (container_->duration <= 0 || container_->duration / AV_TIME_BASE > kFarthestSeconds)
    return std::nullopt;
  return container_->duration;
}

bool Demuxer::stamps_may_jump() const { return (container_->iformat->flags & AVFMT_TS_DISCONT) != 0; }

bool Demuxer::stamps_need_run_up() const { return std::string_view(container_->iformat->name) == "mpeg"; }

bool Demuxer::Seek(int64_t stamp) {
  // Formats without an index of their own: FFmpeg would estimate, or read up to there anyway; but uncompressed
  // sound, of which every sample has its place.
  const bool has_no_index = (container_->iformat->flags & AVFMT_GENERIC_INDEX) != 0;
  if (has_no_index && av_get_exact_bits_per_sample(stream(anchor_)->codecpar->codec_id) == 0) return false;
  mender_.Reset();
  return av_seek_frame(container_.get(), stream(anchor_)->index, stamp, AVSEEK_FLAG_BACKWARD) >= 0;
}

absl::Status Demuxer::Rewind() { return OpenContainer(); }

absl::Status Demuxer::GiveUpPicture() {
  picture_given_up_ = true;
  return OpenContainer();
}

}  // namespace air

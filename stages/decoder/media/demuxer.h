// Demuxer: the asset's container. Opens and probes it, chooses one picture and one sound stream, and hands
// out their packets in the file's order.
//
// The file is not trusted: FFmpeg is given one descriptor, an empty list of protocols and an io_open that
// refuses, so whatever a playlist or a reference inside the asset names is never opened.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "stages/decoder/media/asset_file.h"
#include "stages/decoder/media/ffmpeg_ptr.h"
#include "stages/decoder/media/media_time.h"
#include "stages/decoder/media/stamp_mender.h"

namespace air {

class Demuxer {
 public:
  // Errors: InvalidArgument when it is no media file, holds nothing FFmpeg can decode, or says itself that what
  // would be played is encrypted; PermissionDenied for a playlist.
  static absl::StatusOr<std::unique_ptr<Demuxer>> Open(std::unique_ptr<AssetFile> file);

  // Plays the sound track of this language (ISO 639-2, as the container names it) if there is one; before
  // anything is read.
  void PreferLanguage(const std::string& language);

  // The chosen stream of a kind; null when the asset has none. Valid until the next Rewind.
  const AVStream* stream(StreamKind kind) const;
  // The picture is one still: a photo, or the cover of a sound file.
  bool still_picture() const { return still_picture_; }
  // The stream seeks are made on and media zero is taken from: the moving picture, else the sound, else the
  // still.
  StreamKind anchor() const { return anchor_; }
  // The first stamp of the anchor as the container declares it; 0 when it does not.
  Stamp anchor_start() const;
  // Few pictures carry a stamp (MPEG program stream): the others' are counted on from where reading began,
  // and are only right some seconds behind a seek.
  bool stamps_need_run_up() const;
  // Where the container says the asset ends, less where it says it begins; nothing when it does not say.
  std::optional<int64_t> stated_duration_us() const;
  // FFmpeg's view of it, for what it says about itself. Valid until the next Rewind.
  const AVFormatContext& container() const { return *container_; }
  // FFmpeg opens its time line anew at each jump: what lies behind one is only known by reading up to there.
  bool stamps_may_jump() const;
  const std::string& path() const { return file_->path(); }
  // Called whenever something was read of the file.
  void OnRead(const std::function<void()>& on_read) { file_->OnRead(on_read); }

  // The next packet of a chosen stream, stamps mended. False at the end of the file, or when nothing can be
  // read any more. A damaged stretch is skipped. Stamps farther than 30 years from zero count as missing.
  bool Read(AVPacket& packet, StreamKind& kind);
  // Moves to the last entry point of the anchor at or before `stamp` (in the anchor's time base), as well as
  // the container can: where it really landed is for the caller to find out. False: it cannot, and only
  // Rewind helps.
  bool Seek(int64_t stamp);
  // Back to the first packet, by opening the asset again: unlike a seek, this works for every file.
  absl::Status Rewind();
  // For a picture stream that turned out to hold no decodable picture: from now on the asset is sound alone,
  // from its first packet.
  absl::Status GiveUpPicture();

  int64_t read_errors() const { return read_errors_; }
  // Packets came by that are encrypted (ISO/IEC 23001-7, Common Encryption). They are not handed out: what would be decoded of
  // them is noise.
  bool is_encrypted() const { return is_encrypted_; }

 private:
  explicit Demuxer(std::unique_ptr<AssetFile> file) : file_(std::move(file)) {}
  absl::Status OpenContainer();
  // FFmpeg's error, 0 or more for none. `format`: null where the content is to say it.
  absl::StatusOr<int> OpenAs(const AVInputFormat* format, const char* name);
  bool IsPlaylist();
  absl::Status ChooseStreams();
  absl::Status RefuseEncrypted() const;
  void ChooseAnchor();
  int SoundTrackOf(const std::string& language) const;
  AVStream* MutableStream(StreamKind kind) const;

  std::unique_ptr<AssetFile> file_;
  AvIoPtr io_;
  AvFormatPtr container_;  // reads through io_, so it goes first
  int picture_index_ = -1;
  int sound_index_ = -1;
  bool still_picture_ = false;
  StreamKind anchor_ = StreamKind::kPicture;
  StampMender mender_;
  bool picture_given_up_ = false;
  std::string language_;
  int64_t read_errors_ = 0;
  bool is_encrypted_ = false;
};

}  // namespace air

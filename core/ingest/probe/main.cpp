// asset-probe: looks into files that it is handed as descriptors, and says what AIR would make of them. It closes the
// decoder's sandbox around itself before the first one comes, and can open nothing.
//
// Started by core/ingest/probe_pool, with its end of a socket pair as descriptor 3; see protos/asset_probe.proto.
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

extern "C" {
#include <libavutil/log.h>
}

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "base/one_line.h"
#include "base/unique_fd.h"
#include "base/version.h"
#include "protos/asset_probe.pb.h"
#include "stages/decoder/media/asset_facts.h"
#include "stages/decoder/program/sandbox.h"

namespace air {
namespace {

namespace wire = retrovue::probe;

constexpr int kSocket = 3;
constexpr int kVersion = 1;  // of the protocol
constexpr size_t kMostBytes = 65536;
constexpr size_t kLongestName = 200;  // of a chapter, a language, a codec

wire::Facts ToWire(const AssetFacts& facts) {
  wire::Facts out;
  out.set_duration_ms(facts.duration_ms);
  out.set_container(OneLine(facts.container, kLongestName));
  out.set_video_codec(OneLine(facts.picture_codec, kLongestName));
  out.set_width(facts.width);
  out.set_height(facts.height);
  out.set_rate_num(facts.rate.num);
  out.set_rate_den(facts.rate.den);
  out.set_still(facts.still);
  for (const SoundFacts& sound : facts.sound) {
    wire::SoundTrack& track = *out.add_sound();
    track.set_codec(OneLine(sound.codec, kLongestName));
    track.set_channels(sound.channels);
    track.set_language(OneLine(sound.language, kLongestName));
  }
  for (const ChapterFacts& chapter : facts.chapters) {
    wire::Chapter& mark = *out.add_chapters();
    mark.set_title(OneLine(chapter.title, kLongestName));
    mark.set_start_ms(chapter.start_ms);
    mark.set_end_ms(chapter.end_ms);
  }
  out.set_errors(facts.errors);
  return out;
}

wire::ProbeReply Look(const std::string& name, UniqueFd fd) {
  wire::ProbeReply reply;
  auto demuxer = Demuxer::Open(std::make_unique<AssetFile>(name, std::move(fd)));
  auto facts = demuxer.ok() ? FactsOf(**demuxer) : absl::StatusOr<AssetFacts>(demuxer.status());
  if (facts.ok()) {
    *reply.mutable_facts() = ToWire(*facts);
  } else {
    reply.set_refusal(OneLine(std::string(facts.status().message()), 2000));
  }
  return reply;
}

template <class Message>
bool Send(const Message& message) {
  std::string bytes = message.SerializeAsString();
  iovec part{bytes.data(), bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  // Not send(): the sandbox leaves sendmsg alone.
  return bytes.size() <= kMostBytes &&
         sendmsg(kSocket, &header, MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

// False: the other end is closed, or what came is no request.
bool Receive(wire::ProbeRequest& request, UniqueFd& fd) {
  static std::array<char, kMostBytes> bytes;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  iovec part{bytes.data(), bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  ssize_t got = 0;
  do {
    got = recvmsg(kSocket, &header, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return false;
  const cmsghdr* with = CMSG_FIRSTHDR(&header);
  if (with == nullptr || with->cmsg_type != SCM_RIGHTS || with->cmsg_len != CMSG_LEN(sizeof(int)))
    return false;
  int number = -1;
  std::memcpy(&number, CMSG_DATA(with), sizeof number);
  fd = UniqueFd(number);
  return request.ParseFromArray(bytes.data(), static_cast<int>(got));
}

int Run() {
  // A probe whose ingest was killed must not go on with a file that has no end.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  av_log_set_level(AV_LOG_QUIET);
  wire::Hello hello;
  hello.set_version(kVersion);
  const absl::Status locked = LockIn();
  if (!locked.ok()) hello.set_failure(OneLine(std::string(locked.message()), 2000));
  if (!Send(hello) || !locked.ok()) return EXIT_FAILURE;
  for (;;) {
    wire::ProbeRequest request;
    UniqueFd fd;
    if (!Receive(request, fd)) return EXIT_SUCCESS;
    if (!Send(Look(request.name(), std::move(fd)))) return EXIT_FAILURE;
  }
}

}  // namespace
}  // namespace air

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--version") == 0) {
    std::printf("asset-probe %s\n", air::BuildVersion());
    return EXIT_SUCCESS;
  }
  return air::Run();
}

// A viewer that stops reading and comes back, from pictures and sound to its socket: what it has behind every
// rejoin is whole, whichever sender sent it, at a variable and at a constant rate.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "stages/encoder/send/sender.h"
#include "tests/support/sink_sockets.h"
#include "tests/unit/sink_rig.h"
#include "tests/unit/ts_receiver.h"

namespace air {
namespace {

// Every PES of the stream that was not interrupted, by its PTS.
std::map<std::pair<uint16_t, int64_t>, std::vector<uint8_t>> UnitsOf(const std::vector<PesUnit>& units) {
  std::map<std::pair<uint16_t, int64_t>, std::vector<uint8_t>> by_stamp;
  for (const PesUnit& unit : units) by_stamp[{unit.pid, unit.pts}] = unit.payload;
  return by_stamp;
}

class Rejoin : public ::testing::TestWithParam<uint32_t> {
 protected:
  Rejoin() {
    const int small = 16 * 1024;
    EXPECT_EQ(setsockopt(sockets_.socket.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
  }

  static MpegTSOutputSink::Config Config() {
    MpegTSOutputSink::Config config{
        .mux = {.house = {.width = 320, .height = 180, .rate = {25, 1}}, .pts_origin_90k = 900'000},
        .encoder = {.bitrate_kbps = 1'500, .preset = "ultrafast", .threads = 1}};
    StreamSettings stream{.rate_kbps = GetParam()};
    if (stream.rate_kbps == 0) return config;
    stream.video_kbps = MostVideoKbps(HouseTime(config.mux.house), stream);
    config.encoder.bitrate_kbps = stream.video_kbps;
    config.mux.rate_kbps = config.encoder.rate_kbps = stream.rate_kbps;
    config.mux.delay_90k = StreamDelay90k(stream);
    return config;
  }

  void StartSender() {
    sender_ = *ExactlyOnceSender::Create(
        rig_.journal(), sockets_.sink(),
        [mux = Config().mux](const TransportCheckpoint& before) { return RejoinPackets(before, mux); },
        {.backlog_ns = kNanosPerSecond}, clock_);
    sender_->Start();
  }

  // Reads until nothing more comes.
  void View() {
    const SenderPage& page = **AttachSenderPage(rig_.journal());
    uint8_t bytes[8192];
    while (true) {
      const ssize_t got = recv(sockets_.viewer.get(), bytes, sizeof(bytes), MSG_DONTWAIT);
      if (got > 0) {
        seen_.insert(seen_.end(), bytes, bytes + got);
        continue;
      }
      const uint64_t end = rig_.reader().Newest()->record.end_packet;
      if (page.written == end && page.sent_bytes == seen_.size()) return;
      sched_yield();
    }
  }

  VirtualClock clock_{Nanos(0)};
  SinkRig rig_{
      Config(), Tick(0), {.packet_capacity = 16384, .checkpoint_slots = 256, .backlog_capacity = 2048}};
  SinkSockets sockets_;
  std::unique_ptr<ExactlyOnceSender> sender_;
  std::vector<uint8_t> seen_;
};

TEST_P(Rejoin, LeavesEveryUnitBehindItWhole) {
  constexpr int kPauses = 6;
  StartSender();
  rig_.Run(20);
  View();
  for (int pause = 0; pause < kPauses; ++pause) {
    rig_.Run(70 + 7 * pause);  // the viewer does not read
    sender_.reset();           // and the sender dies, and the encoder
    StartSender();
    rig_.Kill();
    rig_.Run(3);
    View();
    rig_.Run(30 + pause);
    View();
  }
  const SenderPage& page = **AttachSenderPage(rig_.journal());
  const uint64_t rejoins = page.rejoins;
  EXPECT_GE(rejoins, static_cast<uint64_t>(kPauses)) << "once in every pause at least";
  ASSERT_EQ(seen_.size() % kTsPacketBytes, 0u);

  TsReceiver whole, viewer;
  const auto take = [](const std::vector<uint8_t>& bytes, TsReceiver& into) {
    for (size_t at = 0; at < bytes.size(); at += kTsPacketBytes) {
      TsPacket packet;
      std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(at), kTsPacketBytes, packet.begin());
      into.Take(packet);
    }
  };
  take(rig_.stream(), whole);
  take(seen_, viewer);
  EXPECT_EQ(whole.errors, std::vector<std::string>());
  EXPECT_EQ(viewer.errors, std::vector<std::string>());
  EXPECT_EQ(viewer.discontinuities[0x100], rejoins);

  const auto sent = UnitsOf(whole.units);
  std::map<uint16_t, int64_t> last_pts;
  std::map<uint16_t, std::vector<uint8_t>> last;
  uint64_t cut = 0, joined = 0;
  for (const PesUnit& unit : viewer.units) {
    const int64_t period = unit.pid == 0x100 ? 3600 : 1920;
    const bool jumped = last_pts.contains(unit.pid) && unit.pts != last_pts[unit.pid] + period;
    if (jumped) {
      ++joined;
      if (unit.pid == 0x100) {
        EXPECT_TRUE(unit.random_access) << "the first picture behind a rejoin is one to begin with";
      }
      cut += sent.at({unit.pid, last_pts[unit.pid]}) != last[unit.pid] ? 1 : 0;
    } else if (last_pts.contains(unit.pid)) {
      EXPECT_EQ(sent.at({unit.pid, last_pts[unit.pid]}), last[unit.pid])
          << "damaged at " << last_pts[unit.pid];
    }
    last_pts[unit.pid] = unit.pts;
    last[unit.pid] = unit.payload;
  }
  // Picture and sound; of two jumps right after each other the first may show nothing.
  EXPECT_LE(joined, 2 * rejoins);
  EXPECT_GE(joined, 2u * kPauses - 2);
  if (GetParam() == 0) {
    EXPECT_EQ(cut, 0u) << "whole ticks were dropped";
  } else {
    EXPECT_LE(cut, rejoins) << "the picture that was under way, once each time";
  }
}

INSTANTIATE_TEST_SUITE_P(AtEveryKindOfRate, Rejoin, ::testing::Values(0u, 1'200u, 3'000u),
                         [](const auto& rate) {
                           return rate.param == 0 ? "Variable" : "Constant" + std::to_string(rate.param);
                         });

}  // namespace
}  // namespace air

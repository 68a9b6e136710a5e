// Two channels with one programme, side by side. One is left alone, of the other everything is killed that stands
// before the encoder: their viewers must get the same bytes. (A new encoder codes the same pictures anew, in
// other bits; what it shows is judged by the other tests here. x264 itself repeats its bits with one thread
// only: with more, what its rate control makes of a slice depends on how far the others are.)
#include <gmock/gmock.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "tests/support/test_channel.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;

constexpr int64_t kLeadInMs = 2000;

class Twin {
 public:
  explicit Twin(const ChannelFormat& format)
      : format_(format), viewer_(StreamViewer::OnUnixSocket(channel_.Path("viewer.sock"))) {
    channel_.Attach(*viewer_);
  }

  void Begin(const std::vector<Clip>& clips) {
    schedule_.emplace(format_, NowUtcMs());
    schedule_->AddBlock("a", {Pad(kLeadInMs), Show(clips[0], 3500), Show(clips[1], 3000, 1500)});
    schedule_->AddBlock("b", {ShowPattern(7, 2000), Show(clips[0], 2500, 4000)});
    channel_.Begin(*schedule_);
  }
  // When its stream begins: with tick 0, or, on a busy machine, with a later one.
  int64_t FirstPts() const {
    EXPECT_TRUE(viewer_->WaitForBytes(0, 10'000));
    return analyser::AnalyseTs(viewer_->Received(0), {}).video.first_pts;
  }
  std::vector<uint8_t> PlayToTheEnd() {
    channel_.SleepUntil(schedule_->end_ms() + 500);
    channel_.Stop();
    EXPECT_TRUE(viewer_->WaitForEnd(0));
    return WholeTicks(viewer_->Received(0));
  }
  int64_t EndTick() const { return format_.TickAt(schedule_->end_ms()); }
  const Schedule& schedule() const { return *schedule_; }
  TestChannel& channel() { return channel_; }

 private:
  const ChannelFormat format_;
  TestChannel channel_{{"--orphan-grace", "20", "--ring-seconds", "4"}};
  std::unique_ptr<StreamViewer> viewer_;
  std::optional<Schedule> schedule_;
};

class Twins : public ::testing::TestWithParam<int> {};  // mux.rate_kbps

TEST_P(Twins, SendTheSameBytesThoughAllButTheEncoderOfOneIsKilled) {
  const ChannelFormat format{.num = 30000, .den = 1001, .constant_kbps = GetParam(), .coder_threads = 1};
  const TestFolder folder;
  const ClipMaker maker(format, folder.path());
  const std::vector<Clip> clips = {maker.Make(1, 300), maker.Make(2, 300, "mkv")};
  std::unique_ptr<Twin> unharmed, struck;
  for (int attempt = 0; attempt < 10; ++attempt) {
    unharmed = std::make_unique<Twin>(format), struck = std::make_unique<Twin>(format);
    unharmed->Begin(clips), struck->Begin(clips);
    if (unharmed->FirstPts() == struck->FirstPts()) break;
  }

  const std::map<std::string, std::string> works_on = {{"air-decoder", "air-ring-"},
                                                       {"air-selector", ".program"}};
  const char* const victims[] = {"air-decoder", "air-selector", "", "air-decoder", "air-selector", "",
                                 "air-decoder"};
  int64_t ms = kLeadInMs + 900;
  for (const char* victim : victims) {
    struck->channel().SleepUntil(ms += 1100);
    if (*victim == 0) {
      struck->channel().KillSupervisor();
      struck->channel().StartSupervisor();
    } else {
      const pid_t pid = struck->channel().Stage(victim, works_on.at(victim));
      ASSERT_NE(pid, 0);
      kill(pid, SIGKILL);
    }
  }

  const std::vector<uint8_t> as_it_would_have_been = unharmed->PlayToTheEnd(),
                             as_it_is = struck->PlayToTheEnd();
  // Both end when they are told to, a tick earlier or later.
  const size_t both = std::min(as_it_would_have_been.size(), as_it_is.size());
  const Judged judged = Judge({as_it_is.begin(), as_it_is.begin() + static_cast<ptrdiff_t>(both)}, format);
  ASSERT_GE(judged.aired.end_tick(), struck->EndTick()) << "too short to say anything";
  ExpectAired(judged, struck->schedule().expected());
  const auto differ = std::mismatch(as_it_is.begin(), as_it_is.begin() + static_cast<ptrdiff_t>(both),
                                    as_it_would_have_been.begin());
  EXPECT_EQ(differ.first - as_it_is.begin(), static_cast<ptrdiff_t>(both)) << "they differ from this byte on";
}

INSTANTIATE_TEST_SUITE_P(AtAVariableAndAConstantRate, Twins, ::testing::Values(0, 2000),
                         [](const auto& test) { return test.param == 0 ? "VariableRate" : "ConstantRate"; });

}  // namespace
}  // namespace air::e2e

#include "supervisor/session/slate_card.h"

#include <utility>

#include "base/stage_log.h"

namespace air {
namespace {

// Behind the start of the channel; no segment can have been given up before.
constexpr int64_t kBeginNs = 500 * kNanosPerMs;
constexpr int64_t kLongestNs = 10 * kNanosPerSecond;
constexpr int kMostAttempts = 3;

}  // namespace

SlateCard::SlateCard(EventLoop& loop, StageSupervisor& stages, SessionMemory& memory, SlateSettings settings)
    : loop_(loop), stages_(stages), memory_(memory), settings_(std::move(settings)) {
  // A predecessor of this supervisor may have had it drawn.
  if (ReadSlateCard(memory_.slate().bytes(), memory_.session().facts().format).empty())
    timer_ = loop_.After(kBeginNs, [this] { Draw(); });
}

void SlateCard::Draw() {
  ++attempts_;
  absl::StatusOr<std::unique_ptr<StageProcess>> process = stages_.TakeFresh(StageKind::kDecoder);
  if (!process.ok()) return OnEnd({StageDeath::Kind::kSpawn, process.status().ToString()});
  painter_ = *std::move(process);
  painter_->Watch([](const stage::FromStage&) {}, [this](const StageDeath& death) { OnEnd(death); });
  stage::ToStage message;
  message.mutable_slate()->set_file(settings_.file);
  message.mutable_slate()->set_title(settings_.title);
  message.mutable_slate()->set_subtitle(settings_.subtitle);
  const HouseFormat& format = memory_.session().facts().format;
  message.mutable_slate()->set_width(format.width);
  message.mutable_slate()->set_height(format.height);
  message.mutable_slate()->set_rate_num(format.rate.num);
  message.mutable_slate()->set_rate_den(format.rate.den);
  const int fds[] = {memory_.slate().fd()};
  if (absl::Status s = painter_->Send(message, fds); !s.ok())
    Log().error("{}: {}", painter_->id(), s.ToString());
  timer_ = loop_.After(kLongestNs, [this] { painter_->KillHung("hung over the slate"); });
}

void SlateCard::OnEnd(const StageDeath& death) {
  timer_.Cancel();
  painter_.reset();
  if (!ReadSlateCard(memory_.slate().bytes(), memory_.session().facts().format).empty()) return;
  Log().error("the slate could not be drawn{}{}: {}", settings_.file.empty() ? "" : " from ", settings_.file,
              death.text);
  settings_.file.clear();
  if (attempts_ < kMostAttempts) timer_ = loop_.After(kBeginNs, [this] { Draw(); });
}

}  // namespace air

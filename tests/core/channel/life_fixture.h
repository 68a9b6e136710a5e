// The life of a channel on a clock of the test's. A test says what happens, and reads what the channel does about it as words.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/channel/channel_life.h"
#include "tests/core/channel/test_blocks.h"

namespace retrovue {

using namespace std::chrono_literals;

struct Words {
  std::string operator()(const CheckAsset& a) const { return absl::StrCat("check ", a.path); }
  std::string operator()(const SpawnAir&) const { return "spawn"; }
  std::string operator()(const AskReady&) const { return "ask"; }
  std::string operator()(const FollowEvents&) const { return "follow"; }
  std::string operator()(const AttachSink& a) const { return a.to_new_air ? "attach to new air" : "attach"; }
  std::string operator()(const StartSession& a) const {
    return absl::StrCat("start ", a.first.block_id(), "+", a.second.block_id(), " at ", UtcMs(a.join) / 1000);
  }
  std::string operator()(const FeedBlock& a) const { return absl::StrCat("feed ", a.block.block_id()); }
  std::string operator()(const StopSession&) const { return "stop"; }
  std::string operator()(const TerminateAir&) const { return "terminate"; }
  std::string operator()(const KillAir&) const { return "kill"; }
  std::string operator()(const RefuseViewers& a) const {
    return absl::StrCat("refuse ", StatusOf(a.code), " ", Name(a.code));
  }
  std::string operator()(const TellBlockNews& a) const {
    if (!a.news.fed_block_id().empty()) return absl::StrCat("fed ", a.news.fed_block_id());
    if (!a.news.skipped_block_id().empty()) return absl::StrCat("skipped ", a.news.skipped_block_id());
    if (a.news.has_refused()) return absl::StrCat("refused ", a.news.refused().block_id());
    return "told";
  }
  std::string operator()(const Quit&) const { return "quit"; }
};

inline playout::BlockEvent Started(const std::string& id, std::int64_t end_s = 1'000'000) {
  playout::BlockEvent event;
  event.mutable_block_started()->set_block_id(id);
  event.mutable_block_started()->set_block_end_utc_ms(end_s * 1000);
  return event;
}
inline playout::BlockEvent Completed(const std::string& id) {
  playout::BlockEvent event;
  event.mutable_block_completed()->set_block_id(id);
  return event;
}
inline playout::BlockEvent Ended(const std::string& reason) {
  playout::BlockEvent event;
  event.mutable_session_ended()->set_reason(reason);
  return event;
}

// Twelve blocks of 100 s, "0" to "11", from second 0 on; it is second 50.
class ChannelLifeTest : public testing::Test {
 protected:
  ChannelLifeTest() {
    std::vector<playout::BlockPlan> plans;
    for (int i = 0; i < 12; ++i) {
      plans.push_back(Block(absl::StrCat(i), i * 100, i * 100 + 100, absl::StrCat("/media/", i, ".mkv")));
    }
    shelf_.Put(Blocks(plans));
  }

  Moment now() const { return {clock_, FromUtcMs(50'000) + clock_}; }
  // What has been decided since it was asked last.
  std::string Done() {
    std::vector<std::string> words;
    for (const LifeAction& action : life_.TakeActions()) words.push_back(std::visit(Words(), action));
    return absl::StrJoin(words, ", ");
  }
  // Lets time pass in steps of at most 100 ms, as timers would.
  void Pass(Millis time) {
    for (const Millis end = clock_ + time; clock_ < end;) {
      clock_ = std::min(end, clock_ + 100ms);
      if (flows_) life_.OnBytes(now());
      life_.OnTime(now());
    }
  }
  void Viewers(int count) { life_.OnDemand(count, always_on_, 30s, now()); }
  void AlwaysOn(bool on) {
    always_on_ = on;
    life_.OnDemand(0, on, 30s, now());
  }
  void Fed(const std::string& id, FeedResult result = FeedResult::kTaken) {
    life_.OnFed(id, result, "no", now());
  }

  // A first viewer, and all that follows until the channel is on the air with its queue full.
  void GoOnAir() {
    Viewers(1);
    life_.OnAssetChecked(absl::OkStatus(), now());
    life_.OnAirSpawned(absl::OkStatus(), now());
    life_.OnReady(absl::OkStatus(), now());
    life_.OnFollowEnded(absl::NotFoundError("no session"), now());
    life_.OnSink(true, now());
    life_.OnAttached(absl::OkStatus(), now());
    life_.OnSessionStarted(absl::OkStatus(), now());
    life_.OnEvent(Started("0"), now());
    Fed("2");
    Fed("3");
    flows_ = true;
    life_.OnBytes(now());
    ASSERT_EQ(life_.phase(), channel_link::ON_AIR);
    Done();
  }

  BlockShelf shelf_;
  ChannelLife life_{shelf_};
  Millis clock_{0};
  bool always_on_ = false;
  bool flows_ = false;  // the stream
};

}  // namespace retrovue

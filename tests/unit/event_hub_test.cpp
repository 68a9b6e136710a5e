// Block events: kept before they are told, and told again to whoever comes later.
#include "supervisor/session/event_hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace air {
namespace {

using retrovue::playout::BlockEvent;
using ::testing::ElementsAre;

class Listener : public IEventSubscriber {
 public:
  void OnEvent(const BlockEvent& event) override { seen.push_back(event.block_started().block_id()); }
  void OnEnd() override { seen.emplace_back("end"); }
  std::vector<std::string> seen;
};

BlockEvent Started(const std::string& id) {
  BlockEvent event;
  event.mutable_block_started()->set_block_id(id);
  return event;
}

// A supervisor that is killed between the two has recorded both or neither.
TEST(EventHub, KeepsTheEventsOfOneMomentTogetherBeforeItTellsTheFirst) {
  EventHub hub;
  const auto listener = std::make_shared<Listener>();
  hub.Subscribe(listener);
  std::vector<size_t> kept, told;
  hub.OnKept([&] {
    kept.push_back(hub.kept().size());
    told.push_back(listener->seen.size());
  });
  hub.Publish({Started("a"), Started("b")});
  EXPECT_THAT(kept, ElementsAre(2));
  EXPECT_THAT(told, ElementsAre(0));
  EXPECT_THAT(listener->seen, ElementsAre("a", "b"));
}

TEST(EventHub, TellsASubscriberOfASuccessorWhatThePredecessorHasKept) {
  EventHub predecessor;
  predecessor.Publish(Started("a"));
  EventHub successor;
  successor.Restore(predecessor.kept());
  successor.Publish(Started("b"));
  const auto listener = std::make_shared<Listener>();
  successor.Subscribe(listener);
  successor.Close();
  EXPECT_THAT(listener->seen, ElementsAre("a", "b", "end"));
}

TEST(EventHub, TellsOnceWhatASuccessorFindsOutAgain) {
  EventHub predecessor;
  predecessor.PublishOnce(Started("a"));
  EventHub successor;
  const auto listener = std::make_shared<Listener>();
  successor.Restore(predecessor.kept());
  successor.Subscribe(listener);
  successor.PublishOnce(Started("a"));
  successor.PublishOnce(Started("b"));
  EXPECT_THAT(listener->seen, ElementsAre("a", "b"));
}

// Has had enough behind so many events. The hub's is the only pointer to it, as that of a call whose client is
// gone.
class Leaver : public Listener {
 public:
  Leaver(EventHub& hub, size_t enough) : hub_(hub), enough_(enough) {}
  void OnEvent(const BlockEvent& event) override {
    Listener::OnEvent(event);
    if (seen.size() >= enough_) hub_.Unsubscribe(this);
  }

 private:
  EventHub& hub_;
  const size_t enough_;
};

TEST(EventHub, LetsASubscriberLeaveWhileItIsTold) {
  EventHub hub;
  const auto before = std::make_shared<Listener>(), behind = std::make_shared<Listener>();
  hub.Subscribe(before);
  hub.Subscribe(std::make_shared<Leaver>(hub, 1));
  hub.Subscribe(behind);
  hub.Publish({Started("a"), Started("b")});
  EXPECT_THAT(before->seen, ElementsAre("a", "b"));
  EXPECT_THAT(behind->seen, ElementsAre("a", "b"));
}

TEST(EventHub, TellsNothingMoreToASubscriberThatHasLeft) {
  EventHub hub;
  const auto leaver = std::make_shared<Leaver>(hub, 1);
  hub.Subscribe(leaver);
  hub.Publish({Started("a"), Started("b")});
  hub.Close();
  EXPECT_THAT(leaver->seen, ElementsAre("a"));
}

TEST(EventHub, LetsASubscriberLeaveWhileItIsToldWhatIsKept) {
  EventHub hub;
  hub.Publish({Started("a"), Started("b")});
  const auto leaver = std::make_shared<Leaver>(hub, 1);
  hub.Subscribe(leaver);
  hub.Publish(Started("c"));
  EXPECT_THAT(leaver->seen, ElementsAre("a"));
}

TEST(EventHub, LosesSubscribersAtTheirFourThousandthEventUnnoticedByTheOthers) {
  EventHub hub;
  const auto reader = std::make_shared<Listener>();
  for (int i = 0; i < 20; ++i) hub.Subscribe(std::make_shared<Leaver>(hub, 4096));
  hub.Subscribe(reader);
  for (int i = 0; i < 5000; ++i) hub.Publish(Started("x"));
  EXPECT_EQ(reader->seen.size(), 5000u);
}

}  // namespace
}  // namespace air

// Block events: kept before they are told, and told again to each client that subscribes later.
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
  ASSERT_TRUE(hub.Subscribe(listener).ok());
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
  ASSERT_TRUE(successor.Subscribe(listener).ok());
  successor.Close();
  EXPECT_THAT(listener->seen, ElementsAre("a", "b", "end"));
}

TEST(EventHub, TellsOnceWhatASuccessorFindsOutAgain) {
  EventHub predecessor;
  predecessor.PublishOnce(Started("a"));
  EventHub successor;
  const auto listener = std::make_shared<Listener>();
  successor.Restore(predecessor.kept());
  ASSERT_TRUE(successor.Subscribe(listener).ok());
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
    if (seen.size() >= enough_) hub_.Drop(this);
  }

 private:
  EventHub& hub_;
  const size_t enough_;
};

TEST(EventHub, LetsASubscriberLeaveWhileItIsTold) {
  EventHub hub;
  const auto before = std::make_shared<Listener>(), behind = std::make_shared<Listener>();
  ASSERT_TRUE(hub.Subscribe(before).ok());
  ASSERT_TRUE(hub.Subscribe(std::make_shared<Leaver>(hub, 1)).ok());
  ASSERT_TRUE(hub.Subscribe(behind).ok());
  hub.Publish({Started("a"), Started("b")});
  EXPECT_THAT(before->seen, ElementsAre("a", "b"));
  EXPECT_THAT(behind->seen, ElementsAre("a", "b"));
  EXPECT_EQ(hub.subscribers(), 2u);
  EXPECT_EQ(hub.dropped(), 1u);
}

TEST(EventHub, TellsNothingMoreToASubscriberThatHasLeft) {
  EventHub hub;
  const auto leaver = std::make_shared<Leaver>(hub, 1);
  ASSERT_TRUE(hub.Subscribe(leaver).ok());
  hub.Publish({Started("a"), Started("b")});
  hub.Close();
  EXPECT_THAT(leaver->seen, ElementsAre("a"));
}

TEST(EventHub, LetsASubscriberLeaveWhileItIsToldWhatIsKept) {
  EventHub hub;
  hub.Publish({Started("a"), Started("b")});
  ASSERT_TRUE(hub.Subscribe(std::make_shared<Leaver>(hub, 1)).ok());
  EXPECT_EQ(hub.subscribers(), 0u);
}

TEST(EventHub, DropsSubscribersAtTheirFourThousandthEventUnnoticedByTheOthers) {
  EventHub hub;
  const auto reader = std::make_shared<Listener>();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(hub.Subscribe(std::make_shared<Leaver>(hub, 4096)).ok());
  ASSERT_TRUE(hub.Subscribe(reader).ok());
  for (int i = 0; i < 5000; ++i) hub.Publish(Started("x"));
  EXPECT_EQ(reader->seen.size(), 5000u);
  EXPECT_EQ(hub.subscribers(), 1u);
  EXPECT_EQ(hub.dropped(), 20u);
}

TEST(EventHub, RefusesSubscribersBeyondItsLimitAndCountsThem) {
  EventHub hub;
  std::vector<std::shared_ptr<Listener>> listeners;
  for (int i = 0; i < 1000; ++i) {
    listeners.push_back(std::make_shared<Listener>());
    EXPECT_EQ(hub.Subscribe(listeners.back()).ok(), listeners.size() <= EventHub::kMostSubscribers);
  }
  EXPECT_EQ(hub.refused(), 1000 - EventHub::kMostSubscribers);
  hub.Publish(Started("a"));
  EXPECT_THAT(listeners.front()->seen, ElementsAre("a"));
  EXPECT_TRUE(listeners.back()->seen.empty());
  hub.Unsubscribe(listeners.front().get());
  EXPECT_TRUE(hub.Subscribe(listeners.back()).ok());
}

}  // namespace
}  // namespace air

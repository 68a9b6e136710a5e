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

}  // namespace
}  // namespace air

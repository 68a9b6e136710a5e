// EventHub: block events to every subscriber. Core subscribes once, after its first block has started: the
// session's events so far are kept and replayed to each new subscriber (repeats are harmless to it).
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <vector>

#include "protos/playout.pb.h"

namespace air {

// The receiving end of one SubscribeBlockEvents call. Called on the event loop; must not block.
class IEventSubscriber {
 public:
  virtual ~IEventSubscriber() = default;
  virtual void OnEvent(const retrovue::playout::BlockEvent& event) = 0;
  virtual void OnEnd() = 0;  // no event follows
};

class EventHub {
 public:
  static constexpr size_t kKept = 1000;

  void Publish(const retrovue::playout::BlockEvent& event);
  void Subscribe(std::shared_ptr<IEventSubscriber> subscriber);
  void Unsubscribe(const IEventSubscriber* subscriber);
  // Ends every subscription and forgets the events.
  void Close();

 private:
  std::vector<retrovue::playout::BlockEvent> kept_;
  std::list<std::shared_ptr<IEventSubscriber>> subscribers_;
};

}  // namespace air

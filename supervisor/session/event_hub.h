// EventHub: block events to every subscriber. Core subscribes once, after its first block has started: the
// session's events so far are kept and replayed to each new subscriber (repeats are harmless to it).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "protos/playout.pb.h"

namespace air {

// The receiving end of one SubscribeBlockEvents call. Called on the event loop; must not block. It may
// unsubscribe itself, or others, while it is called.
class IEventSubscriber {
 public:
  virtual ~IEventSubscriber() = default;
  virtual void OnEvent(const retrovue::playout::BlockEvent& event) = 0;
  virtual void OnEnd() = 0;  // no event follows
};

// Event loop only.
class EventHub {
 public:
  static constexpr size_t kKept = 1000;
  static constexpr size_t kMostSubscribers = 64;

  // Called when an event is kept and no subscriber has been told of it yet.
  void OnKept(std::function<void()> on_kept) { on_kept_ = std::move(on_kept); }
  void Publish(const retrovue::playout::BlockEvent& event) { Publish(std::vector{event}); }
  // Events of one moment: they are kept together, before a subscriber is told of the first.
  void Publish(const std::vector<retrovue::playout::BlockEvent>& events);
  // Those of which the very same is not kept already: a predecessor of this supervisor has told the others.
  void PublishOnce(std::vector<retrovue::playout::BlockEvent> events);
  void PublishOnce(const retrovue::playout::BlockEvent& event) { PublishOnce(std::vector{event}); }
  const std::vector<retrovue::playout::BlockEvent>& kept() const { return kept_; }
  // Those of a session that is taken up.
  void Restore(std::vector<retrovue::playout::BlockEvent> kept) { kept_ = std::move(kept); }
  // Tells the subscriber what is kept, and all that follows. Errors: ResourceExhausted: there are
  // kMostSubscribers already.
  absl::Status Subscribe(std::shared_ptr<IEventSubscriber> subscriber);
  // The subscriber is not called any more, not even for the event that is being told.
  void Unsubscribe(const IEventSubscriber* subscriber);
  // The same for one that does not read; it is counted.
  void Drop(const IEventSubscriber* subscriber);
  // Ends every subscription and forgets the events.
  void Close();

  size_t subscribers() const { return subscribers_.size(); }
  // Since the process began.
  uint64_t dropped() const { return dropped_; }
  uint64_t refused() const { return refused_; }

 private:
  std::function<void()> on_kept_ = [] {};
  std::vector<retrovue::playout::BlockEvent> kept_;
  std::set<std::shared_ptr<IEventSubscriber>> subscribers_;
  uint64_t dropped_ = 0, refused_ = 0;
};

}  // namespace air

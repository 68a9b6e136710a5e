#include "supervisor/session/event_hub.h"

#include <algorithm>
#include <string>

namespace air {

void EventHub::Publish(const std::vector<retrovue::playout::BlockEvent>& events) {
  for (const auto& event : events) {
    if (kept_.size() == kKept) kept_.erase(kept_.begin());
    kept_.push_back(event);
  }
  on_kept_();
  for (const auto& event : events) {
    for (auto& subscriber : subscribers_) subscriber->OnEvent(event);
  }
}

void EventHub::PublishOnce(const retrovue::playout::BlockEvent& event) {
  const std::string bytes = event.SerializeAsString();
  if (std::any_of(kept_.begin(), kept_.end(), [&](const auto& k) { return k.SerializeAsString() == bytes; }))
    return;
  Publish(event);
}

void EventHub::Subscribe(std::shared_ptr<IEventSubscriber> subscriber) {
  for (const auto& event : kept_) subscriber->OnEvent(event);
  subscribers_.push_back(std::move(subscriber));
}

void EventHub::Unsubscribe(const IEventSubscriber* subscriber) {
  subscribers_.remove_if([&](const auto& s) { return s.get() == subscriber; });
}

void EventHub::Close() {
  for (auto& subscriber : std::exchange(subscribers_, {})) subscriber->OnEnd();
  kept_.clear();
}

}  // namespace air

#include "supervisor/session/event_hub.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace air {

void EventHub::Publish(const std::vector<retrovue::playout::BlockEvent>& events) {
  for (const auto& event : events) {
    if (kept_.size() == kKept) kept_.erase(kept_.begin());
    kept_.push_back(event);
  }
  on_kept_();
  // A copy: a subscriber may leave while it is told, or make another one leave.
  const std::set<std::shared_ptr<IEventSubscriber>> told = subscribers_;
  for (const auto& event : events) {
    for (const auto& subscriber : told) {
      if (subscribers_.contains(subscriber)) subscriber->OnEvent(event);
    }
  }
}

void EventHub::PublishOnce(std::vector<retrovue::playout::BlockEvent> events) {
  std::erase_if(events, [&](const auto& event) {
    const std::string bytes = event.SerializeAsString();
    return std::any_of(kept_.begin(), kept_.end(),
                       [&](const auto& k) { return k.SerializeAsString() == bytes; });
  });
  if (!events.empty()) Publish(events);
}

absl::Status EventHub::Subscribe(std::shared_ptr<IEventSubscriber> subscriber) {
  if (subscribers_.size() >= kMostSubscribers) {
    ++refused_;
    return absl::ResourceExhaustedError(
        absl::StrCat("there are ", kMostSubscribers, " subscribers already; end some, or share one"));
  }
  subscribers_.insert(subscriber);
  for (const auto& event : std::vector(kept_)) {
    if (!subscribers_.contains(subscriber)) break;  // it has left
    subscriber->OnEvent(event);
  }
  return absl::OkStatus();
}

void EventHub::Unsubscribe(const IEventSubscriber* subscriber) {
  std::erase_if(subscribers_, [&](const auto& s) { return s.get() == subscriber; });
}

void EventHub::Drop(const IEventSubscriber* subscriber) {
  const size_t before = subscribers_.size();
  Unsubscribe(subscriber);
  dropped_ += before - subscribers_.size();
}

void EventHub::Close() {
  for (auto& subscriber : std::exchange(subscribers_, {})) subscriber->OnEnd();
  kept_.clear();
}

}  // namespace air

#include "supervisor/control/plan_reader.h"

#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"

namespace air {

struct PlanReader::Mailbox {
  std::mutex mutex;
  PlanReader* reader = nullptr;  // guarded by mutex; nullptr: it is gone
  int threads = 0;               // guarded by mutex
};

PlanReader::PlanReader(EventLoop& loop, Load load, int64_t longest_ns)
    : loop_(loop), load_(std::move(load)), longest_ns_(longest_ns), mailbox_(std::make_shared<Mailbox>()) {
  mailbox_->reader = this;
}

PlanReader::~PlanReader() {
  const std::lock_guard lock(mailbox_->mutex);
  mailbox_->reader = nullptr;
}

void PlanReader::Read(const std::string& plan_handle, int32_t channel_id, OnRead on_read) {
  const uint64_t number = ++numbered_;
  Call& call = calls_[number];
  call.on_read = std::move(on_read);
  const auto refuse = [&](absl::Status why) {
    call.deadline = loop_.After(0, [this, number, why] { Answer(number, why); });
  };
  if (!closed_.empty()) return refuse(absl::AbortedError(closed_));
  {
    const std::lock_guard lock(mailbox_->mutex);
    if (mailbox_->threads == kMostAtOnce) {
      return refuse(absl::ResourceExhaustedError(
          absl::StrCat("plan_handle: ", kMostAtOnce, " plans are being read; is a mount dead?")));
    }
    ++mailbox_->threads;
  }
  call.deadline = loop_.After(longest_ns_, [this, number, plan_handle] {
    Answer(number,
           absl::DeadlineExceededError(absl::StrCat("plan_handle: ", plan_handle, ": not read after ",
                                                    longest_ns_ / kNanosPerMs, " ms; is its mount dead?")));
  });
  const auto work = [mailbox = mailbox_, load = load_, plan_handle, channel_id, number] {
    absl::StatusOr<ChannelPlan> plan = absl::InternalError("plan_handle: not read");
    try {
      plan = load(plan_handle, channel_id);
    } catch (const std::exception& e) {
      plan = absl::InternalError(absl::StrCat("plan_handle: ", e.what()));
    }
    const auto result = std::make_shared<absl::StatusOr<ChannelPlan>>(std::move(plan));
    const std::lock_guard lock(mailbox->mutex);
    --mailbox->threads;
    if (mailbox->reader == nullptr) return;
    mailbox->reader->loop_.Post([mailbox, number, result] {
      PlanReader* reader = nullptr;
      {
        const std::lock_guard here(mailbox->mutex);
        reader = mailbox->reader;
      }
      if (reader != nullptr) reader->Answer(number, std::move(*result));
    });
  };
  try {
    std::thread(work).detach();
  } catch (const std::system_error& e) {
    const std::lock_guard lock(mailbox_->mutex);
    --mailbox_->threads;
    refuse(absl::ResourceExhaustedError(absl::StrCat("plan_handle: no thread to read it: ", e.what())));
  }
}

void PlanReader::Answer(uint64_t number, absl::StatusOr<ChannelPlan> plan) {
  auto call = calls_.extract(number);  // empty: answered before
  if (!call.empty()) call.mapped().on_read(std::move(plan));
}

void PlanReader::Cancel(const std::string& why) {
  for (auto& [number, call] : std::exchange(calls_, {})) call.on_read(absl::AbortedError(why));
}

void PlanReader::Close(const std::string& why) {
  closed_ = why;
  Cancel(why);
}

}  // namespace air

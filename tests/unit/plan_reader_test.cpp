// Plan files that do not come: the event loop goes on, and every call is answered.
#include "supervisor/control/plan_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace air {
namespace {

using testing::HasSubstr;

class PlanReading : public testing::Test {
 protected:
  PlanReading() : loop_(*EventLoop::Create(clock_)) {}
  ~PlanReading() override { mount_comes_back_.set_value(); }

  // "dead": a file on a mount that is dead until the test ends.
  PlanReader::Load Load() {
    return [gate = gate_](const std::string& handle, int32_t channel) -> absl::StatusOr<ChannelPlan> {
      if (handle == "dead") gate.wait();
      if (handle == "throws") throw std::runtime_error("no current folder");
      if (handle == "gone") return absl::NotFoundError("gone");
      return ChannelPlan{.join_utc_ms = channel};
    };
  }
  // The loop runs until so many answers have come.
  PlanReader::OnRead Await(const std::string& handle) {
    ++awaited_;
    return [this, handle](const absl::StatusOr<ChannelPlan>& plan) {
      answers_[handle].push_back(plan.ok() ? absl::OkStatus() : plan.status());
      if (plan.ok()) join_utc_ms_ = plan->join_utc_ms;
      if (--awaited_ == 0) loop_->Exit(0);
    };
  }
  void Run() {
    const EventSource too_long = loop_->After(60 * kNanosPerSecond, [this] { loop_->Exit(1); });
    ASSERT_EQ(loop_->Run(), 0) << "not everything was answered";
  }

  SystemClock clock_;
  std::promise<void> mount_comes_back_;
  std::shared_future<void> gate_ = mount_comes_back_.get_future().share();
  std::unique_ptr<EventLoop> loop_;
  std::map<std::string, std::vector<absl::Status>> answers_;
  int64_t join_utc_ms_ = 0;
  int awaited_ = 0;
};

TEST_F(PlanReading, AnswersOneThatIsThereWhileAnotherNeverComes) {
  PlanReader reader(*loop_, Load());
  bool dead_answered = false;
  reader.Read("dead", 1, [&](const absl::StatusOr<ChannelPlan>&) { dead_answered = true; });
  reader.Read("good", 7, Await("good"));
  reader.Read("gone", 1, Await("gone"));
  reader.Read("throws", 1, Await("throws"));
  Run();
  EXPECT_TRUE(answers_["good"].at(0).ok());
  EXPECT_EQ(join_utc_ms_, 7);
  EXPECT_TRUE(absl::IsNotFound(answers_["gone"].at(0)));
  EXPECT_THAT(std::string(answers_["throws"].at(0).message()), HasSubstr("no current folder"));
  EXPECT_FALSE(dead_answered);
}

TEST_F(PlanReading, GivesUpAfterItsBoundAndSaysWhatItWaitedFor) {
  PlanReader reader(*loop_, Load(), 20 * kNanosPerMs);
  reader.Read("dead", 1, Await("dead"));
  Run();
  EXPECT_TRUE(absl::IsDeadlineExceeded(answers_["dead"].at(0)));
  EXPECT_THAT(std::string(answers_["dead"].at(0).message()), HasSubstr("dead: not read after 20 ms"));
}

TEST_F(PlanReading, LetsADeadMountHaveFewThreadsAndNoMore) {
  PlanReader reader(*loop_, Load(), 20 * kNanosPerMs);
  for (int i = 0; i < 3 * PlanReader::kMostAtOnce; ++i) reader.Read("dead", 1, Await("dead"));
  Run();
  int refused = 0;
  for (const absl::Status& answer : answers_["dead"]) refused += absl::IsResourceExhausted(answer) ? 1 : 0;
  EXPECT_EQ(refused, 2 * PlanReader::kMostAtOnce);
}

TEST_F(PlanReading, AnswersAllWhoWaitWhenItIsCancelledAndAllWhoComeWhenItIsClosed) {
  PlanReader reader(*loop_, Load());
  reader.Read("dead", 1, Await("dead"));
  reader.Read("dead", 1, Await("dead"));
  ++awaited_;  // Run() has not begun yet
  reader.Cancel("the session ends");
  ASSERT_EQ(answers_["dead"].size(), 2u);
  EXPECT_TRUE(absl::IsAborted(answers_["dead"][0]));
  --awaited_;
  reader.Close("air-supervisor ends");
  reader.Read("good", 1, Await("late"));
  Run();
  EXPECT_EQ(answers_["late"].at(0), absl::AbortedError("air-supervisor ends"));
}

TEST_F(PlanReading, MayEndBeforeTheMountComesBack) {
  auto reader = std::make_unique<PlanReader>(*loop_, Load());
  reader->Read("dead", 1,
               [](const absl::StatusOr<ChannelPlan>&) { ADD_FAILURE() << "answered after its end"; });
  reader.reset();
  const EventSource end = loop_->After(20 * kNanosPerMs, [this] { loop_->Exit(0); });
  Run();
}

}  // namespace
}  // namespace air

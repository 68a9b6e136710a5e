// Evidence: what of it is stored, and that nothing is acknowledged that is not.
#include "core/director/evidence/evidence_server.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "core/director/evidence/evidence_row.h"
#include "protos/execution_evidence_v1.grpc.pb.h"
#include "tests/core/director/fake_data.h"

namespace retrovue {
namespace {

using namespace std::chrono_literals;
namespace wire = evidence::v1;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

wire::EvidenceFromAir Message(std::uint64_t sequence, const std::string& session = "s1") {
  wire::EvidenceFromAir message;
  message.set_schema_version(1);
  message.set_channel_id("news");
  message.set_playout_session_id(session);
  message.set_sequence(sequence);
  message.set_event_uuid(absl::StrCat(session, sequence));
  message.set_emitted_utc("2026-03-08T10:00:00.250Z");
  return message;
}
wire::EvidenceFromAir BlockStart(std::uint64_t sequence, const std::string& session = "s1") {
  wire::EvidenceFromAir message = Message(sequence, session);
  message.mutable_block_start()->set_block_id("b1");
  message.mutable_block_start()->set_actual_start_utc_ms(1'772'964'000'000);
  return message;
}
wire::EvidenceFromAir Hello(std::uint64_t last, const std::string& session = "s1") {
  wire::EvidenceFromAir message = Message(0, session);
  message.mutable_hello()->set_first_sequence_available(1);
  message.mutable_hello()->set_last_sequence_emitted(last);
  return message;
}

TEST(ToEvidence, KeepsAllThatASegmentSays) {
  wire::EvidenceFromAir message = Message(9);
  wire::SegmentEnd& end = *message.mutable_segment_end();
  end.set_block_id("b1");
  end.set_event_id_ref("event");
  end.set_actual_start_utc_ms(1000);
  end.set_actual_end_utc_ms(2500);
  end.set_asset_start_frame(30);
  end.set_computed_duration_frames(45);
  end.set_fallback_frames_used(4);
  for (const auto& [cause, frames] : {std::pair("LATE", 3), std::pair("EO\nF", 1)}) {
    end.add_fallback_by_cause()->set_cause(cause);
    end.mutable_fallback_by_cause()->rbegin()->set_frames(static_cast<std::uint64_t>(frames));
  }
  end.set_status("TRUNCATED");
  end.set_reason("DECODE_ERROR");
  end.set_segment_uuid("uuid");
  end.set_segment_type_name("content");
  end.set_detail("bad\ndata\x1b[2J");
  const auto e = ToEvidence(message, {"c"});
  ASSERT_TRUE(e.ok()) << e.status();
  EXPECT_EQ(e->kind, EvidenceKind::kSegmentEnd);
  EXPECT_EQ(e->session_id, "s1");
  EXPECT_EQ(e->seq, 9);
  EXPECT_EQ(e->channel_id.text, "c");
  EXPECT_EQ(e->playlog_event_id, "event");
  EXPECT_EQ(UtcMs(*e->actual_start), 1000);
  EXPECT_EQ(UtcMs(*e->actual_end), 2500);
  EXPECT_EQ(e->frames, 45);
  EXPECT_EQ(e->fallback_frames, 4);
  EXPECT_EQ(e->pad, (PadFrames{{"LATE", 3}, {"EO F", 1}}));
  EXPECT_EQ(e->status, "TRUNCATED");
  EXPECT_EQ(e->reason, "DECODE_ERROR");
  EXPECT_EQ(e->segment_uuid, "uuid");
  EXPECT_EQ(e->segment_type, "content");
  EXPECT_THAT(e->detail, testing::Not(HasSubstr("\n")));
  EXPECT_EQ(ToRfc3339(e->emitted_at), "2026-03-08T10:00:00.250Z");
}

TEST(ToEvidence, TakesABoundedNumberOfCausesAndFrames) {
  wire::EvidenceFromAir message = Message(9);
  for (int i = 0; i < 100; ++i) {
    wire::FallbackFrames& one = *message.mutable_segment_end()->add_fallback_by_cause();
    one.set_cause(absl::StrCat("CAUSE ", i, std::string(1000, 'x')));
    one.set_frames(~std::uint64_t{0});
  }
  const auto e = ToEvidence(message, {"c"});
  ASSERT_TRUE(e.ok());
  EXPECT_EQ(e->pad.size(), 16u);
  for (const auto& [cause, frames] : e->pad) {
    EXPECT_LE(cause.size(), 40u);
    EXPECT_EQ(frames, 2'147'483'647);
  }
}

TEST(ToEvidence, KnowsEveryKind) {
  wire::EvidenceFromAir message = Message(1);
  message.mutable_segment_start()->set_join_in_progress(true);
  message.mutable_segment_start()->set_segment_index(3);
  EXPECT_EQ(ToEvidence(message, {"c"})->kind, EvidenceKind::kSegmentStart);
  EXPECT_TRUE(ToEvidence(message, {"c"})->join_in_progress);
  EXPECT_EQ(ToEvidence(message, {"c"})->segment_index, 3);
  message.mutable_block_fence()->set_total_frames_emitted(900);
  EXPECT_EQ(ToEvidence(message, {"c"})->kind, EvidenceKind::kBlockFence);
  EXPECT_EQ(ToEvidence(message, {"c"})->frames, 900);
  message.mutable_channel_terminated()->set_reason("STOPPED");
  EXPECT_EQ(ToEvidence(message, {"c"})->kind, EvidenceKind::kChannelTerminated);
  EXPECT_EQ(ToEvidence(BlockStart(1), {"c"})->kind, EvidenceKind::kBlockStart);
}

TEST(ToEvidence, RefusesWhatIsNone) {
  EXPECT_FALSE(ToEvidence(Message(1), {"c"}).ok());
  EXPECT_FALSE(ToEvidence(Hello(1), {"c"}).ok());
  EXPECT_FALSE(ToEvidence(BlockStart(0), {"c"}).ok());
  EXPECT_FALSE(ToEvidence(BlockStart(~0ull), {"c"}).ok());
  EXPECT_FALSE(ToEvidence(BlockStart(1, ""), {"c"}).ok());
}

TEST(ToEvidence, ATimeThatIsNoneIsReplacedByTheOneOfTheEvent) {
  wire::EvidenceFromAir message = BlockStart(1);
  message.set_emitted_utc("yesterday");
  EXPECT_EQ(UtcMs(ToEvidence(message, {"c"})->emitted_at), 1'772'964'000'000);
}

class Server : public testing::Test {
 protected:
  Server() { Restart(); }
  void Restart() {
    server_.reset();
    auto started = EvidenceServer::Start(endpoint_, data_, [](const std::string& name) {
      return name == "news" ? std::optional(ChannelId{"c"}) : std::nullopt;
    });
    EXPECT_TRUE(started.ok()) << started.status();
    server_ = *std::move(started);
    if (channels_are_known_) server_->ChannelsAreKnown();
  }
  ~Server() override {
    server_.reset();
    unlink(endpoint_.substr(5).c_str());
  }

  // AIR's end of a stream.
  struct Air {
    explicit Air(const std::string& endpoint)
        : channel(grpc::CreateChannel(endpoint, grpc::InsecureChannelCredentials())),
          stub(wire::ExecutionEvidenceService::NewStub(channel)) {
      context.set_deadline(std::chrono::system_clock::now() + 20s);
      stream = stub->EvidenceStream(&context);
    }
    ~Air() {
      stream->WritesDone();
      context.TryCancel();
      wire::EvidenceAckFromCore ack;
      while (stream->Read(&ack)) {
      }
      stream->Finish();
    }
    void Send(const wire::EvidenceFromAir& message) { EXPECT_TRUE(stream->Write(message)); }
    // The next acknowledgement; -1: the stream has ended.
    std::int64_t Ack() { return stream->Read(&last) ? static_cast<std::int64_t>(last.acked_sequence()) : -1; }
    std::int64_t AckUpTo(std::int64_t sequence) {
      std::int64_t acked = Ack();
      while (acked >= 0 && acked < sequence) acked = Ack();
      return acked;
    }
    std::shared_ptr<grpc::Channel> channel;
    std::unique_ptr<wire::ExecutionEvidenceService::Stub> stub;
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReaderWriter<wire::EvidenceFromAir, wire::EvidenceAckFromCore>> stream;
    wire::EvidenceAckFromCore last;
  };
  template <typename Condition>
  static bool Within(std::chrono::milliseconds limit, Condition condition) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(10ms);
    }
    return true;
  }

  const std::string endpoint_ = absl::StrCat("unix:", testing::TempDir(), "evidence", getpid(), ".sock");
  FakeData data_;
  bool channels_are_known_ = true;
  std::unique_ptr<EvidenceServer> server_;
};

TEST_F(Server, GreetsANewSessionWithZero) {
  Air air(server_->endpoint());
  air.Send(Hello(0));
  EXPECT_EQ(air.Ack(), 0);
  EXPECT_EQ(air.last.playout_session_id(), "s1");
}

TEST_F(Server, AcknowledgesWhatIsStored) {
  Air air(server_->endpoint());
  air.Send(Hello(3));
  EXPECT_EQ(air.Ack(), 0);
  for (std::uint64_t n = 1; n <= 3; ++n) air.Send(BlockStart(n));
  EXPECT_EQ(air.AckUpTo(3), 3);
  EXPECT_THAT(data_.evidence(), SizeIs(3));
  EXPECT_EQ(data_.evidence()[0].channel_id.text, "c");
  EXPECT_TRUE(Within(5s, [&] { return server_->counts().behind == 0; }));
}

TEST_F(Server, StoresWhatIsSentTwiceOnce) {
  for (int round = 0; round < 2; ++round) {
    Air air(server_->endpoint());
    air.Send(Hello(2));
    EXPECT_EQ(air.Ack(), round == 0 ? 0 : 2);
    air.Send(BlockStart(1));
    air.Send(BlockStart(2));
    EXPECT_EQ(air.AckUpTo(2), 2);
  }
  EXPECT_THAT(data_.evidence(), SizeIs(2));
}

TEST_F(Server, AcknowledgesNothingWhileTheDatabaseIsAwayAndLosesNothing) {
  Air air(server_->endpoint());
  air.Send(Hello(400));
  EXPECT_EQ(air.Ack(), 0);
  data_.BeAway(absl::ResourceExhaustedError("the disk is full"));
  std::thread sender([&] {
    for (std::uint64_t n = 1; n <= 400; ++n) air.Send(BlockStart(n));
  });
  EXPECT_TRUE(Within(5s, [&] { return server_->counts().failed_writes >= 1; }));
  EXPECT_EQ(server_->counts().last_error, "the disk is full");
  EXPECT_GE(server_->counts().behind, 256u);
  EXPECT_THAT(data_.evidence(), IsEmpty());
  data_.BeAway(absl::OkStatus());
  EXPECT_EQ(air.AckUpTo(400), 400);
  sender.join();
  EXPECT_THAT(data_.evidence(), SizeIs(400));
  EXPECT_LT(data_.writes(), 100) << "a transaction a batch";
  EXPECT_EQ(server_->counts().last_error, "");
}

TEST_F(Server, OneThatCannotBeStoredHoldsUpNoOther) {
  data_.RefuseEvidence(2);
  Air air(server_->endpoint());
  air.Send(Hello(3));
  EXPECT_EQ(air.Ack(), 0);
  for (std::uint64_t n = 1; n <= 3; ++n) air.Send(BlockStart(n));
  Air other(server_->endpoint());
  other.Send(Hello(1, "s2"));
  EXPECT_EQ(other.Ack(), 0);
  other.Send(BlockStart(1, "s2"));
  EXPECT_EQ(other.AckUpTo(1), 1);
  EXPECT_TRUE(Within(5s, [&] { return data_.evidence().size() == 3; }));
  EXPECT_TRUE(Within(5s, [&] { return server_->counts().refused == 1; }));
  bool told = false;
  for (std::int64_t acked = air.Ack(); acked >= 0 && !told; acked = air.Ack()) {
    EXPECT_LE(acked, 2) << "what is behind a gap is not acknowledged";
    told = air.last.error() == "this one is wrong" && acked == 2;
    if (told) break;
  }
  EXPECT_TRUE(told);
}

TEST_F(Server, AChannelItDoesNotKnowIsToldSo) {
  Air air(server_->endpoint());
  wire::EvidenceFromAir message = BlockStart(1);
  message.set_channel_id("gone");
  air.Send(message);
  ASSERT_EQ(air.Ack(), 1);
  EXPECT_THAT(air.last.error(), HasSubstr("gone"));
  EXPECT_THAT(data_.evidence(), IsEmpty());
}

TEST_F(Server, AnswersNothingBeforeTheChannelsAreKnown) {
  channels_are_known_ = false;
  Restart();
  Air air(server_->endpoint());
  air.Send(Hello(1));
  wire::EvidenceFromAir message = BlockStart(1);
  message.set_channel_id("not known yet");
  air.Send(message);
  EXPECT_TRUE(Within(5s, [&] { return server_->counts().behind == 1; }));
  std::this_thread::sleep_for(200ms);
  EXPECT_EQ(server_->counts().received, 0u);
  EXPECT_EQ(server_->counts().refused, 0u);
  server_->ChannelsAreKnown();
  EXPECT_TRUE(Within(5s, [&] { return server_->counts().refused == 1; }));
  EXPECT_EQ(air.Ack(), 1);
  EXPECT_THAT(air.last.error(), HasSubstr("not known yet"));
}

TEST_F(Server, EndsWithAFullQueueBeforeTheChannelsAreKnown) {
  channels_are_known_ = false;
  Restart();
  Air air(server_->endpoint());
  air.Send(Hello(600));
  std::thread sender([&] {
    for (std::uint64_t n = 1; n <= 600 && air.stream->Write(BlockStart(n)); ++n) {
    }
  });
  EXPECT_TRUE(Within(5s, [&] { return server_->counts().behind >= 256; }));
  server_.reset();
  sender.join();
  EXPECT_THAT(data_.evidence(), IsEmpty());
}

TEST_F(Server, KeepsABoundedNumberOfStreamsThatHaveEnded) {
  channels_are_known_ = false;
  Restart();
  for (int i = 0; i < 100; ++i) {
    Air air(server_->endpoint());
    air.Send(BlockStart(static_cast<std::uint64_t>(i) + 1));
    EXPECT_TRUE(Within(5s, [&] { return server_->counts().streams >= 1; }));
  }
  server_->ChannelsAreKnown();
  EXPECT_TRUE(Within(5s, [&] { return !data_.evidence().empty(); }));
  EXPECT_TRUE(Within(5s, [&] { return server_->counts().received == data_.evidence().size(); }));
  EXPECT_LE(data_.evidence().size(), 66u);
}

// Errors and what is acknowledged behind them, while AIR reads no answer.
TEST_F(Server, SaysEveryErrorAndTheLastAcknowledgementToOneThatReadsLate) {
  Air air(server_->endpoint());
  air.Send(Hello(40));
  for (std::uint64_t n = 31; n <= 40; ++n) {
    wire::EvidenceFromAir message = BlockStart(n);
    message.set_channel_id("gone");
    air.Send(message);
  }
  for (std::uint64_t n = 1; n <= 30; ++n) air.Send(BlockStart(n));
  EXPECT_TRUE(Within(5s, [&] { return server_->counts().received == 40; }));
  std::set<std::int64_t> errors;
  std::int64_t acked = 0;
  while (errors.size() < 10 || acked < 30) {
    const std::int64_t sequence = air.Ack();
    ASSERT_GE(sequence, 0);
    if (air.last.error().empty())
      acked = std::max(acked, sequence);
    else
      errors.insert(sequence);
  }
  EXPECT_EQ(errors.size(), 10u);
  EXPECT_EQ(acked, 30);
}

TEST_F(Server, ServesManySessionsAtOnce) {
  std::vector<std::thread> sessions;
  for (int session = 0; session < 12; ++session) {
    sessions.emplace_back([this, session] {
      Air air(server_->endpoint());
      air.Send(Hello(50, absl::StrCat("s", session)));
      for (std::uint64_t n = 1; n <= 50; ++n) air.Send(BlockStart(n, absl::StrCat("s", session)));
      EXPECT_EQ(air.AckUpTo(50), 50);
    });
  }
  for (std::thread& session : sessions) session.join();
  EXPECT_THAT(data_.evidence(), SizeIs(600));
}

TEST_F(Server, GoesOnAtTheSamePlaceAfterItWasStartedAgain) {
  {
    Air air(server_->endpoint());
    air.Send(BlockStart(1));
    EXPECT_EQ(air.AckUpTo(1), 1);
    Restart();
    EXPECT_EQ(air.Ack(), -1);
  }
  Air air(server_->endpoint());
  air.Send(Hello(2));
  EXPECT_EQ(air.Ack(), 1);
  air.Send(BlockStart(2));
  EXPECT_EQ(air.AckUpTo(2), 2);
}

}  // namespace
}  // namespace retrovue

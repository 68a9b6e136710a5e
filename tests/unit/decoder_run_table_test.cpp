// Every cell of the table of a decoder run, row by row.
#include "supervisor/playout/decoder_run_table.h"

#include <gtest/gtest.h>

#include <array>

namespace air {
namespace {

using S = RunState;
using E = RunEvent;
using A = RunAction;

constexpr size_t kEvents = static_cast<size_t>(E::kCount);

void ExpectRow(S state, const std::array<RunStep, kEvents>& row) {
  for (size_t i = 0; i < kEvents; ++i)
    EXPECT_EQ(StepOf(state, static_cast<E>(i)), row[i])
        << "state " << static_cast<int>(state) << ", event " << i << ": goes to "
        << static_cast<int>(StepOf(state, static_cast<E>(i)).state);
}

// In the order of RunEvent: units came, ended, refused, not yet, died now, later, for good, retry due, not
// dying, leave.

TEST(DecoderRunTable, Opening) {
  ExpectRow(S::kOpening, {{{S::kProducing, A::kAnnounce},
                           {S::kEnded, A::kAnnounce},
                           {S::kGivenUp, A::kAnnounce},
                           {S::kBackingOff, A::kWait},
                           {S::kOpening, A::kReplace},
                           {S::kBackingOff, A::kWait},
                           {S::kGivenUp, A::kAnnounce},
                           {S::kOpening, A::kNone},
                           {S::kStuck, A::kRetire},
                           {S::kLeaving, A::kKill}}});
}

TEST(DecoderRunTable, Producing) {
  ExpectRow(S::kProducing, {{{S::kProducing, A::kNone},
                             {S::kEnded, A::kAnnounce},
                             {S::kGivenUp, A::kAnnounce},
                             {S::kBackingOff, A::kWait},
                             {S::kOpening, A::kReplace},
                             {S::kBackingOff, A::kWait},
                             {S::kGivenUp, A::kAnnounce},
                             {S::kProducing, A::kNone},
                             {S::kStuck, A::kRetire},
                             {S::kLeaving, A::kKill}}});
}

TEST(DecoderRunTable, BackingOff) {
  const RunStep stay{S::kBackingOff, A::kNone};
  ExpectRow(S::kBackingOff, {{stay,
                              stay,
                              stay,
                              stay,
                              stay,
                              stay,
                              stay,
                              {S::kOpening, A::kReplace},
                              stay,
                              {S::kLeaving, A::kKill}}});
}

TEST(DecoderRunTable, Ended) {
  const RunStep stay{S::kEnded, A::kNone};
  ExpectRow(S::kEnded, {{stay, stay, stay, stay, stay, stay, stay, stay, stay, {S::kLeaving, A::kKill}}});
}

TEST(DecoderRunTable, GivenUp) {
  const RunStep stay{S::kGivenUp, A::kNone};
  ExpectRow(S::kGivenUp, {{stay, stay, stay, stay, stay, stay, stay, stay, stay, {S::kLeaving, A::kKill}}});
}

TEST(DecoderRunTable, Stuck) {
  const RunStep stay{S::kStuck, A::kNone}, free{S::kLeaving, A::kAnnounce};
  ExpectRow(S::kStuck, {{stay, stay, stay, stay, free, free, free, stay, stay, stay}});
}

TEST(DecoderRunTable, Leaving) {
  const RunStep stay{S::kLeaving, A::kNone};
  ExpectRow(S::kLeaving, {{stay, stay, stay, stay, stay, stay, stay, stay, stay, stay}});
}

}  // namespace
}  // namespace air

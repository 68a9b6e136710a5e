// Rundown: what it leaves to a successor of this supervisor, which works out the same ticks and serials.
#include "supervisor/plan/rundown.h"

namespace air {
namespace {

void Describe(const CarriedLine& carried, record::CarriedLine& recorded) {
  recorded.set_segment_serial(carried.segment_serial);
  recorded.set_serial(carried.line.serial);
  recorded.set_in_point_ms(carried.line.in_point_ms);
  recorded.set_skip_units(carried.line.skip_units);
  recorded.set_fade_in_units(carried.line.fade_in_units);
  recorded.set_start_tick(carried.line.start.value());
  recorded.set_chain_offset_ms(carried.chain_offset_ms);
}

CarriedLine CarriedOf(const record::CarriedLine& recorded) {
  return {.segment_serial = recorded.segment_serial(),
          .line = {.serial = recorded.serial(),
                   .in_point_ms = recorded.in_point_ms(),
                   .skip_units = recorded.skip_units(),
                   .fade_in_units = recorded.fade_in_units(),
                   .start = Tick(recorded.start_tick())},
          .chain_offset_ms = recorded.chain_offset_ms()};
}

}  // namespace

void Rundown::Describe(record::Session& session) const {
  for (const PlannedBlock& block : blocks_) {
    record::Block& recorded = *session.add_blocks();
    recorded.set_serial(block.serial);
    recorded.set_first_segment_serial(block.segments.front().serial);
    recorded.set_from_tick(block.from.value());
    if (block.prepared.has_value()) recorded.set_prepared_tick(block.prepared->value());
    if (IsCut(block)) recorded.set_cut_tick(block.fence.value());
    *recorded.mutable_plan() = block.plan;
    if (block.carried.has_value()) air::Describe(*block.carried, *recorded.mutable_carried());
  }
  for (const LiveInsert& insert : inserts_) {
    const PlannedSegment& segment = insert.segment;
    record::Insert& recorded = *session.add_inserts();
    recorded.set_serial(segment.serial);
    recorded.set_asset_uri(segment.asset_uri);
    recorded.set_in_point_ms(segment.in_point_ms);
    recorded.set_skip_units(segment.skip_units);
    recorded.set_start_tick(segment.start.value());
    if (!insert.open) recorded.set_end_tick(segment.end.value());
    recorded.set_resume_serial(insert.resume_serial);
    recorded.set_target_utc_ms(insert.target_utc_ms);
    if (insert.asked_end.has_value()) recorded.set_asked_end_tick(insert.asked_end->value());
  }
  if (waiting_.has_value()) {
    record::Waiting& recorded = *session.mutable_waiting();
    recorded.set_next(waiting_->next);
    recorded.set_shift_ms(waiting_->plan.shift_ms);
    recorded.set_first_segment_serial(waiting_->first_serial);
    recorded.set_from_tick(waiting_->from.value());
  }
  for (uint64_t serial : own_lines_) session.add_own_lines(serial);
  session.set_next_block_serial(next_block_serial_);
  session.set_next_segment_serial(next_segment_serial_);
}

void Rundown::Restore(const record::Session& session, StoredBlocks::Pointer waiting) {
  for (const record::Block& recorded : session.blocks()) {
    uint64_t serial = recorded.first_segment_serial();
    blocks_.push_back(
        PlanBlock(recorded.plan(), time_, epoch_, recorded.serial(), serial, Tick(recorded.from_tick())));
    if (recorded.has_carried()) blocks_.back().carried = CarriedOf(recorded.carried());
    if (recorded.has_prepared_tick()) LockTo(Tick(recorded.prepared_tick()), blocks_.back());
    if (recorded.has_cut_tick()) Cut(blocks_.back(), Tick(recorded.cut_tick()));
    last_end_utc_ms_ = recorded.plan().end_utc_ms();
  }
  const record::Waiting& recorded_waiting = session.waiting();
  if (waiting != nullptr && recorded_waiting.next() < waiting->size()) {
    last_end_utc_ms_ = waiting->at(waiting->size() - 1).end_utc_ms + recorded_waiting.shift_ms();
    waiting_ = {.plan = {.blocks = std::move(waiting), .shift_ms = recorded_waiting.shift_ms()},
                .next = recorded_waiting.next(),
                .first_serial = recorded_waiting.first_segment_serial(),
                .from = Tick(recorded_waiting.from_tick())};
  }
  for (const record::Insert& recorded : session.inserts()) {
    inserts_.push_back({.segment = {.serial = recorded.serial(),
                                    .asset_uri = recorded.asset_uri(),
                                    .in_point_ms = recorded.in_point_ms(),
                                    .start = Tick(recorded.start_tick()),
                                    .end = recorded.has_end_tick() ? Tick(recorded.end_tick()) : kNoEnd,
                                    .skip_units = recorded.skip_units()},
                        .open = !recorded.has_end_tick(),
                        .resume_serial = recorded.resume_serial(),
                        .target_utc_ms = recorded.target_utc_ms()});
    if (recorded.has_asked_end_tick()) inserts_.back().asked_end = Tick(recorded.asked_end_tick());
  }
  own_lines_.insert(session.own_lines().begin(), session.own_lines().end());
  next_block_serial_ = session.next_block_serial();
  next_segment_serial_ = session.next_segment_serial();
  Compose();
}

}  // namespace air

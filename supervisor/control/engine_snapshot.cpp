// PlayoutEngine: what /metrics shows of it.
#include "supervisor/control/playout_engine.h"

namespace air {

SinkSnapshot PlayoutEngine::Describe(const OutputStreams::Stream& stream) const {
  SinkSnapshot s{.sink = stream.sink->line(), .endpoint = stream.endpoint.Name()};
  const SenderPage* sender = stream.sink->sender();
  if (instance_ == nullptr || sender == nullptr) return s;
  const StageLine& line = instance_->memory().session().sink(s.sink);
  s.ticks = line.Get(EncoderCounter::kTicks);
  s.overruns = line.Get(EncoderCounter::kOverruns);
  s.padded_ticks = line.Get(EncoderCounter::kPaddedTicks);
  s.lag_ticks = stream.sink->LagTicks();
  s.pcrs = line.Get(EncoderCounter::kPcrs);
  s.stamps = line.Get(EncoderCounter::kStamps);
  s.null_packets = line.Get(EncoderCounter::kNullPackets);
  s.late_pictures = line.Get(EncoderCounter::kLatePictures);
  s.backlog_packets = line.Get(EncoderCounter::kBacklogPackets);
  s.sent_bytes = sender->sent_bytes.load(std::memory_order_relaxed);
  s.pending_packets = sender->pending_packets.load(std::memory_order_relaxed);
  s.dropped_packets = sender->dropped_packets.load(std::memory_order_relaxed);
  s.rejoins = sender->rejoins.load(std::memory_order_relaxed);
  return s;
}

MetricsSnapshot PlayoutEngine::Snapshot() const {
  MetricsSnapshot m;
  m.channel_id = last_channel_.value_or(0);
  m.state = control_.state();
  for (StageKind kind : {StageKind::kDecoder, StageKind::kSelector, StageKind::kEncoder}) {
    m.records[ProgramOf(kind)] = stages_.record(kind);
  }
  stages_.AppendSpares(m.stages);
  for (const OutputStreams::Stream& stream : streams_.streams()) {
    stream.sink->AppendStage(m.stages);
    m.sinks.push_back(Describe(stream));
  }
  m.stuck_stages = stages_.stuck();
  m.dying_stages = stages_.dying();
  m.segments_given_up = stages_.segments_given_up();
  m.adoptions = adoptions_;
  m.evidence = evidence_.Snapshot();
  m.record_stale = record_.is_stale();
  if (instance_ == nullptr) return m;
  m.in_session = true;
  m.lookahead_low = instance_->lookahead_low();
  m.lookahead_seconds = static_cast<double>(instance_->LookaheadMs()) / 1e3;
  m.clock_drift_seconds = static_cast<double>(instance_->drift_ms()) / 1e3;
  const SessionPage& session = instance_->memory().session();
  const StageLine& selector = session.selector();
  m.frames = selector.Get(SelectorCounter::kFrames);
  m.content_frames = selector.Get(SelectorCounter::kContentFrames);
  m.slate_frames = selector.Get(SelectorCounter::kSlateFrames);
  m.late_ticks = selector.Get(SelectorCounter::kLateTicks);
  m.discontinuities = selector.Get(SelectorCounter::kDiscontinuities);
  for (size_t cause = 0; cause < m.pad_frames.size(); ++cause) {
    m.pad_frames[cause] = selector.counters[static_cast<size_t>(SelectorCounter::kPadFirst) + cause].load(
        std::memory_order_relaxed);
  }
  const PlanExecutor& plan = instance_->plan();
  m.lowest_depth = plan.LowestDepth() == UINT64_MAX ? 0 : plan.LowestDepth();
  instance_->AppendStages(m.stages);
  m.prepared_ahead_seconds = static_cast<double>(plan.PreparedAheadNs()) / 1e9;
  m.least_prepared_ahead_seconds = static_cast<double>(plan.LeastPreparedAheadNs()) / 1e9;
  m.waiting_blocks = plan.waiting_blocks();
  m.buffer_depth = plan.LiveDepth();
  m.frame_gap_seconds = plan.LastFrameGapNs() / 1e9;
  if (const PlannedBlock* block = plan.BlockOnAir()) m.block = block->plan.block_id();
  if (const PlannedSegment* segment = plan.SegmentOnAir()) {
    m.segment = segment->index;
    m.asset = segment->asset_uri;
  }
  return m;
}

}  // namespace air

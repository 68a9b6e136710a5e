// What the director says of itself at one moment, as plain values: for /metrics, /api/v1/status and /readyz.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/model/time.h"

namespace retrovue {

struct ChannelSnapshot {
  std::string slug;
  std::string title;
  bool always_on = false;
  std::string phase;   // "off", "idle", "starting", "on the air", "lingering", "waiting", "stopping"
  bool is_up = false;  // its stream is on the air
  int viewers = 0;     // served, or waiting for the channel to start
  std::int64_t manager_pid = 0, air_pid = 0;
  std::string air_metrics;  // "127.0.0.1:9101"; empty: not known
  std::string block_on_air;
  std::int64_t schedule_ahead_ms = 0;  // from now on: days that are made
  std::int64_t playlog_ahead_ms = 0;   // blocks that are stored, without a hole
  std::int64_t fed_ahead_ms = 0;       // blocks the manager has; 0 without one
  std::uint64_t blocks_late = 0;
  std::uint64_t manager_failures = 0;
  std::uint64_t manager_takeovers = 0;  // managers found running
  std::uint64_t viewers_taken = 0;      // handed to it
  std::string last_error;
};

struct DirectorSnapshot {
  Instant now;  // the network's clock
  std::int64_t clock_shift_ms = 0;
  bool channels_known = false;      // they have been read once
  bool database_was_asked = false;  // it has answered, or failed, once; until then the network is starting
  bool database_answers = false;
  std::string database_error;  // the last one; empty: it answers
  std::string write_error;     // the last one, of evidence or of anything else; empty: it can be written
  std::int64_t database_errors = 0;
  std::uint64_t evidence_received = 0, evidence_stored = 0, evidence_refused = 0, evidence_behind = 0;
  std::uint64_t evidence_failed_writes = 0;
  int evidence_streams = 0;
  std::uint64_t horizon_failures = 0;
  int starts_waiting = 0, starts_running = 0;
  std::map<std::string, std::size_t> waiting_jobs;  // by thread
  std::map<unsigned, std::uint64_t> answers;        // HTTP, by status
  std::uint64_t connections_refused = 0;
  std::vector<ChannelSnapshot> channels;
};

// Prometheus' text (Content-Type as kMetricsContentType).
inline constexpr const char* kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";
std::string MetricsText(const DirectorSnapshot& snapshot);

// One JSON object; docs/core/director.md has its shape.
std::string StatusJson(const DirectorSnapshot& snapshot);

// Why viewers cannot be served, or not for long, or what they see not be written down, "starting" until the database was
// asked; empty: all is well.
std::vector<std::string> WhyNotReady(const DirectorSnapshot& snapshot);

}  // namespace retrovue

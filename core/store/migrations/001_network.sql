-- The network: catalogue, wishes, what is resolved, and what was on the air. One text for SQLite and PostgreSQL.
--
-- Keys are UUIDs of version 7. *_ms are milliseconds, instants of UTC or durations. Flags are 0 or 1. *_json is JSON that only
-- its noun's repository reads. No default reads a clock, and nothing is a floating-point number.

-- Part of what is stored, and how many transactions have changed it.
CREATE TABLE revisions (
  part TEXT PRIMARY KEY NOT NULL,
  number BIGINT NOT NULL
);
INSERT INTO revisions (part, number) VALUES ('catalogue', 0), ('channels', 0);

CREATE TABLE settings (
  name TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL
);

-- The catalogue.

CREATE TABLE sources (
  id TEXT PRIMARY KEY NOT NULL,
  type TEXT NOT NULL,
  name TEXT NOT NULL,
  external_id TEXT NOT NULL UNIQUE,
  config_json TEXT NOT NULL,
  created_at_ms BIGINT NOT NULL,
  updated_at_ms BIGINT NOT NULL
);

CREATE TABLE collections (
  id TEXT PRIMARY KEY NOT NULL,
  source_id TEXT NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
  external_id TEXT NOT NULL,
  name TEXT NOT NULL,
  sync_enabled BIGINT NOT NULL CHECK (sync_enabled IN (0, 1)),
  ingestible BIGINT NOT NULL CHECK (ingestible IN (0, 1)),
  enrichers_json TEXT NOT NULL,
  path_mappings_json TEXT NOT NULL,
  UNIQUE (source_id, external_id)
);

CREATE TABLE assets (
  id TEXT PRIMARY KEY NOT NULL,
  collection_id TEXT NOT NULL REFERENCES collections (id),
  canonical_key TEXT NOT NULL,
  -- Keys may be longer than PostgreSQL can index.
  canonical_key_sha256 TEXT NOT NULL,
  source_uri TEXT NOT NULL,
  canonical_uri TEXT NOT NULL,
  size_bytes BIGINT NOT NULL,
  last_modified_ms BIGINT,
  fingerprint TEXT NOT NULL,
  missing_since_ms BIGINT,
  duration_ms BIGINT NOT NULL CHECK (duration_ms >= 0),
  container TEXT NOT NULL,
  video_codec TEXT NOT NULL,
  audio_codec TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('new', 'enriching', 'ready', 'retired')),
  approved_for_broadcast BIGINT NOT NULL CHECK (approved_for_broadcast IN (0, 1)),
  operator_verified BIGINT NOT NULL CHECK (operator_verified IN (0, 1)),
  deleted_at_ms BIGINT,
  title TEXT NOT NULL,
  series TEXT NOT NULL,
  -- In lower case: series are compared without case.
  series_folded TEXT NOT NULL,
  season BIGINT,
  episode BIGINT,
  part BIGINT,
  year BIGINT,
  air_date TEXT,
  synopsis TEXT NOT NULL,
  rating TEXT NOT NULL,
  genre TEXT NOT NULL,
  discovered_at_ms BIGINT NOT NULL,
  UNIQUE (collection_id, canonical_key_sha256),
  CHECK (state <> 'ready' OR duration_ms > 0),
  CHECK (approved_for_broadcast = 0 OR state = 'ready')
);
CREATE INDEX assets_by_series ON assets (series_folded, season, episode);
CREATE INDEX assets_by_state ON assets (state, approved_for_broadcast);

CREATE TABLE asset_tags (
  asset_id TEXT NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
  seq BIGINT NOT NULL,
  tag TEXT NOT NULL,
  origin TEXT NOT NULL CHECK (origin IN ('ingest', 'operator', 'enricher')),
  PRIMARY KEY (asset_id, seq),
  UNIQUE (asset_id, tag)
);
CREATE INDEX asset_tags_by_tag ON asset_tags (tag);

CREATE TABLE asset_markers (
  asset_id TEXT NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
  seq BIGINT NOT NULL,
  kind TEXT NOT NULL,
  start_ms BIGINT NOT NULL CHECK (start_ms >= 0),
  end_ms BIGINT NOT NULL,
  PRIMARY KEY (asset_id, seq),
  CHECK (end_ms >= start_ms)
);

CREATE TABLE provider_refs (
  asset_id TEXT NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
  provider TEXT NOT NULL,
  provider_key TEXT NOT NULL,
  raw_payload_json TEXT NOT NULL,
  PRIMARY KEY (asset_id, provider, provider_key)
);
CREATE INDEX provider_refs_by_key ON provider_refs (provider, provider_key);

CREATE TABLE reviews (
  asset_id TEXT PRIMARY KEY NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
  reason TEXT NOT NULL,
  confidence BIGINT NOT NULL CHECK (confidence BETWEEN 0 AND 100),
  since_ms BIGINT NOT NULL
);

-- What may air. Planner, filler pick and guide ask this, or IsSchedulable, which is the same.
CREATE VIEW schedulable_assets AS
  SELECT id, collection_id, duration_ms FROM assets
  WHERE state = 'ready' AND approved_for_broadcast = 1 AND deleted_at_ms IS NULL AND duration_ms > 0;

-- What is wanted.

CREATE TABLE channels (
  id TEXT PRIMARY KEY NOT NULL,
  slug TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  grid_block_minutes BIGINT NOT NULL CHECK (grid_block_minutes IN (15, 30, 60)),
  block_start_offsets_json TEXT NOT NULL,
  programming_day_start BIGINT NOT NULL CHECK (programming_day_start BETWEEN 0 AND 1439),
  kind TEXT NOT NULL CHECK (kind IN ('network', 'premium', 'specialty')),
  number BIGINT UNIQUE,
  logo_path TEXT NOT NULL,
  group_name TEXT NOT NULL,
  is_active BIGINT NOT NULL CHECK (is_active IN (0, 1)),
  always_on BIGINT NOT NULL CHECK (always_on IN (0, 1)),
  epg_horizon_days BIGINT NOT NULL,
  playlog_horizon_min BIGINT NOT NULL,
  linger_s BIGINT NOT NULL,
  max_tail_trim_ms BIGINT NOT NULL,
  filler_pool_json TEXT NOT NULL,
  station_card_path TEXT NOT NULL,
  station_card_duration_ms BIGINT NOT NULL,
  program_format_json TEXT NOT NULL,
  enrichers_json TEXT NOT NULL,
  producer TEXT NOT NULL,
  version BIGINT NOT NULL
);

CREATE TABLE programs (
  id TEXT PRIMARY KEY NOT NULL,
  channel_id TEXT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('series', 'movie', 'block', 'composite')),
  play_mode TEXT NOT NULL CHECK (play_mode IN ('sequential', 'random', 'shuffle', 'manual')),
  on_end TEXT NOT NULL CHECK (on_end IN ('wrap', 'wait', 'stop', 'random')),
  chain_json TEXT NOT NULL,
  slot_units BIGINT NOT NULL,
  manual_order_json TEXT NOT NULL,
  tags_json TEXT NOT NULL,
  rating TEXT NOT NULL,
  UNIQUE (channel_id, name)
);

CREATE TABLE virtual_assets (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL UNIQUE,
  sequence_json TEXT NOT NULL
);

CREATE TABLE synthetic_assets (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL UNIQUE,
  recipe_json TEXT NOT NULL,
  rendering_path TEXT NOT NULL,
  duration_ms BIGINT NOT NULL CHECK (duration_ms >= 0)
);

CREATE TABLE plans (
  id TEXT PRIMARY KEY NOT NULL,
  channel_id TEXT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  name_folded TEXT NOT NULL,
  priority BIGINT NOT NULL CHECK (priority >= 0),
  date_rule_json TEXT NOT NULL,
  is_active BIGINT NOT NULL CHECK (is_active IN (0, 1)),
  is_archived BIGINT NOT NULL CHECK (is_archived IN (0, 1)),
  UNIQUE (channel_id, name_folded)
);

CREATE TABLE zones (
  id TEXT PRIMARY KEY NOT NULL,
  plan_id TEXT NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
  seq BIGINT NOT NULL,
  name TEXT NOT NULL,
  start_minute BIGINT NOT NULL CHECK (start_minute >= 0),
  end_minute BIGINT NOT NULL CHECK (end_minute <= 1440),
  date_rule_json TEXT NOT NULL,
  enabled BIGINT NOT NULL CHECK (enabled IN (0, 1)),
  overrun TEXT NOT NULL CHECK (overrun IN ('first', 'never', 'last')),
  fit TEXT NOT NULL CHECK (fit IN ('next', 'stop')),
  max_tail_trim_ms BIGINT,
  UNIQUE (plan_id, name),
  CHECK (start_minute < end_minute)
);

-- What stands in a zone. `kind` says in which table ref_id is.
CREATE TABLE zone_entries (
  zone_id TEXT NOT NULL REFERENCES zones (id) ON DELETE CASCADE,
  seq BIGINT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('program', 'asset', 'virtual asset', 'synthetic asset')),
  ref_id TEXT NOT NULL,
  link TEXT NOT NULL,
  PRIMARY KEY (zone_id, seq)
);
CREATE INDEX zone_entries_by_ref ON zone_entries (ref_id);

CREATE TABLE cursor_marks (
  channel_id TEXT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
  from_date TEXT NOT NULL,
  program_id TEXT NOT NULL,
  node BIGINT NOT NULL,
  link TEXT NOT NULL,
  cursor_json TEXT NOT NULL,
  PRIMARY KEY (channel_id, from_date, program_id, node, link)
);

-- What is resolved. A day and its items are written once and never changed; which day is the current one of its date says
-- current_days.

CREATE TABLE schedule_days (
  id TEXT PRIMARY KEY NOT NULL,
  channel_id TEXT NOT NULL REFERENCES channels (id),
  date TEXT NOT NULL,
  generation BIGINT NOT NULL CHECK (generation >= 1),
  is_manual_override BIGINT NOT NULL CHECK (is_manual_override IN (0, 1)),
  supersedes TEXT REFERENCES schedule_days (id),
  plan_ids_json TEXT NOT NULL,
  seed BIGINT NOT NULL,
  anchor_ms BIGINT NOT NULL,
  start_ms BIGINT NOT NULL,
  end_ms BIGINT NOT NULL,
  carry_in_until_ms BIGINT NOT NULL,
  carry_out_until_ms BIGINT NOT NULL,
  notices_json TEXT NOT NULL,
  cursors_after_json TEXT NOT NULL,
  made_at_ms BIGINT NOT NULL,
  UNIQUE (channel_id, date, generation),
  UNIQUE (id, start_ms),
  UNIQUE (id, channel_id, date, start_ms, carry_out_until_ms),
  CHECK (anchor_ms < end_ms AND anchor_ms <= start_ms AND end_ms <= carry_out_until_ms)
);

-- A gap cannot be stored. The first item begins where its day does, every other one where the one before it ends.
CREATE TABLE schedule_items (
  day_id TEXT NOT NULL REFERENCES schedule_days (id) ON DELETE CASCADE,
  seq BIGINT NOT NULL CHECK (seq >= 0),
  id TEXT NOT NULL,
  start_ms BIGINT NOT NULL,
  end_ms BIGINT NOT NULL,
  content_ms BIGINT NOT NULL CHECK (content_ms >= 0),
  kind TEXT NOT NULL CHECK (kind IN ('content', 'avail')),
  zone_id TEXT NOT NULL,
  zone_name TEXT NOT NULL,
  plan_id TEXT NOT NULL,
  entry BIGINT NOT NULL,
  thing_kind TEXT NOT NULL,
  thing_id TEXT NOT NULL,
  thing_link TEXT NOT NULL,
  title TEXT NOT NULL,
  series TEXT NOT NULL,
  season BIGINT,
  episode BIGINT,
  cursors_json TEXT NOT NULL,
  why TEXT NOT NULL,
  opens_day TEXT,
  seq_before BIGINT,
  PRIMARY KEY (day_id, seq),
  UNIQUE (day_id, id),
  UNIQUE (day_id, seq, end_ms),
  FOREIGN KEY (opens_day, start_ms) REFERENCES schedule_days (id, start_ms),
  FOREIGN KEY (day_id, seq_before, start_ms) REFERENCES schedule_items (day_id, seq, end_ms),
  CHECK (end_ms > start_ms AND content_ms <= end_ms - start_ms),
  CHECK ((seq = 0 AND opens_day IS NOT NULL AND opens_day = day_id AND seq_before IS NULL)
      OR (seq > 0 AND opens_day IS NULL AND seq_before IS NOT NULL AND seq_before = seq - 1))
);
CREATE INDEX schedule_items_by_id ON schedule_items (id);

CREATE TABLE schedule_parts (
  day_id TEXT NOT NULL,
  item_seq BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  asset_id TEXT,
  synthetic_id TEXT,
  path TEXT NOT NULL,
  airs_ms BIGINT NOT NULL CHECK (airs_ms > 0),
  PRIMARY KEY (day_id, item_seq, seq),
  FOREIGN KEY (day_id, item_seq) REFERENCES schedule_items (day_id, seq) ON DELETE CASCADE
);
CREATE INDEX schedule_parts_by_asset ON schedule_parts (asset_id);

-- The day that holds of each date. It is there only with its items up to its end, and it begins where the day before ends.
CREATE TABLE current_days (
  channel_id TEXT NOT NULL,
  date TEXT NOT NULL,
  day_id TEXT NOT NULL UNIQUE,
  start_ms BIGINT NOT NULL,
  carry_out_until_ms BIGINT NOT NULL,
  last_seq BIGINT,
  follows_date TEXT,
  PRIMARY KEY (channel_id, date),
  UNIQUE (channel_id, date, carry_out_until_ms),
  FOREIGN KEY (day_id, channel_id, date, start_ms, carry_out_until_ms)
    REFERENCES schedule_days (id, channel_id, date, start_ms, carry_out_until_ms),
  FOREIGN KEY (day_id, last_seq, carry_out_until_ms) REFERENCES schedule_items (day_id, seq, end_ms),
  FOREIGN KEY (channel_id, follows_date, start_ms)
    REFERENCES current_days (channel_id, date, carry_out_until_ms) DEFERRABLE INITIALLY DEFERRED,
  CHECK (last_seq IS NOT NULL OR start_ms = carry_out_until_ms)
);
CREATE INDEX current_days_by_time ON current_days (channel_id, start_ms);

-- What plays.

CREATE TABLE playlog_blocks (
  id TEXT PRIMARY KEY NOT NULL,
  channel_id TEXT NOT NULL REFERENCES channels (id),
  start_ms BIGINT NOT NULL,
  end_ms BIGINT NOT NULL,
  broadcast_day TEXT NOT NULL,
  broadcast_day_anchor_ms BIGINT NOT NULL,
  UNIQUE (channel_id, start_ms),
  CHECK (end_ms > start_ms)
);

CREATE TABLE playlog_events (
  id TEXT PRIMARY KEY NOT NULL,
  block_id TEXT NOT NULL REFERENCES playlog_blocks (id) ON DELETE CASCADE,
  segment_index BIGINT NOT NULL,
  schedule_item_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('programme', 'filler', 'station_card', 'pad')),
  asset_id TEXT,
  path TEXT NOT NULL,
  start_ms BIGINT NOT NULL,
  end_ms BIGINT NOT NULL,
  asset_start_offset_ms BIGINT NOT NULL CHECK (asset_start_offset_ms >= 0),
  cut_short BIGINT NOT NULL CHECK (cut_short IN (0, 1)),
  broadcast_day TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('planned', 'fed', 'aired', 'truncated', 'skipped')),
  UNIQUE (block_id, segment_index),
  CHECK (end_ms > start_ms)
);
CREATE INDEX playlog_events_by_asset ON playlog_events (asset_id);
CREATE INDEX playlog_events_by_item ON playlog_events (schedule_item_id);

-- What was on the air: AIR's evidence, message by message. It refers to nothing, so that it is never refused.

CREATE TABLE evidence (
  session_id TEXT NOT NULL,
  seq BIGINT NOT NULL,
  channel_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('block_start', 'segment_start', 'segment_end', 'block_fence', 'channel_terminated')),
  emitted_at_ms BIGINT NOT NULL,
  block_id TEXT NOT NULL,
  playlog_event_id TEXT NOT NULL,
  segment_index BIGINT NOT NULL,
  segment_uuid TEXT NOT NULL,
  segment_type TEXT NOT NULL,
  asset_uri TEXT NOT NULL,
  actual_start_ms BIGINT,
  actual_end_ms BIGINT,
  asset_start_frame BIGINT NOT NULL,
  frames BIGINT NOT NULL,
  fallback_frames BIGINT NOT NULL,
  join_in_progress BIGINT NOT NULL CHECK (join_in_progress IN (0, 1)),
  status TEXT NOT NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (session_id, seq)
);
CREATE INDEX evidence_by_time ON evidence (channel_id, actual_start_ms);
CREATE INDEX evidence_by_event ON evidence (playlog_event_id);

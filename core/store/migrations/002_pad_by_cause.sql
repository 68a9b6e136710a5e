-- Why frames of an airing were pad: a count for each cause. Rows from before have the sum alone.

ALTER TABLE evidence ADD COLUMN fallback_by_cause_json TEXT NOT NULL DEFAULT '{}';
